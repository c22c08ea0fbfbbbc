//! From trees to one list of steps: constants are folded, and what several channels share is done once.

use std::collections::HashMap;

use super::ast::{Kind, Name, Node, Operator, Span};
use super::fault::Fault;
use super::functions::Function;
use super::program::Program;
use super::scalar;
use super::step::{Binary, Step, Unary};
use crate::math::{SIGMOID_EPS, sigmoid_reach};

/// Collects the steps of all channels.
#[derive(Default)]
pub struct Compiler {
    steps: Vec<Step>,
    known: HashMap<Step, usize>,
    channels: Vec<usize>,
    /// Whether windows take part in a change of widths while training.
    widening: bool,
}

impl Compiler {
    /// A compiler of the program for batches whose windows are widened.
    pub fn widening() -> Self {
        Self {
            widening: true,
            ..Self::default()
        }
    }

    /// Adds a channel.
    ///
    /// # Errors
    /// What a name or a function is used wrongly for, and where.
    pub fn channel(&mut self, tree: &Node) -> Result<(), Fault> {
        let result = self.node(tree)?;
        self.channels.push(result);
        Ok(())
    }

    /// The program that makes the channels.
    pub fn finish(self, fallback_center: f64, fallback_width: f64) -> Program {
        Program::new(self.steps, self.channels, fallback_center, fallback_width)
    }

    /// The index of a step, added unless the same one is there.
    fn step(&mut self, step: Step) -> usize {
        if let Some(index) = self.known.get(&step) {
            return *index;
        }
        self.steps.push(step);
        self.known.insert(step, self.steps.len() - 1);
        self.steps.len() - 1
    }

    fn number(&mut self, number: f64) -> usize {
        self.step(Step::number(number))
    }

    fn constant(&self, index: usize) -> Option<f64> {
        self.steps.get(index).and_then(|step| step.constant())
    }

    fn unary(&mut self, unary: Unary, x: usize, span: Span) -> Result<usize, Fault> {
        match self.constant(x) {
            Some(number) => self.folded(scalar::unary(unary, number), span),
            None => Ok(self.step(Step::Unary(unary, x))),
        }
    }

    fn binary(&mut self, binary: Binary, x: usize, y: usize, span: Span) -> Result<usize, Fault> {
        match (self.constant(x), self.constant(y)) {
            (Some(x), Some(y)) => self.folded(scalar::binary(binary, x, y), span),
            (None, Some(0.0)) if binary == Binary::Of(Operator::Divide) => {
                Err(Fault::new(span, "this divides by 0"))
            }
            _ => Ok(self.step(Step::Binary(binary, x, y))),
        }
    }

    fn folded(&mut self, value: Option<f64>, span: Span) -> Result<usize, Fault> {
        // f32 is what the device calculates in.
        match value.filter(|value| value.is_finite() && value.abs() <= f64::from(f32::MAX)) {
            Some(value) => Ok(self.number(value)),
            None => Err(Fault::new(span, "this has no value, or one too large")),
        }
    }

    fn node(&mut self, node: &Node) -> Result<usize, Fault> {
        match &node.kind {
            Kind::Number(number) => self.folded(Some(*number), node.span),
            Kind::Name(name) => Ok(self.step(Step::Name(*name))),
            Kind::Negate(inner) => {
                let x = self.node(inner)?;
                self.unary(Unary::Negate, x, node.span)
            }
            Kind::Not(inner) => {
                let x = self.node(inner)?;
                self.unary(Unary::Not, x, node.span)
            }
            Kind::Binary(operator, left, right) => {
                let x = self.node(left)?;
                let y = self.node(right)?;
                self.binary(Binary::Of(*operator), x, y, node.span)
            }
            Kind::Call(function, arguments) => self.call(*function, arguments, node.span),
        }
    }

    fn call(&mut self, function: Function, nodes: &[Node], span: Span) -> Result<usize, Fault> {
        let arguments = nodes
            .iter()
            .map(|node| self.node(node))
            .collect::<Result<Vec<_>, _>>()?;
        let unary = |function| match function {
            Function::Abs => Some(Unary::Abs),
            Function::Exp => Some(Unary::Exp),
            Function::Log => Some(Unary::Log),
            Function::Sqrt => Some(Unary::Sqrt),
            Function::Minmax => Some(Unary::Minmax),
            Function::GradientR => Some(Unary::Red),
            Function::GradientG => Some(Unary::Green),
            Function::GradientB => Some(Unary::Blue),
            _ => None,
        };
        match (function, arguments.as_slice()) {
            (Function::If, &[condition, then, otherwise]) => Ok(match self.constant(condition) {
                Some(0.0) => otherwise,
                Some(_) => then,
                None => self.step(Step::Choose(condition, then, otherwise)),
            }),
            (Function::Min, [first, rest @ ..]) => self.all(Binary::Min, *first, rest, span),
            (Function::Max, [first, rest @ ..]) => self.all(Binary::Max, *first, rest, span),
            (Function::Clip, &[x, low, high]) => {
                if let (Some(low), Some(high)) = (self.constant(low), self.constant(high))
                    && low > high
                {
                    return Err(Fault::new(span, format!("nothing lies from {low} to {high}")));
                }
                let x = self.binary(Binary::Max, x, low, span)?;
                self.binary(Binary::Min, x, high, span)
            }
            (Function::Pow, &[x, y]) => self.binary(Binary::Of(Operator::Power), x, y, span),
            (Function::Linear, &[center, width]) => {
                self.check_width(width, nodes.get(1).map_or(span, |node| node.span))?;
                self.linear(center, width, span)
            }
            (Function::Sigmoid, &[center, width]) => {
                self.check_width(width, nodes.get(1).map_or(span, |node| node.span))?;
                self.sigmoid(center, width, span)
            }
            (function, &[x]) if unary(function).is_some() => {
                self.unary(unary(function).unwrap_or(Unary::Abs), x, span)
            }
            // The parser has counted the arguments; a function new there and not here ends up here.
            _ => Err(Fault::new(
                span,
                format!("`{}` cannot be calculated", function.name()),
            )),
        }
    }

