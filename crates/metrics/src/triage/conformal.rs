//! Conformal sets of each class by itself (Mondrian).

use super::Cuts;
use crate::{MetricsError, checks};

/// How usual a score is for either class.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct MondrianP {
    /// `(1 + positives of calibration that score at most this)/(1 + positives)`.
    pub positive: f64,
    /// `(1 + negatives of calibration that score at least this)/(1 + negatives)`.
    pub negative: f64,
}

/// The p values of "this case is positive" and "this case is negative" against the calibration cases of that class
/// (Vovk 2012, "Conditional validity of inductive conformal predictors"). A true one is at most α with a probability of
/// at most α, in each class by itself.
///
/// # Errors
/// [`MetricsError::Length`], [`MetricsError::Range`] for NaN.
pub fn mondrian_p(truth: &[bool], scores: &[f64], score: f64) -> Result<MondrianP, MetricsError> {
    checks::scores(truth, scores)?;
    checks::scores(&[true], &[score])?;
    let share = |positive: bool, stranger: &dyn Fn(f64) -> bool| {
        let of_class = || truth.iter().zip(scores).filter(|(truth, _)| **truth == positive);
        let strangers = of_class().filter(|(_, other)| stranger(**other)).count();
        (strangers + 1) as f64 / (of_class().count() + 1) as f64
    };
    Ok(MondrianP {
        positive: share(true, &|other| other <= score),
        negative: share(false, &|other| other >= score),
    })
}

/// Where one class ends.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct ConformalCut {
    /// Scores beyond it are not of the class; absent where there are too few cases of it, and all scores may be.
    pub limit: Option<f64>,
    /// Cases of the class in calibration.
    pub cases: usize,
    /// The fewest that would do.
    pub needed: usize,
}

/// Sets of classes at stated errors, as cuts.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Conformal {
    /// Scores below its limit are not those of a positive.
    pub positive: ConformalCut,
    /// Scores above its limit are not those of a negative.
    pub negative: ConformalCut,
    /// High where the set is {positive}, low where it is {negative}. Where it has both classes or none, the case is
    /// uncertain.
    pub cuts: Cuts,
}

/// Cuts between high and low from class-conditional split-conformal sets: of the positives a share of at most `positives`
/// is called low, of the negatives a share of at most `negatives` high. That holds on average over calibration sets, for
/// whatever model and prevalence; it says nothing about predictive values. A set has a class where its p value
/// ([`mondrian_p`]) is above the class's error.
///
/// Of `n` cases of a class an error α can be promised from `1/α − 1` on: 19 for 0.05.
///
/// # Errors
/// [`MetricsError::Length`], [`MetricsError::Range`] for NaN or an error that is not between 0 and 1.
pub fn conformal(
    truth: &[bool],
    scores: &[f64],
    positives: f64,
    negatives: f64,
) -> Result<Conformal, MetricsError> {
    checks::scores(truth, scores)?;
    checks::inner_share("the error of positives", positives)?;
    checks::inner_share("the error of negatives", negatives)?;
    let of_class = |positive: bool| {
        let of_class = truth
            .iter()
            .zip(scores)
            .filter(move |(truth, _)| **truth == positive);
        of_class.map(|(_, score)| *score)
    };
    // The surest of being strangers first.
    let positive = cut(of_class(true).collect(), positives);
    let negative = cut(of_class(false).map(|score| -score).collect(), negatives);
    let negative = ConformalCut {
        limit: negative.limit.map(|limit| -limit),
        ..negative
    };
    // Positive may be what scores at least `a`, negative what scores at most `b`.
    let cuts = match (positive.limit, negative.limit) {
        (Some(a), Some(b)) => Cuts {
            high_from: Some(a.max(b.next_up())),
            low_to: Some(b.min(a.next_down())),
        },
        (Some(a), None) => Cuts {
            high_from: None,
            low_to: Some(a.next_down()),
        },
        (None, Some(b)) => Cuts {
            high_from: Some(b.next_up()),
            low_to: None,
        },
        (None, None) => Cuts::default(),
    };
    Ok(Conformal {
        positive,
        negative,
        cuts,
    })
}

/// The lowest score of a class that is kept at error `alpha`: the ⌊α(n + 1)⌋-th.
fn cut(mut scores: Vec<f64>, alpha: f64) -> ConformalCut {
    scores.sort_by(f64::total_cmp);
    let cases = scores.len();
    ConformalCut {
        limit: rank(cases, alpha)
            .checked_sub(1)
            .and_then(|place| scores.get(place).copied()),
        cases,
        needed: needed(alpha),
    }
}

/// How many of `cases` may be as strange as a stranger: the largest k with `k/(n + 1) ≤ α`.
fn rank(cases: usize, alpha: f64) -> usize {
    let of = (cases + 1) as f64;
    let mut rank = (alpha * of) as usize;
    // Products of shares round to either side.
    while (rank + 1) as f64 / of <= alpha {
        rank += 1;
    }
    while rank > 0 && rank as f64 / of > alpha {
        rank -= 1;
    }
    rank
}

/// The fewest cases of which one may be strange.
fn needed(alpha: f64) -> usize {
    let guess = ((1.0 / alpha) as usize).saturating_sub(2);
    (guess..).find(|cases| rank(*cases, alpha) >= 1).unwrap_or(guess)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TriageClass;
    use proptest::prelude::*;

    #[test]
    fn nineteen_for_five_per_cent() {
        assert_eq!([0.05, 0.1, 0.2, 0.01].map(needed), [19, 9, 4, 99]);
        let scores: Vec<f64> = (1..=19).map(|score| f64::from(score) / 20.0).collect();
        let found = conformal(&[true; 19], &scores, 0.05, 0.05).unwrap();
        assert_eq!(found.positive.limit, Some(0.05));
        assert_eq!(found.cuts.class(0.05), TriageClass::Uncertain);
        assert_eq!(found.cuts.class(0.04), TriageClass::Low);
        assert_eq!(
            (found.negative.limit, found.negative.cases, found.negative.needed),
            (None, 0, 19)
        );
        let fewer = conformal(&[true; 18], &scores[..18], 0.05, 0.05).unwrap();
        assert_eq!(fewer.cuts, Cuts::default());
        assert!(conformal(&[true], &[f64::NAN], 0.05, 0.05).is_err());
        assert!(conformal(&[true], &[0.5], 0.0, 0.05).is_err());
    }

    proptest! {
        #[test]
        fn cuts_are_the_sets_of_the_p_values(
            cases in prop::collection::vec((0_u32..40, any::<bool>()), 0..120),
            positives in 0.02_f64..0.6,
            negatives in 0.02_f64..0.6,
            score in 0_u32..40,
        ) {
            let truth: Vec<bool> = cases.iter().map(|(_, positive)| *positive).collect();
            let scores: Vec<f64> = cases.iter().map(|(score, _)| f64::from(*score) / 40.0).collect();
            let score = f64::from(score) / 40.0;
            let p = mondrian_p(&truth, &scores, score).unwrap();
            let expected = match (p.positive > positives, p.negative > negatives) {
                (true, false) => TriageClass::High,
                (false, true) => TriageClass::Low,
                _ => TriageClass::Uncertain,
            };
            let found = conformal(&truth, &scores, positives, negatives).unwrap();
            prop_assert_eq!(found.cuts.class(score), expected);
        }
    }
}
