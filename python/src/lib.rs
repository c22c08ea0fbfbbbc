//! The compiled half of the Python package `ichflow`. What people import is `ichflow/__init__.py` beside it, where the
//! functions have their documentation and types.

mod batches;
mod command;
mod error;
mod image;
mod metrics;
mod resized;
mod split;
mod stages;
mod window;

use ichflow_ct as _;
use ichflow_evaluation as _;
use ichflow_exporting as _;
use ichflow_networks as _;
use ichflow_prediction as _;
use ichflow_reporting as _;
use ichflow_serving as _;
use ichflow_splitting as _;
use ichflow_training as _;
use ichflow_windowing as _;
use pyo3::prelude::*;

#[global_allocator]
static MEMORY: ichflow::memory::Allocator = ichflow::memory::Allocator;

/// The module `ichflow._ichflow`.
#[pymodule(gil_used = true)]
mod _ichflow {
    #[pymodule_export]
    use super::batches::BatchReader;
    #[pymodule_export]
    use super::command::main;
    #[pymodule_export]
    use super::error::{IchflowError, ReadError, RecipeError};
    #[pymodule_export]
    use super::image::{Header, read, read_many};
    #[pymodule_export]
    use super::metrics::{auroc, auroc_interval, average_precision, weighted_log_loss};
    #[pymodule_export]
    use super::split::fold_of_rows;
    #[pymodule_export]
    use super::window::Scheme;

    use super::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
