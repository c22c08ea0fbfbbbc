//! Values of `--set` that look like numbers where text is wanted.

use ichflow_api::registry::Registry;
use serde_json::Value as Schema;

use super::schema::types;
use super::source::{LayerKind, Sources};
use super::value::{Entry, Node, Table, Value};

/// Takes what `--set` gave for text where a stage wants text: `--set load.path=1` names a directory called 1. In a recipe
/// quotes make the difference, which shells take away.
pub(super) fn take_as_text(entry: &mut Entry, registry: &Registry, sources: &Sources) {
    if let Value::Table(table) = &mut entry.node.value
        && let Some(stage) = table.string("use").and_then(|name| registry.find(name))
    {
        take_below(table, &stage.schema(), sources);
    }
}

fn take_below(table: &mut Table, schema: &Schema, sources: &Sources) {
    for entry in &mut table.entries {
        let schema = schema.get("properties").and_then(|all| all.get(&entry.key));
        if let Some(schema) = schema {
            take(&mut entry.node, schema, sources);
        }
    }
}

fn take(node: &mut Node, schema: &Schema, sources: &Sources) {
    match &mut node.value {
        Value::Table(table) => take_below(table, schema, sources),
        Value::Array(items) => {
            if let Some(schema) = schema.get("items") {
                items.iter_mut().for_each(|item| take(item, schema, sources));
            }
        }
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {
            let wants_text = types(schema) == ["string"];
            if let Some(text) = written(node, sources).filter(|_| wants_text) {
                node.value = Value::String(text);
            }
        }
        Value::String(_) => {}
    }
}

/// What stands after the `=` of a `--set` argument, if the value is one.
fn written(node: &Node, sources: &Sources) -> Option<String> {
    let source = sources.texts.get(node.place.source)?;
    let text = source.text.get(node.place.start..node.place.end)?;
    (source.kind == LayerKind::Set).then(|| text.trim().to_owned())
}
