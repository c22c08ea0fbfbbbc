//! The command: its arguments, and the order of its work.

use std::fs;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, value_parser};
use ichflow_api::data::drift::html;
use ichflow_api::prelude::*;

use super::{period, shifts, text};
use ichflow_api::bundle::Bundle;

fn define() -> clap::Command {
    clap::Command::new("drift")
        .about("Compare periods of predictions with the data a model was made with")
        .after_help(
            "Examples:\n  \
             ichflow predict model june/ --out june.csv\n  \
             ichflow drift model may.csv june.csv --out drift.html\n\n\
             BUNDLE is what `model-bundle` has written with a `data-profile` before it. A period is a table that `ichflow \
             predict` wrote with that bundle; it is called as its file. Exams (studies) are compared: the highest \
             probability of a slice for each label, how far features and histograms of HU are from the training data, \
             what headers say. Probabilities and distances are held against those of the model's validation exams, \
             headers against those of its training exams.\n\n\
             The population stability index (PSI) stands beside what chance alone would make of it. p values are Kolmogorov \
             and Smirnov's, of headers by shuffling, and adjusted for the number of all tests (Holm). They take exams as \
             independent: with several exams of a patient they are too small.",
        )
        .arg(
            Arg::new("bundle")
                .value_name("BUNDLE")
                .required(true)
                .value_parser(value_parser!(PathBuf))
                .help("A model bundle: the directory `model` of a run"),
        )
        .arg(
            Arg::new("periods")
                .value_name("PREDICTIONS")
                .required(true)
                .num_args(1..)
                .value_parser(value_parser!(PathBuf))
                .help("Tables that `ichflow predict` wrote, one a period, CSV or JSON"),
        )
        .arg(
            Arg::new("out")
                .long("out")
                .value_name("FILE.html")
                .value_parser(value_parser!(PathBuf))
                .help("Write the comparison as one HTML page"),
        )
        .arg(
            Arg::new("json")
                .long("json")
                .action(ArgAction::SetTrue)
                .help("Print JSON with every digit"),
        )
}

fn run(matches: &ArgMatches) -> Result<()> {
    let directory: &PathBuf = matches
        .get_one("bundle")
        .ok_or_else(|| Error::new("name a model bundle"))?;
    let bundle = Bundle::open(directory)?;
    let reference = bundle.reference()?.ok_or_else(|| {
        Error::new(format!(
            "{} does not know what its training data looked like",
            directory.display()
        ))
        .help("put `use = \"data-profile\"` before `model-bundle` in its recipe and run that again")
    })?;
    let labels = &bundle.index().labels;
    let periods: Vec<&PathBuf> = matches.get_many("periods").into_iter().flatten().collect();
    let periods = periods
        .into_iter()
        .map(|path| period::read(path, labels))
        .collect::<Result<Vec<_>>>()?;
    let drift = shifts::compare(bundle.index(), reference, periods)?;
    if let Some(path) = matches.get_one::<PathBuf>("out") {
        fs::write(path, html(&drift)?).at("write", path)?;
        eprintln!("page written to {}", path.display());
    }
    if matches.get_flag("json") {
        let text = serde_json::to_string_pretty(&drift).doing("cannot write the comparison as JSON")?;
        println!("{text}");
    } else {
        print!("{}", text::of(&drift));
    }
    Ok(())
}

ichflow_api::register_command!(define, run);

#[cfg(test)]
mod tests {
    #[test]
    fn the_definition_is_sound() {
        super::define().debug_assert();
    }
}
