//! Tables of labels as a recipe writes them.

use ichflow_api::prelude::*;

use super::{Agreement, LabelFile};

/// A text in quotes.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = "\"".to_owned();
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if letter.is_control() => quoted += &format!("\\u{:04X}", letter as u32),
            letter => quoted.push(letter),
        }
    }
    // `$${` stands for the characters `${`.
    quoted.replace("${", "$${") + "\""
}

/// A label set, with an empty line after it.
pub(crate) fn labels(set: &LabelSet) -> String {
    let names: Vec<String> = set.names().iter().map(|name| quoted(name)).collect();
    let mut text = format!("[labels]\nnames = [{}]\n", names.join(", "));
    if let Some(union) = set.union() {
        text += &format!("union = {}\n", quoted(set.name(union)));
    }
    if set.weights().iter().any(|weight| *weight != 1.0) {
        let weights: Vec<String> = set.weights().iter().map(|weight| format!("{weight:?}")).collect();
        text += &format!("weights = [{}]\n", weights.join(", "));
    }
    text + "\n"
}

/// The parameter `key` with its tables, one a line, of what differs from defaults alone; nothing of no table.
///
/// # Errors
/// Where a name is not UTF-8.
pub(crate) fn files(key: &str, files: &[LabelFile]) -> Result<String> {
    if files.is_empty() {
        return Ok(String::new());
    }
    let mut text = format!("{key} = [\n");
    for file in files {
        text += &format!("  {{ {} }},\n", file_entries(file)?.join(", "));
    }
    Ok(text + "]\n")
}

fn file_entries(file: &LabelFile) -> Result<Vec<String>> {
    let csv = file.csv.to_str().ok_or_else(|| {
        Error::new(format!(
            "the name {} is not UTF-8, and a recipe is",
            file.csv.display()
        ))
    })?;
    let list = |values: &[String]| {
        let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
        format!("[{}]", values.join(", "))
    };
    let mut entries = vec![
        format!("csv = {}", quoted(csv)),
        format!("key = {}", quoted(file.key.parameter())),
    ];
    let mut say = |key: &str, value: String| entries.push(format!("{key} = {value}"));
    for (key, column) in [
        ("key_column", &file.key_column),
        ("slice_column", &file.slice_column),
        ("label_column", &file.label_column),
        ("value_column", &file.value_column),
        ("reader_column", &file.reader_column),
        ("digest_column", &file.digest_column),
    ] {
        if let Some(column) = column {
            say(key, quoted(column));
        }
    }
    if file.slice_column.is_some() && file.first_slice != 1 {
        say("first_slice", file.first_slice.to_string());
    }
    if let Some(level) = file.level.filter(|_| file.key.level().is_none()) {
        say("level", quoted(level.name()));
    }
    if !file.readers.is_empty() {
        say("readers", list(&file.readers));
        if file.reader_columns != LabelFile::new("", file.key).reader_columns {
            say("reader_columns", quoted(&file.reader_columns));
        }
    }
    match file.agreement {
        Agreement::Majority => {}
        Agreement::Any => say("agreement", quoted("any")),
        Agreement::Mean => say("agreement", quoted("mean")),
    }
    if !file.rename.is_empty() {
        let renamed = file
            .rename
            .iter()
            .map(|(name, label)| format!("{} = {}", quoted(name), quoted(label)));
        say(
            "rename",
            format!("{{ {} }}", renamed.collect::<Vec<_>>().join(", ")),
        );
    }
    for (key, words) in [
        ("positive", &file.positive),
        ("negative", &file.negative),
        ("missing", &file.missing),
    ] {
        if !words.is_empty() {
            say(key, list(words));
        }
    }
    if file.soft {
        say("soft", "true".to_owned());
    }
    if file.corrects {
        say("corrects", "true".to_owned());
    }
    Ok(entries)
}
