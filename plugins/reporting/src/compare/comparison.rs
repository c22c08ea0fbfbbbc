//! Runs side by side: sorted by score, each held against one of them, repeated seeds put together.

use ichflow_api::metrics::{Interval, PairedDifference};
use ichflow_api::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::record::Run;
use super::settings;
use crate::measures::{Settings, versus_rows};

/// Runs that were compared.
pub struct Comparison {
    /// The comparable ones, best score first.
    pub ranked: Vec<Ranked>,
    /// The place of the one that the others are held against.
    pub baseline: usize,
    /// Those that cannot be compared, each with its reason in [`Run::stopped`].
    pub others: Vec<Run>,
    /// Settings that are not the same in all comparable runs.
    pub keys: Vec<String>,
    /// Runs that differ in their seed alone; also those of one run, best mean first.
    pub variants: Vec<Variant>,
    /// What a reader should know.
    pub remarks: Vec<String>,
}

/// A run with its place.
pub struct Ranked {
    /// The run; it has measured something.
    pub run: Run,
    /// The weighted log loss of its held-out slices.
    pub score: f64,
    /// Against the baseline; `None` for the baseline itself.
    pub versus: Option<Versus>,
}

/// A score less the baseline's.
#[derive(Clone, Debug, Serialize)]
pub struct Versus {
    /// Whether both were measured on the same resampled patients.
    pub paired: bool,
    /// The score less the baseline's: below 0 is better.
    pub difference: f64,
    /// Its 95 % interval.
    pub interval: Option<Interval>,
    /// Share of resamples in which this run is the better one; only of paired ones.
    pub lower_in: Option<f64>,
    /// Why it is not paired.
    pub note: Option<String>,
}

/// Runs whose recipes differ in the seed alone.
#[derive(Clone, Debug, Serialize)]
pub struct Variant {
    /// Places of its runs in [`Comparison::ranked`].
    pub runs: Vec<usize>,
    /// Mean score.
    pub mean: f64,
    /// Standard deviation over the seeds (n − 1); `None` for one run.
    pub standard_deviation: Option<f64>,
    /// The best score.
    pub low: f64,
    /// The worst score.
    pub high: f64,
}

impl Comparison {
    /// Compares runs; `baseline` is one of them, the best if it is not said. An error if none is comparable.
    pub fn of(runs: Vec<Run>, baseline: Option<&std::path::Path>, bootstrap: usize) -> Result<Self> {
        let mut ranked = Vec::new();
        let mut others = Vec::new();
        for run in runs {
            match run.score().filter(|_| run.stopped.is_none()) {
                Some(score) => ranked.push(Ranked {
                    run,
                    score,
                    versus: None,
                }),
                None => others.push(run),
            }
        }
        if ranked.is_empty() {
            return Err(nothing(&others));
        }
        ranked.sort_by(|a, b| {
            a.score
                .total_cmp(&b.score)
                .then_with(|| a.run.name.cmp(&b.run.name))
        });
        let place = match baseline {
            None => 0,
            Some(path) => ranked
                .iter()
                .position(|ranked| ranked.run.directory == path)
                .ok_or_else(|| no_baseline(path, &others))?,
        };
        let versus: Vec<Option<Versus>> = ranked
            .iter()
            .enumerate()
            .map(|(at, run)| (at != place).then(|| versus(run, &ranked[place], bootstrap)))
            .collect();
        for (ranked, versus) in ranked.iter_mut().zip(versus) {
            ranked.versus = versus;
        }
        let recipes: Vec<_> = ranked
            .iter()
            .map(|ranked| ranked.run.settings.as_slice())
            .collect();
        let keys = settings::differing(&recipes)
            .into_iter()
            .map(str::to_owned)
            .collect();
        Ok(Self {
            keys,
            variants: variants(&ranked),
            remarks: remarks(&ranked, place),
            baseline: place,
            ranked,
            others,
        })
    }

    /// Whether some seeds were repeated.
    pub fn has_repeats(&self) -> bool {
        self.variants.iter().any(|variant| variant.runs.len() > 1)
    }
}

fn nothing(others: &[Run]) -> Error {
    let reasons: Vec<String> = others
        .iter()
        .map(|run| format!("{}: {}", run.name, run.stopped.as_deref().unwrap_or("no score")))
        .collect();
    Error::new(format!("there is nothing to compare: {}", reasons.join("; ")))
        .help("name directories of runs that came to their end and measured their predictions (`evaluate`)")
}

fn no_baseline(path: &std::path::Path, others: &[Run]) -> Error {
    let why = others
        .iter()
        .find(|run| run.directory == path)
        .and_then(|run| run.stopped.clone())
        .unwrap_or_else(|| "it is not among the runs".into());
    Error::new(format!("{} cannot be the baseline: {why}", path.display()))
}

/// The score of `run` less that of `baseline`.
fn versus(run: &Ranked, baseline: &Ranked, bootstrap: usize) -> Versus {
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

fn paired(run: &Ranked, baseline: &Ranked, bootstrap: usize) -> Result<PairedDifference, String> {
    let of = |ranked: &Ranked| match &ranked.run.held_out {
        Ok(_) => None,
        Err(why) => Some(format!("{}: {why}", ranked.run.name)),
    };
    if let Some(why) = of(run).or_else(|| of(baseline)) {
        return Err(why);
    }
    let (Ok(own), Ok(theirs)) = (&run.run.held_out, &baseline.run.held_out) else {
        return Err("the predictions cannot be read".into());
    };
    let Some(rows) = theirs.rows_of(own) else {
        let shared = theirs.shared(own);
        return Err(format!(
            "not judged on the same slices: {} and {} held out, {shared} of them in both",
            own.ids.len(),
            theirs.ids.len()
        ));
    };
    let eps = |ranked: &Ranked| ranked.run.measured.as_ref().map(|measured| measured.eps);
    if eps(run) != eps(baseline) {
        return Err("the scores were clipped differently (`eps`)".into());
    }
    let settings = Settings {
        bootstrap,
        eps: eps(baseline).unwrap_or(Settings::default().eps),
        ..Settings::default()
    };
    // `versus_rows` subtracts what it is given second, so the run goes where the predictions go.
    let mut judged = theirs.judged.clone();
    judged.probabilities = rows;
    versus_rows(
        &judged,
        &theirs.judged.probabilities,
        settings,
        &mut ChaCha8Rng::seed_from_u64(0),
    )
    .ok_or_else(|| "no slice has a known truth".into())
}

/// The interval of a difference from the intervals of its two parts, for parts that have nothing to do with
/// each other (Zou and Donner 2008, "Construction of confidence limits about effect measures").
fn unpaired_interval(run: &Ranked, baseline: &Ranked) -> Option<Interval> {
    let interval = |ranked: &Ranked| {
        let measured = ranked.run.measured.as_ref()?;
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
                "run {} is not paired with run {}: {note}",
                place + 1,
                baseline + 1
            ));
        }
    }
    if ranked.len() > 2 {
        remarks.push(format!(
            "the best of {} runs was chosen by the held-out slices themselves, so its score flatters it",
            ranked.len()
        ));
    }
    remarks
}

#[cfg(test)]
#[path = "comparison_tests.rs"]
mod tests;
