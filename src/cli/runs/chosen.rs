//! Runs of a directory, read, filtered and sorted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ichflow_api::data::comparison::{Run, RunState, Setting, runs_below, settings};
use ichflow_api::error::{Error, Result};

use super::{Sort, State};

/// A run with what it is called in a list.
pub(super) struct Listed {
    /// Its directory, links not resolved.
    pub path: PathBuf,
    /// Its path below the directory of runs: `b0_bsb/20260101-120000-0a1b2c3d`.
    pub name: String,
    /// What its files say.
    pub run: Run,
}

impl Listed {
    /// The recipe's directory: `b0_bsb`, of all trials of a sweep the same.
    fn family(&self) -> &str {
        self.name.split(['/', '\\']).next().unwrap_or_default()
    }

    /// Where runs of the same settings stand: `b0_bsb`, or `sweep/trial`.
    pub(super) fn recipe(&self) -> &str {
        self.name
            .rsplit_once(['/', '\\'])
            .map_or("", |(recipe, _)| recipe)
    }
}

/// Some runs.
pub(super) struct Chosen {
    /// In order.
    pub runs: Vec<Listed>,
}

impl Chosen {
    /// All runs below a directory.
    ///
    /// # Errors
    /// Where there is no such directory.
    pub(super) fn below(out: &Path) -> Result<Self> {
        if !out.is_dir() {
            return Err(Error::new(format!("there is no directory {}", out.display()))
                .help("`--out DIR` names the directory that holds runs"));
        }
        let runs = runs_below(out).into_iter().map(|path| Listed {
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

    /// Keeps those whose name or title contains `text`, and whose state is one of `states`, where there are some.
    pub(super) fn filter(&mut self, text: Option<&str>, states: &[State]) {
        let text = text.map(str::to_lowercase);
        self.runs.retain(|listed| {
            let named = |text: &String| {
                listed.name.to_lowercase().contains(text) || listed.run.title.to_lowercase().contains(text)
            };
            let state = states.is_empty() || states.iter().any(|state| state.is(&listed.run.state));
            text.as_ref().is_none_or(named) && state
        });
    }

    /// Sorts; runs without what is sorted by come last.
    pub(super) fn sort(&mut self, by: Sort) {
        // Smallest first.
        let number = |value: Option<f64>| value.filter(|value| value.is_finite()).unwrap_or(f64::INFINITY);
        let auroc = |run: &Run| run.measured.as_ref()?.valid.auc_any();
        self.runs.sort_by(|a, b| {
            let of = |of: &dyn Fn(&Run) -> f64| of(&a.run).total_cmp(&of(&b.run));
            match by {
                Sort::Started => b.name_and_time().cmp(&a.name_and_time()),
                Sort::Score => of(&|run| number(run.score())),
                Sort::Auroc => of(&|run| number(auroc(run).map(|auroc| -auroc))),
                Sort::Time => of(&|run| number(run.seconds.map(|seconds| -seconds))),
                Sort::Name => a.name.cmp(&b.name),
            }
        });
    }

    /// For each run the settings that are not the same in all runs of its recipe and its sweep, by its name.
    pub(super) fn differing(&self) -> BTreeMap<&str, Vec<&Setting>> {
        let mut by_recipe: BTreeMap<&str, Vec<&Listed>> = BTreeMap::new();
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
}

impl Listed {
    /// A run's directory begins with the time it was made at.
    fn name_and_time(&self) -> (&str, &str) {
        let own = self.name.rsplit(['/', '\\']).next().unwrap_or_default();
        (own, &self.name)
    }
}

impl State {
    fn is(self, state: &RunState) -> bool {
        matches!(
            (self, state),
            (Self::AtWork, RunState::AtWork { .. })
                | (Self::Done, RunState::Done)
                | (Self::Failed, RunState::Failed { .. })
                | (Self::Interrupted, RunState::Interrupted)
                | (Self::Killed, RunState::Killed { .. })
                | (Self::Damaged, RunState::Damaged { .. })
        )
    }
}
