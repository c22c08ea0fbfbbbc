//! `ichflow table inspect`: what labels would match, before anything runs.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches, value_parser};
use ichflow_api::command::{Application, Outcome};
use ichflow_api::counted::counted;
use ichflow_api::prelude::*;
use serde_json::json;

use super::guess::{guess, set_of};
use super::stage::found;
use super::{LabelFile, LabelTable, Matched, Table, matched};
use crate::kinds::Kind;

/// Rows and slices without a partner that are shown of each table.
const SHOWN: usize = 10;

fn define() -> clap::Command {
    clap::Command::new("table")
        .about("Look at labels of one's own")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            clap::Command::new("inspect")
                .about("Show which slices a recipe's labels would match, and what finds no partner; reads headers, no pixels")
                .after_help(
                    "WHAT is a recipe whose loader is `table`, or a directory followed by CSVs of labels, whose key and \
                     labels are guessed then.\nKeys of rows may name patients: they are shown with --identify alone.\n\
                     Exit codes: 0 if every row and every slice has a partner, 3 if some have none, 1 if all have none.",
                )
                .arg(
                    Arg::new("what")
                        .value_name("WHAT")
                        .required(true)
                        .num_args(1..)
                        .value_parser(value_parser!(PathBuf)),
                )
                .arg(
                    Arg::new("set")
                        .long("set")
                        .value_name("KEY=VALUE")
                        .action(ArgAction::Append)
                        .help("Set one value over the recipe's"),
                )
                .arg(
                    Arg::new("json")
                        .long("json")
                        .action(ArgAction::SetTrue)
                        .help("Print one JSON object, with everything that has no partner"),
                )
                .arg(
                    Arg::new("identify")
                        .long("identify")
                        .action(ArgAction::SetTrue)
                        .help("Show the keys of rows without an image"),
                ),
        )
}

fn run(matches: &ArgMatches, application: &dyn Application) -> Result<Outcome> {
    let Some(matches) = matches.subcommand_matches("inspect") else {
        return Err(Error::new("`ichflow table` needs a command"));
    };
    let what: Vec<PathBuf> = matches.get_many("what").into_iter().flatten().cloned().collect();
    let sets: Vec<String> = matches.get_many("set").into_iter().flatten().cloned().collect();
    let directory = std::env::temp_dir().join(format!("ichflow-table-{}", std::process::id()));
    std::fs::create_dir_all(&directory).at("create the directory", &directory)?;
    let seen = application.run_context(&directory, "cpu").and_then(|run| {
        let context = Context::new(&run, "load", Table::NAME, "inspect");
        match what.split_first() {
            Some((recipe, [])) if recipe.is_file() => of_recipe(recipe, &sets, application, &context),
            Some((root, csvs)) if !csvs.is_empty() && sets.is_empty() => of_files(root, csvs, &context),
            _ => Err(
                Error::new("name a recipe, or a directory and the CSVs of its labels")
                    .help("`ichflow table inspect recipe.toml`, or `ichflow table inspect DIR labels.csv`"),
            ),
        }
    });
    let _ = std::fs::remove_dir_all(&directory);
    let seen = seen?;
    let identify = matches.get_flag("identify");
    let text = match matches.get_flag("json") {
        true => format!("{}\n", seen.json(identify)),
        false => seen.text(identify),
    };
    std::io::stdout()
        .lock()
        .write_all(text.as_bytes())
        .doing("cannot write to the standard output")?;
    let labelled = seen.matches.labels.iter().flatten().count();
    if labelled == 0 {
        return Err(
            Error::new("no slice has a label").help("is it the right key? `--identify` shows keys of rows")
        );
    }
    Ok(Outcome::of_missing(
        seen.matches.rows.len() + seen.matches.slices.len(),
    ))
}

/// What would match.
struct Seen {
    root: PathBuf,
    set: LabelSet,
    tables: Vec<LabelTable>,
    /// How tables would be read, where that was guessed.
    guesses: Vec<String>,
    slices: Vec<Slice>,
    matches: Matched,
}

fn of_recipe(
    recipe: &Path,
    sets: &[String],
    application: &dyn Application,
    context: &Context,
) -> Result<Seen> {
    let resolved = application.resolve(recipe, sets)?;
    let resolved = resolved
        .into_iter()
        .next()
        .ok_or_else(|| Error::new("the recipe has no stages"))?;
    let stage = resolved
        .stages
        .iter()
        .find(|stage| stage.registration.name == Table::NAME);
    let stage = stage.ok_or_else(|| {
        Error::new(format!("{} has no stage `{}`", recipe.display(), Table::NAME))
            .help("`ichflow table inspect DIR labels.csv` looks at files without a recipe")
    })?;
    let params = stage.stage.params()?;
    let table: Table = params
        .try_into()
        .doing("cannot read the parameters of the loader")?;
    seen(&table, resolved.labels, Vec::new(), context)
}

fn of_files(root: &Path, csvs: &[PathBuf], context: &Context) -> Result<Seen> {
    let mut table = Table {
        path: root.to_owned(),
        labels: Vec::new(),
        test_path: None,
        test_labels: Vec::new(),
        max_quarantined: None,
        exclude: Kind::all(),
    };
    let slices = found(&table, context)?.slices;
    let (mut labels, mut guesses): (Vec<String>, Vec<String>) = Default::default();
    for csv in csvs {
        let guess = guess(csv, &slices, root)?.ok_or_else(|| {
            Error::new(format!(
                "{} has no column of labels, or none of a key",
                csv.display()
            ))
            .help("write a recipe that says what its columns mean, and inspect that")
        })?;
        let name = csv.display();
        guesses.extend(
            guess
                .found
                .iter()
                .chain(&guess.guessed)
                .map(|text| format!("{name}: {text}")),
        );
        for label in guess.labels {
            if !labels.contains(&label) {
                labels.push(label);
            }
        }
        table.labels.push(guess.file);
    }
    let set = set_of(&labels)?;
    matched_with(&table, set, guesses, slices)
}

