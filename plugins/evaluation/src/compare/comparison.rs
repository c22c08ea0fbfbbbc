//! Runs side by side: sorted by score, each compared with one of them, repeated seeds put together.

use std::path::Path;

use ichflow_api::data::comparison::{Comparison, Ranked, Run, Variant, Versus, called, settings};
use ichflow_api::metrics::{Interval, PairedDifference};
use ichflow_api::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::record::RunRecord;
use super::validation::Validation;
use crate::measures::versus_rows;
use crate::settings::Evaluate;

/// A run that can be compared.
struct Candidate {
    run: Run,
    /// The weighted log loss of its validation slices.
    score: f64,
    /// The predictions behind it; else why they are not there.
    validation: Result<Validation, String>,
}

/// Compares runs; `baseline` is one of them, the best if it is not said. An error if none is comparable.
pub(super) fn of(runs: Vec<RunRecord>, baseline: Option<&Path>, bootstrap: usize) -> Result<Comparison> {
    let mut candidates = Vec::new();
    let mut others = Vec::new();
    for RunRecord { run, validation } in runs {
        match run.score().filter(|_| run.stopped.is_none()) {
            Some(score) => candidates.push(Candidate {
                run,
                score,
                validation,
            }),
            None => others.push(run),
        }
    }
    if candidates.is_empty() {
        return Err(nothing(&others));
    }
    candidates.sort_by(|a, b| {
        a.score
            .total_cmp(&b.score)
            .then_with(|| a.run.name.cmp(&b.run.name))
    });
    let place = match baseline {
        None => 0,
        Some(path) => candidates
            .iter()
            .position(|one| one.run.directory == path)
            .ok_or_else(|| no_baseline(path, &others))?,
    };
    let versus: Vec<Option<Versus>> = candidates
        .iter()
        .enumerate()
        .map(|(at, run)| (at != place).then(|| versus(run, &candidates[place], bootstrap)))
        .collect();
    let ranked: Vec<Ranked> = candidates
        .into_iter()
        .zip(versus)
        .map(|(one, versus)| Ranked {
            run: one.run,
            score: one.score,
            versus,
        })
        .collect();
    let recipes: Vec<_> = ranked
        .iter()
        .map(|ranked| ranked.run.settings.as_slice())
        .collect();
    let keys = settings::differing(&recipes)
        .into_iter()
        .map(str::to_owned)
        .collect();
    Ok(Comparison {
        keys,
        variants: variants(&ranked),
        remarks: remarks(&ranked, place),
        baseline: place,
        ranked,
        others,
    })
}

fn nothing(others: &[Run]) -> Error {
    let reasons: Vec<String> = others
        .iter()
        .map(|run| format!("{}: {}", run.name, run.stopped.as_deref().unwrap_or("no score")))
        .collect();
    Error::new(format!("there is nothing to compare: {}", reasons.join("; ")))
        .help("name directories of runs that came to their end and measured their predictions (`evaluate`)")
}

fn no_baseline(path: &Path, others: &[Run]) -> Error {
    let why = others
        .iter()
        .find(|run| run.directory == path)
        .and_then(|run| run.stopped.clone())
        .unwrap_or_else(|| "it is not among the runs".into());
    Error::new(format!("{} cannot be the baseline: {why}", path.display()))
}

/// The score of `run` minus that of `baseline`.
fn versus(run: &Candidate, baseline: &Candidate, bootstrap: usize) -> Versus {
    match paired(run, baseline, bootstrap) {
        Ok(PairedDifference {
            difference,
            interval,
            lower_in,
        }) => Versus {
            paired: true,
            difference,
            interval,
            lower_in,
            note: None,
        },
        Err(note) => Versus {
            paired: false,
            difference: run.score - baseline.score,
            interval: unpaired_interval(run, baseline),
            lower_in: None,
            note: Some(note),
        },
    }
}

