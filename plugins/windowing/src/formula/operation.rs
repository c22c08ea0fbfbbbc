//! What steps of a formula do with their operands.

use super::ast::Operator;

/// A step with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unary {
    /// The number with the other sign.
    Negate,
    /// 1 of 0, else 0.
    Not,
    /// Distance from 0.
    Abs,
    /// e to the power of it, at most e^80.
    Exp,
    /// Natural logarithm, at least that of 1e-30.
    Log,
    /// Square root; 0 of what is below 0.
    Sqrt,
    /// Stretched per slice to 0…1.
    Minmax,
    /// `1 / (1 + e^−x)`
    Logistic,
    /// Red of the rainbow.
    Red,
    /// Green of the rainbow.
    Green,
    /// Blue of the rainbow.
    Blue,
}

/// A step with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Binary {
    /// An operator as it is written.
    Of(Operator),
    /// The lesser.
    Min,
    /// The greater.
    Max,
}
