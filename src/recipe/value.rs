//! Values of a recipe, each with the place it was written at.

use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::source::Place;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it stands. For a table under a header, the header.
    pub place: Place,
}

/// A TOML value.
#[derive(Clone, Debug)]
pub enum Value {
    /// Text.
    String(String),
    /// A whole number.
    Integer(i64),
    /// A number.
    Float(f64),
    /// True or false.
    Boolean(bool),
    /// A date, a time or both, as written.
    Datetime(toml::value::Datetime),
    /// A list.
    Array(Vec<Node>),
    /// A table.
    Table(Table),
}

/// A key of a table, where the key stands, and its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub key_place: Place,
    /// Its value.
    pub node: Node,
}

/// A table; entries keep the order they were written in.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The entries; keys are unique.
    pub entries: Vec<Entry>,
}

impl Table {
    /// The entry of a key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    /// The value of a key, to change.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.entries
            .iter_mut()
            .find(|entry| entry.key == key)
            .map(|entry| &mut entry.node)
    }

    /// Removes a key.
    pub fn remove(&mut self, key: &str) -> Option<Entry> {
        let index = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(index))
    }

    /// Says in which text all of it stands.
    pub fn renumber(&mut self, source: usize) {
        for entry in &mut self.entries {
            entry.key_place.source = source;
            entry.node.renumber(source);
        }
    }

    /// The text under a key, if it is text.
    pub fn string(&self, key: &str) -> Option<&str> {
        match self.get(key).map(|node| &node.value) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }
}

impl Node {
    fn renumber(&mut self, source: usize) {
        self.place.source = source;
        match &mut self.value {
            Value::Array(items) => items.iter_mut().for_each(|item| item.renumber(source)),
            Value::Table(table) => table.renumber(source),
            _ => {}
        }
    }

    /// The table, if it is one.
    pub fn as_table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// What kind of value it is, in words.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::String(_) => "text",
            Value::Integer(_) => "a whole number",
            Value::Float(_) => "a number",
            Value::Boolean(_) => "true or false",
            Value::Datetime(_) => "a date",
            Value::Array(_) => "a list",
            Value::Table(_) => "a table",
        }
    }

    /// The value without places.
    pub fn to_toml(&self) -> toml::Value {
        match &self.value {
            Value::String(text) => toml::Value::String(text.clone()),
            Value::Integer(number) => toml::Value::Integer(*number),
            Value::Float(number) => toml::Value::Float(*number),
            Value::Boolean(value) => toml::Value::Boolean(*value),
            Value::Datetime(value) => toml::Value::Datetime(*value),
            Value::Array(items) => toml::Value::Array(items.iter().map(Self::to_toml).collect()),
            Value::Table(table) => toml::Value::Table(table.to_toml()),
        }
    }

    /// The place of `path` (`phases[0].lr`) below this value, or of the deepest part of it that is there.
    pub fn place_of(&self, path: &str) -> Place {
        let mut node = self;
        for step in path.split(['.', '[', ']']).filter(|step| !step.is_empty()) {
            let next = match &node.value {
                Value::Table(table) => table.get(step),
                Value::Array(items) => step.parse::<usize>().ok().and_then(|index| items.get(index)),
                _ => None,
            };
            match next {
                Some(next) => node = next,
                None => break,
            }
        }
        node.place.clone()
    }
}

impl Table {
    /// The table without places.
    pub fn to_toml(&self) -> toml::Table {
        self.entries
            .iter()
            .map(|entry| (entry.key.clone(), entry.node.to_toml()))
            .collect()
    }
}

/// A parser's table with the places kept; `source` is the text's number. A number that does not fit
/// is reported with its place.
pub fn from_parsed(
    table: &Spanned<DeTable<'_>>,
    source: usize,
    overflow: &mut Vec<(Place, String)>,
) -> Table {
    convert_table(table.get_ref(), source, overflow)
}

fn convert_table(table: &DeTable<'_>, source: usize, overflow: &mut Vec<(Place, String)>) -> Table {
    let entries = table
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            key_place: Place::new(source, key.span()),
            node: convert(value, source, overflow),
        })
        .collect();
    Table { entries }
}

fn convert(value: &Spanned<DeValue<'_>>, source: usize, overflow: &mut Vec<(Place, String)>) -> Node {
    let place = Place::new(source, value.span());
    let value = match value.get_ref() {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Value::Integer(number),
            Err(_) => {
                overflow.push((place.clone(), number.to_string()));
                Value::Integer(0)
            }
        },
        DeValue::Float(number) => match f64::from_str(number.as_str()) {
            Ok(number) => Value::Float(number),
            Err(_) => {
                overflow.push((place.clone(), number.to_string()));
                Value::Float(0.0)
            }
        },
        DeValue::Boolean(value) => Value::Boolean(*value),
        DeValue::Datetime(value) => Value::Datetime(*value),
        DeValue::Array(items) => {
            Value::Array(items.iter().map(|item| convert(item, source, overflow)).collect())
        }
        DeValue::Table(table) => Value::Table(convert_table(table, source, overflow)),
    };
    Node { value, place }
}
