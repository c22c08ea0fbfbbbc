//! What is said of a file or directory that is not there.

use std::path::Path;

use ichflow_api::path_text::path_text;
use ichflow_api::stage::ExternalPath;

use super::problem::{Code, Problem};
use super::source::Place;

/// What to do about a path whose backslashes were taken for escapes.
fn escaped(path: &Path) -> Option<String> {
    let text = path.to_str().filter(|text| text.chars().any(char::is_control))?;
    let mut meant = String::new();
    for letter in text.chars() {
        match letter {
            '\n' => meant.push_str("\\n"),
            '\r' => meant.push_str("\\r"),
            '\t' => meant.push_str("\\t"),
            '\u{8}' => meant.push_str("\\b"),
            '\u{c}' => meant.push_str("\\f"),
            '\u{1b}' => meant.push_str("\\e"),
            other => meant.push(other),
        }
    }
    Some(format!(
        "in double quotes a backslash begins an escape (`\\n` is a line end): write '{meant}' in single quotes, or with `/`"
    ))
}

/// What to do about a path that a shell would have completed.
fn home(path: &Path) -> Option<String> {
    let below = path.strip_prefix("~").ok()?;
    let home = std::env::var_os("HOME").filter(|home| !home.is_empty());
    let home = home.map_or_else(
        || "your home directory".into(),
        |home| Path::new(&home).join(below),
    );
    Some(format!(
        "`~` means your home directory to a shell alone: write {}",
        home.display()
    ))
}

/// That what a stage will read is not there, or is something else, and where it may be instead.
pub(super) fn missing(place: &Place, external: &ExternalPath) -> Problem {
    let what = if external.directory { "directory" } else { "file" };
    let path = path_text(&external.path);
    let message = if external.path.exists() {
        format!("{path} is not a {what}")
    } else {
        format!("the {what} {path} is not there")
    };
    // The deepest part of the path that exists tells a person where to look.
    let found = external.path.ancestors().skip(1).find(|parent| parent.is_dir());
    let help = match found {
        Some(parent) if !parent.as_os_str().is_empty() => {
            format!(
                "{} is there; paths are relative to the working directory",
                parent.display()
            )
        }
        _ => "paths are relative to the working directory".to_owned(),
    };
    let help = escaped(&external.path)
        .or_else(|| home(&external.path))
        .unwrap_or(help);
    Problem::at(Code::MissingFile, place, message).help(help)
}
