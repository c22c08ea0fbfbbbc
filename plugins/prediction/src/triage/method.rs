//! How cuts are found, and what is promised by them.

use ichflow_api::counted::counted;
use ichflow_api::data::triage::{Among, TriagePromise};
use ichflow_api::metrics::{
    self, ConformalCut, Cuts, ErrorLimit, MetricsError, TestedThreshold, TriageClass,
};
use ichflow_api::prelude::*;

/// How cuts are found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Method {
    /// Predictive values, with a stated probability of being wrong.
    LearnThenTest(LearnThenTest),
    /// Errors of each class, on average.
    Conformal(Conformal),
}

impl Default for Method {
    fn default() -> Self {
        Self::LearnThenTest(LearnThenTest::default())
    }
}

/// Promises predictive values: thresholds are tested one after the other, the strictest first, up to the first for
/// which the promise is not shown (Angelopoulos and others 2021).
///
/// Predictive values are promised at the prevalence of the calibration exams: where fewer bleed, PPV is lower.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LearnThenTest {
    /// At least this share of those called high is positive.
    #[schemars(extend("exclusiveMinimum" = 0.0, "exclusiveMaximum" = 1.0))]
    pub ppv: f64,
    /// At least this share of those called low is negative.
    #[schemars(extend("exclusiveMinimum" = 0.0, "exclusiveMaximum" = 1.0))]
    pub npv: f64,
    /// With at most this probability, over calibration cohorts, either promise is made although it does not hold.
    #[schemars(extend("exclusiveMinimum" = 0.0, "exclusiveMaximum" = 1.0))]
    pub delta: f64,
}

impl Default for LearnThenTest {
    fn default() -> Self {
        Self {
            ppv: 0.9,
            npv: 0.98,
            delta: 0.1,
        }
    }
}

/// Promises errors of each class: conformal sets of positives and of negatives by themselves (Vovk 2012). An exam whose
/// set has one class is called so; one whose set has both, or none, is uncertain.
///
/// It holds on average over calibration cohorts, and whatever the prevalence. An error of 0.05 takes 19 exams of the class.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Conformal {
    /// At most this share of the positives is called low.
    #[schemars(extend("exclusiveMinimum" = 0.0, "exclusiveMaximum" = 1.0))]
    pub positives: f64,
    /// At most this share of the negatives is called high.
    #[schemars(extend("exclusiveMinimum" = 0.0, "exclusiveMaximum" = 1.0))]
    pub negatives: f64,
}

impl Default for Conformal {
    fn default() -> Self {
        Self {
            positives: 0.05,
            negatives: 0.05,
        }
    }
}

/// Cuts, with what is promised by them.
pub(super) struct Found {
    pub cuts: Cuts,
    pub promises: Vec<TriagePromise>,
}

impl Method {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::LearnThenTest(_) => "learn-then-test",
            Self::Conformal(_) => "conformal",
        }
    }

    pub(super) fn delta(&self) -> Option<f64> {
        match self {
            Self::LearnThenTest(promise) => Some(promise.delta),
            Self::Conformal(_) => None,
        }
    }

    /// What is promised, of high and of low, before anything is found.
    pub(super) fn promises(&self) -> [TriagePromise; 2] {
        let promise = |class, among, error| TriagePromise {
            class,
            among,
            error,
            abstains: None,
            tested: Vec::new(),
        };
        match self {
            Self::LearnThenTest(of) => [
                promise(TriageClass::High, Among::Called, rest(of.ppv)),
                promise(TriageClass::Low, Among::Called, rest(of.npv)),
            ],
            Self::Conformal(of) => [
                promise(TriageClass::High, Among::Truth, of.negatives),
                promise(TriageClass::Low, Among::Truth, of.positives),
            ],
        }
    }

    /// Finds cuts on exams, one a patient.
    ///
    /// # Errors
    /// A probability is no number. Too few exams are no error: a class that cannot be promised stays empty.
    pub(super) fn find(&self, truth: &[bool], probabilities: &[f64]) -> Result<Found> {
        let [mut high, mut low] = self.promises();
        let cuts = match self {
            Self::LearnThenTest(of) => {
                let limit = |error| ErrorLimit::new(error, of.delta).doing("the promise cannot be made");
                let limits = [limit(high.error)?, limit(low.error)?];
                let found = metrics::learn_then_test(truth, probabilities, limits[0], limits[1])
                    .doing("no exam can be sorted")?;
                for (promise, tested, limit) in [
                    (&mut high, found.high, limits[0]),
                    (&mut low, found.low, limits[1]),
                ] {
                    let right = truth
                        .iter()
                        .filter(|positive| **positive == (promise.class == TriageClass::High));
                    promise.abstains = not_shown(&tested, limit, promise.class, right.count());
                    promise.tested = tested.unwrap_or_default();
                }
                found.cuts
            }
            Self::Conformal(of) => {
                let found = metrics::conformal(truth, probabilities, of.positives, of.negatives)
                    .doing("no exam can be sorted")?;
                // Whoever is called high must not look like a negative.
                high.abstains = too_few(&found.negative, "negative");
                low.abstains = too_few(&found.positive, "positive");
                found.cuts
            }
        };
        Ok(Found {
            cuts,
            promises: vec![high, low],
        })
    }
}

