//! Recipes: from text to stages with checked parameters, with every problem found in one go.
//!
//! [`layers`] reads the files and `--set` arguments into one table whose values remember where they were
//! written; [`vars`] fills in variables; this module knows the top-level keys, finds each stage in the
//! registry and lets [`schema`] check its table. What comes out, [`Recipe`], holds only checked
//! parameters; how its stages are wired is the business of [`crate::plan`].

pub mod catalogue;
pub mod json_schema;
pub mod layers;
pub mod problem;
mod renamed;
pub mod schema;
mod set_text;
pub mod source;
pub mod suggest;
pub mod sweep;
mod syntax;
pub mod value;
pub mod vars;

use std::collections::BTreeMap;
use std::path::Path;

use ichflow_api::path_text::path_text;
use ichflow_api::ports::Ports;
use ichflow_api::registry::{Registration, Registry};
use ichflow_api::stage::{AnyStage, Family};

use problem::{Code, Problem, Problems};
use source::Place;
use sweep::Trial;
use value::{Entry, Node, Table, Value};

/// The recipe format this program reads.
pub const FORMAT: i64 = 1;

/// Top-level keys that are not stages.
const TOP_LEVEL: [&str; 5] = ["ichflow", "title", "extends", "seed", "vars"];

/// A recipe whose stages all exist and whose parameters are all valid.
pub struct Recipe {
    /// What the recipe calls itself; its file name without one.
    pub title: String,
    /// Seed of everything random.
    pub seed: u64,
    /// Stages, in the order they run.
    pub stages: Vec<RecipeStage>,
}

/// One stage of a recipe.
pub struct RecipeStage {
    /// Its name: the table's.
    pub name: String,
    /// Its record in the registry.
    pub registration: &'static Registration,
    /// Its parameters.
    pub stage: Box<dyn AnyStage>,
    /// Its ports, given its parameters.
    pub ports: Ports,
    /// Its own seed, if it does not take the recipe's.
    pub seed: Option<u64>,
    /// Inputs whose source the recipe names: port → text such as `load.test`, and where it stands.
    pub picks: BTreeMap<String, (String, Place)>,
    /// Where its table's header stands.
    pub place: Place,
    /// Its table as it was written, layers merged: where each value comes from.
    pub written: Node,
    /// What deserves attention in it although it can run.
    pub advice: Vec<Problem>,
}

/// What a recipe file asks for.
pub enum Asked {
    /// One run.
    Run(Table),
    /// A run for each trial of its sweep.
    Sweep(Vec<Trial>),
}

/// Reads a recipe with its layers and makes the trials of its sweep. What is wrong is added to `problems`.
pub fn read(path: &Path, sets: &[String], registry: &Registry, problems: &mut Problems) -> Asked {
    let mut table = layers::load(path, sets, problems);
    if problems.list.iter().any(|problem| problem.code == Code::Syntax) {
        // What a broken text seems to say further on would only confuse.
        problems.list.retain(|problem| problem.code == Code::Syntax);
        return Asked::Run(Table::default());
    }
    let trains = |name: &str| {
        let found = registry.find(name);
        found.is_some_and(|stage| stage.family == Family::Train && stage.seeded)
    };
    match sweep::expand(&mut table, &trains, problems) {
        None => Asked::Run(table),
        Some(trials) => Asked::Sweep(trials),
    }
}

/// Checks a recipe that was read. Everything that is wrong is added to `problems`; stages with problems of
/// their own are left out, so the result is whole only if nothing was added.
pub fn build(mut table: Table, path: &Path, registry: &Registry, problems: &mut Problems) -> Recipe {
    if problems.list.iter().any(|problem| problem.code == Code::Syntax) {
        return Recipe {
            title: String::new(),
            seed: 0,
            stages: Vec::new(),
        };
    }
    let vars = match table.remove("vars").map(|entry| entry.node) {
        Some(Node {
            value: Value::Table(vars),
            ..
        }) => vars,
        Some(node) => {
            problems
                .list
                .push(wrong_top_level(&node, "vars", "a table of variables"));
            Table::default()
        }
        None => Table::default(),
    };
    for entry in &mut table.entries {
        vars::interpolate(&mut entry.node, &vars, &mut problems.list);
    }
    let unreadable = problems
        .list
        .iter()
        .any(|problem| problem.code == Code::Unreadable);
    if !unreadable {
        check_format(&table, problems);
    }
    let title = top_level_title(&table, path, problems);
    let seed = top_level_seed(&table, problems);
    let mut stages = Vec::new();
    let mut stage_tables = 0;
    for entry in &mut table.entries {
        if TOP_LEVEL.contains(&entry.key.as_str()) {
            continue;
        }
        stage_tables += 1;
        stages.extend(load_stage(entry, registry, problems));
    }
    if stage_tables == 0 && problems.list.is_empty() {
        problems.list.push(
            Problem::nowhere(Code::Empty, format!("{} has no stages", path.display()))
                .help("a stage is a table with `use`, for example: [load] and the line use = \"phantom\""),
        );
    }
    Recipe { title, seed, stages }
}

