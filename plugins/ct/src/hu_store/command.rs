//! `ichflow store verify PATH… [--json]`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches, value_parser};
use ichflow_api::counted::counted;
use ichflow_api::prelude::*;
use walkdir::WalkDir;

use super::verify::{Report, verify};

fn define() -> clap::Command {
    clap::Command::new("store")
        .about("Look after HU stores")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            clap::Command::new("verify")
                .about("Compare every checksum of HU stores; nothing is changed")
                .arg(
                    Arg::new("paths")
                        .value_name("PATH")
                        .help(
                            "Stores, or directories below which all stores are looked at, such as runs/cache",
                        )
                        .required(true)
                        .num_args(1..)
                        .value_parser(value_parser!(PathBuf)),
                )
                .arg(
                    Arg::new("json")
                        .long("json")
                        .help("Print one JSON object a line, a store each")
                        .action(ArgAction::SetTrue),
                ),
        )
}

fn run(matches: &ArgMatches) -> Result<()> {
    let Some(matches) = matches.subcommand_matches("verify") else {
        return Err(Error::new("no such subcommand"));
    };
    let mut wrong = 0;
    for path in matches.get_many::<PathBuf>("paths").into_iter().flatten() {
        for directory in stores(path)? {
            let report = verify(&directory)?;
            wrong += usize::from(!report.is_right());
            match matches.get_flag("json") {
                true => println!(
                    "{}",
                    serde_json::to_string(&report).doing("cannot write as JSON")?
                ),
                false => print!("{}", describe(&report)),
            }
        }
    }
    match wrong {
        0 => Ok(()),
        _ => Err(Error::new(format!("{wrong} of the stores are damaged"))
            .help("run the recipe again: what is damaged is read anew from its file")),
    }
}

/// The stores at or below a path, sorted; none is an error.
fn stores(path: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in WalkDir::new(path).sort_by_file_name() {
        let entry = entry.at("search the directory", path)?;
        if entry.file_name() == "index.jsonl"
            && let Some(directory) = entry.path().parent()
            && directory.join("hu.bin").is_file()
        {
            found.push(directory.to_owned());
        }
    }
    match found.is_empty() {
        false => Ok(found),
        true => Err(Error::new(format!("no HU store lies in {}", path.display()))
            .help("a store is a directory with hu.bin and index.jsonl, below <out>/cache/hu-store")),
    }
}

/// A paragraph for people.
fn describe(report: &Report) -> String {
    let mut text = format!(
        "{}: {}, {:.1} MiB, {} unreadable when it was made\n",
        report.store.display(),
        counted(report.slices, "slice", "slices"),
        report.bytes as f64 / (1 << 20) as f64,
        report.unreadable,
    );
    let mut row = |row: String| {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "  {row}");
    };
    for damage in &report.damaged {
        row(format!(
            "{} frame {}: {}",
            damage.id, damage.frame, damage.problem
        ));
    }
    if report.broken_lines > 0 {
        row(format!(
            "{} lines of index.jsonl cannot be read",
            report.broken_lines
        ));
    }
    if report.excess_bytes > 0 {
        row(format!(
            "{} bytes of hu.bin are named by no line: a run was interrupted; the next one removes them",
            report.excess_bytes
        ));
    }
    row(match report.is_right() {
        true => format!("right, digest {}", report.digest),
        false => "damaged".into(),
    });
    text
}

ichflow_api::register_command!(define, run);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        define().debug_assert();
    }

    #[test]
    fn a_directory_without_a_store_is_said_to_be_one() {
        let directory = tempfile::tempdir().unwrap();
        let error = stores(directory.path()).unwrap_err().to_string();
        assert!(error.starts_with("no HU store lies in "), "{error}");
    }
}
