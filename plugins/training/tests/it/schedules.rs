//! Learning rates beside PyTorch's schedulers, step by step.
//!
//! `tests/reference/optimizers.py` makes the fixture.

use ichflow_training::fit::Phase;
use serde_json::Value;

#[test]
fn every_rate_is_pytorchs() {
    let fixture: Value = serde_json::from_str(include_str!("../fixtures/schedules.json")).unwrap();
    for case in fixture.as_array().unwrap() {
        let phase: Phase = serde_json::from_value(case["phase"].clone()).unwrap();
        let per_epoch = case["per_epoch"].as_u64().unwrap() as usize;
        let rates = case["rates"].as_array().unwrap();
        for (step, expected) in rates.iter().enumerate() {
            let (found, expected) = (
                phase.factor(step, rates.len(), per_epoch),
                expected.as_f64().unwrap(),
            );
            assert!(
                (found - expected).abs() < 1e-9,
                "{}, step {step}: {found}, not {expected}",
                case["phase"]
            );
        }
    }
}
