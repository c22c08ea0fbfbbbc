//! Running the program as a person does.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output};

/// The built program, ready to run in `directory`.
pub(crate) fn program(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ichflow"));
    command.current_dir(directory).env("NO_COLOR", "1");
    command
}

/// Runs the program in `directory` and waits for it.
#[expect(clippy::expect_used, reason = "without the program there is no test")]
pub(crate) fn ichflow<S: AsRef<OsStr>>(directory: &Path, arguments: &[S]) -> Output {
    program(directory)
        .args(arguments)
        .output()
        .expect("the program starts")
}

/// What a run wrote to stdout.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What a run wrote to stderr.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A recipe small enough to train within seconds: a phantom of a few small slices.
pub(crate) const TINY: &str = r#"
ichflow = 1
title = "Tiny"
seed = 7

[load]
use = "phantom"
patients = 8
test_patients = 2
slices = 6
size = 64

[store]
use = "hu-store"

[window]
use = "bsb"

[augment]
use = "flip-crop"
max_crop = 4

[split]
use = "multilabel-stratified"
valid = 0.25

[network]
use = "small-cnn"

[loss]
use = "weighted-log-loss"

[train]
use = "fit"
batch = 8
phases = [{ epochs = 2, lr = 1e-3 }]

[predict]
use = "predict"

[score]
use = "evaluate"

[submission]
use = "kaggle-submission"

[bundle]
use = "model-bundle"

[report]
use = "metrics-report"
"#;
