//! What calls at a threshold are worth.

use ichflow_api::data::measures::{AtPrevalence, Measure, Method, PointStatistics};
use ichflow_api::metrics::{
    Confidence, Confusion, Estimate, Interval, Proportion, daily_workload, likelihood_ratios,
    predictive_values,
};
use ichflow_api::prelude::*;

use super::Chosen;
use super::cases::Cases;
use crate::settings::Evaluate;

/// A threshold with its calls.
pub(super) struct Point {
    chosen: bool,
    threshold: f64,
    /// Counts of each patient: what a resample adds up.
    of_patient: Vec<Confusion>,
}

/// The fixed threshold, and the chosen one of the label where there is one.
pub(super) fn of(
    cases: &Cases,
    chosen: Option<&Chosen<'_>>,
    label: usize,
    settings: &Evaluate,
) -> Vec<Point> {
    let fixed = Point::of(cases, false, settings.threshold, |_| Some(settings.threshold));
    let chosen = chosen.and_then(|chosen| {
        let threshold = (*chosen.of_label.get(label)?)?;
        let of_case = |case: usize| *chosen.of_row.get(cases.rows[case])?.get(label)?;
        Some(Point::of(cases, true, threshold, of_case))
    });
    std::iter::once(fixed).chain(chosen).collect()
}

/// Places of what [`derived`] gives; the rest are [`OF_PREVALENCE`] a prevalence.
const OF_POINT: usize = 6;
const OF_PREVALENCE: usize = 5;

/// Everything that follows from counts.
pub(super) fn derived(counts: &Confusion, settings: &Evaluate, unit: Level) -> Vec<Option<f64>> {
    let (sensitivity, specificity) = (counts.sensitivity(), counts.specificity());
    let ratios = likelihood_ratios(counts, Confidence::PERCENT_95);
    let share = |proportion: Option<Proportion>| proportion.map(Proportion::share);
    let value = |estimate: Option<Estimate>| estimate.map(|estimate| estimate.value);
    let mut found = vec![
        sensitivity,
        specificity,
        share(Proportion::of_ppv(counts)),
        share(Proportion::of_npv(counts)),
        value(ratios.positive),
        value(ratios.negative),
    ];
    for prevalence in prevalences(settings, unit) {
        let values = predictive_values(counts, *prevalence, Confidence::PERCENT_95).ok();
        let day = sensitivity
            .zip(specificity)
            .and_then(|(se, sp)| daily_workload(se, sp, *prevalence, settings.exams_a_day).ok());
        found.extend([
            values.and_then(|values| value(values.ppv)),
            values.and_then(|values| value(values.npv)),
            day.map(|day| day.called_positive()),
            day.map(|day| day.false_positives),
            day.map(|day| day.false_negatives),
        ]);
    }
    found
}

/// Stated prevalences are of exams.
fn prevalences(settings: &Evaluate, unit: Level) -> &[f64] {
    match unit {
        Level::Slice => &[],
        _ => &settings.prevalences,
    }
}

impl Point {
    /// `threshold_of` gives the threshold that a case is called by; one without any is not counted.
    fn of(cases: &Cases, chosen: bool, threshold: f64, threshold_of: impl Fn(usize) -> Option<f64>) -> Self {
        let mut of_patient = vec![Confusion::default(); cases.patients];
        for (case, positive) in cases.truth.iter().enumerate() {
            if let Some(threshold) = threshold_of(case) {
                of_patient[cases.patient[case]].add(*positive, cases.probabilities[case] >= threshold);
            }
        }
        Self {
            chosen,
            threshold,
            of_patient,
        }
    }

    /// Counts where each patient counts as often as `times` says.
    pub(super) fn counted(&self, times: &[u32]) -> Confusion {
        let mut sum = Confusion::default();
        for (of, times) in self.of_patient.iter().zip(times) {
            let times = *times as usize;
            sum.true_positives += times * of.true_positives;
            sum.false_positives += times * of.false_positives;
            sum.false_negatives += times * of.false_negatives;
            sum.true_negatives += times * of.true_negatives;
        }
        sum
    }

    /// With intervals: closed ones where every patient has one case, else those of resamples, which `resampled` has in
    /// the order of [`derived`].
    pub(super) fn statistics(
        &self,
        cases: &Cases,
        resampled: &[Option<Interval>],
        settings: &Evaluate,
        notes: &mut Vec<String>,
    ) -> PointStatistics {
        let counts = self.counted(&vec![1; cases.patients]);
        let values = derived(&counts, settings, cases.unit);
        let closed = match cases.independent {
            true => closed(&counts, settings, cases.unit),
            false => vec![None; values.len()],
        };
        let measures: Vec<Option<Measure>> = (0..values.len())
            .map(|place| {
                let resampled = resampled.get(place).copied().flatten();
                let resampled = resampled.map(|interval| (interval, Method::Bootstrap));
                let found = match cases.independent {
                    true => closed[place],
                    false => resampled,
                };
                values[place].map(|value| Measure {
                    value,
                    interval: found.map(|(interval, _)| interval),
                    method: found.map(|(_, method)| method),
                })
            })
            .collect();
        self.note(cases, &counts, &measures, settings, notes);
        let at_prevalence = prevalences(settings, cases.unit)
            .iter()
            .zip(measures[OF_POINT..].chunks(OF_PREVALENCE))
            .filter_map(|(prevalence, measures)| {
                Some(AtPrevalence {
                    prevalence: *prevalence,
                    exams_a_day: settings.exams_a_day,
                    ppv: measures[0],
                    npv: measures[1],
                    alarms_a_day: measures[2]?,
                    false_positives_a_day: measures[3]?,
                    missed_a_day: measures[4]?,
                })
            });
        PointStatistics {
            chosen: self.chosen,
            threshold: self.threshold,
            confusion: counts,
            sensitivity: measures[0],
            specificity: measures[1],
            ppv: measures[2],
            npv: measures[3],
            positive_likelihood_ratio: measures[4],
            negative_likelihood_ratio: measures[5],
            at_prevalence: at_prevalence.collect(),
        }
    }

