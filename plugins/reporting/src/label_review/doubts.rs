//! Which labels are doubted: confident learning label by label, put together slice by slice and exam by exam.

use std::collections::BTreeMap;

use ichflow_api::data::exams::indices_of;
use ichflow_api::metrics::LabelErrors;
use ichflow_api::prelude::*;

/// Fewer given positives or negatives than these make a threshold of single cases.
const LEAST: usize = 5;

/// What came of looking at all labels.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Review {
    /// What was looked at: slices, or whole exams.
    pub unit: Level,
    /// How many of these have a known label.
    pub reviewed: usize,
    /// Every label.
    pub labels: Vec<LabelSummary>,
    /// Number of doubted labels: rows of the CSV.
    pub rows: usize,
    /// Exams with doubted labels, the one with the lowest self-confidence first.
    #[serde(skip)]
    pub exams: Vec<DoubtedExam>,
}

/// What came of looking at one label.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct LabelSummary {
    /// The label.
    pub label: String,
    /// Slices or exams given as positive.
    pub given_positive: usize,
    /// Slices or exams given as negative.
    pub given_negative: usize,
    /// Listed because they are given as negative and the model says positive.
    pub listed_missed: usize,
    /// Listed because they are given as positive and the model says negative.
    pub listed_overcalled: usize,
    /// The thresholds, counts and expected errors; nothing where there are too few cases.
    pub found: Option<Found>,
    /// Why there is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What confident learning says of one label.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Found {
    /// Mean probability of being negative over the given negatives.
    pub threshold_negative: f64,
    /// Mean probability of being positive over the given positives.
    pub threshold_positive: f64,
    /// Confident cases `[given][likely]`, negative first.
    pub confident: [[usize; 2]; 2],
    /// Expected number of wrong labels, listed or not.
    pub estimated_errors: f64,
    /// Of these, true positives among the given negatives.
    pub estimated_missed: f64,
    /// Of these, true negatives among the given positives.
    pub estimated_overcalled: f64,
}

/// Doubted labels of one exam.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DoubtedExam {
    /// Its slices, along the series; or itself.
    pub units: Vec<DoubtedUnit>,
}

/// Doubted labels of one slice, or of an exam as a whole.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DoubtedUnit {
    /// Its place among the predictions.
    pub index: usize,
    /// In the order of the labels.
    pub doubts: Vec<Doubt>,
}

/// A label that is likely wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Doubt {
    /// Its row of the CSV, from 1.
    pub row: usize,
    /// The label's place.
    pub label: usize,
    /// Whether it is given as positive; the opposite is suggested.
    pub given: bool,
    /// The predicted probability of being positive.
    pub probability: f64,
    /// The predicted probability of the given label.
    self_confidence: f64,
}

impl Review {
    /// Looks at the labels of out-of-fold predictions.
    ///
    /// # Errors
    /// Where predictions are of slices that a network was trained on, are not of what labels are about, or are no
    /// probabilities.
    pub(crate) fn of(predictions: &Predictions) -> Result<Self> {
        predictions.check_truth()?;
        predictions.refuse_in_fold()?;
        let mut of_unit: BTreeMap<usize, Vec<Doubt>> = BTreeMap::new();
        let mut labels = Vec::with_capacity(predictions.labels.len());
        for label in 0..predictions.labels.len() {
            labels.push(review(predictions, label, &mut of_unit)?);
        }
        let mut exams: Vec<DoubtedExam> = indices_of(&predictions.slices, Level::Study)
            .into_iter()
            .map(|indices| DoubtedExam {
                units: indices
                    .into_iter()
                    .filter_map(|index| {
                        let doubts = of_unit.remove(&index)?;
                        Some(DoubtedUnit { index, doubts })
                    })
                    .collect(),
            })
            .filter(|exam| !exam.units.is_empty())
            .collect();
        let least = |exam: &DoubtedExam| {
            let all = exam.units.iter().flat_map(|unit| &unit.doubts);
            all.map(|doubt| doubt.self_confidence).fold(1.0, f64::min)
        };
        exams.sort_by(|a, b| least(a).total_cmp(&least(b)));
        let mut rows = 0;
        for doubt in exams
            .iter_mut()
            .flat_map(|exam| &mut exam.units)
            .flat_map(|unit| &mut unit.doubts)
        {
            rows += 1;
            doubt.row = rows;
        }
        Ok(Self {
            unit: predictions.unit,
            reviewed: predictions
                .with_truth()
                .filter(|(_, _, truth)| !truth.is_unknown())
                .count(),
            labels,
            rows,
            exams,
        })
    }

    /// Every slice or exam with its doubted labels, in the order of the page and of the CSV.
    pub(crate) fn units(&self) -> impl Iterator<Item = &DoubtedUnit> {
        self.exams.iter().flat_map(|exam| &exam.units)
    }
}

