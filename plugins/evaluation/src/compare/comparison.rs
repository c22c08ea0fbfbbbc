//! Runs side by side: sorted by score, each compared with one of them, repeated seeds put together.

use std::collections::BTreeSet;
use std::path::Path;

use ichflow_api::data::comparison::{
    AurocVersus, Comparison, LabelVersus, PartMeasured, Ranked, Run, Variant, Versus, called, settings,
};
use ichflow_api::metrics::{self, Interval, PairedDifference};
use ichflow_api::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::record::RunRecord;
use super::validation::Validation;
use crate::measures::{versus_labels, versus_rows};
use crate::settings::Evaluate;

/// A run that can be compared.
struct Candidate {
    run: Run,
    /// The weighted log loss of its validation slices.
    score: f64,
    /// The predictions behind it; else why they are not there.
    validation: Result<Validation, String>,
    /// The same of whole exams.
    exams: Result<Validation, String>,
}

impl Candidate {
    /// What was measured of slices, or of exams.
    fn part(&self, of_exams: bool) -> Option<&PartMeasured> {
        let measured = self.run.measured.as_ref()?;
        match of_exams {
            true => measured.of_exams().map(|(_, part)| part),
            false => Some(&measured.valid),
        }
    }

    /// The predictions behind that; else why they are not there.
    fn predictions(&self, of_exams: bool) -> Result<&Validation, String> {
        let found = if of_exams { &self.exams } else { &self.validation };
        found.as_ref().map_err(|why| format!("{}: {why}", self.run.name))
    }
}

