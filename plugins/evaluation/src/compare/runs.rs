//! The runs that paths name, read and compared.

use std::fs;
use std::path::{Path, PathBuf};

use ichflow_api::data::comparison::{Comparison, is_run, resolve};
use ichflow_api::prelude::*;

use super::comparison;
use super::record::RunRecord;

/// Draws of patients for paired intervals, if it is not said.
pub(super) const BOOTSTRAP: usize = 1000;

/// Reads and compares the runs at some paths.
pub(super) fn compare(paths: &[PathBuf], baseline: Option<&Path>, bootstrap: usize) -> Result<Comparison> {
    let baseline = baseline.map(resolve);
    let mut directories: Vec<PathBuf> = Vec::new();
    for path in paths.iter().flat_map(|path| expand(path)).chain(baseline.clone()) {
        if !directories.contains(&path) {
            directories.push(path);
        }
    }
    let runs = directories.iter().map(|path| RunRecord::read(path)).collect();
    comparison::of(runs, baseline.as_deref(), bootstrap)
}

/// The run at a path; where that is a directory of runs, all of them.
fn expand(path: &Path) -> Vec<PathBuf> {
    let directory = resolve(path);
    if is_run(&directory) {
        return vec![directory];
    }
    let mut inside: Vec<PathBuf> = fs::read_dir(&directory)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(resolve(&entry.ok()?.path())))
        .filter(|path| is_run(path))
        .collect();
    inside.sort();
    if inside.is_empty() {
        vec![directory]
    } else {
        inside
    }
}
