//! What is measured of one group.

use std::collections::{BTreeSet, HashMap};

use ichflow_api::data::measures::{Measure, Method, Subgroup, VersusRest};
use ichflow_api::metrics::{
    AurocDifference, AurocEstimate, Confidence, Confusion, Interval, Proportion, auroc, auroc_clustered,
    calibration_in_the_large, cluster_bootstrap,
};
use rand_chacha::ChaCha8Rng;

use super::MIN_CLASS;
use crate::settings::Evaluate;

/// One case.
pub(super) struct Member {
    /// Its place among the predictions.
    pub place: usize,
    pub positive: bool,
    pub probability: f64,
    /// Numbered over all cases.
    pub patient: usize,
    /// Whether it is called positive; `None` where no threshold was chosen without its patient.
    pub called: Option<bool>,
}

/// A group as lists, patients numbered from 0.
struct Lists {
    truth: Vec<bool>,
    probabilities: Vec<f64>,
    patient: Vec<usize>,
    patients: usize,
}

impl Lists {
    fn of(members: &[&Member]) -> Self {
        let mut numbers: HashMap<usize, usize> = HashMap::new();
        let patient = members
            .iter()
            .map(|member| {
                let next = numbers.len();
                *numbers.entry(member.patient).or_insert(next)
            })
            .collect();
        Self {
            truth: members.iter().map(|member| member.positive).collect(),
            probabilities: members.iter().map(|member| member.probability).collect(),
            patient,
            patients: numbers.len(),
        }
    }

    /// Whether every patient has one case.
    fn independent(&self) -> bool {
        self.patients == self.truth.len()
    }

    /// Patients with a positive, and with a negative case.
    fn patients_with(&self, positive: bool) -> usize {
        let cases = self.truth.iter().zip(&self.patient);
        let of_class: BTreeSet<usize> = cases
            .filter(|(truth, _)| **truth == positive)
            .map(|(_, patient)| *patient)
            .collect();
        of_class.len()
    }

    fn estimate(&self) -> Option<AurocEstimate> {
        if self.patients_with(true) < MIN_CLASS || self.patients_with(false) < MIN_CLASS {
            return None;
        }
        auroc_clustered(&self.truth, &self.probabilities, &self.patient).ok()
    }
}

/// Everything of a group but how it stands beside the others.
pub(super) fn measured(
    name: &str,
    members: &[&Member],
    settings: &Evaluate,
    rng: &mut ChaCha8Rng,
) -> Subgroup {
    let lists = Lists::of(members);
    let positives = lists.truth.iter().filter(|positive| **positive).count();
    let rows = members.len().max(1) as f64;
    let eps = settings.submission_clip.max(settings.eps);
    let large = calibration_in_the_large(&lists.truth, &lists.probabilities, &lists.patient, eps).ok();
    let (confusion, sensitivity, specificity) = calls(members, &lists, settings, rng);
    let enough = |positive: bool| lists.patients_with(positive) >= MIN_CLASS;
    Subgroup {
        name: name.to_owned(),
        rows: members.len(),
        patients: lists.patients,
        positives,
        prevalence: positives as f64 / rows,
        auroc: area(&lists),
        confusion,
        sensitivity: sensitivity.filter(|_| enough(true)),
        specificity: specificity.filter(|_| enough(false)),
        mean_probability: lists.probabilities.iter().sum::<f64>() / rows,
        in_the_large: large
            .filter(|found| found.value.is_finite() && enough(true) && enough(false))
            .map(|found| {
                measure(
                    found.value,
                    Some(found.interval(Confidence::PERCENT_95)).filter(|interval| interval.low.is_finite()),
                    Method::Sandwich,
                )
            }),
        versus_rest: None,
    }
}

fn measure(value: f64, interval: Option<Interval>, method: Method) -> Measure {
    let interval = interval.filter(|interval| interval.low < interval.high);
    Measure {
        value,
        interval,
        method: interval.map(|_| method),
    }
}

fn area(lists: &Lists) -> Option<Measure> {
    let estimate = lists.estimate()?;
    let method = match lists.independent() {
        true => Method::Delong,
        false => Method::Obuchowski,
    };
    // Ranks are counted by both; this is the one that other parts of `metrics.json` hold.
    let value = auroc(&lists.truth, &lists.probabilities)?;
    Some(measure(value, estimate.interval(Confidence::PERCENT_95), method))
}

/// Calls at the threshold, and the shares that are right.
fn calls(
    members: &[&Member],
    lists: &Lists,
    settings: &Evaluate,
    rng: &mut ChaCha8Rng,
) -> (Confusion, Option<Measure>, Option<Measure>) {
    let mut of_patient = vec![Confusion::default(); lists.patients];
    for (member, patient) in members.iter().zip(&lists.patient) {
        if let Some(called) = member.called {
            of_patient[*patient].add(member.positive, called);
        }
    }
    let sum = |patients: &mut dyn Iterator<Item = usize>| {
        let mut all = Confusion::default();
        for patient in patients {
            let of = &of_patient[patient];
            all.true_positives += of.true_positives;
            all.false_positives += of.false_positives;
            all.true_negatives += of.true_negatives;
            all.false_negatives += of.false_negatives;
        }
        all
    };
    let counts = sum(&mut (0..lists.patients));
    let (intervals, method) = if lists.independent() {
        let wilson = |share: Option<Proportion>| share.map(|share| share.wilson(Confidence::PERCENT_95));
        let both = [
            wilson(Proportion::of_sensitivity(&counts)),
            wilson(Proportion::of_specificity(&counts)),
        ];
        (both, Method::Wilson)
    } else {
        let patients: Vec<usize> = (0..lists.patients).collect();
        let both = cluster_bootstrap(&patients, settings.bootstrap, rng, |drawn| {
            let counts = sum(&mut drawn.iter().copied());
            [counts.sensitivity(), counts.specificity()]
        });
        (both, Method::Bootstrap)
    };
    let [of_sensitivity, of_specificity] = intervals;
    (
        counts,
        counts
            .sensitivity()
            .map(|value| measure(value, of_sensitivity, method)),
        counts
            .specificity()
            .map(|value| measure(value, of_specificity, method)),
    )
}

/// A group's AUROC beside that of all other cases; `None` where either has none or no variance, or where a patient has
/// cases on both sides, so that they are not independent.
pub(super) fn against_rest(group: &[&Member], rest: &[&Member]) -> Option<VersusRest> {
    let inside: BTreeSet<usize> = group.iter().map(|member| member.patient).collect();
    if rest.iter().any(|member| inside.contains(&member.patient)) {
        return None;
    }
    let found = AurocDifference {
        first: Lists::of(rest).estimate()?,
        second: Lists::of(group).estimate()?,
        covariance: 0.0,
    };
    let p_value = found.p_value()?;
    Some(VersusRest {
        rest: found.first.auroc,
        difference: found.difference(),
        interval: found.interval(Confidence::PERCENT_95),
        p_value,
        p_holm: p_value,
    })
}
