//! Errors of ichflow as exceptions.

use ichflow_api::error::Error;
use pyo3::create_exception;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;

create_exception!(
    ichflow,
    IchflowError,
    PyException,
    "What ichflow cannot do, and what to do about it."
);
create_exception!(
    ichflow,
    ReadError,
    IchflowError,
    "A file that cannot be used; its attribute `file` names it, `reason` says why."
);
create_exception!(
    ichflow,
    RecipeError,
    IchflowError,
    "A recipe or a table of one that is wrong, with every mistake and where it is."
);

/// With its causes and its advice.
pub(crate) fn raised(error: &Error) -> PyErr {
    let help = match error {
        Error::Failed { help: Some(help), .. } => format!("\nhelp: {help}"),
        _ => String::new(),
    };
    IchflowError::new_err(format!("{}{help}", error.chain()))
}

/// A file that cannot be used.
pub(crate) fn unreadable(py: Python<'_>, file: &str, reason: &str) -> PyErr {
    let error = ReadError::new_err(format!("{file}: {reason}"));
    let value = error.value(py);
    for (name, text) in [("file", file), ("reason", reason)] {
        if let Err(other) = value.setattr(name, text) {
            return other;
        }
    }
    error
}
