//! `ichflow schema`: the JSON Schema of recipes, for editors.

use std::process::ExitCode;

use ichflow_api::registry::Registry;

use crate::recipe::json_schema::recipe_schema;

pub(super) fn main(registry: &Registry) -> ExitCode {
    println!("{:#}", recipe_schema(registry));
    ExitCode::SUCCESS
}
