//! The function of a learned window, and the convolution it stands for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::center_width::CenterWidth;

/// The bounded function that follows WSO's convolution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// `upbound · σ(z)`: soft edges, a gradient everywhere.
    #[default]
    Sigmoid,
    /// `min(max(z, 0), upbound)`: a linear window; what lies outside it has no gradient.
    Relu,
}

/// The constants of a window's function.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Curve {
    /// The bounded function.
    pub activation: Activation,
    /// U: what a window rises to.
    pub upbound: f64,
    /// How far a sigmoid window is from 0 and from `upbound` at its edges; `upbound / 255` in the paper.
    pub eps: f64,
}

impl Curve {
    /// `z`'s rise over the width of a window: `2·ln(U/eps − 1)` for the sigmoid, `U` for the bounded ReLU.
    pub fn rise(&self) -> f64 {
        match self.activation {
            Activation::Sigmoid => 2.0 * (self.upbound / self.eps - 1.0).ln(),
            Activation::Relu => self.upbound,
        }
    }

    /// The window of a convolution's weight and bias.
    pub fn window(&self, convolution: Convolution) -> CenterWidth {
        let Convolution { weight, bias } = convolution;
        let center = match self.activation {
            Activation::Sigmoid => -bias / weight,
            Activation::Relu => self.upbound / (2.0 * weight) - bias / weight,
        };
        CenterWidth {
            center,
            width: self.rise() / weight,
        }
    }

    /// The weight and bias by which WSO's convolution shows a window.
    pub fn convolution(&self, window: CenterWidth) -> Convolution {
        let weight = self.rise() / window.width;
        let zero_at = match self.activation {
            Activation::Sigmoid => window.center,
            Activation::Relu => window.center - window.width / 2.0,
        };
        Convolution {
            weight,
            bias: -weight * zero_at,
        }
    }
}

/// One output channel of WSO's 1×1 convolution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Convolution {
    /// Times HU.
    pub weight: f64,
    /// Added.
    pub bias: f64,
}
