//! In what numbers layers multiply.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The numbers that convolutions and linear layers multiply. Whatever it says, weights are kept and moved in f32,
/// and normalisation, losses, sums and metrics are computed in f32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Precision {
    /// 24 bits of significand.
    #[default]
    F32,
    /// bfloat16: 8 bits of significand and the range of f32, so that losses need no scaling. A GPU computes in
    /// it; the CPU rounds what it multiplies, what comes of it and their gradients to it, and multiplies in f32,
    /// which shows what training in bfloat16 comes to but is slower, not faster.
    Bf16,
}
