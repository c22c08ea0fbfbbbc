//! Keys that a stage once had, and what stands for them now.

use super::problem::{Code, Problem};
use super::value::{Node, Table, Value};

/// Takes keys that a stage once had out of its table, and says of each what to write in its place. `renamed` holds
/// them as [`Stage::RENAMED`](ichflow_api::stage::Stage::RENAMED) does; `stage` is the stage's name in the recipe.
pub(super) fn take(table: &mut Table, renamed: &[(&str, &str)], stage: &str, problems: &mut Vec<Problem>) {
    for (old, new) in renamed {
        let steps: Vec<&str> = old.split('.').collect();
        take_below(table, &steps, new, stage, problems);
    }
}

fn take_below(table: &mut Table, steps: &[&str], new: &str, path: &str, problems: &mut Vec<Problem>) {
    match steps {
        [] => {}
        [key] => {
            // A value that became a table under the same name.
            let is_new = |node: &Node| node.as_table().is_some() && new.contains(&format!("`{key} = {{"));
            if table.get(key).is_some_and(is_new) {
                return;
            }
            if let Some(entry) = table.remove(key) {
                let value = entry.node.to_toml().to_string();
                problems.push(
                    Problem::at(
                        Code::RenamedKey,
                        &entry.key_place,
                        format!("the key `{key}` of `{path}` has a new form"),
                    )
                    .help(format!("write {}", new.replace('…', &value))),
                );
            }
        }
        [key, rest @ ..] => {
            let name = key.trim_end_matches("[]");
            let inner = |node: &mut Node, path: String, problems: &mut Vec<Problem>| {
                if let Value::Table(table) = &mut node.value {
                    take_below(table, rest, new, &path, problems);
                }
            };
            match table.get_mut(name) {
                Some(Node {
                    value: Value::Array(items),
                    ..
                }) if name != *key => {
                    for (index, item) in items.iter_mut().enumerate() {
                        inner(item, format!("{path}.{name}[{index}]"), problems);
                    }
                }
                Some(node) if name == *key => inner(node, format!("{path}.{name}"), problems),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::value::from_parsed;

    #[test]
    fn a_value_that_became_a_table_is_told_of_and_the_table_is_left() {
        let text = "new = { warmup = { epochs = 1 } }\nold = { warmup = 1 }\n";
        let parsed = toml::de::DeTable::parse(text).unwrap();
        let mut table = from_parsed(&parsed, 0, &mut Vec::new());
        let mut problems = Vec::new();
        let form = "`warmup = { epochs = … }`";
        take(
            &mut table,
            &[("new.warmup", form), ("old.warmup", form)],
            "train",
            &mut problems,
        );
        let help: Vec<_> = problems
            .iter()
            .filter_map(|problem| problem.help.as_deref())
            .collect();
        assert_eq!(help, ["write `warmup = { epochs = 1 }`"]);
        assert!(table.to_toml().to_string().contains("epochs"));
    }

    #[test]
    fn each_old_key_is_taken_out_and_told_of_with_its_value() {
        let text = "weight_decay = 0.02\nkept = 1\nphases = [{ lr = 1e-3 }, { lr = 1e-4, rise = 0.2 }]\n";
        let parsed = toml::de::DeTable::parse(text).unwrap();
        let mut table = from_parsed(&parsed, 0, &mut Vec::new());
        let mut problems = Vec::new();
        let renamed = [
            (
                "weight_decay",
                "`optimizer = { kind = \"adamw\", weight_decay = … }`",
            ),
            (
                "phases[].rise",
                "`schedule = { kind = \"one-cycle\", pct_start = … }` in the phase",
            ),
            ("absent.key", "nothing"),
        ];
        take(&mut table, &renamed, "train", &mut problems);
        let said: Vec<_> = problems
            .iter()
            .map(|problem| {
                let place = problem.place.as_ref().unwrap();
                (
                    &text[place.start..place.end],
                    problem.message.as_str(),
                    problem.help.as_deref().unwrap(),
                )
            })
            .collect();
        let expected = [
            (
                "weight_decay",
                "the key `weight_decay` of `train` has a new form",
                "write `optimizer = { kind = \"adamw\", weight_decay = 0.02 }`",
            ),
            (
                "rise",
                "the key `rise` of `train.phases[1]` has a new form",
                "write `schedule = { kind = \"one-cycle\", pct_start = 0.2 }` in the phase",
            ),
        ];
        assert_eq!(said, expected);
        let left = table.to_toml().to_string();
        assert!(
            left.contains("kept") && left.contains("lr") && !left.contains("rise"),
            "{left}"
        );
    }
}
