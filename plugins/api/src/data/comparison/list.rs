//! The runs of a directory, for `ichflow runs` and for the page of `ichflow serve`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::read::runs_below;
use super::run::{Run, Setting};
use super::settings;
use crate::error::{Error, Result};

/// A run with what it is called in a list.
pub struct ListedRun {
    /// Its directory, links not resolved.
    pub path: PathBuf,
    /// Its path below the directory of runs: `b0_bsb/20260101-120000-0a1b2c3d`.
    pub name: String,
    /// What its files say.
    pub run: Run,
}

impl ListedRun {
    /// The recipe's directory: `b0_bsb`, of all trials of a sweep the same.
    fn family(&self) -> &str {
        self.name.split(['/', '\\']).next().unwrap_or_default()
    }

    /// Where runs of the same settings stand: `b0_bsb`, or `sweep/trial`.
    pub fn recipe(&self) -> &str {
        self.name
            .rsplit_once(['/', '\\'])
            .map_or("", |(recipe, _)| recipe)
    }

    /// What sorts runs by when they began: a run's directory begins with that time.
    pub fn begun(&self) -> (&str, &str) {
        let own = self.name.rsplit(['/', '\\']).next().unwrap_or_default();
        (own, &self.name)
    }
}

/// Some runs, in order.
pub struct RunList {
    /// The runs.
    pub runs: Vec<ListedRun>,
}

impl RunList {
    /// All runs below a directory.
    ///
    /// # Errors
    /// Where there is no such directory.
    pub fn below(out: &Path) -> Result<Self> {
        if !out.is_dir() {
            return Err(Error::new(format!("there is no directory {}", out.display()))
                .help("`--out DIR` names the directory that holds runs"));
        }
        let runs = runs_below(out).into_iter().map(|path| ListedRun {
            name: path
                .strip_prefix(out)
                .unwrap_or(&path)
                .to_string_lossy()
                .into_owned(),
            run: Run::read(&path).0,
            path,
        });
        Ok(Self { runs: runs.collect() })
    }

    /// For each run the settings that are not the same in all runs of its recipe and its sweep, by its name.
    pub fn differing(&self) -> BTreeMap<&str, Vec<&Setting>> {
        let mut by_recipe: BTreeMap<&str, Vec<&ListedRun>> = BTreeMap::new();
        for listed in &self.runs {
            by_recipe.entry(listed.family()).or_default().push(listed);
        }
        let mut found = BTreeMap::new();
        for runs in by_recipe.into_values() {
            let recipes: Vec<&[Setting]> = runs.iter().map(|listed| listed.run.settings.as_slice()).collect();
            let keys = settings::differing(&recipes);
            for listed in runs {
                let own = listed.run.settings.iter();
                let own = own.filter(|setting| keys.contains(&setting.key.as_str()));
                found.insert(listed.name.as_str(), own.collect());
            }
        }
        found
    }

    /// A list for scripts: numbers with every digit, absent ones null.
    pub fn json(&self) -> Value {
        let differing = self.differing();
        let runs = self.runs.iter().map(|listed| {
            let run = &listed.run;
            let valid = run.measured.as_ref().map(|measured| &measured.valid);
            let settings = differing.get(listed.name.as_str()).into_iter().flatten();
            let settings: Map<String, Value> = settings
                .map(|setting| (setting.key.clone(), json!(setting.value)))
                .collect();
            json!({
                "name": listed.name,
                "directory": run.directory.display().to_string(),
                "title": run.title,
                "state": run.state,
                "started": run.started,
                "seconds": run.seconds,
                "device": run.device,
                "seed": run.seed,
                "weighted_log_loss": valid.map(|valid| valid.weighted_log_loss),
                "weighted_log_loss_interval": valid.and_then(|valid| valid.weighted_log_loss_interval),
                "auroc": valid.and_then(|valid| valid.auc_any()),
                "auroc_interval": valid.and_then(|valid| valid.auc_any_interval),
                "differs": settings,
            })
        });
        runs.collect()
    }
}
