//! `ichflow predict BUNDLE PATH…`: probabilities of files, by a bundle.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, value_parser};
use ichflow_api::command::Application;
use ichflow_api::prelude::*;
use ichflow_api::slice_files::{self, Refused};

use super::format::Index;
use super::open::Bundle;

/// How many files that cannot be used are named.
const NAMED: usize = 5;

fn define() -> clap::Command {
    clap::Command::new("predict")
        .about("Predict files with a trained model")
        .after_help(
            "Examples:\n  \
             ichflow predict runs/b0_bsb/latest/model study/ --out predictions.csv\n  \
             ichflow predict model slice_1.dcm slice_2.dcm\n\n\
             BUNDLE is what the stage `model-bundle` has written. Nothing else is needed: neither the recipe nor its \
             data. Steps that look along a series (neighbours, smooth-z) see the slices given here. One row a slice: \
             id, file, six probabilities and, where the recipe chose thresholds, whether each label is called \
             positive.",
        )
        .arg(
            Arg::new("bundle")
                .value_name("BUNDLE")
                .required(true)
                .value_parser(value_parser!(PathBuf))
                .help("A model bundle: the directory `model` of a run"),
        )
        .arg(
            Arg::new("files")
                .value_name("PATH")
                .required(true)
                .num_args(1..)
                .value_parser(value_parser!(PathBuf))
                .help("DICOM files, or directories of them at any depth"),
        )
        .arg(
            Arg::new("out")
                .long("out")
                .value_name("CSV")
                .value_parser(value_parser!(PathBuf))
                .help("Where to write the probabilities; without it, to stdout"),
        )
        .arg(
            Arg::new("device")
                .long("device")
                .value_name("DEVICE")
                .default_value("auto")
                .help("Where to compute: auto (a GPU if there is one), cpu, cuda or cuda:N"),
        )
}

fn run(matches: &ArgMatches, application: &dyn Application) -> Result<()> {
    let directory: &PathBuf = matches
        .get_one("bundle")
        .ok_or_else(|| Error::new("name a model bundle"))?;
    let bundle = Bundle::open(directory)?;
    let paths: Vec<PathBuf> = matches.get_many("files").into_iter().flatten().cloned().collect();
    let out = matches.get_one::<PathBuf>("out");
    if let Some(parent) = out
        .and_then(|out| out.parent())
        .filter(|parent| !parent.as_os_str().is_empty())
        && !parent.is_dir()
    {
        // Found now, and not after the work.
        return Err(Error::new(format!("there is no directory {}", parent.display()))
            .help("make it, or name another place with --out"));
    }
    let found = slice_files::find(&paths)?;
    tell_refused(&found.refused);
    let files: HashMap<String, PathBuf> = found
        .cohort
        .slices
        .iter()
        .map(|slice| (slice.id.clone(), slice.file.clone()))
        .collect();
    let asked = found.cohort.len();

    // Stages of the chain may keep things; they are gone when the command is done.
    let scratch = tempfile::tempdir().doing("cannot make a directory for what is kept meanwhile")?;
    let device = matches.get_one::<String>("device").map_or("auto", String::as_str);
    let context = application.run_context(scratch.path(), device)?;
    let predictions = bundle.predict(&context, found.cohort, found.pixels)?;
    for set_aside in context.quarantined() {
        eprintln!(
            "{}: not predicted: {}",
            set_aside.file.display(),
            set_aside.reason
        );
    }
    write(out.map(PathBuf::as_path), bundle.index(), &predictions, &files)?;
    let count = predictions.slices.len();
    let left_out = match asked - count.min(asked) {
        0 => String::new(),
        missing => format!("; {missing} were set aside"),
    };
    eprintln!("{count} slices predicted{left_out}");
    Ok(())
}

ichflow_api::register_command!(define, with run);

fn tell_refused(refused: &[Refused]) {
    for file in refused.iter().take(NAMED) {
        eprintln!("{}: left out: {}", file.file.display(), file.reason);
    }
    if refused.len() > NAMED {
        eprintln!(
            "… and {} more files; `ichflow inspect` says what each is",
            refused.len() - NAMED
        );
    }
}

/// Writes the table; numbers read back bit for bit.
fn write(
    out: Option<&Path>,
    index: &Index,
    predictions: &Predictions,
    files: &HashMap<String, PathBuf>,
) -> Result<()> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let mut head = vec!["id".to_owned(), "file".to_owned()];
    head.extend(LABELS.map(str::to_owned));
    let thresholds = index.thresholds.as_ref().map(|thresholds| &thresholds.of_label);
    if thresholds.is_some() {
        head.extend(LABELS.map(|label| format!("{label}_positive")));
    }
    table.write_record(&head).doing("cannot write the table")?;
    for (slice, probabilities) in predictions.slices.iter().zip(&predictions.probabilities) {
        let file = files.get(&slice.id).unwrap_or(&slice.file);
        let mut row = vec![slice.id.clone(), file.display().to_string()];
        row.extend(probabilities.map(|probability| probability.to_string()));
        if let Some(thresholds) = thresholds {
            row.extend(
                probabilities
                    .iter()
                    .zip(thresholds)
                    .map(|(probability, threshold)| {
                        threshold.map_or(String::new(), |threshold| {
                            u8::from(*probability >= threshold).to_string()
                        })
                    }),
            );
        }
        table.write_record(&row).doing("cannot write the table")?;
    }
    let text = table
        .into_inner()
        .map_err(|error| Error::new(format!("cannot write the table: {error}")))?;
    match out {
        Some(path) => std::fs::write(path, text).at("write", path),
        None => {
            use std::io::Write;
            std::io::stdout()
                .write_all(&text)
                .doing("cannot write the table to stdout")
        }
    }
}
