//! What is wrong with a text that is not TOML, in the words of what its writer meant.

use std::ops::Range;

use super::source::floor_char_boundary;

/// A mistake, as a person who knows other languages makes it.
pub(super) struct Mistake {
    /// Where.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to write.
    pub help: String,
}

/// Says what the mistake is that the parser reports at `span` with `message`.
pub(super) fn explain(text: &str, span: Range<usize>, message: &str) -> Mistake {
    let at = floor_char_boundary(text, span.start);
    let token = token_at(text, at);
    let word = &text[token.clone()];
    // Before an `=` stand keys, and headers have none.
    let line = text[..token.start].rfind('\n').map_or(0, |end| end + 1);
    let is_value = text[line..token.start].contains('=');
    let meant = || number(word).or_else(|| spelled(word)).or_else(|| quoted(word));
    if let Some((message, help)) = is_value.then(meant).flatten() {
        return Mistake {
            span: token,
            message,
            help,
        };
    }
    if let Some(span) = backslash(text, at) {
        let literal = &text[span.start + 1..span.end - 1];
        return Mistake {
            message: format!(
                "in double quotes a backslash begins an escape, and {} holds one that is none",
                &text[span.clone()]
            ),
            help: format!("write it in single quotes, which know no escapes: '{literal}', or with `/`"),
            span,
        };
    }
    Mistake {
        span,
        message: format!("this is not TOML: {message}"),
        help: "text stands in quotes, lists in [ ], and every key once; see https://toml.io".to_owned(),
    }
}

/// The value around a place: from the `=`, bracket or comma before it to the comma, bracket, comment or line end after.
fn token_at(text: &str, at: usize) -> Range<usize> {
    let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let before = &text[line..at];
    // A comma within a number is the mistake that is looked for.
    let in_list = before.contains(['[', '{']);
    let opens = |letter: char| letter == '=' || (in_list && "[{,".contains(letter));
    let start = before.rfind(opens).map_or(line, |found| line + found + 1);
    let rest = &text[start..];
    let closes = |letter: char| "#\n\r".contains(letter) || (in_list && ",]}".contains(letter));
    let end = rest.find(closes).map_or(text.len(), |found| start + found);
    let trimmed = text[start..end].trim();
    let begin = start + (text[start..end].len() - text[start..end].trim_start().len());
    begin..begin + trimmed.len()
}

/// A number as other languages write it.
fn number(word: &str) -> Option<(String, String)> {
    let (sign, digits) = match word.strip_prefix(['+', '-']) {
        Some(digits) => (&word[..1], digits),
        None => ("", word),
    };
    let all = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (message, right) = if digits.len() > 1 && digits.starts_with('0') && all(digits) {
        let plain = digits.trim_start_matches('0');
        let plain = if plain.is_empty() { "0" } else { plain };
        (format!("the number {word} has a zero in front"), plain.to_owned())
    } else if let Some(whole) = digits.strip_suffix('.').filter(|whole| all(whole)) {
        (
            format!("the number {word} has nothing after its point"),
            format!("{whole}.0"),
        )
    } else if digits
        .strip_prefix('.')
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    {
        (
            format!("the number {word} has nothing before its point"),
            format!("0{digits}"),
        )
    } else if let Some((whole, part)) = digits
        .split_once(',')
        .filter(|(whole, part)| all(whole) && all(part))
    {
        (
            format!("the number {word} has a comma"),
            format!("{whole}.{part}"),
        )
    } else if let Some(percent) = digits.strip_suffix('%') {
        let share = percent.trim().parse::<f64>().ok()?;
        (format!("{word} is no number"), (share / 100.0).to_string())
    } else {
        return None;
    };
    Some((message, format!("write {sign}{right}")))
}

/// True, false and nothing as other languages spell them.
fn spelled(word: &str) -> Option<(String, String)> {
    let lower = word.to_ascii_lowercase();
    match lower.as_str() {
        "true" | "false" if lower != word => {
            Some((format!("`{word}` is not known here"), format!("write {lower}")))
        }
        "none" | "null" | "nil" => Some((
            format!("`{word}` is not known here"),
            "leave the key out: then it has its default".to_owned(),
        )),
        _ => None,
    }
}

/// Quotes that are none, and text without any.
fn quoted(word: &str) -> Option<(String, String)> {
    const CURLY: [char; 7] = ['“', '”', '„', '‘', '’', '«', '»'];
    if word.starts_with(CURLY) {
        let inner = word.trim_matches(CURLY);
        return Some((
            "these are typographic quotes, and not those of programs".to_owned(),
            format!("write \"{inner}\""),
        ));
    }
    let plain = |letter: char| letter.is_alphanumeric() || "_-./~:\\".contains(letter);
    let is_text = word.starts_with(|letter: char| letter.is_alphabetic() || "/~.".contains(letter));
    (is_text && word.chars().all(plain)).then(|| {
        let quote = if word.contains('\\') { '\'' } else { '"' };
        (
            format!("the text {word} stands without quotes"),
            format!("write {quote}{word}{quote}"),
        )
    })
}

/// The text in double quotes around a place, if it holds a backslash: paths of Windows.
fn backslash(text: &str, at: usize) -> Option<Range<usize>> {
    let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let end = text[at..].find('\n').map_or(text.len(), |end| at + end);
    let start = line + text[line..at].rfind('"')?;
    let close = start + 1 + text[start + 1..end].find('"')?;
    let span = start..close + 1;
    text[span.clone()].contains('\\').then_some(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_is_said() {
        for (line, at, shown, help) in [
            ("seed = 042", 8, "042", "write 42"),
            ("seed = 00", 8, "00", "write 0"),
            ("lr = 1.", 7, "1.", "write 1.0"),
            ("lr = -.5", 6, "-.5", "write -0.5"),
            ("lr = .5e-3 # half", 5, ".5e-3", "write 0.5e-3"),
            ("valid = 0,3", 9, "0,3", "write 0.3"),
            ("valid = 30%", 8, "30%", "write 0.3"),
            ("valid = True", 8, "True", "write true"),
            (
                "size = None",
                7,
                "None",
                "leave the key out: then it has its default",
            ),
            ("use = bsb", 6, "bsb", "write \"bsb\""),
            ("use = “bsb”", 6, "“bsb”", "write \"bsb\""),
            ("phases = [{ lr = 1., epochs = 2 }]", 19, "1.", "write 1.0"),
        ] {
            let mistake = explain(line, at..at, "no");
            assert_eq!(&line[mistake.span], shown, "{line}");
            assert_eq!(mistake.help, help, "{line}");
        }
        let path = explain(r#"path = "D:\data\new""#, 12..12, "no");
        assert!(path.help.contains(r"'D:\data\new'"), "{}", path.help);
        let other = explain("[load", 5..5, "unclosed table");
        assert_eq!(other.message, "this is not TOML: unclosed table");
    }
}
