//! Tables of several kinds, each with parameters of its own: `optimizer = { kind = "adamw", weight_decay = 0.01 }`.
//!
//! Such a parameter is an enum that serde tags internally (`#[serde(tag = "kind")]`), one struct with
//! `deny_unknown_fields` a kind.

use serde_json::Value as Schema;

use super::{alternatives, check_keys, check_missing, wrong_type};
use crate::recipe::problem::{Code, Problem};
use crate::recipe::suggest;
use crate::recipe::value::{Node, Value};

/// The kinds of a table.
pub struct Tagged<'a> {
    /// The key that says which kind it is.
    pub tag: &'a str,
    /// Each kind's name and the schema of its table, `tag` among its keys.
    pub kinds: Vec<(&'a str, &'a Schema)>,
}

impl<'a> Tagged<'a> {
    /// The kinds of a schema whose alternatives are all tables told apart by one key; none of another schema.
    pub fn of(schema: &'a Schema) -> Option<Self> {
        let variants = alternatives(schema)?;
        if let [only] = variants.as_slice()
            && let Some(inner) = Self::of(only)
        {
            // An optional one: the other alternative is that the key is absent.
            return Some(inner);
        }
        let first = variants.first()?.get("properties")?.as_object()?;
        let (tag, _) = first
            .iter()
            .find(|(_, property)| property.get("const").is_some())?;
        let kinds = variants
            .iter()
            .map(|variant| Some((variant["properties"][tag].get("const")?.as_str()?, *variant)))
            .collect::<Option<Vec<_>>>()?;
        Some(Self { tag, kinds })
    }

    /// The names of all kinds as a recipe writes them: `"adam", "sgd"`.
    fn names(&self) -> String {
        let names: Vec<_> = self.kinds.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        names.join(", ")
    }

    /// What is wanted, in words.
    pub fn in_words(&self) -> String {
        format!("a table whose `{}` is one of {}", self.tag, self.names())
    }

    /// Checks a table by the kind that it says it is.
    pub fn check(&self, node: &Node, path: &str, problems: &mut Vec<Problem>) {
        let tag = self.tag;
        let Some(table) = node.as_table() else {
            let name = match &node.value {
                Value::String(text) => self.kinds.iter().find(|(name, _)| name == text),
                _ => None,
            };
            let name = name.or(self.kinds.first()).map_or("", |(name, _)| name);
            let key = path.rsplit('.').next().unwrap_or(path);
            problems.push(
                wrong_type(node, &self.in_words(), path)
                    .help(format!("for example: {key} = {{ {tag} = \"{name}\" }}")),
            );
            return;
        };
        let Some(entry) = table.entry(tag) else {
            problems.push(
                Problem::at(
                    Code::MissingKey,
                    &node.place,
                    format!("`{path}` needs the key `{tag}`"),
                )
                .label(format!("`{tag}` is not set"))
                .help(format!("`{tag}` is one of {}", self.names())),
            );
            return;
        };
        let Value::String(name) = &entry.node.value else {
            let wanted = format!("one of {}", self.names());
            problems.push(wrong_type(&entry.node, &wanted, &format!("{path}.{tag}")));
            return;
        };
        let Some((_, schema)) = self.kinds.iter().find(|(known, _)| known == name) else {
            let mut help = format!("it is one of {}", self.names());
            if let Some(close) = suggest::closest(name, self.kinds.iter().map(|(name, _)| *name)) {
                help = format!("did you mean \"{close}\"? {help}");
            }
            let message = format!("`{path}.{tag}` cannot be \"{name}\"");
            problems.push(Problem::at(Code::NotAChoice, &entry.node.place, message).help(help));
            return;
        };
        let before = problems.len();
        check_keys(table, schema, &[], path, problems);
        for problem in &mut problems[before..] {
            let unknown = table.entries.iter().find(|entry| {
                problem.code == Code::UnknownKey && problem.place.as_ref() == Some(&entry.key_place)
            });
            if let Some(others) = unknown.and_then(|entry| self.kinds_with(&entry.key)) {
                problem.help = Some(format!("only {tag} = {others} has it, and this is \"{name}\""));
            }
        }
        check_missing(table, schema, &[], path, problems, node);
    }

    /// The kinds that have a key, as a recipe writes them.
    fn kinds_with(&self, key: &str) -> Option<String> {
        let having = self
            .kinds
            .iter()
            .filter(|(_, schema)| schema["properties"].get(key).is_some());
        let names: Vec<_> = having.map(|(name, _)| format!("\"{name}\"")).collect();
        (!names.is_empty()).then(|| names.join(" or "))
    }
}

#[cfg(test)]
mod tests {
    #![expect(dead_code, reason = "only what the types say of themselves counts")]

    use schemars::JsonSchema;
    use serde::Deserialize;

    use super::*;
    use crate::recipe::source::Place;
    use crate::recipe::value::from_parsed;

