//! Phases and epochs, from the first to the result.

use std::fs;
use std::sync::atomic::Ordering;

use ichflow_api::prelude::*;

use super::made::{data, fit, network, run_context, spec, task, weights};
use crate::fit::Fit;
use crate::fit::checkpoint::{self, Store};
use crate::fit::data::Data;
use crate::fit::train_loop::TrainLoop;

/// The last weights and the epochs of a training in `directory`.
fn train(fit: &Fit, data: &Data, context: &Context) -> Result<(Vec<f32>, History)> {
    let place = context.run().directory.join("training");
    fs::create_dir_all(&place).unwrap();
    let (store, saved) = Store::open(&place, 1e6, context)?;
    let spec = spec();
    let network = TrainLoop {
        settings: fit.settings(),
        context,
        task: &task(data, &spec),
    }
    .train(network(), store, saved)?;
    let (_, history) = checkpoint::read(&place, super::made::network(), context)?;
    Ok((weights(&network), history))
}

fn fresh(fit: &Fit, data: &Data) -> Result<(Vec<f32>, History)> {
    let directory = tempfile::tempdir().unwrap();
    let (run, _) = run_context(directory.path());
    train(fit, data, &Context::new(&run, "train", "fit", "key"))
}

const TWO_PHASES: &str = r#"{"batch": 2, "optimizer": {"kind": "sgd"}, "phases": [
    {"epochs": 1, "lr": 0.1, "trainable": "head"}, {"epochs": 3, "lr": 0.5, "schedule": {"kind": "cosine"}}]}"#;

#[test]
fn phases_follow_one_another_and_their_epochs_are_recorded() {
    let (weights, history) = fresh(&fit(TWO_PHASES), &data(&[], true)).unwrap();
    let phases: Vec<usize> = history.epochs.iter().map(|epoch| epoch.phase).collect();
    assert_eq!(phases, [1, 2, 2, 2]);
    assert!(history.epochs[0].best, "the first epoch is the best so far");
    // Bright slices are positive: what is learned shows.
    let [first, .., last] = &history.epochs[..] else {
        unreachable!()
    };
    assert!(last.train_loss < first.train_loss && last.valid_loss < first.valid_loss);
    assert_eq!(first.lr, 0.1);
    assert!(last.lr_end < 0.1);
    // The same seed, the same weights.
    assert_eq!(weights, fresh(&fit(TWO_PHASES), &data(&[], true)).unwrap().0);
}

#[test]
fn a_training_that_was_stopped_ends_with_the_same_weights() {
    let (fit, data) = (fit(TWO_PHASES), data(&[], true));
    let directory = tempfile::tempdir().unwrap();
    let (run, stop) = run_context(directory.path());
    let context = Context::new(&run, "train", "fit", "key");
    stop.store(true, Ordering::Relaxed);
    assert!(matches!(train(&fit, &data, &context), Err(Error::Interrupted)));
    stop.store(false, Ordering::Relaxed);
    let (weights, history) = train(&fit, &data, &context).unwrap();
    let (expected, whole) = fresh(&fit, &data).unwrap();
    assert_eq!(weights, expected);
    assert_eq!(history.epochs.len(), whole.epochs.len());
}

#[test]
fn early_stopping_ends_a_phase() {
    let text = r#"{"batch": 2, "optimizer": {"kind": "sgd"}, "early_stopping": {"patience": 2, "monitor": "last"},
        "phases": [{"epochs": 9, "lr": 1e-9}]}"#;
    let never = fresh(&fit(text), &data(&[], true)).unwrap().1;
    assert_eq!(
        never.epochs.len(),
        9,
        "the last epoch is always the best of that metric"
    );
    // A rate of nothing: no epoch is better than the first.
    let stalls = text.replace("\"last\"", "\"auc_any\"");
    assert_eq!(fresh(&fit(&stalls), &data(&[], true)).unwrap().1.epochs.len(), 3);
}

#[test]
fn training_on_nothing_is_an_error() {
    let mut nothing = data(&[], true);
    nothing.train.clear();
    let said = fresh(&fit(TWO_PHASES), &nothing).err().unwrap().chain();
    assert!(said.contains("nothing to train on"), "{said}");
    let mut unlabelled = data(&[], false);
    unlabelled.train = vec![7];
    let said = fresh(&fit(TWO_PHASES), &unlabelled).err().unwrap().chain();
    assert!(said.contains("no training slice has labels"), "{said}");
}
