//! What is wrong with a formula, and where.

use super::ast::Span;

/// A mistake in a formula.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where it stands.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Fault {
    /// A mistake.
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
            help: None,
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, advice: impl Into<String>) -> Self {
        self.help = Some(advice.into());
        self
    }

    /// The message over the line of the formula it is about, with carets under the mistake.
    pub fn shown_in(&self, text: &str) -> String {
        let start = self.span.start.min(text.len());
        let line_start = text
            .get(..start)
            .and_then(|before| before.rfind('\n'))
            .map_or(0, |at| at + 1);
        let line = text
            .get(line_start..)
            .and_then(|rest| rest.lines().next())
            .unwrap_or_default();
        let before = text.get(line_start..start).unwrap_or_default();
        let column = before.chars().count();
        let marked = text
            .get(start..self.span.end.min(line_start + line.len()))
            .map_or(1, |marked| marked.chars().count().max(1));
        // A tab stays a tab, so that the caret stands under its column.
        let indent: String = before
            .chars()
            .map(|letter| if letter == '\t' { '\t' } else { ' ' })
            .collect();
        format!(
            "{} (column {})\n  {line}\n  {indent}{}",
            self.message,
            column + 1,
            "^".repeat(marked)
        )
    }
}

/// Help for an unknown name: the known one most like it, if one is.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let lower = word.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&lower, name), name))
        .filter(|(distance, name)| *distance <= (name.len().max(lower.len()) / 3).max(1))
        .min()
        .map(|(_, name)| format!("did you mean `{name}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carets_stand_under_the_mistake() {
        let fault = Fault::new(Span { start: 4, end: 7 }, "unknown name `huu`");
        assert_eq!(
            fault.shown_in("2 * huu + 1"),
            "unknown name `huu` (column 5)\n  2 * huu + 1\n      ^^^"
        );
        let second_line = Fault::new(Span { start: 6, end: 7 }, "no");
        assert_eq!(second_line.shown_in("µ +\n\t?"), "no (column 2)\n  \t?\n  \t^");
    }

    #[test]
    fn the_end_of_a_text_has_a_caret_too() {
        let fault = Fault::new(Span { start: 3, end: 3 }, "more was expected");
        assert_eq!(
            fault.shown_in("1 +"),
            "more was expected (column 4)\n  1 +\n     ^"
        );
        let beyond = Fault::new(Span { start: 90, end: 95 }, "no");
        assert_eq!(beyond.shown_in(""), "no (column 1)\n  \n  ^");
    }
}
