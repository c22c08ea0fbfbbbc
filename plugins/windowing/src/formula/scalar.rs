//! The arithmetic of formulas on single numbers: what constants are folded with.

use super::ast::Operator;
use super::step::{Binary, Unary};

/// Exponents from here on give the same as this one: e^80 is as much as f32 can be multiplied with.
pub const MOST_EXPONENT: f64 = 80.0;

/// What is below this has the logarithm of this.
pub const LEAST_LOGARITHM: f64 = 1e-30;

fn truth(is: bool) -> f64 {
    f64::from(u8::from(is))
}

/// The value of a step with one operand, if it has one.
pub fn unary(unary: Unary, x: f64) -> Option<f64> {
    let g = x.clamp(0.0, 1.0);
    Some(match unary {
        Unary::Negate => -x,
        Unary::Not => truth(x == 0.0),
        Unary::Abs => x.abs(),
        Unary::Exp => x.min(MOST_EXPONENT).exp(),
        Unary::Log if x > 0.0 => x.max(LEAST_LOGARITHM).ln(),
        Unary::Sqrt if x >= 0.0 => x.sqrt(),
        Unary::Log | Unary::Sqrt => return None,
        // A constant is a slice of one value.
        Unary::Minmax => 0.0,
        Unary::Logistic => 1.0 / (1.0 + (-x).exp()),
        Unary::Red => (4.0 * g - 2.0).clamp(0.0, 1.0),
        Unary::Green => (4.0 * g).min(4.0 - 4.0 * g).clamp(0.0, 1.0),
        Unary::Blue if g > 0.0 => (2.0 - 4.0 * g).clamp(0.0, 1.0),
        Unary::Blue => 0.0,
    })
}

/// The value of a step with two operands, if it has one.
pub fn binary(binary: Binary, x: f64, y: f64) -> Option<f64> {
    let value = match binary {
        Binary::Min => x.min(y),
        Binary::Max => x.max(y),
        Binary::Of(operator) => match operator {
            Operator::Or => truth(x != 0.0 || y != 0.0),
            Operator::And => truth(x != 0.0 && y != 0.0),
            Operator::Less => truth(x < y),
            Operator::LessEqual => truth(x <= y),
            Operator::Greater => truth(x > y),
            Operator::GreaterEqual => truth(x >= y),
            Operator::Equal => truth(x == y),
            Operator::NotEqual => truth(x != y),
            Operator::Add => x + y,
            Operator::Subtract => x - y,
            Operator::Multiply => x * y,
            Operator::Divide => x / y,
            Operator::Power => x.powf(y),
        },
    };
    value.is_finite().then_some(value)
}
