//! The command `score` and its arguments.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, value_parser};
use ichflow_api::prelude::*;

use super::files::{self, Files};
use super::text;
use crate::settings::Evaluate;

fn define() -> clap::Command {
    let usual = Evaluate::default();
    let file = |name: &'static str, help: &'static str| {
        Arg::new(name).help(help).value_parser(value_parser!(PathBuf))
    };
    let number = |name: &'static str, help: &'static str, usual: String| {
        Arg::new(name)
            .long(name)
            .value_name("N")
            .help(format!("{help} [default: {usual}]"))
    };
    clap::Command::new("score")
        .about("Measure predictions against the truth")
        .after_help(
            "Both files are CSVs, either wide (`id,any,epidural,intraparenchymal,intraventricular,\
             subarachnoid,subdural`, other columns are left alone) or the competition's (`ID,Label`). A run's \
             `cohort.csv` is a truth too. 95 % intervals need a column `patient` in TRUTH, or --patients.",
        )
        .arg(
            file("predictions", "Probabilities, 0 to 1")
                .value_name("PREDICTIONS")
                .required(true),
        )
        .arg(file("truth", "Truth, 0 or 1").value_name("TRUTH").required(true))
        .arg(
            file("against", "Other predictions of the same slices, to compare with")
                .long("against")
                .value_name("PREDICTIONS"),
        )
        .arg(
            file("patients", "A CSV with the columns `id` and `patient`")
                .long("patients")
                .value_name("CSV"),
        )
        .arg(
            Arg::new("labels")
                .long("labels")
                .value_name("NAMES")
                .value_delimiter(',')
                .help("Labels of one's own, as their columns are called: `fracture,bleed` [default: the challenge's six]"),
        )
        .arg(
            Arg::new("level")
                .long("level")
                .value_name("LEVEL")
                .value_parser(Level::ALL.map(Level::name))
                .default_value(Level::Slice.name())
                .help(
                    "What is judged. Of a series, study or patient the highest probability of a slice counts, and TRUTH needs a \
                     column of that name, as a run's cohort.csv has it",
                ),
        )
        .arg(
            Arg::new("prevalences")
                .long("prevalences")
                .value_name("SHARES")
                .value_delimiter(',')
                .value_parser(value_parser!(f64))
                .help(format!(
                    "Assumed shares of positive exams, for PPV, NPV and alarms a day [default: {}]",
                    usual.prevalences.iter().map(f64::to_string).collect::<Vec<_>>().join(",")
                )),
        )
        .arg(
            number("exams-a-day", "Assumed exams a day", usual.exams_a_day.to_string())
                .value_parser(value_parser!(f64)),
        )
        .arg(
            number(
                "max-fpr",
                "The largest false positive rate of the partial AUROC",
                usual.max_fpr.to_string(),
            )
            .value_parser(value_parser!(f64)),
        )
        .arg(
            Arg::new("partial")
                .long("partial")
                .action(ArgAction::SetTrue)
                .help("Leave out slices without a prediction instead of refusing"),
        )
        .arg(
            Arg::new("json")
                .long("json")
                .action(ArgAction::SetTrue)
                .help("Print JSON with every digit"),
        )
        .arg(number("eps", "Probabilities are clipped to [eps, 1 − eps]", usual.eps.to_string())
            .value_parser(value_parser!(f64)))
        .arg(
            number(
                "bootstrap",
                "Draws of patients for the intervals",
                usual.bootstrap.to_string(),
            )
            .value_parser(value_parser!(u64).range(0..=100_000)),
        )
        .arg(
            number(
                "bins",
                "Bins of the expected calibration error",
                usual.calibration_bins.to_string(),
            )
            .value_parser(value_parser!(u64).range(1..=1000)),
        )
        .arg(
            number(
                "threshold",
                "Probabilities at or above it are called positive",
                usual.threshold.to_string(),
            )
            .value_parser(value_parser!(f64)),
        )
        .arg(
            number(
                "specificity",
                "Where the sensitivity is looked for",
                usual.specificity.to_string(),
            )
            .value_parser(value_parser!(f64)),
        )
        .arg(
            number(
                "clip",
                "The score is also given with probabilities clipped to [clip, 1 − clip], as a submission's are",
                format!("{:e}", usual.submission_clip),
            )
            .value_parser(value_parser!(f64)),
        )
        .arg(
            number("seed", "The same seed gives the same intervals", "0".into())
                .value_parser(value_parser!(u64)),
        )
}

