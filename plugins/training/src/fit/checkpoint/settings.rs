//! What a recipe says of checkpoints.

use ichflow_api::prelude::*;

use crate::fit::metric::Metric;

/// Which epoch's weights are kept, and how often the state is written.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Checkpoint {
    /// By what the epoch is chosen whose weights are kept; "last" keeps the last.
    pub metric: Metric,
    /// Minutes after which the state is written within an epoch; it is written after every epoch besides.
    #[schemars(range(min = 0.0, max = 1e6))]
    pub every_minutes: f64,
}

impl Default for Checkpoint {
    fn default() -> Self {
        Self {
            metric: Metric::default(),
            every_minutes: 5.0,
        }
    }
}
