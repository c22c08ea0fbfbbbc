//! One epoch: steps, interruption, a loss that grows too large.

use std::path::Path;
use std::sync::atomic::Ordering;

use ichflow_api::prelude::*;

use super::made::{data, fit, network, progress, run_context, spec, task, weights};
use crate::fit::Fit;
use crate::fit::checkpoint::{Position, Store};
use crate::fit::data::Data;
use crate::fit::epoch::{EpochLoop, EpochOf};
use crate::fit::gradients::Clipping;
use crate::fit::optimizer::{Stepper, rules};
use crate::fit::reporter::Reporter;
use crate::fit::run::Run;
use crate::fit::schedule::Rates;
use crate::fit::trainable::Trainable;

const SGD: &str = r#"{"phases": [{"epochs": 1, "lr": 0.5}], "optimizer": {"kind": "sgd"}, "accumulate": 2}"#;

fn stepper(fit: &Fit, network: &Network) -> Stepper {
    rules(&fit.optimizer.shared(), &fit.lr_multipliers, network)
        .map(Stepper::new)
        .unwrap()
}

fn start(fit: &Fit) -> Run<Network> {
    let network = network();
    Run {
        stepper: stepper(fit, &network),
        average: None,
        network,
        position: Position::default(),
        history: History::default(),
        best: None,
    }
}

/// An epoch of three batches of two, two of them a step, that begins where `run` stands.
fn epoch(
    run: Run<Network>,
    fit: &Fit,
    data: &Data,
    context: &Context,
    directory: &Path,
) -> (Result<Run<Network>>, Option<Position>) {
    let (mut store, _) = Store::open(directory, 1e6, context).unwrap();
    let spec = spec();
    let epochs = EpochLoop {
        task: &task(data, &spec),
        reporter: &Reporter::new(context, &fit.phases, "slices"),
        rates: Rates::new(&fit.phases),
        accumulate: fit.accumulate,
        clipping: Clipping::default(),
        max_loss: fit.max_loss,
    };
    let of = EpochOf {
        phase: 0,
        steps: 2,
        batches: vec![vec![0, 1], vec![2, 3], vec![4, 5]],
    };
    let run = epochs.run(run, &of, context, &mut store, &progress());
    let saved = Store::open(directory, 1e6, context).unwrap().1;
    (run, saved.map(|saved| saved.state.position))
}

#[test]
fn gradients_of_a_step_add_up_and_the_last_step_may_be_short() {
    let directory = tempfile::tempdir().unwrap();
    let (run, _) = run_context(directory.path());
    let context = Context::new(&run, "train", "fit", "key");
    let (data, fit) = (data(&[], true), fit(SGD));
    let (run, saved) = epoch(start(&fit), &fit, &data, &context, directory.path());
    let run = run.unwrap();
    assert!(saved.is_none(), "nothing was due to be written");
    let Position {
        batches,
        batches_of_epoch,
        steps_of_phase,
        ..
    } = run.position;
    assert_eq!((batches, batches_of_epoch, steps_of_phase), (3, 3, 2));
    assert_eq!(run.position.sums.slices, 6);
    assert!(run.position.sums.mean() > 0.0 && run.position.sums.largest_norm.unwrap() > 0.0);
    assert_ne!(weights(&run.network), weights(&network()));
}

#[test]
fn a_batch_that_cannot_be_read_adds_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (run, _) = run_context(directory.path());
    let context = Context::new(&run, "train", "fit", "key");
    let (data, fit) = (data(&["ID_0", "ID_1", "ID_2"], true), fit(SGD));
    let (trained, _) = epoch(start(&fit), &fit, &data, &context, directory.path());
    let trained = trained.unwrap();
    assert_eq!(
        (trained.position.batches, trained.position.steps_of_phase),
        (3, 2)
    );
    assert_eq!(trained.position.sums.slices, 3);
    assert_eq!(run.quarantined().len(), 3);
}

#[test]
fn an_interrupted_epoch_is_written_down_and_carries_on_to_the_same_weights() {
    let directory = tempfile::tempdir().unwrap();
    let (data, fit) = (data(&[], true), fit(SGD));
    let whole = {
        let directory = tempfile::tempdir().unwrap();
        let (run, _) = run_context(directory.path());
        let context = Context::new(&run, "train", "fit", "key");
        epoch(start(&fit), &fit, &data, &context, directory.path())
            .0
            .unwrap()
    };
    let (run, stop) = run_context(directory.path());
    let context = Context::new(&run, "train", "fit", "key");
    stop.store(true, Ordering::Relaxed);
    let (stopped, saved) = epoch(start(&fit), &fit, &data, &context, directory.path());
    assert!(matches!(stopped, Err(Error::Interrupted)));
    assert_eq!(saved.unwrap().batches_of_epoch, 0);
    stop.store(false, Ordering::Relaxed);
    let (_, saved) = Store::open(directory.path(), 1e6, &context).unwrap();
    let mut carried = start(&fit);
    let mut saved = saved.unwrap();
    carried.restore(&mut saved, directory.path()).unwrap();
    // A phase says anew what learns, as a loaded record does not.
    carried.network = Trainable::parse("all")
        .unwrap()
        .apply(carried.network, false)
        .unwrap();
    carried.stepper = stepper(&fit, &carried.network);
    carried.restore_stepper(&mut saved, directory.path()).unwrap();
    let (carried, _) = epoch(carried, &fit, &data, &context, directory.path());
    assert_eq!(weights(&carried.unwrap().network), weights(&whole.network));
}

#[test]
fn a_loss_above_the_limit_names_the_slices() {
    let directory = tempfile::tempdir().unwrap();
    let (run, _) = run_context(directory.path());
    let context = Context::new(&run, "train", "fit", "key");
    let text = SGD.replace(r#""accumulate""#, r#""max_loss": 0.01, "accumulate""#);
    let (data, fit) = (data(&[], true), fit(&text));
    let (failed, _) = epoch(start(&fit), &fit, &data, &context, directory.path());
    let said = failed.err().unwrap().chain();
    assert!(
        said.contains("ID_0, ID_1") && said.contains("epoch 1/1"),
        "{said}"
    );
}