fn run(matches: &ArgMatches) -> Result<()> {
    let settings = settings(matches)?;
    let path = |name: &str| matches.get_one::<PathBuf>(name).map(PathBuf::as_path);
    let (Some(predictions), Some(truth)) = (path("predictions"), path("truth")) else {
        return Err(Error::new("two files are needed: predictions and truth"));
    };
    let seed = matches.get_one::<u64>("seed").copied().unwrap_or_default();
    let score = files::measure(
        &Files {
            predictions,
            truth,
            against: path("against"),
            patients: path("patients"),
            labels: labels(matches)?,
            level: level(matches),
            partial: matches.get_flag("partial"),
        },
        settings,
        seed,
    )?;
    if matches.get_flag("json") {
        let text = serde_json::to_string_pretty(&score).doing("cannot write the metrics as JSON")?;
        println!("{text}");
    } else {
        print!("{}", text::of(&score));
    }
    Ok(())
}

/// Labels of one's own count alike; `any` among them is the union.
fn labels(matches: &ArgMatches) -> Result<LabelSet> {
    let Some(names) = matches.get_many::<String>("labels") else {
        return Ok(LabelSet::default());
    };
    let names: Vec<String> = names.map(|name| name.trim().to_owned()).collect();
    if names == LabelSet::rsna().names() {
        return Ok(LabelSet::rsna());
    }
    let union = names.iter().any(|name| name == "any").then_some("any");
    let weights = vec![1.0; names.len()];
    LabelSet::new(names, union, weights)
}

fn level(matches: &ArgMatches) -> Level {
    let named = matches.get_one::<String>("level");
    let found = |level: &Level| named.is_some_and(|name| name == level.name());
    Level::ALL.into_iter().find(found).unwrap_or_default()
}

fn prevalences(matches: &ArgMatches, usual: Vec<f64>) -> Result<Vec<f64>> {
    let Some(given) = matches.get_many::<f64>("prevalences") else {
        return Ok(usual);
    };
    let given: Vec<f64> = given.copied().collect();
    match given.iter().find(|share| !(**share > 0.0 && **share < 1.0)) {
        None => Ok(given),
        Some(wrong) => Err(Error::new(format!(
            "--prevalences must lie between 0 and 1, not be {wrong}: where no exam or every exam is positive, calls are worth \
             nothing"
        ))),
    }
}

fn settings(matches: &ArgMatches) -> Result<Evaluate> {
    let usual = Evaluate::default();
    let real = |name: &str, usual: f64, low: f64, high: f64| {
        let value = matches.get_one::<f64>(name).copied().unwrap_or(usual);
        if (low..=high).contains(&value) {
            Ok(value)
        } else {
            Err(Error::new(format!(
                "--{name} must lie between {low} and {high}, not be {value}"
            )))
        }
    };
    let whole = |name: &str, usual: usize| matches.get_one::<u64>(name).map_or(usual, |n| *n as usize);
    Ok(Evaluate {
        min_group: usual.min_group,
        // A loss must stay finite: nothing smaller than this is above 0 beside 1.
        eps: real("eps", usual.eps, f64::MIN_POSITIVE, 0.1)?,
        bootstrap: whole("bootstrap", usual.bootstrap),
        calibration_bins: whole("bins", usual.calibration_bins),
        threshold: real("threshold", usual.threshold, 0.0, 1.0)?,
        specificity: real("specificity", usual.specificity, 0.0, 1.0)?,
        submission_clip: real("clip", usual.submission_clip, 0.0, 0.5)?,
        max_fpr: real("max-fpr", usual.max_fpr, f64::MIN_POSITIVE, 1.0)?,
        exams_a_day: real("exams-a-day", usual.exams_a_day, 0.0, 1e6)?,
        prevalences: prevalences(matches, usual.prevalences)?,
    })
}

ichflow_api::register_command!(define, run);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        define().debug_assert();
        let matches = |arguments: &[&str]| {
            define().get_matches_from([&["score", "a.csv", "b.csv"], arguments].concat())
        };
        assert_eq!(
            settings(&matches(&["--threshold", "0.2"])).unwrap().threshold,
            0.2
        );
        for wrong in [["--threshold", "2"], ["--eps", "0"], ["--specificity", "NaN"]] {
            assert!(settings(&matches(&wrong)).is_err(), "{wrong:?}");
        }
    }
}
