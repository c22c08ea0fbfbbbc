//! The functions a formula may call.

/// A function of formulas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// `if(condition, then, else)`
    If,
    /// The least of its arguments.
    Min,
    /// The greatest of its arguments.
    Max,
    /// `clip(x, low, high)`
    Clip,
    /// Distance from 0.
    Abs,
    /// e to the power of x.
    Exp,
    /// Natural logarithm.
    Log,
    /// `pow(x, y)`, the same as `x ^ y`.
    Pow,
    /// Square root; 0 of what is below 0.
    Sqrt,
    /// `linear(center, width)`: the window of HU, 0 to 1.
    Linear,
    /// `sigmoid(center, width)`: the window of HU with soft edges, not stretched.
    Sigmoid,
    /// Stretches a slice to 0…1.
    Minmax,
    /// Red of the rainbow.
    GradientR,
    /// Green of the rainbow.
    GradientG,
    /// Blue of the rainbow.
    GradientB,
}

impl Function {
    /// Every function.
    pub const ALL: [Self; 15] = [
        Self::If,
        Self::Min,
        Self::Max,
        Self::Clip,
        Self::Abs,
        Self::Exp,
        Self::Log,
        Self::Pow,
        Self::Sqrt,
        Self::Linear,
        Self::Sigmoid,
        Self::Minmax,
        Self::GradientR,
        Self::GradientG,
        Self::GradientB,
    ];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::If => "if",
            Self::Min => "min",
            Self::Max => "max",
            Self::Clip => "clip",
            Self::Abs => "abs",
            Self::Exp => "exp",
            Self::Log => "log",
            Self::Pow => "pow",
            Self::Sqrt => "sqrt",
            Self::Linear => "linear",
            Self::Sigmoid => "sigmoid",
            Self::Minmax => "minmax",
            Self::GradientR => "gradient_r",
            Self::GradientG => "gradient_g",
            Self::GradientB => "gradient_b",
        }
    }

    /// How it is called.
    pub fn usage(self) -> &'static str {
        match self {
            Self::If => "if(condition, then, else)",
            Self::Min => "min(a, b, …)",
            Self::Max => "max(a, b, …)",
            Self::Clip => "clip(x, low, high)",
            Self::Abs => "abs(x)",
            Self::Exp => "exp(x)",
            Self::Log => "log(x)",
            Self::Pow => "pow(x, exponent)",
            Self::Sqrt => "sqrt(x)",
            Self::Linear => "linear(center, width)",
            Self::Sigmoid => "sigmoid(center, width)",
            Self::Minmax => "minmax(x)",
            Self::GradientR => "gradient_r(x)",
            Self::GradientG => "gradient_g(x)",
            Self::GradientB => "gradient_b(x)",
        }
    }

    /// Fewest and most arguments.
    pub fn arguments(self) -> (usize, usize) {
        match self {
            Self::If | Self::Clip => (3, 3),
            Self::Min | Self::Max => (2, 16),
            Self::Pow | Self::Linear | Self::Sigmoid => (2, 2),
            _ => (1, 1),
        }
    }

    /// The function of that name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|function| function.name() == name)
    }
}
