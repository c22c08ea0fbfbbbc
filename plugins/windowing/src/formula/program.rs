//! What a formula becomes: steps on tensors `[batch, 1, height, width]`, each using earlier ones.

use burn::tensor::Bool;
use ichflow_api::prelude::*;

use super::ast::{Name, Operator};
use super::scalar::{LEAST_LOGARITHM, MOST_EXPONENT};
use super::step::{Binary, Step, Unary};
use crate::header::{NARROWEST, header_window};
use crate::math::{gradient_blue, gradient_green, gradient_red, logistic, stretch};

/// A divisor nearer to 0 than this is 0.
const LEAST_DIVISOR: f64 = 1e-30;

/// Whole exponents up to here are multiplications, which keep the sign of what is raised.
const MOST_FACTORS: f64 = 16.0;

/// A number, or one value per pixel `[batch, 1, height, width]` or a slice `[batch, 1, 1, 1]`.
#[derive(Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "a formula has few of them, and a box would be one more allocation a step"
)]
enum Value {
    Number(f64),
    Field(Tensor<4>),
}

/// A compiled formula.
#[derive(Clone, Debug)]
pub struct Program {
    steps: Vec<Step>,
    channels: Vec<usize>,
    /// How often each step's value is used.
    uses: Vec<usize>,
    /// Whether a channel might not be finite.
    unbounded: Vec<bool>,
    fallback_center: f64,
    fallback_width: f64,
    /// The program for batches whose windows are widened.
    widening: Option<Box<Program>>,
}

impl Program {
    /// A program whose channels are the values of the given steps.
    pub fn new(steps: Vec<Step>, channels: Vec<usize>, fallback_center: f64, fallback_width: f64) -> Self {
        let mut uses = vec![0; steps.len()];
        let mut overflows: Vec<bool> = Vec::with_capacity(steps.len());
        for step in &steps {
            for operand in step.operands() {
                uses[operand] += 1;
            }
            let overflow = step.may_overflow() || step.operands().any(|operand| overflows[operand]);
            overflows.push(overflow);
        }
        for channel in &channels {
            uses[*channel] += 1;
        }
        let unbounded = channels.iter().map(|channel| overflows[*channel]).collect();
        Self {
            steps,
            channels,
            uses,
            unbounded,
            fallback_center,
            fallback_width,
            widening: None,
        }
    }

    /// The program, with another for batches whose windows are widened.
    #[must_use]
    pub fn with_widening(mut self, widening: Self) -> Self {
        self.widening = Some(Box::new(widening));
        self
    }

    fn name(&self, name: Name, batch: &HuBatch) -> Tensor<4> {
        let window =
            |tags: &SliceTags| header_window(tags, NARROWEST, self.fallback_center, self.fallback_width);
        match name {
            Name::Hu => batch.hu(),
            Name::Center => batch.per_slice(|tags| window(tags).0),
            Name::Width => batch.per_slice(|tags| window(tags).1),
        }
    }
}

/// Values of steps, dropped after their last use so that a long formula holds no more than it needs.
struct Values {
    values: Vec<Option<Value>>,
    uses: Vec<usize>,
}

impl Values {
    fn take(&mut self, index: usize) -> Value {
        self.uses[index] = self.uses[index].saturating_sub(1);
        let value = if self.uses[index] == 0 {
            self.values[index].take()
        } else {
            self.values[index].clone()
        };
        // A step only uses earlier ones, and no more often than was counted.
        value.unwrap_or(Value::Number(0.0))
    }
}

impl WindowScheme for Program {
    fn channels(&self) -> usize {
        self.channels.len()
    }

    fn pointwise(&self) -> bool {
        let looks_around = |step: &Step| match step {
            Step::Unary(unary, _) => *unary == Unary::Minmax,
            Step::Name(name) => *name != Name::Hu,
            Step::Number(_) | Step::Widening | Step::Binary(..) | Step::Choose(..) => false,
        };
        !self.steps.iter().any(looks_around)
    }

