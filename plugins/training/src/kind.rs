//! Nested tables that choose among kinds: `optimizer = { kind = "adamw", weight_decay = 0.01 }`.
//!
//! Every kind is a type of its own, whose fields are the keys of the table beside `kind`, and stands in one
//! file: [`kind!`](crate::kind!) registers it where it is defined, as `register!` does a stage. The schema of the
//! parameter is put together from what is registered, so that `ichflow check`, editors and the reference know
//! every kind with its own keys and no other.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use ichflow_api::inventory;
use ichflow_api::prelude::*;
use schemars::generate::SchemaGenerator;
use schemars::{Schema, json_schema};
use serde::de::{DeserializeOwned, Error as _};
use serde_json::{Map, Value, json};

/// The key that says which kind it is.
const KIND: &str = "kind";

/// A type that recipes choose by a name: its fields are the other keys of the table.
pub trait Named: Serialize + DeserializeOwned + JsonSchema {
    /// What recipes write after `kind =`.
    const KIND: &'static str;
}

/// What is known of a kind of `T` before one is chosen.
pub struct Registered<T: ?Sized + 'static> {
    name: &'static str,
    schema: fn(&mut SchemaGenerator) -> Schema,
    read: fn(Map<String, Value>) -> Result<Kind<T>, serde_json::Error>,
}

impl<T: ?Sized> Registered<T> {
    /// The record of the kind `K`; [`kind!`](crate::kind!) calls this with how `K` becomes a `T`.
    pub const fn new<K: Named>(read: fn(Map<String, Value>) -> Result<Kind<T>, serde_json::Error>) -> Self {
        Self {
            name: K::KIND,
            schema: K::json_schema,
            read,
        }
    }
}

/// One of the kinds of `T`, with its parameters.
pub struct Kind<T: ?Sized> {
    name: &'static str,
    parameters: Map<String, Value>,
    chosen: Arc<T>,
}

impl<T: ?Sized> Kind<T> {
    /// The kind `K`, seen as a `T` by `erase`.
    pub fn of<K: Named>(chosen: K, erase: fn(K) -> Arc<T>) -> Self {
        let mut parameters = match serde_json::to_value(&chosen) {
            Ok(Value::Object(parameters)) => parameters,
            _ => Map::new(),
        };
        // TOML has no null: what is not set is not there.
        parameters.retain(|_, value| !value.is_null());
        Self {
            name: K::KIND,
            parameters,
            chosen: erase(chosen),
        }
    }

    /// What recipes write after `kind =`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The kind itself, shared.
    pub fn shared(&self) -> Arc<T> {
        Arc::clone(&self.chosen)
    }
}

impl<T: ?Sized> Deref for Kind<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.chosen
    }
}

impl<T: ?Sized> Clone for Kind<T> {
    fn clone(&self) -> Self {
        Self {
            name: self.name,
            parameters: self.parameters.clone(),
            chosen: Arc::clone(&self.chosen),
        }
    }
}

impl<T: ?Sized> fmt::Debug for Kind<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.name, self.parameters)
    }
}

impl<T: ?Sized> Serialize for Kind<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let kind = std::iter::once((KIND, Value::from(self.name)));
        let parameters = self.parameters.iter();
        serializer.collect_map(kind.chain(parameters.map(|(key, value)| (key.as_str(), value.clone()))))
    }
}

impl<'de, T: ?Sized + 'static> Deserialize<'de> for Kind<T>
where
    Registered<T>: inventory::Collect,
{
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut parameters = Map::deserialize(deserializer)?;
        let name = match parameters.remove(KIND) {
            Some(Value::String(name)) => name,
            _ => return Err(D::Error::missing_field(KIND)),
        };
        let all = registered::<T>();
        match all.iter().find(|kind| kind.name == name) {
            Some(kind) => (kind.read)(parameters).map_err(D::Error::custom),
            None => {
                let names: Vec<&str> = all.iter().map(|kind| kind.name).collect();
                let names = names.join(", ");
                Err(D::Error::custom(format!(
                    "there is no kind `{name}`, only {names}"
                )))
            }
        }
    }
}

