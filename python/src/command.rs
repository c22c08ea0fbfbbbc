//! The command line, for the entry point `ichflow`.

use std::ffi::OsString;
use std::process::ExitCode;

use pyo3::prelude::*;

/// Does what the arguments say, the program's name first, and gives the exit code.
#[pyfunction]
pub(crate) fn main(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    let code = py.detach(|| ichflow::cli::main_of(arguments));
    // An exit code tells no number, and compares with those that have one.
    (0..=u8::MAX)
        .find(|number| ExitCode::from(*number) == code)
        .unwrap_or(1)
}