fn wrong_top_level(node: &Node, key: &str, wanted: &str) -> Problem {
    Problem::at(
        Code::WrongType,
        &node.place,
        format!("`{key}` is {} where {wanted} is wanted", node.kind()),
    )
}

fn check_format(table: &Table, problems: &mut Problems) {
    match table.get("ichflow") {
        None => problems.list.push(
            Problem::nowhere(
                Code::Format,
                "the recipe does not say which format it is written in",
            )
            .help(format!("add the line `ichflow = {FORMAT}` at its top")),
        ),
        Some(Node {
            value: Value::Integer(FORMAT),
            ..
        }) => {}
        Some(node) => problems.list.push(
            Problem::at(
                Code::Format,
                &node.place,
                "this recipe format is not known to this ichflow",
            )
            .help(format!("this program reads `ichflow = {FORMAT}`")),
        ),
    }
}

fn top_level_title(table: &Table, path: &Path, problems: &mut Problems) -> String {
    let fallback = path
        .file_stem()
        .map_or("recipe".into(), |stem| stem.to_string_lossy().into_owned());
    match table.get("title") {
        None => fallback,
        Some(Node {
            value: Value::String(title),
            ..
        }) => title.clone(),
        Some(node) => {
            problems.list.push(wrong_top_level(node, "title", "text"));
            fallback
        }
    }
}

fn top_level_seed(table: &Table, problems: &mut Problems) -> u64 {
    match table.get("seed") {
        None => 0,
        Some(Node {
            value: Value::Integer(seed),
            ..
        }) if *seed >= 0 => seed.unsigned_abs(),
        Some(node) => {
            problems.list.push(no_seed(node, "seed"));
            0
        }
    }
}

fn no_seed(node: &Node, key: &str) -> Problem {
    match node.value {
        Value::Integer(number) => Problem::at(
            Code::OutOfRange,
            &node.place,
            format!("`{key}` is {number}; it must be at least 0"),
        ),
        _ => wrong_top_level(node, key, "a whole number"),
    }
}

fn load_stage(entry: &mut Entry, registry: &Registry, all: &mut Problems) -> Option<RecipeStage> {
    let problems = &mut all.list;
    let name = &entry.key;
    let Some(table) = entry.node.as_table() else {
        let mut problem = Problem::at(
            Code::UnknownKey,
            &entry.key_place,
            format!("unknown key `{name}`"),
        );
        problem.help = suggest::help(name, TOP_LEVEL);
        problems.push(problem);
        return None;
    };
    // Names stand in wires (`load.test`) and in the paths of results.
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.chars().all(plain) || name.is_empty() {
        problems.push(
            Problem::at(
                Code::NotAStage,
                &entry.key_place,
                format!("`{name}` cannot be the name of a stage"),
            )
            .help("a name is made of letters, digits, `-` and `_`"),
        );
        return None;
    }
    let (use_name, use_place) = match table.get("use") {
        Some(Node {
            value: Value::String(text),
            place,
        }) => (text, place),
        Some(node) => {
            problems.push(wrong_top_level(
                node,
                &format!("{name}.use"),
                "the name of a stage",
            ));
            return None;
        }
        None => {
            let help = suggest::closest(name, TOP_LEVEL)
                .map(|known| format!("did you mean `{known}`?"))
                .unwrap_or_else(|| {
                    "a stage's table has a line `use = \"…\"`; `ichflow stages` lists them".into()
                });
            problems.push(
                Problem::at(
                    Code::NotAStage,
                    &entry.key_place,
                    format!("the table `{name}` has no `use`"),
                )
                .help(help),
            );
            return None;
        }
    };
    let Some(registration) = registry.find(use_name) else {
        let help = suggest::closest(use_name, registry.names()).map_or_else(
            || {
                "`ichflow stages` lists those linked into this program; a stage of your own is linked by naming \
                 its crate in the program's main.rs: `use your_plugin as _;`"
                    .to_owned()
            },
            |known| format!("did you mean `{known}`?"),
        );
        problems.push(
            Problem::at(
                Code::UnknownStage,
                use_place,
                format!("there is no stage `{use_name}`"),
            )
            .help(help),
        );
        return None;
    };
    if let Value::Table(table) = &mut entry.node.value {
        set_text::take_as_text(table, &registration.schema(), &all.sources);
    }
    build_stage(entry, registration, problems)
}

