//! Exams sorted into high, low and uncertain: the promises, the cuts, and how they did on other patients.

use ichflow_metrics::{Confidence, Cuts, Interval, Proportion, TestedThreshold, TriageClass};
use serde::Serialize;

use crate::data::labels::Level;
use crate::digest::sha256;
use crate::ports::Artifact;

/// How the exams of one label are sorted, and how that did on patients who had no part in it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Triage {
    /// The label.
    pub label: String,
    /// What is sorted: series, studies or patients.
    pub unit: Level,
    /// How the cuts were found: `learn-then-test` or `conformal`.
    pub method: String,
    /// How often a promise may be made that does not hold; absent where promises hold on average.
    pub delta: Option<f64>,
    /// What is promised of each class.
    pub promises: Vec<TriagePromise>,
    /// Between which probabilities an exam is uncertain.
    pub cuts: Cuts,
    /// What the cuts were found on; absent where they were found before, in another run.
    pub calibration: Option<TriageCalibration>,
    /// How they did on other patients; absent where no truth is known.
    pub audit: Option<TriageAudit>,
}

impl Artifact for Triage {
    const NAME: &'static str = "triage";

    fn digest(&self) -> Option<String> {
        serde_json::to_vec(self).ok().map(|bytes| sha256(&bytes))
    }
}

/// What is promised of one class.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TriagePromise {
    /// `high` or `low`.
    pub class: TriageClass,
    /// Whose errors are counted.
    pub among: Among,
    /// The share of errors that is not exceeded.
    pub error: f64,
    /// Why no exam is called so, where none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abstains: Option<String>,
    /// The thresholds tested, the strictest first; empty where none was.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tested: Vec<TestedThreshold>,
}

/// Of which exams a share is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Among {
    /// Of those called so: one less the predictive value.
    Called,
    /// Of those that are of the other class in truth: positives called low, negatives called high.
    Truth,
}

impl TriagePromise {
    /// The promise as a sentence: "at least 90 % of those called high are positive".
    pub fn in_words(&self) -> String {
        let error = per_cent(self.error);
        let right = per_cent(1.0 - self.error);
        match (self.among, self.class) {
            (Among::Called, TriageClass::Low) => {
                format!("at least {right} of those called low are negative (NPV)")
            }
            (Among::Called, _) => format!("at least {right} of those called high are positive (PPV)"),
            (Among::Truth, TriageClass::Low) => format!("at most {error} of the positives are called low"),
            (Among::Truth, _) => format!("at most {error} of the negatives are called high"),
        }
    }
}

/// A share as it was written in a recipe: 90 %, 99.5 %.
fn per_cent(share: f64) -> String {
    // 100 × 0.07 is 7.000000000000001.
    format!("{} %", (share * 1e8).round() / 1e6)
}

/// The exams that cuts were found on, one a patient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TriageCalibration {
    /// Exams, of as many patients.
    pub exams: usize,
    /// Positive ones.
    pub positives: usize,
    /// Left out, since their truth is soft or not known.
    pub without_truth: usize,
    /// Left out, since another exam of the patient was drawn.
    pub same_patient: usize,
}

/// How triage did on patients who had no part in its cuts; one exam a patient.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TriageAudit {
    /// Which exams these are.
    pub on: AuditedOn,
    /// Exams, of as many patients.
    pub exams: usize,
    /// Positive ones.
    pub positives: usize,
    /// Called high.
    pub high: usize,
    /// Called low.
    pub low: usize,
    /// Called neither.
    pub uncertain: usize,
    /// Left out, since their truth is soft or not known.
    pub without_truth: usize,
    /// Left out, since another exam of the patient was drawn, or had a part in the cuts.
    pub same_patient: usize,
    /// Each class against its promise.
    pub promises: Vec<PromiseAudit>,
}

/// Which exams an audit is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuditedOn {
    /// Test exams: no part in training and none in the cuts.
    Test,
    /// The exams of the cuts, each by cuts from other patients: what is judged is the method, at a little less data.
    CrossFitted,
    /// Exams of another run than the one that found the cuts.
    Frozen,
}

impl AuditedOn {
    /// In words, for a page.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Test => "test exams",
            Self::CrossFitted => "validation exams, each by cuts from other patients (cross-fitted)",
            Self::Frozen => "all exams of this cohort, by cuts that were found before",
        }
    }
}

/// One class held against its promise.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PromiseAudit {
    /// `high` or `low`.
    pub class: TriageClass,
    /// The promise as a sentence.
    pub promise: String,
    /// The share of errors promised.
    pub promised: f64,
    /// Exams that count: those called so, or those of the other class.
    pub exams: usize,
    /// Errors among them.
    pub errors: usize,
    /// Their share; absent where no exam counts.
    pub share: Option<f64>,
    /// Clopper and Pearson's 95 % interval of it.
    pub interval: Option<Interval>,
    /// Whether the promise was kept.
    pub verdict: Verdict,
}