    /// Says why something is absent.
    fn note(
        &self,
        cases: &Cases,
        counts: &Confusion,
        measures: &[Option<Measure>],
        settings: &Evaluate,
        notes: &mut Vec<String>,
    ) {
        let at = format!("at the threshold {:.4}", self.threshold);
        let Confusion {
            true_positives,
            false_positives,
            false_negatives,
            true_negatives,
        } = *counts;
        if true_positives + false_positives == 0 {
            notes.push(format!(
                "{at} nothing is called positive, so there is no PPV and no positive likelihood ratio"
            ));
        }
        if true_negatives + false_negatives == 0 {
            notes.push(format!(
                "{at} nothing is called negative, so there is no NPV and no negative likelihood ratio"
            ));
        }
        if cases.both_classes() && false_positives == 0 && true_positives > 0 {
            notes.push(format!(
                "{at} there are no false positives, so the positive likelihood ratio is infinite"
            ));
        }
        if cases.both_classes() && true_negatives == 0 && false_negatives > 0 {
            notes.push(format!(
                "{at} there are no true negatives, so the negative likelihood ratio is infinite"
            ));
        }
        let names = ["sensitivity", "specificity", "PPV", "NPV"];
        let without = names.iter().zip(measures).filter(|(_, measure)| {
            measure.is_some_and(|measure| measure.interval.is_none() && settings.bootstrap > 0)
        });
        let without: Vec<&str> = without.map(|(name, _)| *name).collect();
        if cases.patients_known && !without.is_empty() {
            notes.push(format!(
                "{at} no interval of {}: resampled patients give the same share each time, or none, which does not make it \
                 certain",
                without.join(", ")
            ));
        }
    }
}

/// An interval, and whose it is.
type Closed = Option<(Interval, Method)>;

/// Intervals for independent cases, in the order of [`derived`].
fn closed(counts: &Confusion, settings: &Evaluate, unit: Level) -> Vec<Closed> {
    let confidence = Confidence::PERCENT_95;
    let wilson = |proportion: Option<Proportion>| proportion.map(|share| share.wilson(confidence));
    // Of no width is the ratio of two shares of which one is 1: that is not certainty.
    let wide = |interval: &Interval| interval.low < interval.high;
    let by =
        |interval: Option<Interval>, method: Method| interval.filter(wide).map(|interval| (interval, method));
    let of = |estimate: Option<Estimate>, method| by(estimate.and_then(|found| found.interval), method);
    let ratios = likelihood_ratios(counts, confidence);
    let sensitivity = wilson(Proportion::of_sensitivity(counts));
    let specificity = wilson(Proportion::of_specificity(counts));
    let mut found = vec![
        by(sensitivity, Method::Wilson),
        by(specificity, Method::Wilson),
        by(wilson(Proportion::of_ppv(counts)), Method::Wilson),
        by(wilson(Proportion::of_npv(counts)), Method::Wilson),
        of(ratios.positive, Method::Simel),
        of(ratios.negative, Method::Simel),
    ];
    for prevalence in prevalences(settings, unit) {
        let values = predictive_values(counts, *prevalence, confidence).ok();
        let positives = settings.exams_a_day * prevalence;
        let negatives = settings.exams_a_day - positives;
        // So many a day of a share, or of what is left of it.
        let times = |share: Interval, count: f64| Interval {
            low: count * share.low,
            high: count * share.high,
        };
        let rest = |share: Interval| Interval {
            low: 1.0 - share.high,
            high: 1.0 - share.low,
        };
        let hits = sensitivity.map(|share| times(share, positives));
        let false_calls = specificity.map(|share| times(rest(share), negatives));
        let missed = sensitivity.map(|share| times(rest(share), positives));
        let both = hits.zip(false_calls);
        let alarms = both.and_then(|(hits, false_calls)| {
            let counted = [
                counts.sensitivity()? * positives,
                (1.0 - counts.specificity()?) * negatives,
            ];
            Some(sum([(counted[0], hits), (counted[1], false_calls)]))
        });
        found.extend([
            of(values.and_then(|values| values.ppv), Method::Mercaldo),
            of(values.and_then(|values| values.npv), Method::Mercaldo),
            by(alarms, Method::Mover),
            by(false_calls, Method::Wilson),
            by(missed, Method::Wilson),
        ]);
    }
    found
}

/// The interval of the sum of two independent numbers from their own (Zou and Donner 2008, "Construction of confidence
/// limits about effect measures").
fn sum([(one, of_one), (other, of_other)]: [(f64, Interval); 2]) -> Interval {
    Interval {
        low: one + other - (one - of_one.low).hypot(other - of_other.low),
        high: one + other + (of_one.high - one).hypot(of_other.high - other),
    }
}
