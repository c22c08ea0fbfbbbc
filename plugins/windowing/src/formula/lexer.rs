//! From text to tokens.

use super::ast::{Operator, Span};
use super::fault::Fault;

/// Most characters of a formula: what is longer was not written by a person, and a tree's depth is bounded by
/// it.
const LONGEST: usize = 2000;

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    /// A number.
    Number(f64),
    /// A name of a value or function.
    Word(String),
    /// An operator, `and` and `or` among them.
    Operator(Operator),
    /// `not`
    Not,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `,`
    Comma,
}

/// Cuts a formula into tokens.
///
/// # Errors
/// A character that no formula has, and where it stands.
pub fn tokens(text: &str) -> Result<Vec<(Token, Span)>, Fault> {
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        let last = Span {
            start: end,
            end: text.len(),
        };
        return Err(Fault::new(
            last,
            format!("a formula may have at most {LONGEST} characters"),
        ));
    }
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let start = text.len() - rest.len();
        let Some(first) = rest.chars().next() else {
            return Ok(tokens);
        };
        let (token, length) = if first.is_ascii_digit() || first == '.' {
            number(rest, start)?
        } else if first.is_alphabetic() || first == '_' {
            word(rest)
        } else {
            {
                refuse_named_argument(&tokens, rest, start)?;
                symbol(rest, first, start)?
            }
        };
        let span = Span {
            start,
            end: start + length,
        };
        tokens.push((token, span));
        rest = &rest[length..];
    }
}

/// `linear(center=40, width=80)`, as other languages have it.
fn refuse_named_argument(before: &[(Token, Span)], rest: &str, start: usize) -> Result<(), Fault> {
    let is_named = matches!(before, [.., (Token::Open | Token::Comma, _), (Token::Word(_), _)]);
    if !is_named || !rest.starts_with('=') || rest.starts_with("==") {
        return Ok(());
    }
    let span = Span {
        start,
        end: start + 1,
    };
    Err(Fault::new(span, "arguments have no names here")
        .help("write their values in order, linear(center, width): `linear(40, 80)`"))
}

fn number(rest: &str, start: usize) -> Result<(Token, usize), Fault> {
    let bytes = rest.as_bytes();
    let digits = |mut at: usize| {
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    };
    let mut end = digits(0);
    if bytes.get(end) == Some(&b'.') {
        end = digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        if exponent > end + 1 + sign {
            end = exponent;
        }
    }
    let span = Span {
        start,
        end: start + end,
    };
    let number: f64 = rest[..end]
        .parse()
        .map_err(|_| Fault::new(span, "this is not a number"))?;
    if !number.is_finite() {
        return Err(Fault::new(span, "this number is too large"));
    }
    Ok((Token::Number(number), end))
}

fn word(rest: &str) -> (Token, usize) {
    let end = rest
        .find(|letter: char| !(letter.is_alphanumeric() || letter == '_'))
        .unwrap_or(rest.len());
    let token = match &rest[..end] {
        "and" => Token::Operator(Operator::And),
        "or" => Token::Operator(Operator::Or),
        "not" => Token::Not,
        word => Token::Word(word.to_owned()),
    };
    (token, end)
}

fn symbol(rest: &str, first: char, start: usize) -> Result<(Token, usize), Fault> {
    // Two characters before one: `<=` is not `<`.
    let operators = [
        Operator::LessEqual,
        Operator::GreaterEqual,
        Operator::Equal,
        Operator::NotEqual,
        Operator::Less,
        Operator::Greater,
        Operator::Add,
        Operator::Subtract,
        Operator::Multiply,
        Operator::Divide,
        Operator::Power,
    ];
    if rest.starts_with("**") {
        let span = Span {
            start,
            end: start + 2,
        };
        return Err(Fault::new(span, "powers are written with `^`"));
    }
    if let Some(operator) = operators
        .into_iter()
        .find(|operator| rest.starts_with(operator.symbol()))
    {
        return Ok((Token::Operator(operator), operator.symbol().len()));
    }
    let token = match first {
        '(' => Token::Open,
        ')' => Token::Close,
        ',' => Token::Comma,
        _ => {
            let span = Span {
                start,
                end: start + first.len_utf8(),
            };
            let message = match first {
                '=' => "to compare, write `==`".to_owned(),
                '&' | '|' | '!' => "write `and`, `or`, `not`".to_owned(),
                '−' | '–' => "this is a dash; the minus sign is `-`".to_owned(),
                '×' | '·' => "to multiply, write `*`".to_owned(),
                other => format!("`{other}` means nothing in a formula"),
            };
            return Err(Fault::new(span, message));
        }
    };
    Ok((token, 1))
}
