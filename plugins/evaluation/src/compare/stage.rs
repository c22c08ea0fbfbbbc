//! The stage `compare`: runs side by side, as part of a recipe.

use std::path::PathBuf;

use ichflow_api::data::comparison::html;
use ichflow_api::prelude::*;

use super::runs::{self, BOOTSTRAP};
use super::{json, text};

/// Compares finished runs: what differs in their recipes, scores with paired intervals over the same
/// resampled patients, curves and cost. Writes `compare.html` and `compare.json`. Runs that failed or were
/// interrupted are listed with the reason.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Compare {
    /// Directories of runs, their `latest` links, or directories of runs.
    #[schemars(length(min = 1))]
    pub runs: Vec<PathBuf>,
    /// The run to compare the others with; none: the one with the best score.
    #[serde(default)]
    pub baseline: Option<PathBuf>,
    /// How often patients are resampled for the paired 95 % intervals; 0 leaves the intervals out.
    #[serde(default = "usual_bootstrap")]
    #[schemars(range(min = 0, max = 100_000))]
    pub bootstrap: usize,
}

fn usual_bootstrap() -> usize {
    BOOTSTRAP
}

impl Stage for Compare {
    const NAME: &'static str = "compare";
    const FAMILY: Family = Family::Report;
    const SUMMARY: &'static str = "finished runs side by side, with paired intervals";
    const EXAMPLE: &'static str = "[comparison]\nuse = \"compare\"\nruns = [\"runs/quickstart\"]\n";

    fn ports() -> Ports {
        Ports::new()
    }

    fn reads(&self) -> Vec<ExternalPath> {
        self.runs
            .iter()
            .map(|run| ExternalPath::directory("runs", run))
            .chain(
                self.baseline
                    .iter()
                    .map(|run| ExternalPath::directory("baseline", run)),
            )
            .collect()
    }

    fn run(&self, _inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let comparison = runs::compare(&self.runs, self.baseline.as_deref(), self.bootstrap)?;
        let path = context.file("compare.json")?;
        let record = serde_json::to_string_pretty(&json::of(&comparison))
            .doing("cannot write the comparison as JSON")?;
        std::fs::write(&path, record + "\n").at("write", &path)?;
        let path = context.file("compare.html")?;
        std::fs::write(&path, html(&comparison)?).at("write", &path)?;
        if context.run().report().is_none() {
            context.set_report(path);
        }
        for line in text::of(&comparison).lines() {
            context.say(line);
        }
        Ok(Outputs::new())
    }
}

ichflow_api::register!(Compare);
