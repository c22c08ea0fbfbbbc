//! The command: its arguments, and the order of its work.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches, value_parser};
use ichflow_api::cache::keep::write_whole;
use ichflow_api::command::{self, Application};
use ichflow_api::counted::counted;
use ichflow_api::prelude::*;
use ichflow_api::slice_files;

use super::exam_table;
use super::ood::OutOfDistribution;
use super::predicted::fill;
use super::rows::{rows_of, tell};
use super::table::{csv_text, json_text};
use ichflow_api::bundle::Bundle;

fn define() -> clap::Command {
    clap::Command::new("predict")
        .about("Predict files with a trained model")
        .after_help(
            "Examples:\n  \
             ichflow predict runs/b0_bsb/latest/model study/ --out predictions.csv\n  \
             ichflow predict model slice_1.dcm slice_2.dcm\n  \
             ichflow predict model studies/ --out slices.csv --exams exams.csv\n\n\
             BUNDLE is what the stage `model-bundle` has written. Nothing else is needed: neither the recipe nor its \
             data. Steps that look along a series (neighbours, smooth-z) see the slices given here.\n\n\
             One row per file, or a frame of a file of several: id (its SOPInstanceUID, whatever else is in the call), \
             file, a probability a label, status (`predicted` or `excluded`), the reason, frame, UIDs, warnings and, where \
             the recipe chose thresholds, whether each label is called positive. What is no axial slice of CT is \
             excluded unless --force is given. In file names, bytes that are not UTF-8 stand as \\xNN.\n\n\
             With --exams, a second table has a row per exam, if the recipe made exams of slices: its probabilities, its \
             class (high, low or uncertain) where the recipe has `triage`, how many slices it was judged by and how many were \
             excluded.\n\n\
             Where the bundle knows what its training data looked like (`data-profile`), more columns say how far the slice \
             and its exam are from that, why the exam is flagged (unlike_training: features, hu, or a header field with a \
             value never seen; empty if it is not), and what its headers say of how it was made. `ichflow drift` compares \
             such tables.\n\n\
             Exit codes: 0 if all slices are predicted, 3 if some are and others are excluded, 1 if none is. Files of a \
             directory that are something else than slices have a row and do not count.",
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
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("Where to write the probabilities; without it, to stdout"),
        )
        .arg(
            Arg::new("exams")
                .long("exams")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("Where to write what is predicted of whole exams, as the bundle makes them of slices"),
        )
        .arg(
            Arg::new("json")
                .long("json")
                .action(ArgAction::SetTrue)
                .help("Write one JSON object a line in place of CSV"),
        )
        .arg(
            Arg::new("force")
                .long("force")
                .action(ArgAction::SetTrue)
                .help("Predict what is no axial slice of CT too: the numbers then mean little"),
        )
        .arg(
            Arg::new("device")
                .long("device")
                .value_name("DEVICE")
                .default_value("auto")
                .help("Where to compute: auto (a GPU if there is one), cpu, cuda or cuda:N"),
        )
}

