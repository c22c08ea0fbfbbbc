//! `histogram-logistic`: a baseline without a network.

pub mod features;

use std::sync::atomic::Ordering;

use ichflow_api::prelude::*;
use rayon::prelude::*;

use features::features;

use super::parts::Parts;
use super::regressions::Regressions;
use crate::slices::{offer, with_pixels};

/// Predicts from the histogram of Hounsfield units and the place of dense tissue alone, by one logistic
/// regression per label: trained in seconds, and what a network has to beat to be worth its time.
///
/// Offers predictions of the same slices as `predict`. Put it before `predict`, so that what follows takes
/// the network's, and hold it against them with `histogram = "histogram.valid"` in `evaluate`. It writes
/// `predictions/valid.csv` and `predictions/test.csv` (under its own name if another stage was first).
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HistogramLogistic {
    /// Bins of the histogram, from −20 to 100 HU.
    #[schemars(range(min = 1, max = 120))]
    pub bins: usize,
    /// Penalty on the weights of the standardised features, above 0: the more, the more alike all
    /// predictions are.
    #[schemars(range(min = 1e-6, max = 1e6))]
    pub l2: f64,
}

impl Default for HistogramLogistic {
    fn default() -> Self {
        Self { bins: 24, l2: 1.0 }
    }
}

impl Stage for HistogramLogistic {
    const NAME: &'static str = "histogram-logistic";
    const FAMILY: Family = Family::Predict;
    const SUMMARY: &'static str = "a baseline without a network: logistic regression on HU histograms";
    const EXAMPLE: &'static str = "[histogram]\nuse = \"histogram-logistic\"\nbins = 24\n";

    fn ports() -> Ports {
        with_pixels(Ports::new()).wants_labels(input::COHORT)
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let pixels = inputs.take(input::PIXELS)?;
        let parts = Parts::of(inputs)?;
        let train = parts.slices(&parts.train);
        let (train, rows) = self.read(train, &pixels, "training slices", context)?;
        if train.is_empty() {
            return Err(Error::new("no slice of the training fold can be read")
                .help("quarantine.csv of this run has the reasons"));
        }
        let models = Regressions::fit(&train, rows, parts.cohort.labels.len(), self.l2)?;
        context.checkpoint()?;
        let predict = |slices: Vec<Slice>, what: &str| -> Result<Predictions> {
            let (slices, rows) = self.read(slices, &pixels, what, context)?;
            Ok(parts.predictions(slices, models.predict(rows)))
        };
        let valid = predict(parts.slices(&parts.valid), "validation slices")?;
        let test = match &parts.test {
            Some(test) => Some(predict(test.slices.clone(), "test slices")?),
            None => None,
        };
        offer(valid, test, context)
    }
}

ichflow_api::register!(HistogramLogistic);

impl HistogramLogistic {
    /// The slices that can be read, and their features. The others are excluded from the run.
    fn read(
        &self,
        slices: Vec<Slice>,
        pixels: &Pixels,
        what: &str,
        context: &Context,
    ) -> Result<(Vec<Slice>, Vec<Vec<f64>>)> {
        let progress = context.progress(&format!("measuring {what}"), slices.len(), "slices");
        let stop = context.stop_flag();
        let rows: Vec<Result<Vec<f64>>> = slices
            .par_iter()
            .map(|slice| {
                if stop.load(Ordering::Relaxed) {
                    return Err(Error::Interrupted);
                }
                let row = pixels.read(slice).map(|image| features(&image, self.bins));
                progress.advance(1);
                row
            })
            .collect();
        let (mut read, mut features) = (Vec::with_capacity(slices.len()), Vec::with_capacity(slices.len()));
        for (slice, row) in slices.into_iter().zip(rows) {
            match row {
                Ok(row) => {
                    read.push(slice);
                    features.push(row);
                }
                Err(Error::Interrupted) => return Err(Error::Interrupted),
                Err(error) => context.exclude(&slice.id, &slice.file, &error.chain()),
            }
        }
        Ok((read, features))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::data::labels::rsna::METRIC_WEIGHTS;
    use ichflow_api::metrics;
    use ichflow_api::testkit::{self, MadePixels};

    #[test]
    fn a_dense_spot_is_learned_from_few_slices() {
        // One slice of each fold cannot be read.
        let lost = [10, 90];
        let slices: Vec<Slice> = (0..160)
            .map(|i| {
                let bleeds = i % 4 == 0;
                let labels = [bleeds, false, bleeds, false, false, false];
                testkit::slice(&format!("{i}"), &format!("p{}", i / 4), Some(labels.into()))
            })
            .collect();
        let pixels = Pixels::new(MadePixels::new(move |slice: &Slice| {
            let number: usize = slice.id.parse().ok()?;
            if lost.contains(&number) {
                return None;
            }
            let bleeds = slice.labels.as_ref()?.is_positive(0);
            let hu = (0..400).map(|i| {
                let grain = ((i * 7919 + number * 104_729) % 13) as i16;
                if bleeds && i % 20 < 4 && i / 20 < 4 {
                    62 + grain
                } else {
                    24 + grain
                }
            });
            Some(HuImage {
                rows: 20,
                columns: 20,
                hu: hu.collect(),
            })
        }));
        let folds = Folds {
            of_slice: (0..160)
                .map(|i| if i < 80 { Fold::Train } else { Fold::Valid })
                .collect(),
        };
        let directory = tempfile::tempdir().unwrap();
        let run = testkit::run_context(directory.path());
        let context = Context::new(&run, "histogram", HistogramLogistic::NAME, "key");
        let inputs = Inputs::default()
            .with(input::PIXELS, pixels)
            .with(input::COHORT, testkit::cohort(slices))
            .with(input::FOLDS, folds);
        let mut outputs = HistogramLogistic::default().run(&inputs, &context).unwrap();
        let valid = outputs.take(output::VALID).unwrap();
        assert_eq!(valid.slices.len(), 79);
        let excluded: Vec<String> = run.quarantined().into_iter().map(|slice| slice.id).collect();
        assert_eq!(excluded, ["10", "90"]);
        assert!(outputs.take(output::TEST).is_none());
        let (probabilities, truth): (Vec<_>, Vec<_>) =
            valid.with_truth().map(|(_, p, truth)| (p, truth)).unzip();
        let loss = metrics::weighted_log_loss(&truth, &probabilities, &METRIC_WEIGHTS, 1e-15).unwrap();
        let prevalence = metrics::prevalence(&truth, 6).unwrap();
        let baseline = metrics::prevalence_log_loss(&truth, &prevalence, &METRIC_WEIGHTS, 1e-15).unwrap();
        assert!(loss < 0.2 * baseline, "{loss} {baseline}");
    }
}
