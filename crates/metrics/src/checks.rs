//! What has to hold of arguments, checked in one place.

use std::collections::BTreeMap;

use crate::MetricsError;

/// One entry a case.
pub(crate) fn length(what: &'static str, expected: usize, found: usize) -> Result<(), MetricsError> {
    match expected == found {
        true => Ok(()),
        false => Err(MetricsError::Length {
            what,
            expected,
            found,
        }),
    }
}

/// As many scores as cases, none of them NaN; infinite ones still have an order.
pub(crate) fn scores(truth: &[bool], scores: &[f64]) -> Result<(), MetricsError> {
    length("scores", truth.len(), scores.len())?;
    numbers("a score", scores)
}

/// As many probabilities as cases, all from 0 to 1.
pub(crate) fn probabilities(truth: &[bool], probabilities: &[f64]) -> Result<(), MetricsError> {
    length("probabilities", truth.len(), probabilities.len())?;
    all(
        "a probability",
        probabilities,
        |probability| (0.0..=1.0).contains(&probability),
        "from 0 to 1",
    )
}

fn all(
    what: &'static str,
    values: &[f64],
    good: impl Fn(f64) -> bool,
    allowed: &'static str,
) -> Result<(), MetricsError> {
    match values.iter().find(|value| !good(**value)) {
        None => Ok(()),
        Some(value) => Err(MetricsError::Range {
            what,
            value: *value,
            allowed,
        }),
    }
}

/// Values that are finite.
pub(crate) fn finite(what: &'static str, values: &[f64]) -> Result<(), MetricsError> {
    all(what, values, f64::is_finite, "finite")
}

/// Values that are not NaN; infinite ones still have an order.
pub(crate) fn numbers(what: &'static str, values: &[f64]) -> Result<(), MetricsError> {
    all(what, values, |value| !value.is_nan(), "a number")
}

/// Finite values of at least 0.
pub(crate) fn counts(what: &'static str, values: &[f64]) -> Result<(), MetricsError> {
    all(
        what,
        values,
        |value| value.is_finite() && value >= 0.0,
        "finite and at least 0",
    )
}

/// A finite value above 0.
pub(crate) fn positive(what: &'static str, value: f64) -> Result<(), MetricsError> {
    all(
        what,
        &[value],
        |value| value.is_finite() && value > 0.0,
        "finite and above 0",
    )
}

/// A value strictly between 0 and 1.
pub(crate) fn inner_share(what: &'static str, value: f64) -> Result<(), MetricsError> {
    all(
        what,
        &[value],
        |value| value > 0.0 && value < 1.0,
        "between 0 and 1, without the ends",
    )
}

/// A value from 0 to 1.
pub(crate) fn share(what: &'static str, value: f64) -> Result<(), MetricsError> {
    all(
        what,
        &[value],
        |value| (0.0..=1.0).contains(&value),
        "from 0 to 1",
    )
}

/// Numbers of positives and negatives, both at least `needed`.
pub(crate) fn classes(truth: &[bool], needed: usize) -> Result<(usize, usize), MetricsError> {
    let positives = truth.iter().filter(|positive| **positive).count();
    let negatives = truth.len() - positives;
    at_least("positive cases", needed, positives)?;
    at_least("negative cases", needed, negatives)?;
    Ok((positives, negatives))
}

/// Enough of something.
pub(crate) fn at_least(what: &'static str, needed: usize, found: usize) -> Result<(), MetricsError> {
    match found >= needed {
        true => Ok(()),
        false => Err(MetricsError::TooFew { what, needed, found }),
    }
}

/// Every cluster has one case.
pub(crate) fn independent(
    cluster_of: &[usize],
    method: &'static str,
    instead: &'static str,
) -> Result<(), MetricsError> {
    match first_repeated(cluster_of) {
        None => Ok(()),
        Some((cluster, cases)) => Err(MetricsError::Clustered {
            cluster,
            cases,
            method,
            instead,
        }),
    }
}

/// The first cluster with several cases, and how many it has.
fn first_repeated(cluster_of: &[usize]) -> Option<(usize, usize)> {
    let (number, clusters) = compact(cluster_of);
    if clusters == cluster_of.len() {
        return None;
    }
    let mut cases = vec![0_usize; clusters];
    for cluster in &number {
        cases[*cluster] += 1;
    }
    let which = cases.iter().position(|cases| *cases > 1)?;
    let case = number.iter().position(|cluster| *cluster == which)?;
    Some((cluster_of[case], cases[which]))
}

/// The clusters numbered from 0 without gaps, in their order, and how many there are.
pub(crate) fn compact(cluster_of: &[usize]) -> (Vec<usize>, usize) {
    let highest = cluster_of.iter().max().copied().unwrap_or_default();
    // Numbers without large gaps, as they usually are, need no search.
    if highest / 4 <= cluster_of.len() {
        let mut number = vec![0_usize; highest + 1];
        for cluster in cluster_of {
            number[*cluster] = 1;
        }
        let mut next = 0;
        for number in &mut number {
            let occurs = *number;
            *number = next;
            next += occurs;
        }
        let count = if cluster_of.is_empty() { 0 } else { next };
        return (cluster_of.iter().map(|cluster| number[*cluster]).collect(), count);
    }
    let mut number: BTreeMap<usize, usize> = cluster_of.iter().map(|cluster| (*cluster, 0)).collect();
    for (next, number) in number.values_mut().enumerate() {
        *number = next;
    }
    (
        cluster_of.iter().map(|cluster| number[cluster]).collect(),
        number.len(),
    )
}
