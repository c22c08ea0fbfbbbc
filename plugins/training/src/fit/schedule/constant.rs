//! `constant`.

use ichflow_api::prelude::*;

use super::{Schedule, StepOf};

/// The learning rate stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Constant {}

impl Schedule for Constant {
    fn factor(&self, _step: StepOf) -> f64 {
        1.0
    }
}

crate::kind!("constant", Constant: dyn Schedule);