impl<T: ?Sized + 'static> JsonSchema for Kind<T>
where
    Registered<T>: inventory::Collect,
{
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        std::any::type_name::<T>().into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let kinds = registered::<T>();
        let kinds: Vec<Value> = kinds.iter().map(|kind| with_kind(kind, generator)).collect();
        json_schema!({ "oneOf": kinds })
    }
}

/// The schema of a kind's parameters, `kind` among them.
fn with_kind<T: ?Sized>(kind: &Registered<T>, generator: &mut SchemaGenerator) -> Value {
    let mut schema = (kind.schema)(generator).to_value();
    let mut properties = Map::new();
    properties.insert(KIND.into(), json!({ "type": "string", "const": kind.name }));
    if let Some(own) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.append(own);
    }
    let mut required = vec![Value::from(KIND)];
    if let Some(own) = schema.get_mut("required").and_then(Value::as_array_mut) {
        required.append(own);
    }
    schema["type"] = "object".into();
    schema["properties"] = properties.into();
    schema["required"] = required.into();
    schema["additionalProperties"] = false.into();
    schema
}

/// All kinds of `T`, by name.
fn registered<T: ?Sized + 'static>() -> Vec<&'static Registered<T>>
where
    Registered<T>: inventory::Collect,
{
    let mut all: Vec<_> = inventory::iter::<Registered<T>>.into_iter().collect();
    all.sort_by_key(|kind| kind.name);
    all
}

/// Registers a kind: `kind!("adam", Adam: dyn Optimizer);`
#[macro_export]
macro_rules! kind {
    ($name:literal, $kind:ty: $family:ty) => {
        impl $crate::kind::Named for $kind {
            const KIND: &'static str = $name;
        }

        impl From<$kind> for $crate::kind::Kind<$family> {
            fn from(kind: $kind) -> Self {
                Self::of(kind, |kind| std::sync::Arc::new(kind))
            }
        }

        ::ichflow_api::inventory::submit! {
            $crate::kind::Registered::<$family>::new::<$kind>(|parameters| {
                let parameters = ::serde_json::Value::Object(parameters);
                ::serde_json::from_value::<$kind>(parameters).map(Into::into)
            })
        }
    };
}

#[cfg(test)]
mod tests {
    use crate::fit::{Fit, Sgd};

    fn optimizer(text: &str) -> Result<super::Kind<dyn crate::fit::Optimizer>, serde_json::Error> {
        serde_json::from_str(text)
    }

    #[test]
    fn a_table_chooses_a_kind_and_is_written_back_whole() {
        let chosen = optimizer(r#"{"kind": "sgd", "momentum": 0}"#).unwrap();
        assert_eq!(chosen.name(), "sgd");
        assert_eq!(chosen.memory(), 0);
        let written = serde_json::to_value(&chosen).unwrap();
        assert_eq!(written["kind"], "sgd");
        assert_eq!(written["momentum"], 0.0);
        assert_eq!(written["nesterov"], false);
        assert_eq!(super::Kind::from(Sgd::default()).memory(), 1);
    }

    #[test]
    fn keys_of_other_kinds_and_unknown_kinds_are_refused() {
        let of_adam = optimizer(r#"{"kind": "sgd", "betas": [0.9, 0.99]}"#).unwrap_err();
        assert!(of_adam.to_string().contains("unknown field `betas`"), "{of_adam}");
        let unknown = optimizer(r#"{"kind": "adan"}"#).unwrap_err();
        assert!(unknown.to_string().contains("only adam, adamw, sgd"), "{unknown}");
        assert!(optimizer("{}").is_err());
    }

    #[test]
    fn the_schema_has_a_closed_table_for_every_kind() {
        let schema = schemars::schema_for!(Fit).to_value();
        let kinds = schema["properties"]["optimizer"]["oneOf"].as_array().unwrap();
        let names: Vec<_> = kinds
            .iter()
            .map(|kind| &kind["properties"]["kind"]["const"])
            .collect();
        assert_eq!(names, ["adam", "adamw", "sgd"]);
        for kind in kinds {
            assert_eq!(kind["additionalProperties"], false);
            assert!(kind["description"].is_string());
            for (key, property) in kind["properties"].as_object().unwrap() {
                assert!(key == "kind" || property["description"].is_string(), "{key}");
            }
        }
    }
}
