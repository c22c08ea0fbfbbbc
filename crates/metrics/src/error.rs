//! What the statistics refuse.

/// Why a statistic was not computed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MetricsError {
    /// Two lists that describe the same cases differ in length.
    #[error("{what} has {found} entries for {expected} cases: give one entry a case")]
    Length {
        /// The argument.
        what: &'static str,
        /// Number of cases.
        expected: usize,
        /// Number of entries.
        found: usize,
    },
    /// A value lies outside its range, or is NaN.
    #[error("{what} is {value}, but has to be {allowed}")]
    Range {
        /// The argument.
        what: &'static str,
        /// What it was.
        value: f64,
        /// What it may be.
        allowed: &'static str,
    },
    /// There are not enough cases, patients or events of some kind.
    #[error("{found} {what}, but at least {needed} are needed")]
    TooFew {
        /// What there are too few of.
        what: &'static str,
        /// How many there have to be.
        needed: usize,
        /// How many there are.
        found: usize,
    },
    /// A method for independent cases was given several cases of one patient.
    #[error(
        "patient {cluster} has {cases} cases, and {method} takes cases as independent, which makes it far too \
         certain: use {instead}"
    )]
    Clustered {
        /// The patient (or whatever cases are clustered in).
        cluster: usize,
        /// Number of its cases.
        cases: usize,
        /// What was asked for.
        method: &'static str,
        /// What to use in its place.
        instead: &'static str,
    },
    /// A logistic regression has no finite solution: the probabilities separate the classes.
    #[error("the probabilities separate positives from negatives: {what} has no finite estimate")]
    Separated {
        /// What was asked for.
        what: &'static str,
    },
    /// All cases have the same probability, which says nothing about a slope.
    #[error("all probabilities are alike: {what} needs at least two different ones")]
    NoSpread {
        /// What was asked for.
        what: &'static str,
    },
    /// A covariance has no inverse: all rows are alike, or one feature follows from others.
    #[error("the covariance of the features has no inverse: too few rows differ")]
    Singular,
}
