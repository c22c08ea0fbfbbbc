//! A window of Hounsfield units.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A window given by its center and width.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CenterWidth {
    /// Center, in HU.
    pub center: f64,
    /// Width, in HU; above 0.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub width: f64,
}
