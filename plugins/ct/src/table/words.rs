//! Words of a table, compared as people mean them.

/// Letters and digits in lower case, without anything between: `Study_Instance-UID` and `studyinstanceuid` are one.
pub(super) fn plain(text: &str) -> String {
    text.chars()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Whether a cell says that nothing is known: empty, `NA`, `n/a`, `NaN`, `null`, `?`, `-`, `unknown`, `missing`.
pub(super) fn is_missing(text: &str) -> bool {
    matches!(
        text.to_ascii_lowercase().as_str(),
        "" | "na" | "n/a" | "#n/a" | "nan" | "null" | "nil" | "?" | "-" | "." | "unknown" | "missing"
    )
}

/// Whether the name of a finding says that there is none: `normal`, `none`, `no hemorrhage`.
pub(super) fn is_nothing(text: &str) -> bool {
    matches!(
        plain(text).as_str(),
        "none"
            | "normal"
            | "no"
            | "negative"
            | "nothing"
            | "nohemorrhage"
            | "nohaemorrhage"
            | "nofinding"
            | "nobleed"
            | "noich"
            | "healthy"
    )
}