/// Whether a promise was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The whole interval lies within the promise.
    Kept,
    /// The interval reaches beyond the promise, and does not lie beyond it: too few exams to tell.
    NotShown,
    /// The whole interval lies beyond the promise.
    Broken,
    /// No exam counts.
    Nothing,
}

impl Verdict {
    /// In words, for a page.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::NotShown => "not shown to be kept: too few exams to tell",
            Self::Broken => "broken",
            Self::Nothing => "no exam to judge it by",
        }
    }
}

impl PromiseAudit {
    /// Holds counts against a promise.
    pub fn of(promise: &TriagePromise, errors: usize, exams: usize) -> Self {
        let proportion = Proportion::new(errors, exams).ok();
        let interval = proportion.map(|found| found.clopper_pearson(Confidence::PERCENT_95));
        let verdict = match interval {
            None => Verdict::Nothing,
            Some(interval) if interval.high <= promise.error => Verdict::Kept,
            Some(interval) if interval.low > promise.error => Verdict::Broken,
            Some(_) => Verdict::NotShown,
        };
        Self {
            class: promise.class,
            promise: promise.in_words(),
            promised: promise.error,
            exams,
            errors,
            share: proportion.map(Proportion::share),
            interval,
            verdict,
        }
    }
}

impl TriageAudit {
    /// Counts exams, each by its class and whether it is positive, against promises. `without_truth` and
    /// `same_patient` say how many were left out.
    pub fn count(
        on: AuditedOn,
        promises: &[TriagePromise],
        exams: &[(TriageClass, bool)],
        without_truth: usize,
        same_patient: usize,
    ) -> Self {
        let called = |class: TriageClass| exams.iter().filter(|(of, _)| *of == class).count();
        let positives = exams.iter().filter(|(_, positive)| *positive).count();
        let promise = |promise: &TriagePromise| {
            // A positive is wrong among the low, a negative among the high.
            let wrong = promise.class == TriageClass::Low;
            let errors = exams
                .iter()
                .filter(|exam| **exam == (promise.class, wrong))
                .count();
            let of = match (promise.among, wrong) {
                (Among::Called, _) => called(promise.class),
                (Among::Truth, true) => positives,
                (Among::Truth, false) => exams.len() - positives,
            };
            PromiseAudit::of(promise, errors, of)
        };
        Self {
            on,
            exams: exams.len(),
            positives,
            high: called(TriageClass::High),
            low: called(TriageClass::Low),
            uncertain: called(TriageClass::Uncertain),
            without_truth,
            same_patient,
            promises: promises.iter().map(promise).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use TriageClass::{High, Low, Uncertain};

    fn promise(class: TriageClass, among: Among, error: f64) -> TriagePromise {
        TriagePromise {
            class,
            among,
            error,
            abstains: None,
            tested: Vec::new(),
        }
    }

    #[test]
    fn errors_are_counted_among_those_the_promise_is_about() {
        let exams = [
            (High, true),
            (High, false),
            (Low, true),
            (Low, false),
            (Low, false),
            (Uncertain, true),
        ];
        let of = |among| {
            let promises = [promise(High, among, 0.1), promise(Low, among, 0.07)];
            TriageAudit::count(AuditedOn::Test, &promises, &exams, 0, 0)
        };
        let counts = |audit: &TriageAudit| -> Vec<_> {
            audit
                .promises
                .iter()
                .map(|promise| (promise.errors, promise.exams))
                .collect()
        };
        assert_eq!(counts(&of(Among::Called)), [(1, 2), (1, 3)]);
        assert_eq!(counts(&of(Among::Truth)), [(1, 3), (1, 3)]);
        let audit = of(Among::Called);
        assert_eq!(
            (audit.high, audit.low, audit.uncertain, audit.positives),
            (2, 3, 1, 3)
        );
        assert_eq!(
            audit.promises[1].promise,
            "at least 93 % of those called low are negative (NPV)"
        );
    }

    #[test]
    fn verdicts_need_the_whole_interval() {
        let promise = promise(High, Among::Called, 0.1);
        let verdict = |errors, exams| PromiseAudit::of(&promise, errors, exams).verdict;
        assert_eq!(verdict(0, 0), Verdict::Nothing);
        // 36 without an error are within 10 %, and 35 are not: 1 − 0.025^(1/n).
        assert_eq!(verdict(0, 35), Verdict::NotShown);
        assert_eq!(verdict(0, 36), Verdict::Kept);
        assert_eq!(verdict(6, 30), Verdict::NotShown);
        assert_eq!(verdict(9, 30), Verdict::Broken);
    }
}
