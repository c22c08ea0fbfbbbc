//! Parts of a network that a recipe names.

use ichflow_api::nn::parameters::Layer;

/// Says that a parameter names a part which the network does not have.
pub(super) fn no_such_part(parameter: &str, part: &str, layers: &[Layer]) -> ichflow_api::error::Error {
    let known: Vec<&str> = layers.iter().map(|layer| layer.path.as_str()).collect();
    ichflow_api::error::Error::new(format!(
        "`{parameter}` names `{part}`, which this network does not have"
    ))
    .help(format!("its layers are {}", known.join(", ")))
}
