//! `ichflow phantom DIR`: a phantom as files, for any program that reads the competition's data.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use clap::{Arg, ArgAction, ArgMatches, value_parser};
use ichflow_api::context::{Observer, Silent};
use ichflow_api::data::labels::rsna::LABELS;
use ichflow_api::prelude::*;

use super::{Extent, Hospital, Phantom, Truth, write};

fn define() -> clap::Command {
    let number =
        |name: &'static str, help: &'static str, default: usize, range: std::ops::RangeInclusive<u64>| {
            Arg::new(name)
                .long(name)
                .value_name("N")
                .help(format!("{help} [default: {default}]"))
                .value_parser(value_parser!(u64).range(range))
        };
    let fraction = |name: &'static str, help: &'static str, default: f64, most: f64| {
        Arg::new(name)
            .long(name)
            .value_name("X")
            .help(format!("{help} [default: {default}]"))
            .value_parser(move |text: &str| match text.parse::<f64>() {
                Ok(number) if (0.0..=most).contains(&number) => Ok(number),
                _ => Err(format!("not a number from 0 to {most}")),
            })
    };
    let usual = Phantom::default();
    clap::Command::new("phantom")
        .about("Write a synthetic cohort in the competition's format")
        .arg(
            Arg::new("directory")
                .value_name("DIR")
                .help("Where to write; made if absent, otherwise it must be empty")
                .required(true)
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(number(
            "patients",
            "Training patients",
            usual.patients,
            1..=10_000,
        ))
        .arg(number(
            "test-patients",
            "Test patients",
            usual.test_patients,
            1..=10_000,
        ))
        .arg(number("slices", "Slices of each patient", usual.slices, 1..=200))
        .arg(number(
            "size",
            "Height and width of a slice, in pixels",
            usual.size,
            64..=1024,
        ))
        .arg(number(
            "seed",
            "The same seed makes the same files",
            0,
            0..=u64::MAX,
        ))
        .arg(fraction(
            "positive",
            "Share of patients who bleed",
            usual.positive,
            1.0,
        ))
        .arg(fraction(
            "faint",
            "Share of bleeds that hardly stand out from grey matter",
            usual.faint,
            1.0,
        ))
        .arg(fraction(
            "mimics",
            "Mean number a patient of things that look like a bleed in one slice alone",
            usual.mimics,
            100.0,
        ))
        .arg(
            Arg::new("hospital")
                .long("hospital")
                .value_name("NAME")
                .help("A made-up hospital, whose scanner makes the images and is named in headers")
                .value_parser(Hospital::ALL.map(Hospital::name)),
        )
        .arg(Arg::new("masks").long("masks").action(ArgAction::SetTrue).help(
            "Also write where there is blood: masks/ID.png, bit l of a pixel for the l-th label, any being 0",
        ))
}

fn run(matches: &ArgMatches) -> Result<()> {
    let Some(directory) = matches.get_one::<PathBuf>("directory") else {
        return Err(Error::new("no directory was given"));
    };
    let number = |name, usual| {
        matches
            .get_one::<u64>(name)
            .map_or(usual, |number| *number as usize)
    };
    let fraction = |name, usual| matches.get_one::<f64>(name).copied().unwrap_or(usual);
    let usual = Phantom::default();
    let extent = Extent {
        patients: number("patients", usual.patients),
        test_patients: number("test-patients", usual.test_patients),
        slices: number("slices", usual.slices),
        size: number("size", usual.size),
        positive: fraction("positive", usual.positive),
        faint: fraction("faint", usual.faint),
        mimics: fraction("mimics", usual.mimics),
        hospital: matches
            .get_one::<String>("hospital")
            .and_then(|name| Hospital::ALL.into_iter().find(|hospital| hospital.name() == name)),
    };
    let seed = matches.get_one::<u64>("seed").copied().unwrap_or_default();
    let truth = make(directory, &extent, seed, matches.get_flag("masks"))?;
    print!("{}", describe(directory, &truth));
    Ok(())
}

fn make(directory: &Path, extent: &Extent, seed: u64, masks: bool) -> Result<Truth> {
    fs::create_dir_all(directory).at("create the directory", directory)?;
    let mut entries = fs::read_dir(directory).at("read the directory", directory)?;
    if entries.next().is_some() {
        return Err(
            Error::new(format!("the directory {} is not empty", directory.display()))
                .help("name another one; nothing is ever overwritten"),
        );
    }
    // The command runs outside a recipe: Ctrl-C ends the process, and there is nothing to tidy up.
    static NEVER: AtomicBool = AtomicBool::new(false);
    let progress = Silent.progress("phantom", "drawing", extent.total() as u64, "slices");
    write(directory, extent, seed, masks, &NEVER, &*progress)
}

fn describe(directory: &Path, truth: &Truth) -> String {
    let count = |test| truth.slices.iter().filter(|slice| slice.test == test).count();
    let mut text = format!(
        "{} training and {} test slices in {}\n",
        count(false),
        count(true),
        directory.display()
    );
    for (index, label) in LABELS.iter().enumerate() {
        let positive = |test| {
            let of_part = truth.slices.iter().filter(move |slice| slice.test == test);
            of_part.filter(|slice| slice.labels[index]).count()
        };
        text += &format!(
            "{label:>18}{:>6} training{:>6} test\n",
            positive(false),
            positive(true)
        );
    }
    if let Some(id) = &truth.truncated {
        text += &format!("{id}.dcm is cut short, as one file of the competition is\n");
    }
    text
}

ichflow_api::register_command!(define, run);

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Extent = Extent {
        patients: 2,
        test_patients: 1,
        slices: 2,
        size: 64,
        positive: 0.5,
        faint: 0.0,
        mimics: 0.0,
        hospital: None,
    };

    #[test]
    fn the_definition_is_sound() {
        define().debug_assert();
        let matches = define().try_get_matches_from(["phantom", "somewhere", "--size", "63"]);
        assert!(matches.unwrap_err().to_string().contains("63"));
    }

    #[test]
    fn it_says_what_it_wrote_and_overwrites_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let truth = make(directory.path(), &SMALL, 1, false).unwrap();
        let text = describe(directory.path(), &truth);
        assert!(text.starts_with("4 training and 2 test slices in "), "{text}");
        let error = make(directory.path(), &SMALL, 1, false).unwrap_err();
        assert!(error.to_string().ends_with("is not empty"), "{error}");
    }
}
