//! From files and `--set` arguments to one table: reading, `extends`, merging.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use ichflow_api::encoding::decoded;
use toml::de::DeTable;

use super::problem::{Code, Problem, Problems};
use super::source::{LayerKind, Place, Source, floor_char_boundary};
use super::syntax;
use super::value::{Entry, Node, Table, Value, from_parsed};
use super::{labels, suggest};

/// How many files a chain of `extends` may have.
const MAX_DEPTH: usize = 3;

/// Reads the recipe, what it extends, and the `--set` arguments, and merges them. What is wrong is added
/// to `problems`; the table holds whatever could be read.
pub fn load(recipe: &Path, sets: &[String], problems: &mut Problems) -> Table {
    let mut chain = Vec::new();
    follow(recipe, &mut chain, problems);
    // Parents apply first. Sources are in that order too, so that problems sort by layer.
    let mut merged = Table::default();
    for table in chain.into_iter().rev() {
        merge_recipe(&mut merged, table);
    }
    let mut parsed: Vec<_> = sets.iter().filter_map(|set| parse_set(set, problems)).collect();
    // Another `use` starts a stage anew, so it comes before what is set for the stage, wherever it stands.
    parsed.sort_by_key(|(path, _)| path.last().is_none_or(|(step, _)| step != "use"));
    for (path, node) in parsed {
        apply_set(&mut merged, &path, node, problems);
    }
    merged
}

/// Where an `extends` stands: number of its file, child first, and its span there.
#[derive(Clone)]
struct Asked {
    file: usize,
    span: Range<usize>,
}

/// A file of a chain of `extends`, and what was found in it.
struct Read {
    path: PathBuf,
    text: String,
    table: Table,
    problems: Vec<Problem>,
}

/// Files of a chain of `extends`, child first. Sources are numbered parents first, which is only known at the end:
/// until then every file is number 0.
fn follow(recipe: &Path, chain: &mut Vec<Table>, problems: &mut Problems) {
    let mut files: Vec<Read> = Vec::new();
    let mut path = recipe.to_owned();
    // The `extends` that led to `path`.
    let mut asked: Option<Asked> = None;
    let mut pending: Vec<(Option<Asked>, Problem)> = Vec::new();
    loop {
        if let Some(earlier) = files.iter().position(|known| same_file(&known.path, &path)) {
            let circle: Vec<_> = files[earlier..]
                .iter()
                .map(|file| file.path.display().to_string())
                .collect();
            let problem = Problem::nowhere(Code::Extends, "`extends` goes in a circle")
                .label(format!("leads back to {}", path.display()))
                .help(format!(
                    "the circle is {} → {}",
                    circle.join(" → "),
                    path.display()
                ));
            pending.push((asked, problem));
            break;
        }
        if files.len() == MAX_DEPTH {
            let problem = Problem::nowhere(
                Code::Extends,
                format!("`extends` is deeper than {MAX_DEPTH} files"),
            )
            .help("put the common parts into fewer files");
            pending.push((asked, problem));
            break;
        }
        let text = match read_text(&path, asked.is_some()) {
            Ok(text) => text,
            Err(problem) => {
                pending.push((asked, problem));
                break;
            }
        };
        let mut found = Vec::new();
        let table = parse(&text, &mut found);
        let parent = table.entry("extends").and_then(|entry| {
            let place = &entry.node.place;
            Some((table.string("extends")?.to_owned(), place.start..place.end))
        });
        files.push(Read {
            path: path.clone(),
            text,
            table,
            problems: found,
        });
        let Some((parent, span)) = parent else { break };
        asked = Some(Asked {
            file: files.len() - 1,
            span,
        });
        path = path.parent().unwrap_or(Path::new("")).join(parent);
    }

    let count = files.len();
    for (asked, mut problem) in pending {
        problem.place = asked.map(|asked| Place::new(count - 1 - asked.file, asked.span));
        problems.list.push(problem);
    }
    let mut sources = Vec::new();
    for (index, mut file) in files.into_iter().enumerate() {
        let source = count - 1 - index;
        for problem in &mut file.problems {
            problem.place.iter_mut().for_each(|place| place.source = source);
        }
        problems.list.append(&mut file.problems);
        file.table.renumber(source);
        chain.push(file.table);
        sources.push(Source {
            name: file.path.display().to_string(),
            text: file.text,
            kind: if index == 0 {
                LayerKind::Recipe
            } else {
                LayerKind::Base
            },
        });
    }
    problems.sources.texts.extend(sources.into_iter().rev());
}

