//! What a schema says, in words and in parts.

use serde_json::Value as Schema;

use super::tagged::Tagged;

/// The types a schema allows, `null` left out: TOML has none, a key is simply absent.
pub fn types(schema: &Schema) -> Vec<String> {
    match schema.get("type") {
        Some(Schema::String(name)) => vec![name.clone()],
        Some(Schema::Array(names)) => names
            .iter()
            .filter_map(Schema::as_str)
            .filter(|name| *name != "null")
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    }
}

/// The words a schema allows, with what each means, if it is a choice of words.
pub fn choices(schema: &Schema) -> Option<Vec<(String, String)>> {
    if let Some(words) = schema.get("enum").and_then(Schema::as_array) {
        return Some(
            words
                .iter()
                .filter_map(Schema::as_str)
                .map(|word| (word.to_owned(), String::new()))
                .collect(),
        );
    }
    let variants = alternatives(schema)?;
    let mut all = Vec::new();
    for variant in variants {
        if let Some(word) = variant.get("const").and_then(Schema::as_str) {
            let about = variant
                .get("description")
                .and_then(Schema::as_str)
                .unwrap_or_default();
            all.push((word.to_owned(), about.to_owned()));
        } else {
            all.extend(choices(variant)?);
        }
    }
    Some(all)
}

/// The schema of a table that a parameter holds, which may be optional; none if it is no table with known keys.
pub fn table(schema: &Schema) -> Option<&Schema> {
    if schema.get("properties").is_some() {
        return Some(schema);
    }
    match alternatives(schema)?.as_slice() {
        [only] => table(only),
        _ => None,
    }
}

/// The alternatives of a schema, `null` left out.
pub(super) fn alternatives(schema: &Schema) -> Option<Vec<&Schema>> {
    let list = schema.get("oneOf").or_else(|| schema.get("anyOf"))?.as_array()?;
    Some(
        list.iter()
            .filter(|variant| variant.get("type").is_none_or(|name| name != "null"))
            .collect(),
    )
}

/// What a schema wants, in words: "a whole number of at least 1".
pub fn in_words(schema: &Schema) -> String {
    if let Some(choices) = choices(schema) {
        let list: Vec<_> = choices.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        return format!("one of {}", list.join(", "));
    }
    if let Some(tagged) = Tagged::of(schema) {
        return tagged.in_words();
    }
    if let Some(variants) = alternatives(schema) {
        let words: Vec<_> = variants.iter().map(|variant| in_words(variant)).collect();
        return words.join(" or ");
    }
    let mut words: Vec<String> = types(schema)
        .iter()
        .map(|name| match name.as_str() {
            "string" => "text".to_owned(),
            "integer" => "a whole number".to_owned(),
            "number" => "a number".to_owned(),
            "boolean" => "true or false".to_owned(),
            "array" => match schema.get("items") {
                Some(items) if items.is_object() => format!("a list, each entry {}", in_words(items)),
                _ => "a list".to_owned(),
            },
            "object" => "a table".to_owned(),
            other => other.to_owned(),
        })
        .collect();
    if words.is_empty() {
        words.push("a value".to_owned());
    }
    let range = range_in_words(schema);
    let joined = words.join(" or ");
    match range.as_str() {
        "" => joined,
        range if range.starts_with("from") || range.starts_with("above") => format!("{joined} {range}"),
        range => format!("{joined} of {range}"),
    }
}

/// The range a schema allows, in words; empty if it has none worth saying.
pub(super) fn range_in_words(schema: &Schema) -> String {
    let number = |key: &str| schema.get(key).and_then(Schema::as_f64);
    // The largest value of an integer type is no range a person set.
    let of_type = schema
        .get("format")
        .and_then(Schema::as_str)
        .is_some_and(|format| format.starts_with("uint"));
    let high = number("maximum").filter(|high| !of_type || ![255.0, 65535.0].contains(high));
    let above = number("exclusiveMinimum").map(|low| format!("above {low}"));
    let below = number("exclusiveMaximum").map(|high| format!("below {high}"));
    match (number("minimum"), high, above, below) {
        (Some(low), Some(high), None, None) => format!("from {low} to {high}"),
        (low, high, above, below) => {
            let low = above.or(low.map(|low| format!("at least {low}")));
            let high = below.or(high.map(|high| format!("at most {high}")));
            [low, high]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" and ")
        }
    }
}