fn seen(table: &Table, set: LabelSet, guesses: Vec<String>, context: &Context) -> Result<Seen> {
    let slices = found(table, context)?.slices;
    matched_with(table, set, guesses, slices)
}

fn matched_with(table: &Table, set: LabelSet, guesses: Vec<String>, slices: Vec<Slice>) -> Result<Seen> {
    let is_test = |slice: &Slice| {
        table
            .test_path
            .as_ref()
            .is_some_and(|test| slice.file.starts_with(test))
    };
    let slices: Vec<Slice> = slices.into_iter().filter(|slice| !is_test(slice)).collect();
    let read = |file: &LabelFile| LabelTable::read(file, &set);
    let tables = table
        .labels
        .iter()
        .map(read)
        .collect::<Result<Vec<LabelTable>>>()?;
    let matches = matched(&tables, &slices, &table.path, &set)?;
    Ok(Seen {
        root: table.path.clone(),
        set,
        tables,
        guesses,
        slices,
        matches,
    })
}

impl Seen {
    /// Of each label: positive, negative and missing slices among those that match.
    fn counts(&self) -> Vec<[usize; 3]> {
        let mut counts = vec![[0; 3]; self.set.len()];
        for labels in self.matches.labels.iter().flatten() {
            for (label, counts) in counts.iter_mut().enumerate() {
                counts[match labels.positive(label) {
                    Some(true) => 0,
                    Some(false) => 1,
                    None => 2,
                }] += 1;
            }
        }
        counts
    }

    fn text(&self, identify: bool) -> String {
        let labelled = self.matches.labels.iter().flatten().count();
        let mut lines = vec![format!(
            "{}: {}",
            self.root.display(),
            counted(self.slices.len(), "slice", "slices")
        )];
        lines.extend(self.guesses.iter().cloned());
        for (table, matched) in self.tables.iter().zip(&self.matches.rows_matched) {
            lines.extend(table.remarks.iter().cloned());
            lines.push(format!(
                "{}: {matched} of {} with an image",
                table.name,
                counted(table.rows.len(), "key", "keys")
            ));
        }
        lines.push(format!(
            "labels of a {}: {labelled} of {} with a label",
            self.matches.level,
            counted(self.slices.len(), "slice", "slices")
        ));
        let width = self
            .set
            .names()
            .iter()
            .map(|name| name.chars().count())
            .max()
            .unwrap_or(0);
        lines.push(format!("  {:<width$}  positive  negative   missing", "label"));
        for (name, [positive, negative, missing]) in self.set.names().iter().zip(self.counts()) {
            lines.push(format!(
                "  {name:<width$}  {positive:>8}  {negative:>8}  {missing:>8}"
            ));
        }
        lines.extend(self.matches.remarks.iter().cloned());
        if identify {
            for row in self.matches.rows.iter().take(SHOWN) {
                lines.push(format!(
                    "  {}, line {}: {}: {}",
                    row.table, row.line, row.key, row.reason
                ));
            }
            let more = self.matches.rows.len().saturating_sub(SHOWN);
            if more > 0 {
                lines.push(format!(
                    "  and {}; --json has all",
                    counted(more, "row more", "rows more")
                ));
            }
        }
        lines.join("\n") + "\n"
    }

    fn json(&self, identify: bool) -> serde_json::Value {
        let labels: serde_json::Map<String, serde_json::Value> = self
            .set
            .names()
            .iter()
            .zip(self.counts())
            .map(|(name, [positive, negative, missing])| {
                let counts = json!({"positive": positive, "negative": negative, "missing": missing});
                (name.clone(), counts)
            })
            .collect();
        let tables: Vec<_> = self
            .tables
            .iter()
            .zip(&self.matches.rows_matched)
            .map(|(table, matched)| {
                json!({
                    "name": table.name,
                    "key": table.key,
                    "keys": table.rows.len(),
                    "matched": matched,
                    "lines_without_key": table.keyless,
                    "remarks": table.remarks,
                })
            })
            .collect();
        let rows: Vec<_> = self
            .matches
            .rows
            .iter()
            .map(|row| {
                let mut object = json!({"table": row.table, "line": row.line, "reason": row.reason});
                if identify {
                    object["key"] = json!(row.key);
                }
                object
            })
            .collect();
        let slices: Vec<_> = self
            .matches
            .slices
            .iter()
            .map(|one| json!({"id": self.slices[one.place].id, "reason": one.reason}))
            .collect();
        json!({
            "path": self.root.display().to_string(),
            "slices": self.slices.len(),
            "labelled": self.matches.labels.iter().flatten().count(),
            "level": self.matches.level,
            "labels": labels,
            "tables": tables,
            "guesses": self.guesses,
            "remarks": self.matches.remarks,
            "rows_without_image": rows,
            "slices_without_label": slices,
        })
    }
}

ichflow_api::register_command!(define, with run);

#[cfg(test)]
mod command_tests {
    #[test]
    fn the_definition_is_sound() {
        super::define().debug_assert();
    }
}