fn run(matches: &ArgMatches, application: &dyn Application) -> Result<command::Outcome> {
    let directory: &PathBuf = matches
        .get_one("bundle")
        .ok_or_else(|| Error::new("name a model bundle"))?;
    let bundle = Bundle::open(directory)?;
    let paths: Vec<PathBuf> = matches.get_many("files").into_iter().flatten().cloned().collect();
    let out = matches.get_one::<PathBuf>("out");
    let exams_out = matches.get_one::<PathBuf>("exams");
    check_place(out)?;
    check_place(exams_out)?;
    if exams_out.is_some() && bundle.index().exams.is_none() {
        return Err(bundle.without_exams());
    }
    let mut found = slice_files::find(&paths)?;
    let nothing = found.nothing();
    let files = std::mem::take(&mut found.files);
    let (mut rows, slices) = rows_of(files, matches.get_flag("force"));

    // Stages of the chain may keep things; they are gone when the command is done.
    let scratch = tempfile::tempdir().doing("cannot make a directory for what is kept meanwhile")?;
    let device = matches.get_one::<String>("device").map_or("auto", String::as_str);
    let mut context = application.run_context(scratch.path(), device)?;
    context.labels = bundle.index().label_set.clone();
    let reference = bundle.reference()?;
    let judged = reference.as_ref().map(|_| slices.clone()).unwrap_or_default();
    let with_exams = exams_out.is_some();
    let mut predictor = bundle.predictor(&context)?;
    let exams = fill(
        &mut rows,
        slices,
        &found.pixels,
        &mut predictor,
        &context,
        with_exams,
    )?;
    let ood = reference.map(|reference| OutOfDistribution::new(&reference.profile, &rows, &judged));
    let ood = ood.transpose()?;

    tell(&rows);
    if let Some(told) = ood.as_ref().and_then(OutOfDistribution::told) {
        eprintln!("{told}");
    }
    let thresholds = bundle.index().thresholds.as_ref();
    let thresholds = thresholds.map(|thresholds| thresholds.of_label.clone());
    let text = match matches.get_flag("json") {
        true => json_text(&rows, &bundle.index().labels, &thresholds, ood.as_ref())?,
        false => csv_text(&rows, &bundle.index().labels, &thresholds, ood.as_ref())?,
    };
    write(out.map(PathBuf::as_path), &text)?;
    if let (Some(path), Some(bundled)) = (exams_out, &bundle.index().exams) {
        let exams = exams.map_or(Vec::new(), |exams| {
            exam_table::rows_of(&exams, bundled.unit, &rows)
        });
        let labels = &bundle.index().labels;
        let text = match matches.get_flag("json") {
            true => exam_table::json_text(&exams, labels, bundled)?,
            false => exam_table::csv_text(&exams, labels, bundled)?,
        };
        write(Some(path), &text)?;
    }
    let predicted = rows.iter().filter(|row| row.reason().is_none()).count();
    let missing = rows
        .iter()
        .filter(|row| row.reason().is_some() && row.is_missed)
        .count();
    let others = rows.len() - predicted - missing;
    if predicted == 0 {
        return Err(
            match rows
                .iter()
                .find(|row| row.is_missed)
                .and_then(|row| Some((row, row.reason()?)))
            {
                Some((row, reason)) if row.frame.is_some() => {
                    Error::new(format!("no slice was predicted: {}: {reason}", row.file)).help(
                        "the table has the reason of each; --force predicts what is no axial slice of CT too",
                    )
                }
                _ => nothing,
            },
        );
    }
    let mut told = format!("{} predicted", counted(predicted, "slice", "slices"));
    for (count, what) in [
        (missing, "excluded"),
        (others, if others == 1 { "other file" } else { "other files" }),
    ] {
        if count > 0 {
            told += &format!(", {count} {what}");
        }
    }
    eprintln!("{told}");
    Ok(command::Outcome::of_missing(missing))
}

ichflow_api::register_command!(define, with run);

/// Whether the table can be written, found now and not after the work.
fn check_place(out: Option<&PathBuf>) -> Result<()> {
    if let Some(out) = out.filter(|out| out.is_dir()) {
        return Err(Error::new(format!("{} is a directory", out.display()))
            .help("name a file in it with --out, such as predictions.csv"));
    }
    let parent = out.and_then(|out| out.parent());
    match parent.filter(|parent| !parent.as_os_str().is_empty() && !parent.is_dir()) {
        Some(parent) => Err(Error::new(format!("there is no directory {}", parent.display()))
            .help("make it, or name another place with --out")),
        None => Ok(()),
    }
}

fn write(out: Option<&Path>, text: &[u8]) -> Result<()> {
    match out {
        // A table that was cut short by a full disk would look whole.
        Some(path) if !path.exists() || path.is_file() => write_whole(path, |mut file| file.write_all(text)),
        Some(path) => std::fs::write(path, text).at("write", path),
        None => match std::io::stdout().write_all(text) {
            // Whoever read this has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            written => written.doing("cannot write the table to stdout"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        define().debug_assert();
    }
}
