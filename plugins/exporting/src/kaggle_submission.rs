//! `kaggle-submission`: the file the competition's scorer reads.

use std::collections::{BTreeMap, BTreeSet};

use ichflow_api::counted::counted;
use ichflow_api::data::labels::rsna::STAGE_2_PREVALENCE_LOG_LOSS;
use ichflow_api::data::submission::split_row;
use ichflow_api::metrics::prevalence;
use ichflow_api::prelude::*;

/// What to write for test slices without a prediction, such as those in quarantine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// Each label's prevalence in the training cohort.
    #[default]
    #[serde(alias = "priors")]
    Prevalence,
    /// One half.
    Half,
    /// Stop with an error.
    Error,
}

/// Writes `submission.csv` (`ID,Label`): exactly the sample submission's rows in its order; without a
/// sample, a row for every label of every test slice.
///
/// Probabilities are clipped, since the score of one confident mistake has no other bound.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct KaggleSubmission {
    /// Probabilities are kept within `clip` and `1 − clip`.
    #[schemars(range(min = 0.0, max = 0.5))]
    pub clip: f64,
    /// What to write for slices without a prediction.
    pub missing: Missing,
}

impl Default for KaggleSubmission {
    fn default() -> Self {
        Self {
            clip: 1e-6,
            missing: Missing::Prevalence,
        }
    }
}

impl Stage for KaggleSubmission {
    const NAME: &'static str = "kaggle-submission";
    const FAMILY: Family = Family::Export;
    const SUMMARY: &'static str = "the file the competition's scorer reads";
    const EXAMPLE: &'static str = "[submission]\nuse = \"kaggle-submission\"\nclip = 1e-6\n";

    fn ports() -> Ports {
        Ports::new()
            .takes(input::TEST)
            .takes(optional::SAMPLE)
            .takes(input::COHORT)
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let predictions = inputs.take(input::TEST)?;
        predictions.check_of_slices("a submission")?;
        let sample = inputs.get(optional::SAMPLE)?;
        let cohort = inputs.take(input::COHORT)?;
        let labels = &predictions.labels;
        let of_slice: BTreeMap<&str, &Vec<f64>> = predictions
            .slices
            .iter()
            .map(|slice| slice.id.as_str())
            .zip(&predictions.probabilities)
            .collect();
        let rows = match &sample {
            Some(sample) => sample.rows.clone(),
            None => predictions
                .slices
                .iter()
                .flat_map(|slice| labels.names().iter().map(|label| format!("{}_{label}", slice.id)))
                .collect(),
        };
        let fallback = self.fallback(&cohort);
        let mut without: BTreeSet<String> = BTreeSet::new();
        let mut asked: BTreeSet<&str> = BTreeSet::new();
        let path = context.file("submission.csv")?;
        let mut writer = csv::Writer::from_path(&path).at("write", &path)?;
        writer.write_record(["ID", "Label"]).at("write", &path)?;
        for row in &rows {
            let (id, label) = split_row(row.as_bytes(), labels)
                .and_then(|(id, label)| Some((std::str::from_utf8(id).ok()?, label)))
                .ok_or_else(|| Error::new(format!("`{row}` is not an image and a label")))?;
            asked.insert(id);
            let probability = match of_slice.get(id) {
                Some(probabilities) => probabilities[label],
                None => {
                    without.insert(id.to_owned());
                    fallback[label]
                }
            };
            let clipped = probability.clamp(self.clip, 1.0 - self.clip);
            writer
                .write_record([row.as_str(), &clipped.to_string()])
                .at("write", &path)?;
        }
        writer.flush().at("write", &path)?;
        self.remark(
            context,
            &without,
            of_slice.keys().filter(|id| !asked.contains(**id)).count(),
        )?;
        context.summarise(
            "submission",
            format!("{} rows", rows.len()),
            match labels.is_rsna() {
                true => format!(
                    "submission.csv, clipped to {:e}; the prevalence baseline scores {STAGE_2_PREVALENCE_LOG_LOSS} on stage 2",
                    self.clip
                ),
                false => format!("submission.csv, clipped to {:e}", self.clip),
            },
        );
        Ok(Outputs::new())
    }
}

