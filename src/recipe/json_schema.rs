//! The JSON Schema (draft-07) of recipes: what editors complete from, show on hover and underline.
//!
//! It is made of the same records that check recipes. It is a little laxer than `ichflow check`: a recipe
//! that extends another may leave out what its parent sets, and editors do not follow `extends`.

use ichflow_api::registry::{Registration, Registry};
use serde_json::{Map, Value, json};

use super::FORMAT;

/// What `${name}` looks like where a value of another type is wanted.
const VARIABLE: &str = r"^\$\{[^}]+\}$";

/// The schema of every recipe that the linked plugins allow.
pub fn recipe_schema(registry: &Registry) -> Value {
    let stages: Vec<&Registration> = registry.all();
    let mut alternatives: Vec<Value> = stages.iter().map(|stage| stage_schema(stage)).collect();
    alternatives.push(refinement(&stages));
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "ichflow recipe",
        "description": "A chain of stages, each a table with `use`, run in the order written.",
        "type": "object",
        "properties": top_level(),
        "additionalProperties": {
            "description": "A stage: the table's name is its name, `use` says what it is.",
            "anyOf": alternatives,
        },
    })
}

fn top_level() -> Value {
    json!({
        "ichflow": {
            "description": "The format of this file.",
            "const": FORMAT,
        },
        "title": {
            "description": "What the recipe calls itself: the heading of its report.",
            "type": "string",
        },
        "extends": {
            "description": "A recipe to start from, relative to this one; what stands here is laid over it.",
            "type": "string",
        },
        "seed": {
            "description": "Seed of everything random.",
            "type": "integer",
            "minimum": 0,
        },
        "labels": {
            "description": "The labels that the recipe is about; without it, the six of the RSNA 2019 challenge.",
            "type": "object",
            "properties": {
                "names": {
                    "description": "The labels, in the order of truth and predictions.",
                    "type": "array",
                    "items": {"type": "string"},
                    "minItems": 1,
                },
                "union": {
                    "description": "The label that is positive wherever another one is; by default the one called `any`.",
                    "type": "string",
                },
                "weights": {
                    "description": "Weights of the weighted log loss, one a label; by default 1, and the challenge's for its own.",
                    "type": "array",
                    "items": {"type": "number", "exclusiveMinimum": 0},
                },
            },
            "required": ["names"],
            "additionalProperties": false,
        },
        "vars": {
            "description": "Values that the recipe uses as \"${name}\", and that --set vars.NAME=VALUE changes.",
            "type": "object",
        },
        "sweep": {
            "description": "Makes trials of the recipe, which `ichflow sweep` runs and compares. What is given multiplies.",
            "type": "object",
            "properties": {
                "seeds": {
                    "description": "Each trial with each of these seeds.",
                    "type": "array",
                    "items": {"type": "integer", "minimum": 0},
                },
                "seeds_vary": {
                    "description": "What seeds vary: training alone, with the recipe's cohort and folds, or all that is drawn.",
                    "enum": ["training", "all"],
                },
                "variants": {
                    "description": "By name: tables of stages laid over the recipe, as in a recipe that extends it.",
                    "type": "object",
                    "additionalProperties": {"type": "object"},
                },
                "grid": {
                    "description": "Dotted key → list of values; every combination is a trial.",
                    "type": "object",
                },
                "random": {
                    "description": "Dotted key → { low, high, scale } or a list of values, drawn `trials` times.",
                    "type": "object",
                    "properties": {
                        "trials": {"description": "Number of draws.", "type": "integer", "minimum": 1},
                        "seed": {"description": "Seed of the draws.", "type": "integer", "minimum": 0},
                    },
                    "required": ["trials"],
                },
            },
            "additionalProperties": false,
        },
    })
}

/// A table with this stage's `use`.
fn stage_schema(registration: &Registration) -> Value {
    let schema = registration.schema();
    let about = schema["description"].as_str().unwrap_or(registration.summary);
    let mut properties = Map::new();
    properties.insert(
        "use".into(),
        json!({
            "description": format!("{} – {}", registration.name, registration.summary),
            "const": registration.name,
        }),
    );
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        properties.insert(name.clone(), or_variable(property));
    }
    if registration.seeded {
        properties.entry("seed").or_insert_with(|| {
            json!({
                "description": "Seed of this stage alone, instead of the recipe's.",
                "type": "integer",
                "minimum": 0,
            })
        });
    }
    for input in registration.ports().inputs {
        properties.insert(
            input.name.into(),
            json!({
                "description": format!(
                    "Where the {} comes from, if not from the nearest stage before: \"STAGE\" or \"STAGE.OUTPUT\".",
                    input.artifact.name
                ),
                "type": "string",
            }),
        );
    }
    json!({
        "title": registration.name,
        "description": about,
        "type": "object",
        "properties": properties,
        "required": ["use"],
        "additionalProperties": false,
    })
}

/// A table without `use`: it changes a stage of the recipe that this one extends.
fn refinement(stages: &[&Registration]) -> Value {
    let mut known = Map::new();
    for stage in stages {
        let schema = stage.schema();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            // Stages share names; what one of them allows cannot be demanded of all.
            let description = property.get("description").cloned().unwrap_or_default();
            known
                .entry(name.clone())
                .or_insert_with(|| json!({"description": description}));
        }
    }
    json!({
        "title": "changes a stage of the recipe this one extends",
        "type": "object",
        "properties": known,
        "not": {"required": ["use"]},
    })
}

/// Lets variables stand for what tables within a parameter hold.
fn within(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    if let Some(Value::Object(properties)) = object.get_mut("properties") {
        // The word that says which kind of table it is stays as it is: editors go by it.
        for property in properties
            .values_mut()
            .filter(|property| property.get("const").is_none())
        {
            *property = or_variable(property);
        }
    }
    if let Some(items) = object.get_mut("items").filter(|items| items.is_object()) {
        *items = match items.get("properties") {
            Some(_) => {
                within(items);
                items.take()
            }
            None => or_variable(items),
        };
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(Value::Array(variants)) = object.get_mut(key) {
            variants.iter_mut().for_each(within);
        }
    }
}

/// The schema of a parameter, which a variable may stand for.
fn or_variable(property: &Value) -> Value {
    let mut inner = property.clone();
    within(&mut inner);
    let mut outer = Map::new();
    if let Some(object) = inner.as_object_mut() {
        for key in ["description", "default"] {
            if let Some(value) = object.remove(key).filter(|value| !value.is_null()) {
                outer.insert(key.into(), value);
            }
        }
        // A choice of words that each have a description of their own stays as it is.
        let is_text = object.get("type") == Some(&json!("string")) && object.len() == 1;
        if is_text {
            outer.insert("type".into(), json!("string"));
            return Value::Object(outer);
        }
    }
    outer.insert(
        "anyOf".into(),
        json!([inner, {"title": "a variable", "type": "string", "pattern": VARIABLE}]),
    );
    Value::Object(outer)
}