    /// Parameters of a stage that trains.
    #[derive(Deserialize, JsonSchema)]
    #[serde(default, deny_unknown_fields)]
    struct Parameters {
        /// How weights follow their gradients.
        optimizer: Rule,
        /// The same again, if wanted.
        second: Option<Rule>,
    }

    impl Default for Parameters {
        fn default() -> Self {
            Self {
                optimizer: Rule::Adamw(Adamw { weight_decay: 0.01 }),
                second: None,
            }
        }
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(tag = "kind", rename_all = "kebab-case")]
    enum Rule {
        /// Adam with weight decay apart from the gradient.
        Adamw(Adamw),
        /// Stochastic gradient descent.
        Sgd(Sgd),
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(default, deny_unknown_fields)]
    struct Adamw {
        /// Share of a weight taken from it, times the learning rate.
        #[schemars(range(min = 0.0, max = 1.0))]
        weight_decay: f64,
    }

    impl Default for Adamw {
        fn default() -> Self {
            Self { weight_decay: 0.01 }
        }
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "its schema alone is looked at")]
    struct Sgd {
        /// Share of a step that goes on in the next.
        momentum: f64,
    }

    /// What is wrong with a text: code, the text it points at, message and help.
    fn problems(text: &str) -> Vec<(Code, String, String, String)> {
        let mut settings = schemars::generate::SchemaSettings::draft07();
        settings.inline_subschemas = true;
        let schema = settings
            .into_generator()
            .into_root_schema_for::<Parameters>()
            .to_value();
        let parsed = toml::de::DeTable::parse(text).unwrap();
        let table = from_parsed(&parsed, 0, &mut Vec::new());
        let place = Place::new(0, 0..0);
        let node = Node {
            value: Value::Table(table),
            place,
        };
        let mut found = Vec::new();
        super::super::check(&node, &schema, "train", &mut found);
        if found.is_empty() {
            assert!(toml::from_str::<Parameters>(text).is_ok());
        }
        found
            .into_iter()
            .map(|problem| {
                let place = problem.place.unwrap();
                let at = text[place.start..place.end].to_owned();
                (
                    problem.code,
                    at,
                    problem.message,
                    problem.help.unwrap_or_default(),
                )
            })
            .collect()
    }

    #[test]
    fn each_kind_has_its_own_keys() {
        for right in [
            "",
            "optimizer = { kind = \"adamw\" }",
            "optimizer = { kind = \"sgd\", momentum = 0.9 }\nsecond = { kind = \"adamw\", weight_decay = 1 }",
        ] {
            assert_eq!(problems(right), []);
        }
        let one = |text: &str| {
            let found = problems(text);
            assert_eq!(found.len(), 1, "{found:?}");
            found.into_iter().next().unwrap()
        };
        let (code, at, message, help) = one("optimizer = { kind = \"adamw\", momentum = 0.9 }");
        assert_eq!((code, at.as_str()), (Code::UnknownKey, "momentum"));
        assert_eq!(message, "unknown key `momentum` in `train.optimizer`");
        assert_eq!(help, "only kind = \"sgd\" has it, and this is \"adamw\"");

        let (code, at, _, help) = one("second = { kind = \"adamw\", wieght_decay = 0.9 }");
        assert_eq!((code, at.as_str()), (Code::UnknownKey, "wieght_decay"));
        assert_eq!(help, "did you mean `weight_decay`?");

        let (code, at, message, help) = one("optimizer = { kind = \"adam\" }");
        assert_eq!((code, at.as_str()), (Code::NotAChoice, "\"adam\""));
        assert_eq!(message, "`train.optimizer.kind` cannot be \"adam\"");
        assert_eq!(help, "did you mean \"adamw\"? it is one of \"adamw\", \"sgd\"");

        let (code, _, message, help) = one("optimizer = { weight_decay = 0.1 }");
        assert_eq!(code, Code::MissingKey);
        assert_eq!(message, "`train.optimizer` needs the key `kind`");
        assert_eq!(help, "`kind` is one of \"adamw\", \"sgd\"");

        let (code, _, message, _) = one("optimizer = { kind = \"sgd\" }");
        assert_eq!(code, Code::MissingKey);
        assert_eq!(message, "`train.optimizer` needs the key `momentum`");

        let (code, at, message, _) = one("second = { kind = \"adamw\", weight_decay = 2.5 }");
        assert_eq!((code, at.as_str()), (Code::OutOfRange, "2.5"));
        assert_eq!(
            message,
            "`train.second.weight_decay` is 2.5; it must be from 0 to 1"
        );

        let (code, at, message, help) = one("optimizer = \"sgd\"");
        assert_eq!((code, at.as_str()), (Code::WrongType, "\"sgd\""));
        assert_eq!(
            message,
            "`train.optimizer` is text where a table whose `kind` is one of \"adamw\", \"sgd\" is wanted"
        );
        assert_eq!(help, "for example: optimizer = { kind = \"sgd\" }");

        let (code, at, ..) = one("optimizer = { kind = 3 }");
        assert_eq!((code, at.as_str()), (Code::WrongType, "3"));
    }
}
