//! Following wires. Whole bundles are tests of the program: tests/predict.rs.

use super::*;

fn chain(recipe: &str, model: &str, predictions: &str) -> Result<chain::Chain> {
    let recipe: Table = recipe.parse().unwrap();
    let registry = Registry::collect().unwrap();
    Collector::new(&recipe, &registry, &|_| None).chain(model, predictions)
}

#[test]
fn predictions_without_the_model_are_refused() {
    let error = chain(
        "[model]\nuse = \"bundled-model\"\npath = \"x\"\n",
        "fit.model",
        "model.valid",
    );
    let text = error.err().unwrap().chain();
    assert!(
        text.contains("not made with the model `fit.model`, but without a model"),
        "{text}"
    );
}

#[test]
fn a_stage_of_another_program_is_named() {
    let text = chain("[odd]\nuse = \"odd-window\"\n", "fit.model", "odd.valid")
        .err()
        .unwrap()
        .chain();
    assert!(text.contains("no stage `odd-window`"), "{text}");
    let text = chain("", "fit.model", "gone.valid").err().unwrap().chain();
    assert!(text.contains("no stage `gone`"), "{text}");
}