/// Compares runs; `baseline` is one of them, the best if it is not said. An error if none is comparable.
pub(super) fn of(runs: Vec<RunRecord>, baseline: Option<&Path>, bootstrap: usize) -> Result<Comparison> {
    let mut candidates = Vec::new();
    let mut others = Vec::new();
    for RunRecord {
        run,
        validation,
        exams,
    } in runs
    {
        match run.score().filter(|_| run.stopped.is_none()) {
            Some(score) => candidates.push(Candidate {
                run,
                score,
                validation,
                exams,
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
    let against = |of_exams: bool| -> Vec<Option<Versus>> {
        let each = candidates.iter().enumerate().map(|(at, run)| {
            let baseline = &candidates[place];
            let both = run.part(of_exams).is_some() && baseline.part(of_exams).is_some();
            (at != place && both).then(|| versus(run, baseline, of_exams, bootstrap))
        });
        let mut all: Vec<Option<Versus>> = each.collect();
        adjust(&mut all);
        all
    };
    let (slices, exams) = (against(false), against(true));
    let ranked: Vec<Ranked> = candidates
        .into_iter()
        .zip(slices.into_iter().zip(exams))
        .map(|(one, (versus, exams_versus))| Ranked {
            run: one.run,
            score: one.score,
            versus,
            exams_versus,
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

/// Holm's adjusted p values of AUROC differences over all runs, for each label apart.
fn adjust(all: &mut [Option<Versus>]) {
    let labels: BTreeSet<String> = all
        .iter()
        .flatten()
        .flat_map(|versus| versus.labels.iter().map(|label| label.label.clone()))
        .collect();
    for name in labels {
        let mut found: Vec<&mut AurocVersus> = all
            .iter_mut()
            .flatten()
            .flat_map(|versus| &mut versus.labels)
            .filter(|label| label.label == name)
            .filter_map(|label| label.auroc.as_mut().filter(|auroc| auroc.p.is_some()))
            .collect();
        let p: Vec<f64> = found.iter().filter_map(|auroc| auroc.p).collect();
        if let Ok(adjusted) = metrics::holm(&p) {
            for (auroc, adjusted) in found.iter_mut().zip(adjusted) {
                auroc.holm_p = Some(adjusted);
            }
        }
    }
}

/// The score of `run` minus that of `baseline`, on slices or on exams.
fn versus(run: &Candidate, baseline: &Candidate, of_exams: bool, bootstrap: usize) -> Versus {
    let score = |one: &Candidate| one.part(of_exams).map_or(f64::NAN, |part| part.weighted_log_loss);
    match paired(run, baseline, of_exams, bootstrap) {
        Ok((
            PairedDifference {
                difference,
                interval,
                lower_in,
            },
            labels,
        )) => Versus {
            paired: true,
            difference,
            interval,
            lower_in,
            note: None,
            labels,
        },
        Err(note) => Versus {
            paired: false,
            difference: score(run) - score(baseline),
            interval: unpaired_interval(run, baseline, of_exams),
            lower_in: None,
            note: Some(note),
            labels: Vec::new(),
        },
    }
}

fn paired(
    run: &Candidate,
    baseline: &Candidate,
    of_exams: bool,
    bootstrap: usize,
) -> Result<(PairedDifference, Vec<LabelVersus>), String> {
    let (own, theirs) = (run.predictions(of_exams)?, baseline.predictions(of_exams)?);
    let units = theirs.labelled.unit.plural();
    let Some(rows) = theirs.rows_of(own) else {
        let shared = theirs.shared(own);
        return Err(format!(
            "not measured on the same {units}: {} and {} validation {units}, {shared} of them in both",
            own.ids.len(),
            theirs.ids.len()
        ));
    };
    let eps = |one: &Candidate| one.run.measured.as_ref().map(|measured| measured.eps);
    if eps(run) != eps(baseline) {
        return Err("the scores were clipped differently (`eps`)".into());
    }
    let usual = Evaluate::default();
    let settings = Evaluate {
        bootstrap,
        eps: eps(baseline).unwrap_or(usual.eps),
        ..usual
    };
    let threshold = baseline.part(of_exams).and_then(PartMeasured::threshold);
    // `versus_rows` subtracts what it is given second, so the run goes where the predictions go.
    let mut labelled = theirs.labelled.clone();
    labelled.probabilities = rows;
    let difference = versus_rows(
        &labelled,
        &theirs.labelled.probabilities,
        &settings,
        &mut ChaCha8Rng::seed_from_u64(0),
    )
    .ok_or_else(|| format!("no {} has a known truth", theirs.labelled.unit))?;
    let labels = versus_labels(
        &labelled,
        &theirs.labelled.probabilities,
        threshold.unwrap_or(settings.threshold),
    );
    Ok((difference, labels))
}

/// The interval of a difference from the intervals of its two parts, for parts that have nothing to do with
/// each other (Zou and Donner 2008, "Construction of confidence limits about effect measures").
fn unpaired_interval(run: &Candidate, baseline: &Candidate, of_exams: bool) -> Option<Interval> {
    let of = |one: &Candidate| {
        let part = one.part(of_exams)?;
        Some((part.weighted_log_loss, part.weighted_log_loss_interval?))
    };
    let ((own, a), (theirs, b)) = (of(run)?, of(baseline)?);
    let difference = own - theirs;
    Some(Interval {
        low: difference - (own - a.low).hypot(b.high - theirs),
        high: difference + (a.high - own).hypot(theirs - b.low),
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
    let level = ranked
        .iter()
        .filter_map(|one| Some(one.run.measured.as_ref()?.of_exams()?.0))
        .next();
    for (place, one) in ranked.iter().enumerate() {
        let Some(level) = level else { break };
        let note = one
            .exams_versus
            .as_ref()
            .and_then(|versus| versus.note.as_deref());
        if let Some(note) = note {
            remarks.push(format!(
                "{} is not paired with {} on {}: {note}",
                called(ranked, place),
                called(ranked, baseline),
                level.plural()
            ));
        }
    }
    let compared = ranked
        .iter()
        .filter(|one| one.versus.as_ref().or(one.exams_versus.as_ref()).is_some())
        .count();
    if compared > 1 {
        remarks.push(format!(
            "{compared} runs are compared with one: some look different by chance, so p values of AUROC differences are given \
             as Holm's adjusted ones, for each label and level apart; those of McNemar's test are not adjusted"
        ));
    }
    if ranked.len() > 2 {
        remarks.push(format!(
            "the best of {} runs was chosen on the validation slices, so its score is optimistic",
            ranked.len()
        ));
    }
    remarks
}