    fn all(&mut self, binary: Binary, first: usize, rest: &[usize], span: Span) -> Result<usize, Fault> {
        rest.iter()
            .try_fold(first, |so_far, next| self.binary(binary, so_far, *next, span))
    }

    fn check_width(&self, width: usize, span: Span) -> Result<(), Fault> {
        match self.constant(width) {
            Some(width) if width <= 0.0 => Err(Fault::new(
                span,
                format!("a window of width {width} HU shows nothing"),
            )),
            _ => Ok(()),
        }
    }

    /// The width of a window, as [`HuBatch::widths`](ichflow_api::tensors::hu_batch::HuBatch::widths) would have it.
    fn widened(&mut self, width: usize, span: Span) -> Result<usize, Fault> {
        if !self.widening {
            return Ok(width);
        }
        let two = self.number(2.0);
        let half = self.binary(Binary::Of(Operator::Divide), width, two, span)?;
        let by = self.step(Step::Widening);
        let wider = self.binary(Binary::Of(Operator::Add), width, by, span)?;
        self.binary(Binary::Max, wider, half, span)
    }

    /// `(clip(hu, center − width/2, center + width/2) − (center − width/2)) / width`
    fn linear(&mut self, center: usize, width: usize, span: Span) -> Result<usize, Fault> {
        let width = self.widened(width, span)?;
        let two = self.number(2.0);
        let half = self.binary(Binary::Of(Operator::Divide), width, two, span)?;
        let low = self.binary(Binary::Of(Operator::Subtract), center, half, span)?;
        let high = self.binary(Binary::Of(Operator::Add), center, half, span)?;
        let hu = self.step(Step::Name(Name::Hu));
        let x = self.binary(Binary::Max, hu, low, span)?;
        let x = self.binary(Binary::Min, x, high, span)?;
        let x = self.binary(Binary::Of(Operator::Subtract), x, low, span)?;
        self.binary(Binary::Of(Operator::Divide), x, width, span)
    }

    /// `σ(2·reach/width · (hu − center))`
    fn sigmoid(&mut self, center: usize, width: usize, span: Span) -> Result<usize, Fault> {
        let width = self.widened(width, span)?;
        let rise = self.number(2.0 * sigmoid_reach(1.0, SIGMOID_EPS));
        let slope = self.binary(Binary::Of(Operator::Divide), rise, width, span)?;
        let hu = self.step(Step::Name(Name::Hu));
        let x = self.binary(Binary::Of(Operator::Subtract), hu, center, span)?;
        let x = self.binary(Binary::Of(Operator::Multiply), x, slope, span)?;
        self.unary(Unary::Logistic, x, span)
    }
}

#[cfg(test)]
mod tests {
    use super::super::parser::parse;
    use super::*;

    fn compiled(formulas: &[&str]) -> Result<Vec<Step>, Fault> {
        let mut compiler = Compiler::default();
        for formula in formulas {
            compiler.channel(&parse(formula)?)?;
        }
        Ok(compiler.steps)
    }

    #[test]
    fn constants_are_folded() {
        let steps = compiled(&["2 * 3 + min(4, 5) ^ 2 - if(1 < 2, 1, hu)"]).unwrap();
        assert_eq!(steps.last(), Some(&Step::number(21.0)));
    }

    #[test]
    fn what_channels_share_is_done_once() {
        let one = compiled(&["gradient_r(minmax(linear(40, 80)))"]).unwrap().len();
        let three = compiled(&[
            "gradient_r(minmax(linear(40, 80)))",
            "gradient_g(minmax(linear(40, 80)))",
            "gradient_b(minmax(linear(40, 80)))",
        ])
        .unwrap();
        assert_eq!(three.len(), one + 2);
    }

    #[test]
    fn what_has_no_value_is_refused_where_it_stands() {
        for (formula, start, end, message) in [
            ("hu + 1 / 0", 5, 10, "this has no value, or one too large"),
            ("hu / (2 - 2)", 0, 12, "this divides by 0"),
            ("log(-1)", 0, 7, "this has no value, or one too large"),
            ("exp(80) ^ 9", 0, 11, "this has no value, or one too large"),
            ("1e300", 0, 5, "this has no value, or one too large"),
            ("linear(40, 0)", 11, 12, "a window of width 0 HU shows nothing"),
            ("sigmoid(40, -8)", 12, 14, "a window of width -8 HU shows nothing"),
            ("clip(hu, 1, 0)", 0, 14, "nothing lies from 1 to 0"),
        ] {
            let fault = compiled(&[formula]).unwrap_err();
            assert_eq!(
                (fault.span.start, fault.span.end, fault.message.as_str()),
                (start, end, message),
                "{formula}"
            );
        }
    }
}
