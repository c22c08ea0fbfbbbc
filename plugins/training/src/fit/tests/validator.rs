//! The predictions after an epoch.

use burn::module::Module;
use ichflow_api::data::labels::Labels;
use ichflow_api::prelude::*;

use super::made::{data, network, progress, run_context, validator};
use crate::fit::validator::{Validation, Validator};

fn validate(validator: &Validator) -> (Validation, Vec<String>) {
    let directory = tempfile::tempdir().unwrap();
    let (run, _) = run_context(directory.path());
    let model = validator.data.model(network().valid(), "tiny");
    let context = Context::new(&run, "train", "fit", "key");
    let found = validator.validate(&model, &context, &progress()).unwrap();
    let excluded = run.quarantined().into_iter().map(|slice| slice.id).collect();
    (found, excluded)
}

#[test]
fn predictions_do_not_depend_on_the_batch() {
    let mut data = data(&[], true);
    data.validation = (0..8).collect();
    let (by_two, excluded) = validate(&validator(&data));
    assert!(excluded.is_empty());
    for batch in [1, 3, 8] {
        let (found, _) = validate(&Validator {
            batch,
            ..validator(&data)
        });
        assert_eq!(found.truth, by_two.truth);
        assert_eq!(found.probabilities, by_two.probabilities);
    }
    // In the order of the slices, of which every other one is bright and positive.
    assert_eq!(
        by_two.truth,
        (0..8)
            .map(|index| Labels::from([index % 2 == 1; 6]))
            .collect::<Vec<_>>()
    );
    assert_ne!(by_two.probabilities[0], by_two.probabilities[1]);
    assert!(
        by_two
            .probabilities
            .iter()
            .flatten()
            .all(|p| (0.0..=1.0).contains(p))
    );
}

#[test]
fn slices_without_labels_or_pixels_are_left_out() {
    let mut data = data(&["ID_2"], false);
    data.validation = vec![2, 5, 6, 7];
    let (found, excluded) = validate(&validator(&data));
    assert_eq!(found.truth, [Labels::from([true; 6]), Labels::negative(6)]);
    assert_eq!(found.probabilities.len(), 2);
    assert_eq!(excluded, ["ID_2"]);
}
