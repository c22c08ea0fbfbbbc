//! `data-profile`: what training data looked like, and from where on an exam is unlike it.

mod kept;

use burn::tensor::Tensor;
use ichflow_api::counted::counted;
use ichflow_api::data::profile::{DataProfile, Gathered, HuCounts, Reading};
use ichflow_api::metrics::Moments;
use ichflow_api::nn::EmbeddedLayer;
use ichflow_api::prelude::*;
use rayon::prelude::*;

use crate::batches::{self, Computed, Part, Work, values};

/// Goes over the training slices once more with the trained network and keeps what they look like: mean and covariance of
/// the pooled features, the histogram of HU, how often header values occur. The validation exams then say from where on
/// an exam is unlike that: beyond 99 of 100 of them.
///
/// `predict` after it flags exams of a run, `model-bundle` takes the profile along, so that `ichflow predict` flags exams
/// anywhere, and `ichflow drift` compares periods with it. No probability changes.
///
/// A slice's distance is Mahalanobis' from one normal distribution of all training slices (Lee et al. 2018, with one class,
/// since labels of a slice do not exclude one another), with Ledoit and Wolf's covariance (2004); an exam's is the mean of
/// its slices'. Exams are studies. Header values are pixel encoding, spacing, thickness, kernel, scanner and kVp, and
/// nothing that says whose an exam is.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ProfileData {
    /// Slices computed at once.
    #[schemars(range(min = 1, max = 4096))]
    pub batch: usize,
}

impl Default for ProfileData {
    fn default() -> Self {
        Self { batch: 32 }
    }
}

impl Stage for ProfileData {
    const NAME: &'static str = "data-profile";
    const FAMILY: Family = Family::Predict;
    const SUMMARY: &'static str = "what training data looked like, to tell exams that are unlike it";
    const IMMATERIAL: &'static [&'static str] = &["batch"];
    const EXAMPLE: &'static str =
        "[profile]                           # after fit, before predict\nuse = \"data-profile\"\n";

    fn ports() -> Ports {
        Ports::new()
            .takes(input::MODEL)
            .takes(input::PIXELS)
            .takes(input::COHORT)
            .takes(input::FOLDS)
            .offers(output::PROFILE)
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let model = inputs.take(input::MODEL)?;
        let pixels = inputs.take(input::PIXELS)?;
        let cohort = inputs.take(input::COHORT)?;
        let folds = inputs.take(input::FOLDS)?;
        let part = |fold| Part::new(cohort.clone(), &folds.indices(fold), self.batch);
        let profile = context.keep(kept::read, |directory| {
            let gathered = gather(&model, &pixels, part(Fold::Train), context)?;
            let profile = beside(gathered, &model, &pixels, part(Fold::Valid), context)?;
            kept::write(directory, &profile)?;
            Ok(profile)
        })?;
        context.say(format!(
            "{} features of {} in {}; limits of {}",
            profile.width(),
            counted(profile.training_slices, "slice", "slices"),
            counted(profile.training_exams, "exam", "exams"),
            counted(profile.validation.len(), "validation exam", "validation exams"),
        ));
        if profile.validation.len() < FEW_EXAMS {
            context.say(format!(
                "with {} validation exams the limits are the largest values among them: about 1 exam in {} like them \
                 is flagged by each",
                profile.validation.len(),
                profile.validation.len() + 1
            ));
        }
        Ok(Outputs::new().with(output::PROFILE, profile))
    }
}

ichflow_api::register!(ProfileData);

/// The 99th percentile of less exams is the largest.
const FEW_EXAMS: usize = 99;

/// Adds up the training slices; none is kept.
fn gather(model: &Model, pixels: &Pixels, part: Part, context: &Context) -> Result<Gathered> {
    let (mut moments, mut hu, mut slices) = (None::<Moments>, HuCounts::default(), Vec::new());
    let work = Work {
        name: "profiling training slices",
        with_histograms: true,
    };
    let all: Vec<usize> = (0..part.batches.len()).collect();
    let parts = [part];
    batches::each(model, pixels, &parts, &all, work, context, |computed| {
        let Computed {
            read,
            batch,
            histograms,
            ..
        } = computed;
        let Some(batch) = batch else { return Ok(()) };
        let features = features(model, &batch)?;
        let width = features.dims()[1];
        let moments = moments.get_or_insert_with(|| Moments::new(width));
        for row in values(features)?.chunks_exact(width) {
            let row: Vec<f64> = row.iter().map(|feature| f64::from(*feature)).collect();
            moments
                .add(&row)
                .doing("the features of a training slice cannot be used")?;
        }
        histograms.iter().for_each(|counts| hu.add(counts));
        slices.extend(read.iter().map(|index| parts[0].cohort.slices[*index].clone()));
        Ok(())
    })?;
    let moments = moments.ok_or_else(|| {
        Error::new("no training slice could be read, so there is nothing to profile")
            .help("put the stage into the recipe that trains the model; its bundle has the profile then")
    })?;
    let features = moments
        .gaussian()
        .doing("the features of the training slices have no covariance")?;
    Ok(Gathered { features, hu, slices })
}

/// Holds the validation slices against what was gathered.
fn beside(
    gathered: Gathered,
    model: &Model,
    pixels: &Pixels,
    part: Part,
    context: &Context,
) -> Result<DataProfile> {
    let work = Work {
        name: "profiling validation slices",
        with_histograms: true,
    };
    let all: Vec<usize> = (0..part.batches.len()).collect();
    let parts = [part];
    let (mut slices, mut readings) = (Vec::new(), Vec::new());
    batches::each(model, pixels, &parts, &all, work, context, |computed| {
        let Some(batch) = computed.batch else {
            return Ok(());
        };
        let features = features(model, &batch)?;
        let measure = |row: &[f64]| gathered.features.distance(row);
        readings.extend(read(features, computed.histograms, |row| {
            let row: Vec<f64> = row.iter().map(|feature| f64::from(*feature)).collect();
            measure(&row).doing("the features of a validation slice cannot be used")
        })?);
        let of_batch = computed.read.iter();
        slices.extend(of_batch.map(|index| parts[0].cohort.slices[*index].clone()));
        Ok(())
    })?;
    DataProfile::new(gathered, slices.iter().zip(&readings))
}

fn features(model: &Model, batch: &HuBatch) -> Result<Tensor<2>> {
    let [features, _] = model
        .embed(batch, EmbeddedLayer::Pooled)
        .ok_or_else(|| Error::new("the network's pooled features cannot be looked at"))?;
    Ok(features)
}

/// What is read of the slices of a batch, beside a profile.
pub(crate) fn readings_of(
    profile: &DataProfile,
    features: Tensor<2>,
    histograms: Vec<HuCounts>,
) -> Result<Vec<Reading>> {
    read(features, histograms, |row| profile.distance(row))
}

fn read(
    features: Tensor<2>,
    histograms: Vec<HuCounts>,
    distance: impl Fn(&[f32]) -> Result<f64> + Sync,
) -> Result<Vec<Reading>> {
    let width = features.dims()[1];
    let features = values(features)?;
    let rows: Vec<&[f32]> = features.chunks_exact(width.max(1)).collect();
    rows.into_par_iter()
        .zip(histograms)
        .map(|(row, hu)| {
            Ok(Reading {
                distance: distance(row)?,
                hu,
            })
        })
        .collect()
}
