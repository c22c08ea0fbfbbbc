//! Where a result comes from: `provenance.json`.

use std::process::Command;

use ichflow_api::digest::sha256;
use serde_json::{Value, json};

use crate::plan::Plan;
use crate::recipe::source::Sources;

/// What is known before the run: versions, git state, device, command line, layers, stage keys.
pub(super) fn before(plan: &Plan, sources: &Sources, device: &str) -> Value {
    json!({
        "ichflow": env!("CARGO_PKG_VERSION"),
        "burn": ichflow_api::tensors::device::BURN_VERSION,
        "git": git(),
        "device": device,
        "system": {
            "os": std::env::consts::OS,
            "architecture": std::env::consts::ARCH,
            "processors": std::thread::available_parallelism().map_or(0, usize::from),
        },
        "command": std::env::args().collect::<Vec<_>>(),
        "started": jiff::Zoned::now().to_string(),
        "trial": plan.trial,
        "seed": plan.seed,
        "recipe_key": plan.key(),
        "layers": sources.texts.iter().map(|text| json!({
            "name": text.name,
            "sha256": sha256(text.text.as_bytes()),
        })).collect::<Vec<_>>(),
    })
}

/// Commit and cleanliness of the working directory's repository; null outside one.
fn git() -> Value {
    let ask = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok()?;
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    match ask(&["rev-parse", "HEAD"]) {
        Some(commit) => {
            let changed = ask(&["status", "--porcelain"]).is_some_and(|changes| !changes.is_empty());
            json!({"commit": commit, "changed": changed})
        }
        None => Value::Null,
    }
}
