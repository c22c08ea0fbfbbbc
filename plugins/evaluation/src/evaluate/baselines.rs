//! Baselines beside the model: how much of the score is above them.

use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};

use ichflow_api::data::measures::BaselineMetrics;
use ichflow_api::prelude::*;

use super::prevalence;
use crate::measures::{Baseline, held_against};
use crate::settings::Evaluate;

/// Predictions by `histogram-logistic`, which the recipe names.
const HISTOGRAM: OptionalInput<Predictions> = OptionalInput::new("histogram");
/// The same of test slices.
const TEST_HISTOGRAM: OptionalInput<Predictions> = OptionalInput::new("test_histogram");

/// A baseline, and where its predictions of validation and test slices come from.
type Port = (Baseline, [OptionalInput<Predictions>; 2]);

const ALL: [Port; 3] = [
    (
        Baseline {
            name: "position-only",
            knows: "where along the head a slice lies",
        },
        [optional::POSITION_ONLY, optional::TEST_POSITION_ONLY],
    ),
    (
        Baseline {
            name: "header-only",
            knows: "what the header says",
        },
        [optional::HEADER_ONLY, optional::TEST_HEADER_ONLY],
    ),
    (
        Baseline {
            name: "histogram-logistic",
            knows: "how much tissue of which density is where, coarsely",
        },
        [HISTOGRAM, TEST_HISTOGRAM],
    ),
];

/// Adds the ports of all baselines.
pub(super) fn ports(ports: Ports) -> Ports {
    let all = ALL.into_iter().flat_map(|(_, both)| both);
    all.fold(ports, Ports::takes)
}

/// Every baseline that is wired, beside the slices and the exams of the model that it can be held against.
pub(super) fn measured(
    settings: &Evaluate,
    inputs: &Inputs,
    context: &Context,
) -> Result<Vec<BaselineMetrics>> {
    let (cohort, folds) = (inputs.take(input::COHORT)?, inputs.get(optional::FOLDS)?);
    let valid = inputs.take(input::VALID)?;
    let models = [
        (0, Some(valid)),
        (1, inputs.get(optional::TEST)?),
        (0, inputs.get(optional::EXAMS)?),
        (1, inputs.get(optional::TEST_EXAMS)?),
    ];
    let mut nothing: BTreeMap<Level, Vec<f64>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for (which, model) in models {
        let part = ["valid", "test"][which];
        let Some(model) =
            model.filter(|model| model.check_truth().is_ok() && model.with_truth().next().is_some())
        else {
            continue;
        };
        if !seen.insert((which, model.unit)) {
            continue;
        }
        for (baseline, both) in ALL {
            let Some(slices) = inputs.get(both[which])? else {
                continue;
            };
            let frequencies = match nothing.entry(model.unit) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(open) => open.insert(prevalence::of(&cohort, folds.as_deref(), &model)?),
            };
            let mut rng = context.rng(&format!("{} {part} {}", baseline.name, model.unit));
            match held_against(&model, &slices, (baseline, part), frequencies, settings, &mut rng) {
                Some(measured) => found.push(measured),
                None => context.warn(format!(
                    "{} has no predictions of some {} of {part}, so the model is not held against it: wire `{}` to those of \
                     the same split",
                    baseline.name,
                    model.unit.plural(),
                    both[which].name()
                )),
            }
        }
    }
    Ok(found)
}

/// A line for each at the end of the run, of slices.
pub(super) fn summarise(context: &Context, found: &[BaselineMetrics]) {
    for baseline in found.iter().filter(|baseline| baseline.unit.is_slice()) {
        let per_cent = |share: f64| format!("{:.0} %", 100.0 * share);
        let Some(share) = baseline.log_loss.share else {
            continue;
        };
        let part = match baseline.part.as_str() {
            "test" => "test",
            _ => "validation",
        };
        context.summarise(
            format!("share of the score that {} has ({part})", baseline.baseline),
            per_cent(share),
            baseline.log_loss.interval.map_or(String::new(), |interval| {
                format!("95 % {} to {}", per_cent(interval.low), per_cent(interval.high))
            }),
        );
    }
}
