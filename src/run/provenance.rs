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
        "libraries": libraries(),
        "git": git(),
        "device": device,
        "system": {
            "os": std::env::consts::OS,
            "architecture": std::env::consts::ARCH,
            "processors": std::thread::available_parallelism().map_or(0, usize::from),
            "processor": processor(),
            "vectors": ichflow_api::nn::vectors(),
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

/// The processor as the system names it; null where it does not.
fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let named = text.lines().find_map(|line| line.strip_prefix("model name"))?;
    Some(named.trim_start_matches([' ', '\t', ':']).to_owned())
}

/// Versions of the libraries that compute, as this program was built with them.
fn libraries() -> Value {
    const LOCKED: &str = include_str!("../../Cargo.lock");
    const COMPUTING: [&str; 6] = ["burn", "burn-flex", "fearless_simd", "gemm", "libm", "rayon"];
    let versions = |name: &str| -> Vec<&str> {
        let head = format!("name = \"{name}\"\nversion = \"");
        let found = LOCKED.split(&head).skip(1);
        found.filter_map(|rest| rest.split('"').next()).collect()
    };
    COMPUTING
        .iter()
        .map(|name| (*name, versions(name).join(", ")))
        .collect()
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