fn validation(one: &Candidate) -> Result<&Validation, String> {
    one.validation
        .as_ref()
        .map_err(|why| format!("{}: {why}", one.run.name))
}

fn paired(run: &Candidate, baseline: &Candidate, bootstrap: usize) -> Result<PairedDifference, String> {
    let (own, theirs) = (validation(run)?, validation(baseline)?);
    let Some(rows) = theirs.rows_of(own) else {
        let shared = theirs.shared(own);
        return Err(format!(
            "not measured on the same slices: {} and {} validation slices, {shared} of them in both",
            own.ids.len(),
            theirs.ids.len()
        ));
    };
    let eps = |one: &Candidate| one.run.measured.as_ref().map(|measured| measured.eps);
    if eps(run) != eps(baseline) {
        return Err("the scores were clipped differently (`eps`)".into());
    }
    let settings = Evaluate {
        bootstrap,
        eps: eps(baseline).unwrap_or(Evaluate::default().eps),
        ..Evaluate::default()
    };
    // `versus_rows` subtracts what it is given second, so the run goes where the predictions go.
    let mut labelled = theirs.labelled.clone();
    labelled.probabilities = rows;
    versus_rows(
        &labelled,
        &theirs.labelled.probabilities,
        &settings,
        &mut ChaCha8Rng::seed_from_u64(0),
    )
    .ok_or_else(|| "no slice has a known truth".into())
}

/// The interval of a difference from the intervals of its two parts, for parts that have nothing to do with
/// each other (Zou and Donner 2008, "Construction of confidence limits about effect measures").
fn unpaired_interval(run: &Candidate, baseline: &Candidate) -> Option<Interval> {
    let interval = |one: &Candidate| {
        let measured = one.run.measured.as_ref()?;
        measured.valid.weighted_log_loss_interval
    };
    let (a, b) = (interval(run)?, interval(baseline)?);
    let difference = run.score - baseline.score;
    Some(Interval {
        low: difference - (run.score - a.low).hypot(b.high - baseline.score),
        high: difference + (a.high - run.score).hypot(baseline.score - b.low),
    })
}

/// Runs whose settings are all the same, best mean first.
fn variants(ranked: &[Ranked]) -> Vec<Variant> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (place, one) in ranked.iter().enumerate() {
        let same = |group: &&mut Vec<usize>| {
            group
                .iter()
                .all(|other| ranked[*other].run.settings == one.run.settings)
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(place),
            None => groups.push(vec![place]),
        }
    }
    let mut variants: Vec<Variant> = groups.into_iter().map(|runs| variant(runs, ranked)).collect();
    variants.sort_by(|a, b| a.mean.total_cmp(&b.mean));
    variants
}

fn variant(runs: Vec<usize>, ranked: &[Ranked]) -> Variant {
    let scores: Vec<f64> = runs.iter().map(|place| ranked[*place].score).collect();
    let count = scores.len() as f64;
    let mean = scores.iter().sum::<f64>() / count;
    let squares: f64 = scores.iter().map(|score| (score - mean).powi(2)).sum();
    Variant {
        runs,
        mean,
        standard_deviation: (scores.len() > 1).then(|| (squares / (count - 1.0)).sqrt()),
        low: scores.iter().copied().fold(f64::INFINITY, f64::min),
        high: scores.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    }
}

/// What a reader should know of the comparison as a whole.
fn remarks(ranked: &[Ranked], baseline: usize) -> Vec<String> {
    let mut remarks = Vec::new();
    for (place, one) in ranked.iter().enumerate() {
        let note = one.versus.as_ref().and_then(|versus| versus.note.as_deref());
        if let Some(note) = note {
            remarks.push(format!(
                "{} is not paired with {}: {note}",
                called(ranked, place),
                called(ranked, baseline)
            ));
        }
    }
    if ranked.len() > 2 {
        remarks.push(format!(
            "the best of {} runs was chosen on the validation slices, so its score is optimistic",
            ranked.len()
        ));
    }
    remarks
}
