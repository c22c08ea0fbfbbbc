//! Both ends at once: predictive values that are promised.

use super::fixed_sequence::{TestedThreshold, fixed_sequence_high, fixed_sequence_low};
use super::{Cuts, ErrorLimit};
use crate::MetricsError;

/// What was tested on either end, and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct LearnThenTest {
    /// Thresholds from which on cases are called positive, in the order tested; or why none was.
    pub high: Result<Vec<TestedThreshold>, MetricsError>,
    /// Thresholds up to which cases are called negative, in the order tested; or why none was.
    pub low: Result<Vec<TestedThreshold>, MetricsError>,
    /// The accepted thresholds that together claim most cases rightly, and none twice.
    pub cuts: Cuts,
}

/// Thresholds beyond which PPV and NPV are as promised: `high` limits the negatives among those called high, `low` the
/// positives among those called low, each by itself with its own probability of being wrong.
///
/// Where a model is so good that both ends meet, any pair of accepted thresholds keeps both promises; the pair that
/// claims most cases rightly is taken, and of several the one with fewest errors.
///
/// # Errors
/// [`MetricsError::Length`], [`MetricsError::Range`] for NaN. Too few cases for one end are not an error: that end stays
/// without a cut, and says so.
pub fn learn_then_test(
    truth: &[bool],
    scores: &[f64],
    high: ErrorLimit,
    low: ErrorLimit,
) -> Result<LearnThenTest, MetricsError> {
    crate::checks::scores(truth, scores)?;
    let high = fixed_sequence_high(truth, scores, high);
    let low = fixed_sequence_low(truth, scores, low);
    let cuts = best(&accepted(&high), &accepted(&low), scores.len());
    Ok(LearnThenTest { high, low, cuts })
}

fn accepted(tested: &Result<Vec<TestedThreshold>, MetricsError>) -> Vec<TestedThreshold> {
    let all = tested.iter().flatten();
    all.filter(|one| one.accepted).copied().collect()
}

/// The pair that claims most rightly; both lists from strict to lenient.
fn best(high: &[TestedThreshold], low: &[TestedThreshold], cases: usize) -> Cuts {
    let sides = |list: &[TestedThreshold]| -> Vec<Option<TestedThreshold>> {
        std::iter::once(None)
            .chain(list.iter().copied().map(Some))
            .collect()
    };
    let (high, low) = (sides(high), sides(low));
    let claimed = |one: &Option<TestedThreshold>| one.map_or(0, |one| one.cases);
    let errors = |one: &Option<TestedThreshold>| one.map_or(0, |one| one.errors);
    let fits = |of_high: &Option<TestedThreshold>, of_low: &Option<TestedThreshold>| {
        let apart = of_high
            .zip(*of_low)
            .is_none_or(|(high, low)| low.threshold < high.threshold);
        apart && claimed(of_high) + claimed(of_low) <= cases
    };
    let best = high
        .iter()
        .filter_map(|of_high| {
            // The more lenient, the more it claims, rightly too.
            let of_low = low.iter().rev().find(|of_low| fits(of_high, of_low))?;
            Some((of_high, of_low))
        })
        .max_by_key(|(of_high, of_low)| {
            let wrong = errors(of_high) + errors(of_low);
            (
                claimed(of_high) + claimed(of_low) - wrong,
                std::cmp::Reverse(wrong),
            )
        });
    Cuts {
        high_from: best.and_then(|(of_high, _)| of_high.map(|one| one.threshold)),
        low_to: best.and_then(|(_, of_low)| of_low.map(|one| one.threshold)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TriageClass;
    use proptest::prelude::*;

    #[test]
    fn where_both_ends_meet_nothing_is_claimed_twice() {
        let limit = ErrorLimit::new(0.1, 0.1).unwrap();
        let truth: Vec<bool> = (0..400).map(|rank| rank >= 200).collect();
        let scores: Vec<f64> = (0..400).map(|rank| f64::from(rank) / 400.0).collect();
        let found = learn_then_test(&truth, &scores, limit, limit).unwrap();
        let reach = |tested: &Result<Vec<TestedThreshold>, _>| tested.as_ref().unwrap().len();
        assert!(reach(&found.high) > 15 && reach(&found.low) > 15);
        let (high, low) = (found.cuts.high_from.unwrap(), found.cuts.low_to.unwrap());
        assert!(low < high);
        let uncertain = scores
            .iter()
            .filter(|score| found.cuts.class(**score) == TriageClass::Uncertain);
        assert!(uncertain.count() < 25, "{low} {high}");
        let wrong = truth.iter().zip(&scores).filter(|(positive, score)| {
            let wrong = if **positive {
                TriageClass::Low
            } else {
                TriageClass::High
            };
            found.cuts.class(**score) == wrong
        });
        assert_eq!(wrong.count(), 0, "no error is made for the sake of one more case");
    }

    #[test]
    fn an_end_without_enough_cases_says_so_and_the_other_stands() {
        let truth: Vec<bool> = (0..60).map(|rank| rank >= 30).collect();
        let scores: Vec<f64> = (0..60).map(f64::from).collect();
        let (mild, strict) = (
            ErrorLimit::new(0.1, 0.1).unwrap(),
            ErrorLimit::new(0.01, 0.1).unwrap(),
        );
        let found = learn_then_test(&truth, &scores, mild, strict).unwrap();
        assert_eq!(found.cuts.low_to, None);
        assert!(found.cuts.high_from.is_some());
        assert!(matches!(
            found.low,
            Err(MetricsError::TooFew {
                needed: 231,
                found: 60,
                ..
            })
        ));
    }

    proptest! {
        #[test]
        fn cuts_are_among_the_accepted(
            cases in prop::collection::vec((0.0_f64..1.0, any::<bool>()), 30..150),
        ) {
            let limit = ErrorLimit::new(0.3, 0.3).unwrap();
            let (scores, truth): (Vec<f64>, Vec<bool>) = cases.into_iter().unzip();
            let found = learn_then_test(&truth, &scores, limit, limit).unwrap();
            let has = |tested: &Result<Vec<TestedThreshold>, MetricsError>, cut: Option<f64>| {
                cut.is_none_or(|cut| tested.iter().flatten().any(|one| one.accepted && one.threshold == cut))
            };
            prop_assert!(has(&found.high, found.cuts.high_from) && has(&found.low, found.cuts.low_to));
            prop_assert!(found.cuts.high_from.zip(found.cuts.low_to).is_none_or(|(high, low)| low < high));
        }
    }
}