    fn apply(&self, batch: &HuBatch) -> Tensor<4> {
        if let Some(widening) = &self.widening
            && batch.widening().is_some()
        {
            return widening.apply(batch);
        }
        let mut values = Values {
            values: Vec::with_capacity(self.steps.len()),
            uses: self.uses.clone(),
        };
        for step in &self.steps {
            let value = match *step {
                Step::Number(bits) => Value::Number(f64::from_bits(bits)),
                Step::Name(name) => Value::Field(self.name(name, batch)),
                Step::Widening => batch.widening().map_or(Value::Number(0.0), Value::Field),
                Step::Unary(unary, x) => match values.take(x) {
                    Value::Field(x) => Value::Field(apply_unary(unary, x)),
                    Value::Number(x) => Value::Number(super::scalar::unary(unary, x).unwrap_or(0.0)),
                },
                Step::Binary(binary, x, y) => apply_binary(binary, values.take(x), values.take(y)),
                Step::Choose(condition, then, otherwise) => {
                    let condition = whole(values.take(condition), batch).not_equal_elem(0.0);
                    let then = whole(values.take(then), batch);
                    let otherwise = whole(values.take(otherwise), batch);
                    Value::Field(otherwise.mask_where(condition, then))
                }
            };
            values.values.push(Some(value));
        }
        let channels = self.channels.iter().zip(&self.unbounded);
        let channels = channels.map(|(channel, unbounded)| {
            let channel = whole(values.take(*channel), batch);
            if *unbounded {
                let lost = channel.clone().is_finite().bool_not();
                channel.mask_fill(lost, 0.0)
            } else {
                channel
            }
        });
        Tensor::cat(channels.collect(), 1)
    }
}

/// A value of every pixel.
fn whole(value: Value, batch: &HuBatch) -> Tensor<4> {
    match value {
        Value::Number(number) => batch.hu().zeros_like().add_scalar(number),
        Value::Field(field) if field.dims() == batch.hu().dims() => field,
        Value::Field(field) => field.expand(batch.hu().dims()),
    }
}

/// Two fields of one shape.
fn alike(x: Tensor<4>, y: Tensor<4>) -> (Tensor<4>, Tensor<4>) {
    let (of_x, of_y) = (x.dims(), y.dims());
    if of_x == of_y {
        (x, y)
    } else if of_x[2..] == [1, 1] {
        (x.expand(of_y), y)
    } else {
        (x, y.expand(of_x))
    }
}

fn apply_unary(unary: Unary, x: Tensor<4>) -> Tensor<4> {
    match unary {
        Unary::Negate => x.neg(),
        Unary::Not => x.equal_elem(0.0).float(),
        Unary::Abs => x.abs(),
        Unary::Exp => x.clamp_max(MOST_EXPONENT).exp(),
        Unary::Log => x.clamp_min(LEAST_LOGARITHM).log(),
        Unary::Sqrt => x.clamp_min(0.0).sqrt(),
        Unary::Minmax => stretch(x),
        Unary::Logistic => logistic(x),
        Unary::Red => gradient_red(x.clamp(0.0, 1.0)),
        Unary::Green => gradient_green(x.clamp(0.0, 1.0)),
        Unary::Blue => gradient_blue(x.clamp(0.0, 1.0)),
    }
}

fn apply_binary(binary: Binary, x: Value, y: Value) -> Value {
    match (x, y) {
        (Value::Number(x), Value::Number(y)) => {
            Value::Number(super::scalar::binary(binary, x, y).unwrap_or(0.0))
        }
        (Value::Field(x), Value::Number(y)) => Value::Field(field_number(binary, x, y)),
        (Value::Number(x), Value::Field(y)) => Value::Field(number_field(binary, x, y)),
        (Value::Field(x), Value::Field(y)) => {
            let (x, y) = alike(x, y);
            Value::Field(field_field(binary, x, y))
        }
    }
}

fn true_where(x: Tensor<4>) -> Tensor<4, Bool> {
    x.not_equal_elem(0.0)
}

