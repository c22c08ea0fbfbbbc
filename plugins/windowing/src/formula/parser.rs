//! From tokens to a tree, by how strongly operators bind (Pratt's method).

use super::ast::{Kind, NEGATE, NOT, Name, Node, Operator, Span};
use super::fault::{Fault, did_you_mean};
use super::functions::Function;
use super::lexer::{Token, tokens};

/// How deep parentheses, calls and signs may nest: each level is a call of the parser on the stack.
const DEEPEST: usize = 64;

/// Reads a formula.
///
/// # Errors
/// What was expected, and where.
pub fn parse(text: &str) -> Result<Node, Fault> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
        depth: 0,
        end: text.trim_end().len(),
    };
    let node = parser.expression(0)?;
    match parser.peek() {
        None => Ok(node),
        Some(Token::Close) => Err(Fault::new(parser.span(), "this `)` closes nothing")),
        Some(Token::Comma) => Err(Fault::new(parser.span(), "a `,` stands only between arguments")
            .help("each channel is a string of its own: channels = [\"…\", \"…\"]")),
        Some(_) => Err(Fault::new(parser.span(), "an operator is missing before this")),
    }
}

struct Parser {
    tokens: Vec<(Token, Span)>,
    at: usize,
    depth: usize,
    end: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    /// Where the next token stands; the end of the text if there is none.
    fn span(&self) -> Span {
        let end = Span {
            start: self.end,
            end: self.end,
        };
        self.tokens.get(self.at).map_or(end, |(_, span)| *span)
    }

    /// Reads operators that bind at least as strongly as `weakest`.
    fn expression(&mut self, weakest: u8) -> Result<Node, Fault> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Fault::new(
                self.span(),
                format!("this is nested more than {DEEPEST} deep"),
            ));
        }
        let mut left = self.operand()?;
        let mut compared = false;
        while let Some(Token::Operator(operator)) = self.peek() {
            let operator = *operator;
            if operator.strength() < weakest {
                break;
            }
            if operator.compares() {
                if compared {
                    return Err(Fault::new(self.span(), "comparisons cannot be chained")
                        .help("write `0 < x and x < 1`"));
                }
                compared = true;
            } else if operator.strength() < NOT {
                compared = false;
            }
            self.at += 1;
            let right = self.expression(match operator {
                Operator::Power => NEGATE,
                _ => operator.strength() + 1,
            })?;
            let span = left.span.to(right.span);
            left = Node {
                kind: Kind::Binary(operator, Box::new(left), Box::new(right)),
                span,
            };
        }
        self.depth -= 1;
        Ok(left)
    }

    /// Reads what stands between operators.
    fn operand(&mut self) -> Result<Node, Fault> {
        let span = self.span();
        let Some(token) = self.peek().cloned() else {
            return Err(Fault::new(span, "the formula ends where a value is expected"));
        };
        self.at += 1;
        match token {
            Token::Number(number) => Ok(Node {
                kind: Kind::Number(number),
                span,
            }),
            Token::Operator(Operator::Subtract) => {
                let inner = self.expression(NEGATE)?;
                Ok(Node {
                    span: span.to(inner.span),
                    kind: Kind::Negate(Box::new(inner)),
                })
            }
            Token::Not => {
                let inner = self.expression(NOT)?;
                Ok(Node {
                    span: span.to(inner.span),
                    kind: Kind::Not(Box::new(inner)),
                })
            }
            Token::Open => {
                let inner = self.expression(0)?;
                let close = self.close(span)?;
                Ok(Node {
                    span: span.to(close),
                    ..inner
                })
            }
            Token::Word(word) => self.word(&word, span),
            Token::Operator(operator) => Err(Fault::new(
                span,
                format!("a value is expected before `{}`", operator.symbol()),
            )),
            Token::Close | Token::Comma => Err(Fault::new(span, "a value is expected here")),
        }
    }

    fn word(&mut self, word: &str, span: Span) -> Result<Node, Fault> {
        let called = self.peek() == Some(&Token::Open);
        if let Some(name) = Name::ALL.into_iter().find(|name| name.word() == word) {
            return if called {
                Err(Fault::new(span, format!("`{word}` is a value, not a function"))
                    .help(format!("to multiply, write `{word} * (…)`")))
            } else {
                Ok(Node {
                    kind: Kind::Name(name),
                    span,
                })
            };
        }
        let Some(function) = Function::find(word) else {
            return Err(unknown(word, span, called));
        };
        if !called {
            return Err(Fault::new(
                span,
                format!("`{word}` is a function: write {}", function.usage()),
            ));
        }
        let open = self.span();
        self.at += 1;
        let mut arguments = Vec::new();
        if self.peek() != Some(&Token::Close) {
            arguments.push(self.expression(0)?);
            while self.peek() == Some(&Token::Comma) {
                self.at += 1;
                arguments.push(self.expression(0)?);
            }
        }
        let span = span.to(self.close(open)?);
        let (fewest, most) = function.arguments();
        if arguments.len() < fewest || arguments.len() > most {
            let plural = if arguments.len() == 1 { "" } else { "s" };
            return Err(Fault::new(
                span,
                format!("`{word}` has {} argument{plural} here", arguments.len()),
            )
            .help(format!("write {}", function.usage())));
        }
        Ok(Node {
            kind: Kind::Call(function, arguments),
            span,
        })
    }

    /// Reads the `)` that belongs to the `(` at `open`.
    fn close(&mut self, open: Span) -> Result<Span, Fault> {
        let span = self.span();
        match self.peek() {
            Some(Token::Close) => {
                self.at += 1;
                Ok(span)
            }
            None => Err(Fault::new(open, "this `(` is never closed")),
            Some(_) => Err(Fault::new(span, "a `)` or an operator is missing before this")),
        }
    }
}

