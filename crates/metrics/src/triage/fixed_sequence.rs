//! Thresholds tested one after the other, the strictest first.

use super::ErrorLimit;
use crate::{MetricsError, checks};

/// A threshold that was tested.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct TestedThreshold {
    /// Scores at or beyond it are claimed.
    pub threshold: f64,
    /// Calibration cases beyond it.
    pub cases: usize,
    /// Errors among them.
    pub errors: usize,
    /// `P(Bin(cases, α) ≤ errors)`.
    pub p_value: f64,
    /// Whether the promise may be made for it; of all tested only the last may have failed.
    pub accepted: bool,
}

/// Tests thresholds from which on cases are called positive, the strictest first, and stops at the first for which
/// "at most a share α of these are negative" is not shown at level δ (Angelopoulos and others 2021, "Learn then test",
/// with fixed-sequence testing). With a probability of at least 1 − δ the promise is true of all that are accepted.
///
/// Which are tested is fixed by numbers of cases, not by their truth: as many as would do with no error
/// ([`ErrorLimit::cases_needed`]), with one, with two and so on; ties go together. A threshold lies just beyond the next
/// case, so that those beyond it are a random sample of all cases beyond it, and the share of errors among them binomial.
///
/// Cases must be independent: one a patient. Nothing is returned where all scores are alike.
///
/// # Errors
/// [`MetricsError::TooFew`] where even without errors there are not enough cases to show it;
/// [`MetricsError::Length`], [`MetricsError::Range`] for NaN.
pub fn fixed_sequence_high(
    truth: &[bool],
    scores: &[f64],
    limit: ErrorLimit,
) -> Result<Vec<TestedThreshold>, MetricsError> {
    checks::scores(truth, scores)?;
    let cases = truth.iter().zip(scores);
    sequence(
        cases.map(|(positive, score)| (*score, !positive)).collect(),
        limit,
    )
}

/// The same from the other end: thresholds up to which cases are called negative; errors are the positives among them.
///
/// # Errors
/// As [`fixed_sequence_high`].
pub fn fixed_sequence_low(
    truth: &[bool],
    scores: &[f64],
    limit: ErrorLimit,
) -> Result<Vec<TestedThreshold>, MetricsError> {
    checks::scores(truth, scores)?;
    let cases = truth.iter().zip(scores);
    let mut tested = sequence(
        cases.map(|(positive, score)| (-score, *positive)).collect(),
        limit,
    )?;
    for one in &mut tested {
        one.threshold = -one.threshold;
    }
    Ok(tested)
}

/// Of scores and whether each is an error where it is claimed; the highest scores are the surest.
fn sequence(mut cases: Vec<(f64, bool)>, limit: ErrorLimit) -> Result<Vec<TestedThreshold>, MetricsError> {
    // One more than it takes: the threshold lies just beyond the next.
    checks::at_least("calibration cases", limit.cases_needed(0) + 1, cases.len())?;
    cases.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut tested: Vec<TestedThreshold> = Vec::new();
    let (mut counted, mut errors) = (0, 0);
    for allowed in 0.. {
        let mut beyond = limit.cases_needed(allowed);
        // Cases of one score are claimed together.
        while beyond < cases.len() && cases[beyond - 1].0 == cases[beyond].0 {
            beyond += 1;
        }
        let Some(next) = cases.get(beyond) else { break };
        if beyond <= counted {
            continue;
        }
        errors += cases[counted..beyond].iter().filter(|(_, error)| *error).count();
        counted = beyond;
        let p_value = limit.p_value(beyond, errors);
        let accepted = p_value <= limit.delta();
        tested.push(TestedThreshold {
            threshold: next.0.next_up(),
            cases: beyond,
            errors,
            p_value,
            accepted,
        });
        if !accepted {
            break;
        }
    }
    Ok(tested)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn strict_first_and_no_further_than_the_first_failure() {
        let limit = ErrorLimit::new(0.1, 0.1).unwrap();
        // The 30th from above is an error, then many more than may be.
        let truth: Vec<bool> = (0..100).map(|rank| rank != 29 && rank < 40).collect();
        let scores: Vec<f64> = (0..100).map(|rank| 1.0 - f64::from(rank) / 100.0).collect();
        let tested = fixed_sequence_high(&truth, &scores, limit).unwrap();
        let steps: Vec<_> = tested
            .iter()
            .map(|one| (one.cases, one.errors, one.accepted))
            .collect();
        assert_eq!(steps, [(22, 0, true), (38, 1, true), (52, 13, false)]);
        assert_eq!(tested[0].threshold, scores[22].next_up());
        let mirrored: Vec<bool> = truth.iter().map(|positive| !positive).collect();
        let negated: Vec<f64> = scores.iter().map(|score| -score).collect();
        let low = fixed_sequence_low(&mirrored, &negated, limit).unwrap();
        assert_eq!(low[1].threshold, -tested[1].threshold);
        assert_eq!(low.len(), 3);
    }

    #[test]
    fn too_few_cases_and_scores_that_are_all_alike_promise_nothing() {
        let limit = ErrorLimit::new(0.05, 0.1).unwrap();
        let few = fixed_sequence_high(&[true; 45], &[0.5; 45], limit);
        let needed = MetricsError::TooFew {
            what: "calibration cases",
            needed: 46,
            found: 45,
        };
        assert_eq!(few, Err(needed));
        assert_eq!(
            fixed_sequence_high(&[true; 80], &[0.5; 80], limit),
            Ok(Vec::new())
        );
        assert!(fixed_sequence_low(&[true; 80], &[f64::NAN; 80], limit).is_err());
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_what_its_counts_show(
            cases in prop::collection::vec((0_u32..60, any::<bool>()), 30..200),
            alpha in 0.05_f64..0.4,
        ) {
            let limit = ErrorLimit::new(alpha, 0.2).unwrap();
            let truth: Vec<bool> = cases.iter().map(|(_, positive)| *positive).collect();
            let scores: Vec<f64> = cases.iter().map(|(score, _)| f64::from(*score) / 60.0).collect();
            let tested = fixed_sequence_high(&truth, &scores, limit).unwrap_or_default();
            let last = tested.len().saturating_sub(1);
            for (index, one) in tested.iter().enumerate() {
                let beyond = || scores.iter().zip(&truth).filter(|(score, _)| **score >= one.threshold);
                prop_assert_eq!(beyond().count(), one.cases);
                prop_assert_eq!(beyond().filter(|(_, positive)| !**positive).count(), one.errors);
                prop_assert_eq!(one.accepted, limit.p_value(one.cases, one.errors) <= 0.2);
                prop_assert!(one.accepted || index == last);
                prop_assert!(index == 0 || tested[index - 1].threshold > one.threshold);
            }
        }
    }
}
