//! Runs for scripts.

use serde_json::{Map, Value, json};

use super::chosen::Chosen;

/// A list of runs: numbers with every digit, absent ones null.
pub(super) fn of(chosen: &Chosen) -> Value {
    let differing = chosen.differing();
    let runs = chosen.runs.iter().map(|listed| {
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
