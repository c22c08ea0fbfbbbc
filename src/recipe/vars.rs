//! `[vars]` and `${name}`.

use super::problem::{Code, Problem};
use super::suggest;
use super::value::{Node, Table, Value};

/// Replaces `${name}` in every text below `node`. A text that is nothing but `${name}` becomes the
/// variable's value, whatever its type; `$${` stands for `${`.
pub fn interpolate(node: &mut Node, vars: &Table, problems: &mut Vec<Problem>) {
    match &mut node.value {
        Value::String(text) if text.contains("${") => {
            if let Some(name) = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'))
                && let Some(variable) = vars.get(name)
            {
                node.value = variable.value.clone();
                // Where it was written tells whether a number was meant: `--set` has no quotes.
                if !matches!(node.value, Value::String(_) | Value::Array(_) | Value::Table(_)) {
                    node.place = variable.place.clone();
                }
                return;
            }
            match replace(text, vars) {
                Ok(new) => *text = new,
                Err((message, help)) => {
                    let mut problem = Problem::at(Code::UnknownVariable, &node.place, message);
                    problem.help = help;
                    problems.push(problem);
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                interpolate(item, vars, problems);
            }
        }
        Value::Table(table) => {
            for entry in &mut table.entries {
                interpolate(&mut entry.node, vars, problems);
            }
        }
        _ => {}
    }
}

fn replace(text: &str, vars: &Table) -> Result<String, (String, Option<String>)> {
    let mut result = String::new();
    let mut rest = text;
    while let Some(position) = rest.find("${") {
        let (before, from) = rest.split_at(position);
        if let Some(literal) = before.strip_suffix('$') {
            result.push_str(literal);
            result.push_str("${");
            rest = &from[2..];
            continue;
        }
        result.push_str(before);
        let Some(end) = from.find('}') else {
            return Err((
                "`${` is not closed".into(),
                Some("write ${name}, or $${ for the characters themselves".into()),
            ));
        };
        let name = &from[2..end];
        match vars.get(name).map(|node| &node.value) {
            Some(Value::String(value)) => result.push_str(value),
            Some(Value::Integer(value)) => result.push_str(&value.to_string()),
            Some(Value::Float(value)) => result.push_str(&value.to_string()),
            Some(Value::Boolean(value)) => result.push_str(&value.to_string()),
            Some(_) => {
                return Err((
                    format!("the variable `{name}` is not text or a number"),
                    Some("a list or a table can only be the whole value: key = \"${name}\"".into()),
                ));
            }
            None => {
                return Err((
                    format!("the variable `{name}` is not declared"),
                    suggest::help(name, vars.entries.iter().map(|entry| entry.key.as_str()))
                        .or_else(|| Some("declare it: [vars] and a line `name = value`".into())),
                ));
            }
        }
        rest = &from[end + 1..];
    }
    result.push_str(rest);
    Ok(result)
}
