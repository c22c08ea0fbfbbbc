//! The `ichflow` program: the standard plugins and the command line.

mod elementary;

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

#[global_allocator]
static MEMORY: ichflow::memory::Allocator = ichflow::memory::Allocator;

fn main() -> std::process::ExitCode {
    ichflow::main()
}
