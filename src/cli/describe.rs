//! `ichflow describe`: all about one stage.

use std::process::ExitCode;

use burn::tensor::Device;
use clap::Args;
use ichflow_api::data::labels::LabelSet;
use ichflow_api::nn::summary::Summary;
use ichflow_api::ports::Need;
use ichflow_api::registry::{Registration, Registry};
use serde_json::Value;

use super::WRONG_CALL;
use crate::plan::network;
use crate::recipe::schema::{self, Tagged};
use crate::recipe::suggest;

/// Arguments of `ichflow describe`.
#[derive(Args, Debug)]
pub(super) struct DescribeArguments {
    /// The stage, as `ichflow stages` names it
    stage: String,
}

pub(super) fn main(arguments: &DescribeArguments, registry: &Registry) -> ExitCode {
    let Some(registration) = registry.find(&arguments.stage) else {
        eprintln!("error: there is no stage `{}`", arguments.stage);
        match suggest::closest(&arguments.stage, registry.names()) {
            Some(name) => eprintln!("help: did you mean `{name}`?"),
            None => eprintln!("help: `ichflow stages` lists them"),
        }
        return ExitCode::from(WRONG_CALL);
    };
    print!("{}", in_words(registration));
    ExitCode::SUCCESS
}

fn in_words(registration: &Registration) -> String {
    let schema = registration.schema();
    let mut text = format!(
        "{} ({}) – {}\n",
        registration.name,
        registration.family.name(),
        registration.summary
    );
    if let Some(about) = schema.get("description").and_then(Value::as_str) {
        text.push_str(&format!("\n{about}\n"));
    }
    if registration.sharded {
        text.push_str("\nIts work can be shared out among machines (`ichflow run --shard`).\n");
    }
    text.push_str(&ports(registration));
    text.push_str(&parameters_in_words(&schema));
    text.push_str(&network(registration));
    text.push_str("\nExample\n");
    for line in registration.example.trim_end().lines() {
        text.push_str(&format!("  {line}\n"));
    }
    text.push_str(&format!(
        "\nFrom {} {}:{}, version {}{}\n",
        registration.plugin,
        registration.file,
        registration.line,
        registration.version,
        if registration.seeded {
            ", depends on the seed"
        } else {
            ""
        }
    ));
    text
}

/// Size of the network that the stage makes with its default parameters, if it makes one by itself.
fn network(registration: &Registration) -> String {
    let Ok(stage) = registration.build(toml::Table::new()) else {
        return String::new();
    };
    let labels = LabelSet::default().len();
    if let Ok(Some(summary)) = network::series_of_stage(stage.as_ref(), labels) {
        return format!(
            "\nNetwork by its defaults, for embeddings of {} values, {labels} outputs\n  {}\n",
            network::USUAL_FEATURES,
            summary.in_one_line()
        );
    }
    let built = network::of_stage(stage.as_ref());
    match built {
        Ok(Some(built)) => {
            let summary = Summary::of(&built.network, built.image, &Device::flex());
            format!(
                "\nNetwork by its defaults, {labels} outputs\n  {}\n",
                summary.in_one_line()
            )
        }
        Ok(None) | Err(_) => String::new(),
    }
}

fn ports(registration: &Registration) -> String {
    let ports = registration.ports();
    let mut text = String::new();
    if !ports.inputs.is_empty() {
        text.push_str("\nTakes\n");
        for input in &ports.inputs {
            let need = match input.need {
                Need::Optional => ", optional",
                Need::Required | Need::RequiredByName => "",
            };
            text.push_str(&format!("  {} ({}{need})\n", input.name, input.artifact.name));
        }
    }
    if !ports.outputs.is_empty() {
        text.push_str("\nOffers\n");
        for output in &ports.outputs {
            let condition = output
                .only_with
                .map(|input| format!(", when `{input}` is there"))
                .unwrap_or_default();
            text.push_str(&format!(
                "  {} ({}{condition})\n",
                output.name, output.artifact.name
            ));
        }
    }
    text
}

fn parameters_in_words(schema: &Value) -> String {
    let parameters = parameters(schema);
    if parameters.is_empty() {
        return String::new();
    }
    let mut text = String::from("\nParameters\n");
    for parameter in parameters {
        text.push_str(&format!(
            "  {} – {}; {}\n",
            parameter.path,
            schema::in_words(parameter.schema),
            parameter.default
        ));
        for line in parameter.about().lines() {
            text.push_str(&format!("      {line}\n"));
        }
        for (word, about) in schema::choices(parameter.schema)
            .into_iter()
            .flatten()
            .filter(|(_, about)| !about.is_empty())
        {
            text.push_str(&format!("      \"{word}\": {}\n", about.replace('\n', " ")));
        }
    }
    text
}

/// A parameter as documentation shows it.
pub(super) struct Parameter<'a> {
    /// Its name; of a table within a list `phases[].lr`, within a table `checkpoint.metric`, within one of several
    /// kinds `optimizer[adamw].weight_decay`.
    pub path: String,
    /// Its schema.
    pub schema: &'a Value,
    /// What it is when a recipe does not set it.
    pub default: String,
}

impl<'a> Parameter<'a> {
    /// What it changes.
    pub(super) fn about(&self) -> &'a str {
        let description = self.schema.get("description");
        description.and_then(Value::as_str).unwrap_or_default()
    }
}

/// Every parameter of a stage; the keys of tables within stand after the parameter that holds them.
pub(super) fn parameters(schema: &Value) -> Vec<Parameter<'_>> {
    fn add_but<'a>(schema: &'a Value, tag: Option<&str>, above: &str, found: &mut Vec<Parameter<'a>>) {
        let properties = schema["properties"].as_object().into_iter().flatten();
        for (name, property) in properties.filter(|(name, _)| tag != Some(name.as_str())) {
            let path = format!("{above}{name}");
            found.push(Parameter {
                path: path.clone(),
                schema: property,
                default: default_in_words(schema, name, property),
            });
            add_inner(property, &path, found);
        }
    }
    /// The parameters of the tables that a parameter holds.
    fn add_inner<'a>(property: &'a Value, path: &str, found: &mut Vec<Parameter<'a>>) {
        if let Some(items) = property.get("items") {
            add_inner(items, &format!("{path}[]"), found);
        } else if let Some(tagged) = Tagged::of(property) {
            for (kind, table) in tagged.kinds {
                add_but(table, Some(tagged.tag), &format!("{path}[{kind}]."), found);
            }
        } else if let Some(table) = schema::table(property) {
            add_but(table, None, &format!("{path}."), found);
        }
    }
    let mut found = Vec::new();
    add_but(schema, None, "", &mut found);
    found
}

/// What a parameter is when a recipe does not set it.
fn default_in_words(schema: &Value, name: &str, property: &Value) -> String {
    let required = schema["required"]
        .as_array()
        .is_some_and(|required| required.iter().any(|key| key == name));
    match property.get("default") {
        _ if required => "required".to_owned(),
        None | Some(Value::Null) => "not set".to_owned(),
        Some(value) => written(value),
    }
}

/// A default as a recipe would have it: tables with `=`.
fn written(value: &Value) -> String {
    match value {
        Value::Object(table) if !table.is_empty() => {
            let set = table.iter().filter(|(_, value)| !value.is_null());
            let entries: Vec<_> = set
                .map(|(key, value)| format!("{key} = {}", written(value)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
        value => value.to_string(),
    }
}
