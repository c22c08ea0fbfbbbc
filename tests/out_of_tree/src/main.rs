//! `ichflow` with one plugin more; the networks and windows it comes with are left out.

use out_of_tree as _;
use {
    ichflow_ct as _, ichflow_evaluation as _, ichflow_exporting as _, ichflow_prediction as _,
    ichflow_reporting as _, ichflow_serving as _, ichflow_splitting as _, ichflow_training as _,
};

fn main() -> std::process::ExitCode {
    ichflow::main()
}