/// The text of a recipe, which Windows' programs write as UTF-16 at times.
fn read_text(path: &Path, is_extended: bool) -> Result<String, Problem> {
    let unreadable =
        |why: String| Problem::nowhere(Code::Unreadable, format!("cannot read {}: {why}", path.display()));
    let bytes = fs::read(path).map_err(|error| {
        unreadable(error.to_string()).help(if is_extended {
            "`extends` is relative to the file it stands in"
        } else {
            "give the path of a recipe, for example recipes/quickstart.toml"
        })
    })?;
    decoded(&bytes).map_err(|error| {
        let before = &bytes[..error.utf8_error().valid_up_to()];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        unreadable(format!("it is not UTF-8, from line {line} on"))
            .help("save it as UTF-8: editors call it an encoding and have it under \"save as\"")
    })
}

fn same_file(a: &Path, b: &Path) -> bool {
    match (fs::canonicalize(a), fs::canonicalize(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}

/// The table of a text, as source number 0.
fn parse(text: &str, problems: &mut Vec<Problem>) -> Table {
    let (table, errors) = DeTable::parse_recoverable(text);
    let is_sound = errors.is_empty();
    let mut last_line = None;
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let line = text[..floor_char_boundary(text, span.start)]
            .matches('\n')
            .count();
        // What the parser stumbles over next on a line comes of the first mistake.
        if last_line.replace(line) == Some(line) {
            continue;
        }
        let mistake = syntax::explain(text, span, error.message());
        let place = Place::new(0, mistake.span);
        problems.push(Problem::at(Code::Syntax, &place, mistake.message).help(mistake.help));
    }
    let mut overflow = Vec::new();
    let table = from_parsed(&table, 0, &mut overflow);
    // Of what is not TOML, numbers are not known.
    for (place, number) in overflow.into_iter().filter(|_| is_sound) {
        problems.push(Problem::at(
            Code::Syntax,
            &place,
            format!("the number {number} is too large"),
        ));
    }
    table
}

/// Puts `child` over `parent`. A stage that the child gives another `use` starts anew: parameters of one
/// stage mean nothing to another. A stage new in the child goes after the one it follows there.
pub(super) fn merge_recipe(parent: &mut Table, child: Table) {
    let mut after: Option<String> = None;
    let order: Vec<String> = child.entries.iter().map(|entry| entry.key.clone()).collect();
    for (index, entry) in child.entries.into_iter().enumerate() {
        let key = entry.key.clone();
        let is_stage = is_stage(&entry.node);
        match parent.entries.iter_mut().find(|known| known.key == key) {
            Some(known) => merge_stage(known, entry),
            None if is_stage => {
                let before = order[index + 1..].iter().find_map(|next| {
                    parent
                        .entries
                        .iter()
                        .position(|known| known.key == *next && is_stage_table(known))
                });
                let position = after
                    .as_ref()
                    .and_then(|previous| parent.entries.iter().position(|known| known.key == *previous))
                    .map(|position| position + 1)
                    .or(before)
                    .unwrap_or(parent.entries.len());
                parent.entries.insert(position, entry);
            }
            None => parent.entries.push(entry),
        }
        if parent
            .entries
            .iter()
            .any(|known| known.key == key && is_stage_table(known))
        {
            after = Some(key);
        }
    }
}

fn is_stage(node: &Node) -> bool {
    node.as_table().is_some_and(|table| table.get("use").is_some())
}

fn is_stage_table(entry: &Entry) -> bool {
    is_stage(&entry.node)
}

fn merge_stage(known: &mut Entry, entry: Entry) {
    let other_use = |table: &Table, new: &Table| {
        new.string("use")
            .is_some_and(|new| table.string("use").is_some_and(|old| old != new))
    };
    match (&mut known.node.value, entry.node.value) {
        (Value::Table(table), Value::Table(new)) if !other_use(table, &new) => {
            known.key_place = entry.key_place;
            known.node.place = entry.node.place;
            for new in new.entries {
                match table.get_mut(&new.key) {
                    Some(node) => *node = new.node,
                    None => table.entries.push(new),
                }
            }
        }
        (_, value) => {
            known.key_place = entry.key_place;
            known.node = Node {
                value,
                place: entry.node.place,
            };
        }
    }
}

/// `window.center=50` as the path `window`, `center` and a value. What is not TOML is taken as text, so
/// that `--set load.labels=train.csv` needs no quotes within quotes.
fn parse_set(set: &str, problems: &mut Problems) -> Option<(Vec<(String, Place)>, Node)> {
    let source = problems.sources.texts.len();
    problems.sources.texts.push(Source {
        name: "--set".into(),
        text: set.to_owned(),
        kind: LayerKind::Set,
    });
    let whole = Place::new(source, 0..set.len());
    let Some((key, text)) = set.split_once('=') else {
        problems.list.push(
            Problem::at(Code::BadSet, &whole, "this is not KEY=VALUE")
                .help("for example: --set train.batch=32"),
        );
        return None;
    };
    let mut path = Vec::new();
    let mut start = 0;
    for step in key.split('.') {
        let trimmed = step.trim();
        let begin = start + (step.len() - step.trim_start().len());
        path.push((
            trimmed.to_owned(),
            Place::new(source, begin..begin + trimmed.len()),
        ));
        start += step.len() + 1;
    }
    if path.iter().any(|(step, _)| step.is_empty()) {
        let place = Place::new(source, 0..key.len());
        problems.list.push(
            Problem::at(Code::BadSet, &place, "a part of the key is empty")
                .help("for example: --set train.batch=32"),
        );
        return None;
    }
    let offset = key.len() + 1;
    let place = Place::new(source, offset..set.len());
    let document = format!("v = {text}");
    let (parsed, errors) = DeTable::parse_recoverable(&document);
    let mut overflow = Vec::new();
    let value = if errors.is_empty() {
        from_parsed(&parsed, source, &mut overflow)
            .entries
            .pop()
            .map(|entry| entry.node.value)
    } else {
        None
    };
    let mut node = Node {
        value: value.unwrap_or_else(|| Value::String(text.trim().to_owned())),
        place: place.clone(),
    };
    replace_places(&mut node, &place);
    Some((path, node))
}

/// Everything inside a `--set` value is shown as the whole value: its own offsets are those of another text.
fn replace_places(node: &mut Node, place: &Place) {
    node.place = place.clone();
    match &mut node.value {
        Value::Array(items) => items.iter_mut().for_each(|item| replace_places(item, place)),
        Value::Table(table) => table.entries.iter_mut().for_each(|entry| {
            entry.key_place = place.clone();
            replace_places(&mut entry.node, place);
        }),
        _ => {}
    }
}

/// Sets one value. The stage (or `[vars]`) must be there; whether the key is known to the stage is
/// checked later with all others.
pub(super) fn apply_set(table: &mut Table, path: &[(String, Place)], new: Node, problems: &mut Problems) {
    let Some(((key, place), rest)) = path.split_first() else {
        return;
    };
    if rest.is_empty() {
        let known_top = ["title", "seed"];
        if known_top.contains(&key.as_str()) {
            set_entry(table, key, place, new);
        } else {
            let help = if table.get(key).is_some_and(|node| node.as_table().is_some()) {
                format!("`{key}` is a table; set one of its keys: --set {key}.KEY=VALUE")
            } else {
                suggest::help(key, known_top).unwrap_or_default()
            };
            problems
                .list
                .push(Problem::at(Code::BadSet, place, format!("`{key}` cannot be set")).help(help));
        }
        return;
    }
    if key == labels::KEY && table.get(key).is_none() {
        let value = Value::Table(Table::default());
        set_entry(
            table,
            key,
            place,
            Node {
                value,
                place: place.clone(),
            },
        );
    }
    let tables: Vec<String> = table
        .entries
        .iter()
        .filter(|entry| entry.node.as_table().is_some())
        .map(|entry| entry.key.clone())
        .collect();
    let Some(Node {
        value: Value::Table(inner),
        ..
    }) = table.get_mut(key)
    else {
        let mut problem = Problem::at(Code::BadSet, place, format!("the recipe has no stage `{key}`"));
        problem.help = suggest::help(key, tables.iter().map(String::as_str));
        problems.list.push(problem);
        return;
    };
    if key == "vars" && rest.len() == 1 && inner.get(&rest[0].0).is_none() {
        let (name, place) = &rest[0];
        let mut problem = Problem::at(
            Code::BadSet,
            place,
            format!("the recipe declares no variable `{name}`"),
        );
        problem.help = suggest::help(name, inner.entries.iter().map(|entry| entry.key.as_str()));
        problems.list.push(problem);
        return;
    }
    if let [(step, step_place)] = rest
        && step == "use"
        && let Value::String(new_use) = &new.value
        && inner.string("use") != Some(new_use)
    {
        // Parameters of one stage mean nothing to another.
        inner.entries.clear();
        set_entry(inner, "use", step_place, new);
        return;
    }
    set_below(inner, rest, new, problems);
}

fn set_below(table: &mut Table, path: &[(String, Place)], new: Node, problems: &mut Problems) {
    let Some(((key, place), rest)) = path.split_first() else {
        return;
    };
    let Some((next, next_place)) = rest.first() else {
        set_entry(table, key, place, new);
        return;
    };
    match table.get_mut(key).map(|node| &mut node.value) {
        Some(Value::Table(inner)) => set_below(inner, rest, new, problems),
        Some(Value::Array(items)) => {
            let count = items.len();
            match next.parse::<usize>().ok().and_then(|index| items.get_mut(index)) {
                Some(item) => match (&mut item.value, rest.len()) {
                    (_, 1) => *item = new,
                    (Value::Table(inner), _) => set_below(inner, &rest[1..], new, problems),
                    _ => problems.list.push(Problem::at(
                        Code::BadSet,
                        next_place,
                        format!("entry {next} of `{key}` is not a table"),
                    )),
                },
                None => problems.list.push(
                    Problem::at(Code::BadSet, next_place, format!("`{key}` has no entry {next}"))
                        .help(format!("its {count} entries are counted from 0")),
                ),
            }
        }
        // Whether the stage knows such a table is checked with all other keys.
        None => {
            let mut inner = Table::default();
            set_below(&mut inner, rest, new, problems);
            let node = Node {
                place: place.clone(),
                value: Value::Table(inner),
            };
            set_entry(table, key, place, node);
        }
        Some(_) => problems.list.push(Problem::at(
            Code::BadSet,
            place,
            format!("`{key}` is no table to set `{next}` in"),
        )),
    }
}

fn set_entry(table: &mut Table, key: &str, place: &Place, node: Node) {
    match table.entries.iter_mut().find(|entry| entry.key == key) {
        Some(entry) => {
            entry.key_place = place.clone();
            entry.node = node;
        }
        None => table.entries.push(Entry {
            key: key.to_owned(),
            key_place: place.clone(),
            node,
        }),
    }
}
