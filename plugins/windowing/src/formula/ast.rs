//! What a formula says, as a tree that knows where each part stands in the text.

use std::fmt::{self, Display, Formatter, Write};

use super::functions::Function;

/// A part of a formula's text: a range of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Span {
    /// From the start of one span to the end of another.
    pub fn to(self, other: Self) -> Self {
        Self {
            start: self.start,
            end: other.end,
        }
    }
}

/// A value that a formula knows by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    /// Hounsfield units of the pixel.
    Hu,
    /// Window center of the slice's own header, in HU.
    Center,
    /// Window width of the slice's own header, in HU.
    Width,
}

impl Name {
    /// Every name.
    pub const ALL: [Self; 3] = [Self::Hu, Self::Center, Self::Width];

    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Hu => "hu",
            Self::Center => "center",
            Self::Width => "width",
        }
    }
}

/// An operator between two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// Whether one of two is true, 1 or 0.
    Or,
    /// Whether both are true, 1 or 0.
    And,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`; what is divided by 0 is 0.
    Divide,
    /// `^`
    Power,
}

impl Operator {
    /// Every operator.
    pub const ALL: [Self; 13] = [
        Self::Or,
        Self::And,
        Self::Less,
        Self::LessEqual,
        Self::Greater,
        Self::GreaterEqual,
        Self::Equal,
        Self::NotEqual,
        Self::Add,
        Self::Subtract,
        Self::Multiply,
        Self::Divide,
        Self::Power,
    ];

    /// As it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Or => "or",
            Self::And => "and",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Power => "^",
        }
    }

    /// How strongly it binds; more is stronger.
    pub fn strength(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Less
            | Self::LessEqual
            | Self::Greater
            | Self::GreaterEqual
            | Self::Equal
            | Self::NotEqual => NOT + 1,
            Self::Add | Self::Subtract => NOT + 2,
            Self::Multiply | Self::Divide => NOT + 3,
            Self::Power => NEGATE + 1,
        }
    }

    /// Whether it compares: comparisons cannot be chained.
    pub fn compares(self) -> bool {
        self.strength() == NOT + 1
    }
}

/// How strongly `not` binds.
pub const NOT: u8 = 3;
/// How strongly the minus sign before a value binds: −2^2 is −4.
pub const NEGATE: u8 = NOT + 4;
/// How strongly a number, a name or a call binds.
const ATOM: u8 = NEGATE + 2;

/// What a node of the tree is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A number, never negative: the minus sign is [`Kind::Negate`].
    Number(f64),
    /// A value known by name.
    Name(Name),
    /// `-x`
    Negate(Box<Node>),
    /// `not x`
    Not(Box<Node>),
    /// `x + y`
    Binary(Operator, Box<Node>, Box<Node>),
    /// `clip(x, 0, 1)`
    Call(Function, Vec<Node>),
}

/// A node of the tree.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Where it stands.
    pub span: Span,
}

/// Two trees are equal if they say the same, wherever it stands.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Node {
    /// Centers and widths of the windows in it that are written as numbers.
    pub fn windows(&self) -> Vec<(f64, f64)> {
        let constant = |node: &Self| match &node.kind {
            Kind::Number(number) => Some(*number),
            Kind::Negate(inner) => match inner.kind {
                Kind::Number(number) => Some(-number),
                _ => None,
            },
            _ => None,
        };
        match &self.kind {
            Kind::Number(_) | Kind::Name(_) => Vec::new(),
            Kind::Negate(inner) | Kind::Not(inner) => inner.windows(),
            Kind::Binary(_, left, right) => [left.windows(), right.windows()].concat(),
            Kind::Call(Function::Linear | Function::Sigmoid, arguments) => match arguments.as_slice() {
                [center, width] => constant(center).zip(constant(width)).into_iter().collect(),
                _ => Vec::new(),
            },
            Kind::Call(_, arguments) => arguments.iter().flat_map(Self::windows).collect(),
        }
    }

    fn strength(&self) -> u8 {
        match &self.kind {
            Kind::Number(_) | Kind::Name(_) | Kind::Call(..) => ATOM,
            Kind::Negate(_) => NEGATE,
            Kind::Not(_) => NOT,
            Kind::Binary(operator, ..) => operator.strength(),
        }
    }

    /// Writes the node, in parentheses if it binds less strongly than its place needs.
    fn write(&self, out: &mut Formatter<'_>, needed: u8) -> fmt::Result {
        if self.strength() < needed {
            out.write_char('(')?;
            self.write(out, 0)?;
            return out.write_char(')');
        }
        match &self.kind {
            // `{:?}` keeps every digit and writes 1e300 rather than 301 of them.
            Kind::Number(number) => write!(out, "{number:?}"),
            Kind::Name(name) => out.write_str(name.word()),
            Kind::Negate(inner) => {
                out.write_char('-')?;
                inner.write(out, NEGATE)
            }
            Kind::Not(inner) => {
                out.write_str("not ")?;
                inner.write(out, NOT)
            }
            Kind::Binary(operator, left, right) => {
                let strength = operator.strength();
                let (left_needs, right_needs) = match operator {
                    // From the right, and what is raised is never a sign: (-2)^2.
                    Operator::Power => (strength + 1, NEGATE),
                    _ if operator.compares() => (strength + 1, strength + 1),
                    _ => (strength, strength + 1),
                };
                left.write(out, left_needs)?;
                write!(out, " {} ", operator.symbol())?;
                right.write(out, right_needs)
            }
            Kind::Call(function, arguments) => {
                write!(out, "{}(", function.name())?;
                for (index, argument) in arguments.iter().enumerate() {
                    if index > 0 {
                        out.write_str(", ")?;
                    }
                    argument.write(out, 0)?;
                }
                out.write_char(')')
            }
        }
    }
}

impl Display for Node {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        self.write(out, 0)
    }
}
