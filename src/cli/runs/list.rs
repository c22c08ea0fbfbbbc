//! Runs as a table on a terminal.

use std::fmt::Write;
use std::path::Path;

use ichflow_api::counted::counted;
use ichflow_api::data::comparison::{ListedRun, RunList};
use ichflow_api::metrics::Interval;

/// Settings shown of a run; a comparison shows all.
const SETTINGS: usize = 4;

/// Lines for a terminal. `total` is the number of runs before they were filtered.
pub(super) fn of(chosen: &RunList, total: usize, out: &Path) -> String {
    if chosen.runs.is_empty() {
        return match total {
            0 => format!("no runs in {}\n", out.display()),
            _ => format!("none of {} fits\n", counted(total, "run", "runs")),
        };
    }
    let differing = chosen.differing();
    let mut rows = vec![["run", "state", "weighted log loss", "AUROC", "time"].map(str::to_owned)];
    rows.extend(chosen.runs.iter().map(cells));
    let widths: Vec<usize> = (0..rows[0].len())
        .map(|column| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.max().unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for (place, row) in rows.iter().enumerate() {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        // Writing to a string does not fail.
        let _ = writeln!(text, "{}", cells.join("  ").trim_end());
        let Some(listed) = place.checked_sub(1).and_then(|place| chosen.runs.get(place)) else {
            continue;
        };
        if let Some(settings) = differing
            .get(listed.name.as_str())
            .filter(|found| !found.is_empty())
        {
            let shown = settings.iter().take(SETTINGS);
            let mut shown: Vec<String> = shown.map(|one| format!("{} = {}", one.key, one.value)).collect();
            if settings.len() > SETTINGS {
                shown.push(format!("and {} more", settings.len() - SETTINGS));
            }
            let _ = writeln!(text, "    {}", shown.join(" · "));
        }
        // What a table has no room for.
        let reason = listed.run.state.to_string();
        if reason != state(listed) {
            let _ = writeln!(text, "    {reason}");
        }
    }
    if chosen.runs.len() < total {
        let _ = writeln!(text, "{} of {}", chosen.runs.len(), counted(total, "run", "runs"));
    }
    text
}

fn state(listed: &ListedRun) -> &'static str {
    listed.run.state.name()
}

fn cells(listed: &ListedRun) -> [String; 5] {
    let dash = || "–".to_owned();
    let valid = listed.run.measured.as_ref().map(|measured| &measured.valid);
    let score = valid.map(|valid| {
        let interval = |interval: Interval| format!(" [{:.4}, {:.4}]", interval.low, interval.high);
        let interval = valid.weighted_log_loss_interval.map(interval);
        format!("{:.4}{}", valid.weighted_log_loss, interval.unwrap_or_default())
    });
    let auroc = valid.and_then(|valid| valid.auc_any());
    [
        listed.name.clone(),
        state(listed).to_owned(),
        score.unwrap_or_else(dash),
        auroc.map_or_else(dash, |auroc| format!("{auroc:.4}")),
        listed.run.time_in_words(),
    ]
}