impl KaggleSubmission {
    fn fallback(&self, cohort: &Cohort) -> Vec<f64> {
        let truth: Vec<&Labels> = cohort.truths().collect();
        let labels = cohort.labels.len();
        match (self.missing, prevalence(&truth, labels)) {
            (Missing::Prevalence, Some(prevalence)) => prevalence,
            _ => vec![0.5; labels],
        }
    }

    fn remark(&self, context: &Context, without: &BTreeSet<String>, not_asked: usize) -> Result<()> {
        if let Some(first) = without.first() {
            let text = format!(
                "{} of the sample without a prediction, for example {first}",
                counted(without.len(), "image", "images")
            );
            if self.missing == Missing::Error {
                return Err(Error::new(text).help("set `missing = \"prevalence\"` to fill them in"));
            }
            let filled = match self.missing {
                Missing::Prevalence => "the prevalence of each label in the training cohort",
                _ => "one half",
            };
            context.warn(format!("{text}; they get {filled}"));
        }
        if not_asked > 0 {
            context.warn(format!(
                "{not_asked} predicted slices are not in the sample and are left out"
            ));
        }
        Ok(())
    }
}

ichflow_api::register!(KaggleSubmission);

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::testkit::{cohort, run_context, slice};

    fn submit(stage: &KaggleSubmission, sample: Option<Vec<String>>) -> (Result<Outputs>, String) {
        let directory = tempfile::tempdir().unwrap();
        let run = run_context(directory.path());
        let context = Context::new(&run, "submission", "kaggle-submission", "key");
        let positive = [true, false, false, true, false, false];
        let train = cohort(vec![
            slice("a", "p", Some(positive.into())),
            slice("b", "q", Some([false; 6].into())),
        ]);
        let predictions = Predictions {
            slices: vec![slice("ID_1", "r", None), slice("ID_2", "s", None)],
            probabilities: vec![vec![0.9, 0.1, 0.2, 0.3, 0.4, 1.0], vec![0.0; 6]],
            ..Predictions::default()
        };
        let mut inputs = Inputs::default()
            .with(optional::TEST, predictions)
            .with(input::COHORT, train);
        if let Some(rows) = sample {
            inputs = inputs.with(optional::SAMPLE, SampleSubmission { rows });
        }
        let result = Stage::run(stage, &inputs, &context);
        let text = std::fs::read_to_string(run.directory.join("submission.csv")).unwrap_or_default();
        (result, text)
    }

    fn rows(ids: &[&str]) -> Option<Vec<String>> {
        Some(ids.iter().map(|id| (*id).to_owned()).collect())
    }

    #[test]
    fn rows_are_the_samples_in_its_order_and_clipped() {
        let stage = KaggleSubmission {
            clip: 1e-5,
            ..KaggleSubmission::default()
        };
        let (result, text) = submit(&stage, rows(&["ID_2_any", "ID_1_subdural", "ID_1_epidural"]));
        result.unwrap();
        assert_eq!(
            text,
            "ID,Label\nID_2_any,0.00001\nID_1_subdural,0.99999\nID_1_epidural,0.1\n"
        );
    }

    #[test]
    fn a_slice_without_prediction_gets_the_priors_or_an_error() {
        let sample = rows(&["ID_9_any", "ID_9_epidural"]);
        let (result, text) = submit(&KaggleSubmission::default(), sample.clone());
        result.unwrap();
        assert_eq!(text, "ID,Label\nID_9_any,0.5\nID_9_epidural,0.000001\n");
        let strict = KaggleSubmission {
            missing: Missing::Error,
            ..KaggleSubmission::default()
        };
        let error = submit(&strict, sample).0.err().unwrap().to_string();
        assert!(error.contains("ID_9"), "{error}");
    }

    #[test]
    fn without_a_sample_every_slice_has_six_rows() {
        let (result, text) = submit(&KaggleSubmission::default(), None);
        result.unwrap();
        assert_eq!(text.lines().count(), 1 + 2 * 6);
        assert!(text.contains("ID_1_any,0.9\n"));
    }
}
