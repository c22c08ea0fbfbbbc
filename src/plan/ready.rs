//! A recipe that can run: its stages wired, each with the key that names its result.

use std::collections::BTreeMap;

use ichflow_api::data::labels::LabelSet;
use ichflow_api::error::Result;
use ichflow_api::ports::Descriptions;
use ichflow_api::registry::Registry;

use super::key;
use super::wiring::{self, Wire, Wired};
use crate::recipe::Recipe;
use crate::recipe::problem::{Code, Problem};
use crate::recipe::stage::RecipeStage;

/// A stage, ready to run.
pub struct PlannedStage {
    /// The stage.
    pub stage: RecipeStage,
    /// Port → where its artifact comes from; optional ports may be absent.
    pub wires: BTreeMap<&'static str, Wire>,
    /// Outputs that exist, given what is wired.
    pub outputs: Vec<&'static str>,
    /// What is known of what it takes before anything runs.
    pub takes: Descriptions,
    /// Digest of all that makes its result, files it reads excepted.
    pub key: String,
}

/// A recipe that can run.
pub struct Plan {
    /// What the recipe calls itself.
    pub title: String,
    /// Which trial of a sweep it is.
    pub trial: Option<String>,
    /// Seed of everything random.
    pub seed: u64,
    /// The labels it is about.
    pub labels: LabelSet,
    /// Stages in the order they run.
    pub stages: Vec<PlannedStage>,
}

impl Plan {
    /// Wires a recipe.
    ///
    /// # Errors
    /// When an input finds nothing, or what does not fit it: everything that is wrong.
    pub fn new(recipe: Recipe, registry: &Registry) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let wired = wiring::wire(&recipe.stages, registry, &mut problems);
        if !problems.is_empty() {
            return Err(problems);
        }
        Self::wired(recipe, wired).map_err(|error| vec![Problem::nowhere(Code::Inconsistent, error.chain())])
    }

    fn wired(recipe: Recipe, wired: Vec<Wired>) -> Result<Self> {
        let mut plan = Self {
            title: recipe.title,
            trial: recipe.trial,
            seed: recipe.seed,
            labels: recipe.labels,
            stages: Vec::new(),
        };
        for (stage, wired) in recipe.stages.into_iter().zip(wired) {
            let source = |wire: &Wire| {
                let source: Option<&PlannedStage> = plan.stages.get(wire.stage);
                source.map_or("", |stage| stage.key.as_str())
            };
            let key = key::of(&stage, plan.seed, &plan.labels, &wired.wires, source, None)?;
            plan.stages.push(PlannedStage {
                stage,
                wires: wired.wires,
                outputs: wired.outputs,
                takes: wired.takes,
                key,
            });
        }
        Ok(plan)
    }

    /// Digest of all that makes the recipe's result, files it reads excepted.
    pub fn key(&self) -> String {
        let mut digest = ichflow_api::digest::Digest::new();
        for planned in &self.stages {
            digest.add(&planned.stage.name).add(&planned.key);
        }
        digest.hex()
    }

    /// The name of a wire's source as a recipe would write it: `load.test`.
    pub fn source_name(&self, wire: &Wire) -> String {
        format!("{}.{}", self.stages[wire.stage].stage.name, wire.output)
    }

    /// The recipe with everything decided: defaults, variables, layers and wiring. It is itself a recipe.
    ///
    /// # Errors
    /// Where a parameter has no form in TOML.
    pub fn resolved_recipe(&self) -> Result<String> {
        let mut document = toml::Table::new();
        document.insert("ichflow".into(), crate::recipe::FORMAT.into());
        document.insert("title".into(), self.title.clone().into());
        document.insert("seed".into(), i64::try_from(self.seed).unwrap_or(i64::MAX).into());
        if !self.labels.is_rsna() {
            document.insert(
                "labels".into(),
                crate::recipe::resolved_labels(&self.labels).into(),
            );
        }
        for planned in &self.stages {
            let mut table = toml::Table::new();
            table.insert("use".into(), planned.stage.registration.name.into());
            if let Some(seed) = planned.stage.seed {
                table.insert("seed".into(), i64::try_from(seed).unwrap_or(i64::MAX).into());
            }
            for (port, wire) in &planned.wires {
                table.insert((*port).into(), self.source_name(wire).into());
            }
            table.extend(planned.stage.stage.params()?);
            document.insert(planned.stage.name.clone(), table.into());
        }
        toml::to_string(&document).map_err(|error| {
            ichflow_api::error::Error::caused_by("the resolved recipe cannot be written", error)
        })
    }
}