fn field_number(binary: Binary, x: Tensor<4>, y: f64) -> Tensor<4> {
    let operator = match binary {
        Binary::Min => return x.clamp_max(y),
        Binary::Max => return x.clamp_min(y),
        Binary::Of(operator) => operator,
    };
    match operator {
        Operator::Or if y == 0.0 => true_where(x).float(),
        Operator::Or => x.ones_like(),
        Operator::And if y == 0.0 => x.zeros_like(),
        Operator::And => true_where(x).float(),
        Operator::Less => x.lower_elem(y).float(),
        Operator::LessEqual => x.lower_equal_elem(y).float(),
        Operator::Greater => x.greater_elem(y).float(),
        Operator::GreaterEqual => x.greater_equal_elem(y).float(),
        Operator::Equal => x.equal_elem(y as f32).float(),
        Operator::NotEqual => x.not_equal_elem(y as f32).float(),
        Operator::Add => x.add_scalar(y),
        Operator::Subtract => x.sub_scalar(y),
        Operator::Multiply => x.mul_scalar(y),
        Operator::Divide => x.div_scalar(y),
        Operator::Power => raised(x, y),
    }
}

fn number_field(binary: Binary, x: f64, y: Tensor<4>) -> Tensor<4> {
    let operator = match binary {
        Binary::Min | Binary::Max => return field_number(binary, y, x),
        Binary::Of(operator) => operator,
    };
    let mirrored = match operator {
        Operator::Less => Operator::Greater,
        Operator::LessEqual => Operator::GreaterEqual,
        Operator::Greater => Operator::Less,
        Operator::GreaterEqual => Operator::LessEqual,
        Operator::Subtract => return y.neg().add_scalar(x),
        Operator::Divide => return divided(y.ones_like(), y).mul_scalar(x),
        Operator::Power => return power(y.zeros_like().add_scalar(x), y),
        same => same,
    };
    field_number(Binary::Of(mirrored), y, x)
}

fn field_field(binary: Binary, x: Tensor<4>, y: Tensor<4>) -> Tensor<4> {
    let operator = match binary {
        Binary::Min => return x.min_pair(y),
        Binary::Max => return x.max_pair(y),
        Binary::Of(operator) => operator,
    };
    match operator {
        Operator::Or => true_where(x).bool_or(true_where(y)).float(),
        Operator::And => true_where(x).bool_and(true_where(y)).float(),
        Operator::Less => x.lower(y).float(),
        Operator::LessEqual => x.lower_equal(y).float(),
        Operator::Greater => x.greater(y).float(),
        Operator::GreaterEqual => x.greater_equal(y).float(),
        Operator::Equal => x.equal(y).float(),
        Operator::NotEqual => x.not_equal(y).float(),
        Operator::Add => x + y,
        Operator::Subtract => x - y,
        Operator::Multiply => x * y,
        Operator::Divide => divided(x, y),
        Operator::Power => power(x, y),
    }
}

/// x / y, and 0 where y is 0.
fn divided(x: Tensor<4>, y: Tensor<4>) -> Tensor<4> {
    let impossible = y.clone().abs().lower_elem(LEAST_DIVISOR);
    let quotient = x / y.mask_fill(impossible.clone(), 1.0);
    quotient.mask_fill(impossible, 0.0)
}

/// x to a constant power: a product if the power is a whole number, else what is below 0 counts as 0.
fn raised(x: Tensor<4>, exponent: f64) -> Tensor<4> {
    if exponent < 0.0 {
        return divided(x.ones_like(), raised(x, -exponent));
    }
    if exponent.fract() != 0.0 || exponent > MOST_FACTORS {
        return x.clamp_min(0.0).powf_scalar(exponent);
    }
    let mut left = exponent as u32;
    let mut square = x.clone();
    let mut product: Option<Tensor<4>> = None;
    while left > 0 {
        if left % 2 == 1 {
            product = Some(match product {
                Some(product) => product * square.clone(),
                None => square.clone(),
            });
        }
        left /= 2;
        if left > 0 {
            square = square.clone() * square;
        }
    }
    product.unwrap_or_else(|| x.ones_like())
}

/// x to the power of y; what is below 0 counts as 0.
fn power(x: Tensor<4>, y: Tensor<4>) -> Tensor<4> {
    x.clamp_min(LEAST_DIVISOR).powf(y)
}
