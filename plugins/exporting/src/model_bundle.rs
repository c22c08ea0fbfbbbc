//! `model-bundle`: a directory that holds all it takes to predict.

use std::fs;

use ichflow_api::digest::sha256;
use ichflow_api::model::Resize;
use ichflow_api::prelude::*;
use ichflow_api::weights::save_safetensors;
use serde_json::{Value, json};

/// Format of the bundle; raised when an older program could not read it.
const FORMAT: u32 = 1;

/// Writes `model/`: `weights.safetensors` (timm's names and PyTorch's layout), `recipe.toml` (the
/// resolved recipe) and `bundle.json` (which of the recipe's stages window, resize and compute, the label
/// order, the image size, the shift and scale of the input, centers and widths that were learned, digests and
/// versions).
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModelBundle {}

impl Stage for ModelBundle {
    const NAME: &'static str = "model-bundle";
    const FAMILY: Family = Family::Export;
    const SUMMARY: &'static str = "a directory that holds all it takes to predict";
    const EXAMPLE: &'static str = "[bundle]\nuse = \"model-bundle\"\n";

    fn ports(&self) -> Ports {
        Ports::new().input(Input::of::<Model>("model"))
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let model = inputs.get::<Model>("model")?;
        let recipe = &context.run().resolved_recipe;
        let weights = context.file("model/weights.safetensors")?;
        save_safetensors(&model.network, &weights)?;
        let recipe_path = context.file("model/recipe.toml")?;
        fs::write(&recipe_path, recipe).at("write", &recipe_path)?;
        let bytes = fs::read(&weights).at("read", &weights)?;
        let provenance = &context.run().provenance;
        let bundle = json!({
            "format": FORMAT,
            "labels": LABELS,
            "network": model.description,
            "channels": model.preparation.window.channels(),
            "image_size_px": model.preparation.resize.map(|Resize { size }| size),
            "normalisation": {
                "mean": model.preparation.normalisation.mean,
                "std": model.preparation.normalisation.std,
            },
            "learned_window": learned_window(&model)?,
            "stages": stages(recipe, context.stage()),
            "weights": {"file": "weights.safetensors", "sha256": sha256(&bytes)},
            "recipe": {"file": "recipe.toml", "sha256": sha256(recipe.as_bytes())},
            "data": context.run().facts(),
            "ichflow": provenance["ichflow"],
            "burn": provenance["burn"],
            "git": provenance["git"],
        });
        let path = context.file("model/bundle.json")?;
        fs::write(&path, format!("{bundle:#}\n")).at("write", &path)?;
        Ok(Outputs::new())
    }
}

ichflow_api::register!(ModelBundle);

/// Centers and widths of the windows that the network has learned, and how they are meant; null if it has
/// learned none. The weights hold them too, as `window.center` and `window.width`.
fn learned_window(model: &Model) -> Result<Value> {
    let Some(learned) = &model.network.window else {
        return Ok(Value::Null);
    };
    let curve = learned.curve();
    Ok(json!({
        "windows_hu": learned.windows()?,
        "activation": curve.activation,
        "upbound": curve.upbound,
        "eps": curve.eps,
    }))
}

/// Names of the recipe's stages that prepare images and compute, found by following the wires from
/// `bundle` back to the stage that trained: `{"train": …, "window": …, "network": …, "resize": …}`.
fn stages(recipe: &str, bundle: &str) -> Value {
    let Ok(recipe) = recipe.parse::<toml::Table>() else {
        return Value::Null;
    };
    let source = |stage: &str, port: &str| {
        let wire = recipe.get(stage)?.get(port)?.as_str()?;
        Some(wire.split('.').next().unwrap_or(wire).to_owned())
    };
    let mut trained = bundle.to_owned();
    // Stages that refine a model take one and offer one; the one that trained takes a network.
    while source(&trained, "network").is_none() {
        match source(&trained, "model") {
            Some(earlier) => trained = earlier,
            None => return Value::Null,
        }
    }
    json!({
        "train": trained,
        "window": source(&trained, "window"),
        "network": source(&trained, "network"),
        "resize": source(&trained, "resize"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stages_behind_a_model_are_found_by_its_wires() {
        let recipe = r#"
            [load]
            use = "phantom"
            [rainbow]
            use = "gradient"
            [net]
            use = "small-cnn"
            window = "rainbow.window"
            [fit]
            use = "fit"
            window = "rainbow.window"
            network = "net.network"
            [calibrated]
            use = "calibrate"
            model = "fit.model"
            [bundle]
            use = "model-bundle"
            model = "calibrated.model"
        "#;
        let found = stages(recipe, "bundle");
        assert_eq!(
            found,
            json!({"train": "fit", "window": "rainbow", "network": "net", "resize": null})
        );
        assert_eq!(stages("", "bundle"), Value::Null);
    }
}