/// Looks at one label, and notes doubts by the place of what they are about.
fn review(
    predictions: &Predictions,
    label: usize,
    of_unit: &mut BTreeMap<usize, Vec<Doubt>>,
) -> Result<LabelSummary> {
    let known: Vec<(usize, bool, f64)> = predictions.known(label).collect();
    let given: Vec<bool> = known.iter().map(|(_, given, _)| *given).collect();
    let probability: Vec<f64> = known.iter().map(|(.., probability)| *probability).collect();
    let positives = given.iter().filter(|given| **given).count();
    let mut summary = LabelSummary {
        label: predictions.labels.name(label).to_owned(),
        given_positive: positives,
        given_negative: given.len() - positives,
        listed_missed: 0,
        listed_overcalled: 0,
        found: None,
        note: None,
    };
    for (count, what) in [
        (summary.given_positive, "given positives"),
        (summary.given_negative, "given negatives"),
    ] {
        if count < LEAST {
            summary.note = Some(format!(
                "{count} {what}, fewer than {LEAST}: a threshold would rest on single cases"
            ));
            return Ok(summary);
        }
    }
    let found = LabelErrors::of(&given, &probability)
        .doing(format!("the labels of {} cannot be reviewed", summary.label))?;
    for one in &found.doubted {
        let (index, _, probability) = known[one.case];
        if one.given {
            summary.listed_overcalled += 1;
        } else {
            summary.listed_missed += 1;
        }
        of_unit.entry(index).or_default().push(Doubt {
            row: 0,
            label,
            given: one.given,
            probability,
            self_confidence: one.self_confidence,
        });
    }
    summary.found = Some(Found {
        threshold_negative: found.thresholds[0],
        threshold_positive: found.thresholds[1],
        confident: found.confident,
        estimated_errors: found.estimated(),
        estimated_missed: found.missed(),
        estimated_overcalled: found.overcalled(),
    });
    Ok(summary)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::testkit::slice;

    /// Ten patients with two slices each; every second patient bleeds, and the model knows it.
    fn predictions() -> Predictions {
        let slices = (0..20).map(|index: usize| {
            let positive = (index / 2).is_multiple_of(2);
            let mut made = slice(
                &format!("s{index}"),
                &format!("p{}", index / 2),
                Some([positive; 2].into()),
            );
            made.study = format!("study {}", index / 2);
            made.series = made.study.clone();
            made.position_mm = Some(f64::from(u8::from(index.is_multiple_of(2))));
            made
        });
        let slices: Vec<Slice> = slices.collect();
        let row = |slice: &Slice| {
            vec![
                if slice.labels.as_ref().unwrap().is_positive(0) {
                    0.9
                } else {
                    0.1
                };
                2
            ]
        };
        Predictions {
            labels: LabelSet::new(vec!["any".into(), "other".into()], None, vec![1.0; 2]).unwrap(),
            probabilities: slices.iter().map(row).collect(),
            slices,
            ..Predictions::default()
        }
    }

    #[test]
    fn what_the_model_doubts_is_listed_exam_by_exam() {
        let mut predictions = predictions();
        assert_eq!(Review::of(&predictions).unwrap().rows, 0);
        // Slice 4 is given as negative for the first label, slice 3 as positive, and surely not.
        predictions.slices[4].labels = Some([false, true].into());
        predictions.slices[3].labels = Some([true, false].into());
        predictions.probabilities[3] = vec![0.02, 0.1];
        let review = Review::of(&predictions).unwrap();
        assert_eq!((review.rows, review.reviewed), (2, 20));
        let units: Vec<_> = review
            .units()
            .flat_map(|unit| {
                unit.doubts
                    .iter()
                    .map(move |doubt| (unit.index, doubt.row, doubt.given))
            })
            .collect();
        assert_eq!(units, [(3, 1, true), (4, 2, false)]);
        let first = &review.labels[0];
        assert_eq!((first.listed_missed, first.listed_overcalled), (1, 1));
        assert!(first.found.as_ref().unwrap().estimated_errors > 1.5, "{first:?}");
        assert_eq!(review.labels[1].found.as_ref().unwrap().estimated_errors, 0.0);
    }

    #[test]
    fn predictions_of_slices_that_were_trained_on_are_refused() {
        let seen = predictions().made_by(&TrainedOn::ids(["s1"]));
        let said = Review::of(&seen).unwrap_err().to_string();
        assert!(
            said.starts_with("1 of 20 slices are some that the network was trained on"),
            "{said}"
        );
        let of_exams = Predictions {
            level: Level::Study,
            ..predictions()
        };
        assert!(Review::of(&of_exams).is_err());
    }

    #[test]
    fn a_label_of_few_cases_is_said_and_not_reviewed() {
        let mut predictions = predictions();
        for slice in &mut predictions.slices[4..] {
            slice.labels = Some([false, true].into());
        }
        let review = Review::of(&predictions).unwrap();
        let note = review.labels[0].note.as_deref().unwrap();
        assert!(note.starts_with("2 given positives, fewer than 5"), "{note}");
        assert!(
            review.labels[1]
                .note
                .as_deref()
                .unwrap()
                .starts_with("2 given negatives")
        );
        assert_eq!(review.rows, 0);
    }
}
