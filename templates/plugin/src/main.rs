//! `ichflow` with the stages of my-plugin: `cargo run --release -- run recipe.toml`.

use my_plugin as _;
use {
    ichflow_ct as _, ichflow_evaluation as _, ichflow_exporting as _, ichflow_networks as _,
    ichflow_prediction as _, ichflow_reporting as _, ichflow_serving as _, ichflow_splitting as _,
    ichflow_training as _, ichflow_windowing as _,
};

fn main() -> std::process::ExitCode {
    ichflow::main()
}
