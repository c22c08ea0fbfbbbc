//! Which part is for validation: a share of the cohort, or one of k folds.

use ichflow_api::prelude::*;

/// The validation part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Part {
    /// A share of the slices, above 0 and below 1.
    Share(f64),
    /// Fold `fold`, from 0, of `of` folds of equal size.
    Fold {
        /// Which one, from 0.
        fold: usize,
        /// How many there are.
        of: usize,
    },
}

impl Part {
    /// From a splitter's parameters; a fold, where one is given, goes before a share.
    pub fn new(valid: f64, fold: Option<usize>, of: Option<usize>) -> Self {
        match (fold, of) {
            (Some(fold), Some(of)) => Self::Fold { fold, of },
            _ => Self::Share(valid),
        }
    }

    /// Shares of the parts that everything is dealt into.
    pub fn ratios(self) -> Vec<f64> {
        match self {
            Self::Share(valid) => vec![1.0 - valid, valid],
            Self::Fold { of, .. } => vec![1.0 / of as f64; of],
        }
    }

    /// Which of [`Part::ratios`] is for validation.
    pub fn validation(self) -> usize {
        match self {
            Self::Share(_) => 1,
            Self::Fold { fold, .. } => fold,
        }
    }
}

/// Mistakes in `fold` and `of`.
pub fn fold_problems(fold: Option<usize>, of: Option<usize>) -> Vec<Problem> {
    match (fold, of) {
        (Some(fold), Some(of)) if fold >= of => vec![
            Problem::new("fold", format!("there is no fold {fold} of {of}")).help(format!(
                "folds are counted from 0: write 0 to {}",
                of.saturating_sub(1)
            )),
        ],
        (Some(_), None) => vec![Problem::new("fold", "a fold of how many?").help("write `of = 5` beside it")],
        (None, Some(_)) => {
            vec![
                Problem::new("of", "which of the folds is for validation?")
                    .help("write `fold = 0` beside it"),
            ]
        }
        _ => Vec::new(),
    }
}

/// Mistakes in `valid`, `fold` and `of` together.
pub fn part_problems(valid: f64, fold: Option<usize>, of: Option<usize>) -> Vec<Problem> {
    let mut problems = share_problems(valid);
    problems.extend(fold_problems(fold, of));
    problems
}

/// Mistakes in `valid`: the schema's range includes its ends.
fn share_problems(valid: f64) -> Vec<Problem> {
    if valid > 0.0 && valid < 1.0 {
        return Vec::new();
    }
    vec![
        Problem::new(
            "valid",
            format!("the share for validation must lie between 0 and 1, not be {valid}"),
        )
        .help("write `valid = 0.06` to keep 6 % of the slices for validation"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fold_goes_with_a_number_of_folds() {
        assert!(fold_problems(None, None).is_empty());
        assert!(fold_problems(Some(4), Some(5)).is_empty());
        for (fold, of) in [(Some(5), Some(5)), (Some(0), None), (None, Some(5))] {
            assert_eq!(fold_problems(fold, of).len(), 1);
        }
        assert_eq!(Part::new(0.1, Some(2), Some(4)).ratios(), [0.25; 4]);
        assert_eq!(Part::new(0.1, None, None), Part::Share(0.1));
    }

    #[test]
    fn shares_that_leave_nothing_are_problems() {
        for valid in [0.0, 1.0, -0.1, f64::NAN] {
            assert_eq!(share_problems(valid).len(), 1, "{valid}");
        }
        assert!(share_problems(0.06).is_empty());
    }
}
