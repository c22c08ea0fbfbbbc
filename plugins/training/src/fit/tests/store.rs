//! What a training leaves behind, and finds again.

use std::fs;

use ichflow_api::prelude::*;

use super::made::{fit, network, run_context, weights};
use crate::fit::checkpoint::{self, Best, Position, Store};
use crate::fit::optimizer::{Stepper, rules};
use crate::fit::run::Run;
use burn::module::Module;

fn run() -> Run<Network> {
    let (fit, network) = (fit(r#"{"phases": [{"epochs": 1, "lr": 0.5}]}"#), network());
    Run {
        stepper: rules(&fit.optimizer.shared(), &fit.lr_multipliers, &network)
            .map(Stepper::new)
            .unwrap(),
        average: None,
        network,
        position: Position {
            phase: 1,
            batches: 7,
            ..Position::default()
        },
        history: History::default(),
        best: Some(Best {
            epoch: 2,
            value: Some(0.5),
        }),
    }
}

#[test]
fn the_newest_whole_state_is_found_and_damaged_ones_are_not() {
    let directory = tempfile::tempdir().unwrap();
    let (shared, _) = run_context(directory.path());
    let context = Context::new(&shared, "train", "fit", "key");
    let place = directory.path().join("training");
    fs::create_dir(&place).unwrap();
    let (mut store, saved) = Store::open(&place, 60.0, &context).unwrap();
    assert!(saved.is_none() && !store.is_due());
    store.save(&run()).unwrap();
    let (_, saved) = Store::open(&place, 0.0, &context).unwrap();
    let mut saved = saved.unwrap();
    assert_eq!((saved.state.position.phase, saved.state.position.batches), (1, 7));
    let mut other = run();
    other.network = super::made::spec()
        .build(1, 6, &Device::flex().autodiff())
        .unwrap();
    other.restore(&mut saved, &place).unwrap();
    assert_eq!(weights(&other.network), weights(&network()));
    // A file cut short, as a full disk leaves it.
    let state = fs::read_dir(&place).unwrap().next().unwrap().unwrap().path();
    let record = state.join("network.bpk");
    let bytes = fs::read(&record).unwrap();
    fs::write(&record, &bytes[..bytes.len() / 2]).unwrap();
    assert!(Store::open(&place, 60.0, &context).unwrap().1.is_none());
}

#[test]
fn a_state_is_due_when_its_time_is_up() {
    let directory = tempfile::tempdir().unwrap();
    let (shared, _) = run_context(directory.path());
    let context = Context::new(&shared, "train", "fit", "key");
    assert!(Store::open(directory.path(), 0.0, &context).unwrap().0.is_due());
    assert!(!Store::open(directory.path(), 60.0, &context).unwrap().0.is_due());
}

#[test]
fn the_best_epoch_stays_and_the_result_is_whole_only_at_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let (shared, _) = run_context(directory.path());
    let context = Context::new(&shared, "train", "fit", "key");
    let place = directory.path().join("training");
    fs::create_dir(&place).unwrap();
    let (mut store, _) = Store::open(&place, 60.0, &context).unwrap();
    let mut run = run();
    for (epoch, best) in [(1, true), (2, true), (3, false)] {
        store.keep(epoch, best, run.evaluated()).unwrap();
        store.epoch_ended(&run).unwrap();
    }
    assert!(!checkpoint::is_whole(&place));
    store.finish(&run).unwrap();
    assert!(checkpoint::is_whole(&place));
    checkpoint::tidy(&place).unwrap();
    let (kept, _) = checkpoint::read(&place, network(), &context).unwrap();
    assert_eq!(weights(&kept), weights(&network().valid()));
    for file in ["checkpoints/best.bpk", "checkpoints/last.bpk", "history.csv"] {
        assert!(shared.directory.join(file).is_file(), "{file}");
    }
    run.best = None;
    assert!(store.finish(&run).is_err());
}
