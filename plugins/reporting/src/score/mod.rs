//! `ichflow score PREDICTIONS TRUTH`: every metric of any two CSV files, without a recipe.

pub(crate) mod table;
mod text;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches, value_parser};
use ichflow_api::data::labels::{COUNT, Labels};
use ichflow_api::metrics::{self, PairedDifference};
use ichflow_api::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::measures::{Judged, PartMetrics, Settings, versus_rows};
use table::Table;

/// What `--json` prints.
#[derive(Serialize)]
struct Score {
    /// Probabilities were clipped to `[eps, 1 − eps]` for log losses.
    eps: f64,
    /// Patients were resampled this often for the intervals.
    bootstrap: usize,
    /// Bins of the expected calibration error.
    calibration_bins: usize,
    /// Specificity at which sensitivity is given.
    specificity: f64,
    /// Every metric. `priors_log_loss` is that of the shares of the truth itself.
    score: PartMetrics,
    /// The weighted log loss less that of the other predictions.
    #[serde(skip_serializing_if = "Option::is_none")]
    versus: Option<PairedDifference>,
    /// What a reader should know about the files.
    remarks: Vec<String>,
}

fn define() -> clap::Command {
    let usual = Settings::default();
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
    let score = measure(
        &Files {
            predictions,
            truth,
            against: path("against"),
            patients: path("patients"),
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

fn settings(matches: &ArgMatches) -> Result<Settings> {
    let usual = Settings::default();
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
    Ok(Settings {
        // A loss must stay finite: nothing smaller than this is above 0 beside 1.
        eps: real("eps", usual.eps, f64::MIN_POSITIVE, 0.1)?,
        bootstrap: whole("bootstrap", usual.bootstrap),
        calibration_bins: whole("bins", usual.calibration_bins),
        threshold: real("threshold", usual.threshold, 0.0, 1.0)?,
        specificity: real("specificity", usual.specificity, 0.0, 1.0)?,
        submission_clip: real("clip", usual.submission_clip, 0.0, 0.5)?,
    })
}

/// What is compared.
struct Files<'a> {
    predictions: &'a Path,
    truth: &'a Path,
    against: Option<&'a Path>,
    patients: Option<&'a Path>,
    partial: bool,
}

fn measure(files: &Files<'_>, mut settings: Settings, seed: u64) -> Result<Score> {
    let predicted = Table::read(files.predictions)?;
    let truth = Table::read(files.truth)?;
    let mut remarks: Vec<String> = [&predicted, &truth]
        .iter()
        .filter_map(|table| table.remark())
        .collect();
    let known = truth.labels()?;
    if known.is_empty() {
        return Err(Error::new(format!(
            "{} says nothing about any slice",
            files.truth.display()
        )));
    }
    let rows = rows_of(&predicted, &known, files.predictions, files.partial, &mut remarks)?;
    let slices: Vec<(&str, Labels)> = known
        .iter()
        .zip(&rows)
        .filter(|(_, row)| row.is_some())
        .map(|((id, labels), _)| (*id, *labels))
        .collect();
    let patients = match files.patients {
        Some(path) => Some(table::patients(path)?),
        None => truth.patients(),
    };
    let (patient, count) = match &patients {
        Some(patient_of) => number_patients(&slices, patient_of)?,
        None => {
            settings.bootstrap = 0;
            remarks.push(
                "it is not known which slices belong to one patient, so there are no intervals: give TRUTH a \
                 column `patient`, or name a CSV with --patients"
                    .into(),
            );
            (vec![0; slices.len()], 0)
        }
    };
    let judged = Judged {
        truth: slices.iter().map(|(_, labels)| *labels).collect(),
        probabilities: rows.into_iter().flatten().collect(),
        patient,
        patients: count,
    };
    let nothing = || Error::new("no slice has both a prediction and a truth");
    let priors = metrics::priors(&judged.truth).ok_or_else(nothing)?;
    let rng = || ChaCha8Rng::seed_from_u64(seed);
    let score = PartMetrics::of_judged(&judged, &priors, settings, &mut rng())?.ok_or_else(nothing)?;
    let versus = match files.against {
        Some(path) => {
            let other = Table::read(path)?;
            remarks.extend(other.remark());
            let other = rows_of(&other, &slices, path, false, &mut remarks)?;
            let other: Vec<[f64; COUNT]> = other.into_iter().flatten().collect();
            versus_rows(&judged, &other, settings, &mut rng())
        }
        None => None,
    };
    Ok(Score {
        eps: settings.eps,
        bootstrap: settings.bootstrap,
        calibration_bins: settings.calibration_bins,
        specificity: settings.specificity,
        score,
        versus,
        remarks,
    })
}

/// The predictions of the slices of `known`, in their order.
fn rows_of(
    predicted: &Table,
    known: &[(&str, Labels)],
    path: &Path,
    partial: bool,
    remarks: &mut Vec<String>,
) -> Result<Vec<Option<[f64; COUNT]>>> {
    let of = predicted.probabilities()?;
    let rows: Vec<Option<[f64; COUNT]>> = known.iter().map(|(id, _)| of.get(id).copied()).collect();
    let missing: Vec<&str> = known
        .iter()
        .zip(&rows)
        .filter(|(_, row)| row.is_none())
        .map(|((id, _), _)| *id)
        .collect();
    if !missing.is_empty() {
        let text = format!(
            "{} of {} slices whose truth is known are not in {}: {}",
            missing.len(),
            known.len(),
            path.display(),
            table::examples(&missing)
        );
        if !partial {
            return Err(Error::new(text).help("to score only the slices that are in both, add --partial"));
        }
        remarks.push(text);
    }
    let surplus = of.len() - (known.len() - missing.len());
    if surplus > 0 {
        remarks.push(format!(
            "{surplus} slices of {} have no known truth and are not scored",
            path.display()
        ));
    }
    Ok(rows)
}

/// Patients numbered from 0 in the order of appearance, and how many there are.
fn number_patients(
    slices: &[(&str, Labels)],
    patient_of: &HashMap<String, String>,
) -> Result<(Vec<usize>, usize)> {
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let numbered: Result<Vec<usize>> = slices
        .iter()
        .map(|(id, _)| {
            let patient = patient_of
                .get(*id)
                .map(|patient| patient.trim())
                .filter(|p| !p.is_empty());
            let patient = patient.ok_or_else(|| Error::new(format!("it is not said whose slice {id} is")))?;
            let next = numbers.len();
            Ok(*numbers.entry(patient).or_insert(next))
        })
        .collect();
    Ok((numbered?, numbers.len()))
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
