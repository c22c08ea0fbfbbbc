//! The steps of a program: what a formula is made of once it is compiled.

use super::ast::{Name, Operator};

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

/// A step; operands are indices of earlier steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// The bits of an f64, so that steps can be compared.
    Number(u64),
    /// A value known by name.
    Name(Name),
    /// By how much windows are widened, one value per slice.
    Widening,
    /// One operand.
    Unary(Unary, usize),
    /// Two operands.
    Binary(Binary, usize, usize),
    /// Where the first is not 0 the second, else the third.
    Choose(usize, usize, usize),
}

impl Step {
    /// A number.
    pub fn number(number: f64) -> Self {
        Self::Number(number.to_bits())
    }

    /// The number, if it is one.
    pub fn constant(self) -> Option<f64> {
        match self {
            Self::Number(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }

    /// The steps it uses.
    pub(super) fn operands(self) -> impl Iterator<Item = usize> {
        let operands = match self {
            Self::Number(_) | Self::Name(_) | Self::Widening => [None; 3],
            Self::Unary(_, x) => [Some(x), None, None],
            Self::Binary(_, x, y) => [Some(x), Some(y), None],
            Self::Choose(condition, then, otherwise) => [Some(condition), Some(then), Some(otherwise)],
        };
        operands.into_iter().flatten()
    }

    /// Whether finite operands may give a result beyond f32.
    pub(super) fn may_overflow(self) -> bool {
        matches!(
            self,
            Self::Unary(Unary::Exp, _)
                | Self::Binary(
                    Binary::Of(Operator::Multiply | Operator::Divide | Operator::Power),
                    ..
                )
        )
    }
}
