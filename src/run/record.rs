//! What is remembered of a stage that ran: in the run's `provenance.json`, and in the cache, where
//! `ichflow plan` and `ichflow explain` look it up.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use ichflow_api::cache::keep::write_whole;
use ichflow_api::error::{Result, ResultExt};
use serde::{Deserialize, Serialize};

use crate::plan::{Plan, PlannedStage, Wire, key};

/// A stage of a run: what made its result, and what came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StageRecord {
    /// Its name in the recipe.
    pub name: String,
    /// The stage's name in the registry.
    #[serde(rename = "use")]
    pub stage_use: String,
    /// The crate that brings it.
    pub plugin: String,
    /// Its version.
    pub version: u32,
    /// The seed, where it matters.
    pub seed: Option<u64>,
    /// The parameters that matter.
    pub params: toml::Table,
    /// Port → source as a recipe names it.
    pub inputs: BTreeMap<String, String>,
    /// Port → digest of what came in.
    pub inputs_known_by: BTreeMap<String, String>,
    /// Parameter that names a file → digest of the file.
    pub files: BTreeMap<String, String>,
    /// Digest of all of the above.
    pub made_of: String,
    /// Output → digest of what went out.
    pub outputs: BTreeMap<String, String>,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// How long its result took to make, in this run or in the earlier one that kept it, in seconds.
    #[serde(default)]
    pub made_in: Option<f64>,
    /// Whether it keeps something for later runs.
    pub keeps: bool,
    /// Whether it found what an earlier run had kept.
    pub cached: bool,
    /// Whether it came to its end.
    pub done: bool,
}

impl StageRecord {
    /// What is known before the stage runs; `known_by` tells what an input is known by.
    ///
    /// # Errors
    /// Where a parameter has no form in TOML.
    pub fn of<'a>(plan: &Plan, planned: &PlannedStage, known_by: impl Fn(&Wire) -> &'a str) -> Result<Self> {
        let stage = &planned.stage;
        let files = key::files(stage)?;
        let made_of = key::of(
            stage,
            plan.seed,
            &plan.labels,
            &planned.wires,
            &known_by,
            Some(&files),
        )?;
        let each = |tell: &dyn Fn(&Wire) -> String| {
            let wires = planned.wires.iter();
            wires
                .map(|(port, wire)| ((*port).to_owned(), tell(wire)))
                .collect()
        };
        Ok(Self {
            name: stage.name.clone(),
            stage_use: stage.registration.name.to_owned(),
            plugin: stage.registration.plugin.to_owned(),
            version: stage.registration.version,
            seed: stage
                .registration
                .seeded
                .then_some(stage.seed.unwrap_or(plan.seed)),
            params: key::material_params(stage)?,
            inputs: each(&|wire| plan.source_name(wire)),
            inputs_known_by: each(&|wire| known_by(wire).to_owned()),
            files,
            made_of,
            outputs: BTreeMap::new(),
            seconds: 0.0,
            made_in: None,
            keeps: false,
            cached: false,
            done: false,
        })
    }

    /// Takes down how long the stage took. What was found ready took as long as it took when it was made.
    pub fn took(&mut self, seconds: f64, cache: &Path) {
        let earlier = Self::recall(cache, &self.made_of)
            .filter(|_| self.cached)
            .map_or(0.0, |earlier| earlier.made_in.unwrap_or(earlier.seconds));
        self.seconds = seconds;
        self.made_in = Some(seconds.max(earlier));
    }

    /// Notes in the cache that this was made.
    ///
    /// # Errors
    /// Where the cache cannot be written.
    pub fn remember(&self, cache: &Path) -> Result<()> {
        let path = path_of(cache, &self.made_of);
        let directory = cache.join(DIRECTORY);
        fs::create_dir_all(&directory).at("create the directory", &directory)?;
        let text = serde_json::to_vec_pretty(self).at("write", &path)?;
        write_whole(&path, |mut file| file.write_all(&text))
    }

    /// What the cache knows of a result, if it was ever made here.
    pub fn recall(cache: &Path, made_of: &str) -> Option<Self> {
        let text = fs::read(path_of(cache, made_of)).ok()?;
        serde_json::from_slice(&text).ok()
    }
}

/// Records lie in this directory of the cache.
pub const DIRECTORY: &str = "made";

fn path_of(cache: &Path, made_of: &str) -> PathBuf {
    cache.join(DIRECTORY).join(format!("{made_of}.json"))
}
