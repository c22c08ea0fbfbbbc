//! The command `compare` and its arguments.

use std::fs;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, value_parser};
use ichflow_api::data::comparison::html;
use ichflow_api::prelude::*;

use super::runs::{BOOTSTRAP, compare};
use super::{json, text};

fn define() -> clap::Command {
    clap::Command::new("compare")
        .about("Compare runs: what differs in their recipes, scores with paired intervals, curves, cost")
        .after_help(
            "RUN is the directory of a run, its `latest` link, or a directory of runs. Runs are sorted by the \
             weighted log loss of their validation slices. Where two were measured on the same slices, both are \
             measured on the same resampled patients; else the difference is given unpaired. Runs that failed \
             or were interrupted are listed with the reason.",
        )
        .arg(
            Arg::new("runs")
                .value_name("RUN")
                .help("Directories of runs")
                .required(true)
                .num_args(1..)
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(
            Arg::new("out")
                .long("out")
                .value_name("FILE.html")
                .help("Write the comparison as one HTML page")
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(
            Arg::new("json")
                .long("json")
                .action(ArgAction::SetTrue)
                .help("Print JSON with every digit"),
        )
        .arg(
            Arg::new("baseline")
                .long("baseline")
                .value_name("RUN")
                .help("The run to compare the others with [default: the best]")
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(
            Arg::new("bootstrap")
                .long("bootstrap")
                .value_name("N")
                .help(format!(
                    "Draws of patients for the paired intervals [default: {BOOTSTRAP}]"
                ))
                .value_parser(value_parser!(u64).range(0..=100_000)),
        )
}

fn run(matches: &ArgMatches) -> Result<()> {
    let paths: Vec<PathBuf> = matches
        .get_many::<PathBuf>("runs")
        .map(|paths| paths.cloned().collect())
        .unwrap_or_default();
    let baseline = matches.get_one::<PathBuf>("baseline");
    let bootstrap = matches
        .get_one::<u64>("bootstrap")
        .map_or(BOOTSTRAP, |draws| *draws as usize);
    let comparison = compare(&paths, baseline.map(PathBuf::as_path), bootstrap)?;
    if let Some(path) = matches.get_one::<PathBuf>("out") {
        fs::write(path, html(&comparison)?).at("write", path)?;
        eprintln!("page written to {}", path.display());
    }
    if matches.get_flag("json") {
        let text = serde_json::to_string_pretty(&json::of(&comparison))
            .doing("cannot write the comparison as JSON")?;
        println!("{text}");
    } else {
        print!("{}", text::of(&comparison));
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