fn build_stage(
    entry: &Entry,
    registration: &'static Registration,
    problems: &mut Vec<Problem>,
) -> Option<RecipeStage> {
    let table = entry.node.as_table()?;
    let name = &entry.key;
    let before = problems.len();
    let schema = registration.schema();
    let port_names: Vec<&'static str> = registration
        .ports()
        .inputs
        .iter()
        .map(|input| input.name)
        .collect();
    let mut others = vec!["use"];
    others.extend(&port_names);
    // A parameter of that name would be the stage's own business.
    let takes_seed = registration.seeded && schema["properties"].get("seed").is_none();
    others.extend(takes_seed.then_some("seed"));
    let mut current = table.clone();
    renamed::take(&mut current, registration.renamed, name, problems);
    schema::check_keys(&current, &schema, &others, name, problems);
    schema::check_missing(table, &schema, &others, name, problems, &entry.node);
    let mut picks = BTreeMap::new();
    for port in &port_names {
        match table.get(port) {
            Some(Node {
                value: Value::String(source),
                place,
            }) => {
                picks.insert((*port).to_owned(), (source.clone(), place.clone()));
            }
            Some(node) => problems.push(
                wrong_top_level(node, &format!("{name}.{port}"), "the name of an earlier stage")
                    .help(format!("for example: {port} = \"load\"")),
            ),
            None => {}
        }
    }
    let seed = match table.get("seed").filter(|_| takes_seed) {
        None => None,
        Some(Node {
            value: Value::Integer(seed),
            ..
        }) if *seed >= 0 => Some(seed.unsigned_abs()),
        Some(node) => {
            problems.push(no_seed(node, &format!("{name}.seed")));
            None
        }
    };
    if problems.len() > before {
        return None;
    }
    let mut params = table.to_toml();
    params.remove("use");
    if takes_seed {
        params.remove("seed");
    }
    for port in &port_names {
        params.remove(*port);
    }
    let stage = match registration.build(params) {
        Ok(stage) => stage,
        Err(error) => {
            problems.push(Problem::at(
                Code::WrongType,
                &entry.node.place,
                format!("the parameters of `{name}` do not fit: {}", error.message()),
            ));
            return None;
        }
    };
    let mut advice = Vec::new();
    for found in stage.check() {
        let place = entry.node.place_of(&found.key);
        let mut problem = Problem::at(Code::Inconsistent, &place, found.message);
        problem.help = found.help;
        match found.is_advice {
            true => advice.push(problem),
            false => problems.push(problem),
        }
    }
    for external in stage.reads() {
        let there = if external.directory {
            external.path.is_dir()
        } else {
            external.path.is_file()
        };
        let place = entry.node.place_of(external.key);
        // A path whose variable is unknown is no second mistake.
        let known = problems
            .iter()
            .any(|problem| problem.place.as_ref() == Some(&place));
        if !there && !known {
            problems.push(missing(&place, &external));
        }
    }
    let ports = stage.ports();
    Some(RecipeStage {
        name: name.clone(),
        registration,
        stage,
        ports,
        seed,
        picks,
        place: entry.key_place.clone(),
        written: entry.node.clone(),
        advice,
    })
}

/// What to do about a path whose backslashes were taken for escapes.
fn escaped(path: &Path) -> Option<String> {
    let text = path.to_str().filter(|text| text.chars().any(char::is_control))?;
    let mut meant = String::new();
    for letter in text.chars() {
        match letter {
            '\n' => meant.push_str("\\n"),
            '\r' => meant.push_str("\\r"),
            '\t' => meant.push_str("\\t"),
            '\u{8}' => meant.push_str("\\b"),
            '\u{c}' => meant.push_str("\\f"),
            '\u{1b}' => meant.push_str("\\e"),
            other => meant.push(other),
        }
    }
    Some(format!(
        "in double quotes a backslash begins an escape (`\\n` is a line end): write '{meant}' in single quotes, or with `/`"
    ))
}

/// What to do about a path that a shell would have completed.
fn home(path: &Path) -> Option<String> {
    let below = path.strip_prefix("~").ok()?;
    let home = std::env::var_os("HOME").filter(|home| !home.is_empty());
    let home = home.map_or_else(
        || "your home directory".into(),
        |home| Path::new(&home).join(below),
    );
    Some(format!(
        "`~` means your home directory to a shell alone: write {}",
        home.display()
    ))
}

fn missing(place: &Place, external: &ichflow_api::stage::ExternalPath) -> Problem {
    let what = if external.directory { "directory" } else { "file" };
    let path = path_text(&external.path);
    let message = if external.path.exists() {
        format!("{path} is not a {what}")
    } else {
        format!("the {what} {path} is not there")
    };
    // The deepest part of the path that exists tells a person where to look.
    let found = external.path.ancestors().skip(1).find(|parent| parent.is_dir());
    let help = match found {
        Some(parent) if !parent.as_os_str().is_empty() => {
            format!(
                "{} is there; paths are relative to the working directory",
                parent.display()
            )
        }
        _ => "paths are relative to the working directory".to_owned(),
    };
    let help = escaped(&external.path)
        .or_else(|| home(&external.path))
        .unwrap_or(help);
    Problem::at(Code::MissingFile, place, message).help(help)
}