/// What is left of a share, as a person would write it: 1 − 0.9 is 0.09999999999999998.
fn rest(share: f64) -> f64 {
    ((1.0 - share) * 1e12).round() / 1e12
}

fn not_shown(
    tested: &Result<Vec<TestedThreshold>, MetricsError>,
    limit: ErrorLimit,
    class: TriageClass,
    right: usize,
) -> Option<String> {
    let needed = limit.cases_needed(0);
    let kind = match class {
        TriageClass::High => "positive",
        _ => "negative",
    };
    // The strictest threshold has so many exams beyond it, and they all have to be right.
    if right < needed {
        return Some(format!(
            "{} of calibration, and the promise takes at least {needed}",
            counted(right, &format!("{kind} exam"), &format!("{kind} exams")),
        ));
    }
    match tested {
        Err(error) => Some(error.to_string()),
        Ok(tested) if tested.iter().any(|one| one.accepted) => None,
        Ok(tested) => Some(match tested.first() {
            Some(first) => format!(
                "even of the {} exams with the {} probabilities {} not {kind}, and the promise is not shown by these",
                first.cases,
                if class == TriageClass::High {
                    "highest"
                } else {
                    "lowest"
                },
                if first.errors == 1 {
                    "1 is".to_owned()
                } else {
                    format!("{} are", first.errors)
                },
            ),
            None => "too many exams have the same probability".to_owned(),
        }),
    }
}

fn too_few(cut: &ConformalCut, class: &str) -> Option<String> {
    (cut.cases < cut.needed).then(|| {
        format!(
            "{} of calibration, and the promise takes at least {}",
            counted(cut.cases, &format!("{class} exam"), &format!("{class} exams")),
            cut.needed
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_few_are_too_few_is_said_and_nothing_is_promised() {
        let truth: Vec<bool> = (0..400).map(|index| index < 12).collect();
        let probabilities: Vec<f64> = (0..400).map(|index| 1.0 - f64::from(index) / 400.0).collect();
        let abstains = |method: Method| -> Vec<Option<String>> {
            let found = method.find(&truth, &probabilities).unwrap();
            assert_eq!(
                found.cuts.high_from.is_none(),
                found.promises[0].abstains.is_some()
            );
            assert_eq!(found.cuts.low_to.is_none(), found.promises[1].abstains.is_some());
            found
                .promises
                .into_iter()
                .map(|promise| promise.abstains)
                .collect()
        };
        let said = abstains(Method::default());
        let few = Some("12 positive exams of calibration, and the promise takes at least 22".to_owned());
        assert_eq!(said, [few, None]);
        let said = abstains(Method::Conformal(Conformal::default()));
        let few = Some("12 positive exams of calibration, and the promise takes at least 19".to_owned());
        assert_eq!(said, [None, few]);
    }

    #[test]
    fn a_model_that_is_surest_where_it_is_wrong_is_told_of() {
        let truth: Vec<bool> = (0..200).map(|index| index > 5 && index < 120).collect();
        let probabilities: Vec<f64> = (0..200).map(|index| 1.0 - f64::from(index) / 200.0).collect();
        let found = Method::default().find(&truth, &probabilities).unwrap();
        let said = found.promises[0].abstains.as_deref().unwrap();
        assert!(
            said.starts_with("even of the 22 exams with the highest probabilities 6 are not positive"),
            "{said}"
        );
        assert_eq!(found.promises[0].tested.len(), 1);
    }

    #[test]
    fn promises_are_written_as_they_were_asked_for() {
        let said: Vec<String> = Method::default()
            .promises()
            .iter()
            .map(TriagePromise::in_words)
            .collect();
        assert_eq!(
            said,
            [
                "at least 90 % of those called high are positive (PPV)",
                "at least 98 % of those called low are negative (NPV)"
            ]
        );
    }
}
