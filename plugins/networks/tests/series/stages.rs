//! Stages as recipes use them.

// Linked for its registrations.
use ichflow_networks as _;

use burn::tensor::Device;
use ichflow_api::nn::series::SeriesShape;
use ichflow_api::prelude::*;
use ichflow_api::registry::Registry;
use ichflow_api::stage::AnyStage;
use ichflow_api::testkit::run_context;

use crate::reference::shape;

fn stage(name: &str, params: &str) -> Box<dyn AnyStage> {
    let registry = Registry::collect().unwrap();
    let params = toml::from_str(params).unwrap();
    registry.find(name).unwrap().build(params).unwrap()
}

/// What a stage hands on.
pub(crate) fn spec(name: &'static str, params: &str) -> SeriesNetworkSpec {
    let directory = tempfile::tempdir().unwrap();
    let run = run_context(directory.path());
    let context = Context::new(&run, "sequence", name, "key");
    let mut outputs = stage(name, params).run(&Inputs::default(), &context).unwrap();
    (*outputs.take(output::SERIES_NETWORK).unwrap()).clone()
}

fn problems(name: &str, params: &str) -> Vec<String> {
    let problems = stage(name, params).check();
    problems.into_iter().map(|problem| problem.key).collect()
}

#[test]
fn what_cannot_be_is_said_before_anything_runs() {
    for (name, params, keys) in [
        ("series-gru", "", vec![]),
        ("series-gru", "dropout = 1.0", vec!["dropout"]),
        ("series-gru", "inputs = [\"gap\"]", vec!["inputs"]),
        ("series-gru", "inputs = []", vec!["inputs"]),
        (
            "series-conv",
            "inputs = [\"embedding\", \"gap\", \"gap\"]",
            vec!["inputs[2]"],
        ),
        ("series-conv", "kernel = 4", vec!["kernel"]),
        ("series-transformer", "model = 30", vec!["model"]),
        ("series-attention", "exam = \"none\"", vec!["exam"]),
    ] {
        assert_eq!(problems(name, params), keys, "{name} {params}");
    }
}

#[test]
fn a_network_that_reads_logits_says_so_and_needs_them() {
    let spec = spec("series-conv-gru", "inputs = [\"embedding\", \"logits\"]");
    assert!(spec.reads_logits() && !spec.tells_exams());
    let without = SeriesShape { logits: 0, ..shape() };
    let error = spec.build(without, &Device::flex()).unwrap_err();
    assert!(error.to_string().contains("logits"), "{error}");
    assert!(!self::spec("series-gru", "").reads_logits());
    assert!(self::spec("series-attention", "").tells_exams());
}