fn unknown(word: &str, span: Span, called: bool) -> Fault {
    let values = Name::ALL.map(Name::word);
    let functions = Function::ALL.map(Function::name);
    let (kind, list) = if called {
        ("function", functions.join(", "))
    } else {
        ("name", values.join(", "))
    };
    let help = did_you_mean(word, values.into_iter().chain(functions))
        .unwrap_or_else(|| format!("known are {list}"));
    Fault::new(span, format!("unknown {kind} `{word}`")).help(help)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn operators_bind_as_in_mathematics() {
        for (text, explicit) in [
            ("1 + 2 * 3 ^ 2 ^ 2", "1 + (2 * (3 ^ (2 ^ 2)))"),
            ("-hu ^ 2", "-(hu ^ 2)"),
            ("2 ^ -1", "2 ^ (-1)"),
            ("1 - 2 - 3", "(1 - 2) - 3"),
            ("hu / 2 * 3", "(hu / 2) * 3"),
            (
                "not hu > 1 and hu < 2 or 1 == 2",
                "((not (hu > 1)) and (hu < 2)) or (1 == 2)",
            ),
            ("hu + 1 < 2 * 3", "(hu + 1) < (2 * 3)"),
        ] {
            assert_eq!(parse(text), parse(explicit), "{text}");
        }
    }

    #[test]
    fn mistakes_are_found_where_they_stand() {
        for (text, start, message, help) in [
            ("", 0, "the formula ends where a value is expected", None),
            ("hu +", 4, "the formula ends where a value is expected", None),
            ("2 * huu", 4, "unknown name `huu`", Some("did you mean `hu`?")),
            (
                "liner(40, 80)",
                0,
                "unknown function `liner`",
                Some("did you mean `linear`?"),
            ),
            (
                "linear(40)",
                0,
                "`linear` has 1 argument here",
                Some("write linear(center, width)"),
            ),
            (
                "linear",
                0,
                "`linear` is a function: write linear(center, width)",
                None,
            ),
            ("(hu + 1", 0, "this `(` is never closed", None),
            ("hu + 1)", 6, "this `)` closes nothing", None),
            ("2 hu", 2, "an operator is missing before this", None),
            (
                "hu(3)",
                0,
                "`hu` is a value, not a function",
                Some("to multiply, write `hu * (…)`"),
            ),
            (
                "0 < hu < 1",
                7,
                "comparisons cannot be chained",
                Some("write `0 < x and x < 1`"),
            ),
            ("hu = 1", 3, "to compare, write `==`", None),
            (
                "linear(center=40, width=80)",
                13,
                "arguments have no names here",
                Some("write their values in order, linear(center, width): `linear(40, 80)`"),
            ),
            ("hu ** 2", 3, "powers are written with `^`", None),
            ("1e999", 0, "this number is too large", None),
            ("hu − 3", 3, "this is a dash; the minus sign is `-`", None),
        ] {
            let fault = parse(text).unwrap_err();
            assert_eq!(
                (fault.span.start, fault.message.as_str(), fault.help.as_deref()),
                (start, message, help),
                "{text}"
            );
        }
    }

    #[test]
    fn hostile_texts_are_refused_rather_than_followed() {
        for text in [
            "(".repeat(1900),
            "-".repeat(1900),
            "not ".repeat(400),
            "abs(".repeat(400),
            "1^".repeat(900),
            "1+".repeat(900_000),
        ] {
            assert!(parse(&text).is_err());
        }
        // Long but flat: as deep a tree as a text can make.
        let flat = format!("1{}", "+1".repeat(999));
        let tree = parse(&flat).unwrap();
        assert_eq!(
            parse(&tree.to_string().replace(" ", "").replace(".0", "")).unwrap(),
            tree
        );
    }

    fn node(kind: Kind) -> Node {
        Node {
            kind,
            span: Span { start: 0, end: 0 },
        }
    }

    fn trees() -> impl Strategy<Value = Node> {
        let leaf = prop_oneof![
            prop::num::f64::POSITIVE.prop_filter_map("finite", |number| number
                .is_finite()
                .then(|| node(Kind::Number(number)))),
            (0..1000_u32).prop_map(|number| node(Kind::Number(f64::from(number)))),
            prop::sample::select(Name::ALL.to_vec()).prop_map(|name| node(Kind::Name(name))),
        ];
        leaf.prop_recursive(5, 40, 3, |inner| {
            prop_oneof![
                inner.clone().prop_map(|x| node(Kind::Negate(Box::new(x)))),
                inner.clone().prop_map(|x| node(Kind::Not(Box::new(x)))),
                (
                    prop::sample::select(Operator::ALL.to_vec()),
                    inner.clone(),
                    inner.clone()
                )
                    .prop_map(|(operator, x, y)| node(Kind::Binary(
                        operator,
                        Box::new(x),
                        Box::new(y)
                    ))),
                (
                    prop::sample::select(Function::ALL.to_vec()),
                    prop::collection::vec(inner, 3)
                )
                    .prop_map(|(function, mut arguments)| {
                        arguments.truncate(function.arguments().0);
                        node(Kind::Call(function, arguments))
                    }),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_printed_tree_reads_back_the_same(tree in trees()) {
            let text = tree.to_string();
            prop_assume!(text.chars().count() <= 2000);
            prop_assert_eq!(parse(&text), Ok(tree), "{}", text);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,80}") {
            if let Err(fault) = parse(&text) {
                fault.shown_in(&text);
            }
        }

        #[test]
        fn no_row_of_words_makes_the_parser_panic(
            words in prop::collection::vec(
                prop::sample::select(vec![
                    "hu", "(", ")", ",", "+", "-", "*", "/", "^", "<", "==", "not", "and", "or", "if", "linear",
                    "clip", "1", "2.5", ".", "1e", "µ", "\n", "\t", "center", "min",
                ]),
                0..40,
            )
        ) {
            let text = words.join(" ");
            if let Err(fault) = parse(&text) {
                fault.shown_in(&text);
            }
        }
    }
}
