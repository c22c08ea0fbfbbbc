//! The recipe as it ran, stage by stage.

use ichflow_api::prelude::*;
use ichflow_api::registry::Registry;
use toml::Value;

/// A stage of the recipe.
#[derive(Clone, Debug)]
pub(crate) struct RecipeStage {
    /// Its table in the recipe.
    pub name: String,
    /// What it uses.
    pub uses: String,
    /// What kind of work it does; none of a stage that this program does not know.
    pub family: Option<Family>,
    /// Its parameters, without what is wired to it.
    pub params: toml::Table,
}

/// The stages, in the order they are written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recipe {
    stages: Vec<RecipeStage>,
}

impl Recipe {
    /// Of a resolved recipe; of a text that is none, no stage.
    /// `family` says what kind of work a stage does.
    pub(crate) fn of(text: &str, family: fn(&str) -> Option<Family>) -> Self {
        let table: toml::Table = text.parse().unwrap_or_default();
        let is_stage = |value: &Value| value.get("use").and_then(Value::as_str).is_some();
        let names: Vec<&String> = table
            .iter()
            .filter(|(_, value)| is_stage(value))
            .map(|(name, _)| name)
            .collect();
        let is_wire = |value: &Value| {
            let wired = value.as_str().and_then(|value| value.split_once('.'));
            wired.is_some_and(|(stage, _)| names.iter().any(|name| *name == stage))
        };
        let stages = table
            .iter()
            .filter(|(_, value)| is_stage(value))
            .map(|(name, value)| {
                let params = value.as_table().cloned().unwrap_or_default();
                let uses = value.get("use").and_then(Value::as_str).unwrap_or_default();
                RecipeStage {
                    name: name.clone(),
                    uses: uses.to_owned(),
                    family: family(uses),
                    params: params
                        .into_iter()
                        .filter(|(key, value)| key != "use" && !is_wire(value))
                        .collect(),
                }
            })
            .collect();
        Self { stages }
    }

    /// All stages that use `what`.
    pub(crate) fn using<'a>(&'a self, what: &'a str) -> impl Iterator<Item = &'a RecipeStage> {
        self.stages.iter().filter(move |stage| stage.uses == what)
    }

    /// All stages of a family.
    pub(crate) fn family(&self, family: Family) -> impl Iterator<Item = &RecipeStage> {
        self.stages
            .iter()
            .filter(move |stage| stage.family == Some(family))
    }

    /// The stages that load slices.
    pub(crate) fn loaders(&self) -> impl Iterator<Item = &RecipeStage> {
        let beside = ["join", "select-series", "bhx", "nifti-masks"];
        self.family(Family::Load)
            .filter(move |stage| !beside.contains(&stage.uses.as_str()))
    }

    /// The first of them.
    pub(crate) fn loader(&self) -> Option<&RecipeStage> {
        self.loaders().next()
    }
}

/// What kind of work a stage of this program does.
pub(crate) fn family_of(uses: &str) -> Option<Family> {
    Some(Registry::collect().ok()?.find(uses)?.family)
}

impl RecipeStage {
    /// A parameter as it is written in TOML; none where it has no such.
    pub(crate) fn param(&self, key: &str) -> Option<&Value> {
        self.params.get(key)
    }

    /// "`fit` (batch = 16, ema = 0.95)", with the parameters named.
    pub(crate) fn in_words(&self, keys: &[&str]) -> String {
        let shown: Vec<String> = keys
            .iter()
            .filter_map(|key| Some(format!("{key} = {}", shown(self.param(key)?))))
            .collect();
        match shown.is_empty() {
            true => format!("`{}`", self.uses),
            false => format!("`{}` ({})", self.uses, shown.join(", ")),
        }
    }

    /// The same with all parameters that are single values or short lists of such.
    pub(crate) fn in_full(&self) -> String {
        let plain = |value: &Value| !matches!(value, Value::Table(_)) && !contains_table(value);
        let keys: Vec<&str> = self
            .params
            .iter()
            .filter(|(_, value)| plain(value))
            .map(|(key, _)| key.as_str())
            .collect();
        self.in_words(&keys)
    }
}

fn contains_table(value: &Value) -> bool {
    let items = value.as_array().into_iter().flatten();
    items
        .into_iter()
        .any(|item| item.is_table() || contains_table(item))
}

/// A value in one line.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Table(table) => {
            let members: Vec<String> = table
                .iter()
                .map(|(key, value)| format!("{key} = {}", shown(value)))
                .collect();
            format!("{{ {} }}", members.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}
