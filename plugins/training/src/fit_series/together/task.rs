//! Series of pixels as units of training.

use std::sync::Arc;
use std::time::Instant;

use burn::optim::GradientsParams;
use ichflow_api::context::Progress;
use ichflow_api::data::identity::SeriesOrder;
use ichflow_api::data::labels::Level;
use ichflow_api::nn::EmbeddedLayer;
use ichflow_api::nn::series::{SeriesInput, SeriesShape, SeriesValues};
use ichflow_api::prelude::*;
use ichflow_api::tensors::feed::HostBatch;
use ichflow_api::tensors::loss::rows_of_truth;
use ichflow_api::tensors::series_units::SeriesUnits;
use rand_chacha::ChaCha8Rng;

use super::network::Together;
use crate::fit::{Batches, Task, Validation};
use crate::fit_series::ahead::Ahead;
use crate::fit_series::buckets::bucketed;
use crate::fit_series::loss::SeriesLoss;
use crate::fit_series::task::judge;
use crate::fit_series::truth;
use crate::fit_series::vary::Vary;

/// Series of slices, whose pixels are read.
#[derive(Clone)]
pub(super) struct Source {
    /// All slices.
    pub cohort: Arc<Cohort>,
    /// Their Hounsfield units.
    pub pixels: Pixels,
    /// Which slices stand beside which.
    pub order: Arc<SeriesOrder>,
    /// Neighbours that the window looks at.
    pub offsets: Vec<i32>,
    /// The series; rows are indices of the cohort.
    pub units: Arc<SeriesUnits>,
    /// What the network over series takes and gives.
    pub shape: SeriesShape,
}

/// Both networks, and the series that they learn from.
pub(super) struct TogetherTask {
    /// What they start from; with what happens to pixels before them.
    pub model: Model,
    /// The network over series.
    pub series: SeriesModel,
    /// Series of the training slices.
    pub train: Source,
    /// Series of the validation slices.
    pub validation: Source,
    /// Where they are trained, with autodiff: one device.
    pub devices: Vec<Device>,
    /// What is minimised.
    pub loss: SeriesLoss,
    /// How series are varied.
    pub vary: Vary,
    /// Its streams are the batches, by number.
    pub vary_rng: ChaCha8Rng,
    /// Batches add their number to it.
    pub dropout_seed: u64,
    /// Slices whose maps are in memory at once.
    pub chunk: usize,
}

/// Series in host memory: pixels of their slices, one series after the other.
pub(super) struct PixelBatch {
    units: Vec<usize>,
    host: HostBatch,
    /// What is known of each slice but its embedding.
    series: Vec<SeriesValues>,
    slices: Vec<f32>,
    exams: Vec<f32>,
}

impl Source {
    /// Reads some series, each with the slices that are at its places; what cannot be read is left out.
    fn read(&self, wanted: Vec<(usize, Vec<usize>)>) -> Result<PixelBatch> {
        let indices: Vec<usize> = wanted
            .iter()
            .flat_map(|(unit, places)| places.iter().map(|place| self.units.rows(*unit)[*place]))
            .collect();
        let host = HostBatch::read(&self.pixels, &self.cohort, &self.order, indices, &self.offsets)?;
        let is_read = |index: &usize| !host.unread.iter().any(|unread| unread.index == *index);
        let left: Vec<(usize, Vec<usize>)> = wanted
            .into_iter()
            .map(|(unit, mut places)| {
                places.retain(|place| is_read(&self.units.rows(unit)[*place]));
                (unit, places)
            })
            .filter(|(_, places)| !places.is_empty())
            .collect();
        // Of each slice one number stands for the features that are still to be computed.
        let placed = SeriesShape {
            features: 1,
            logits: 0,
            ..self.shape
        };
        let series: Result<Vec<SeriesValues>> = left
            .iter()
            .map(|(unit, places)| self.units.read(*unit, places, placed))
            .collect();
        let labels = self.shape.labels;
        let slices = host
            .indices
            .iter()
            .map(|index| self.cohort.slices[*index].labels.as_ref());
        let slices = rows_of_truth(slices, labels);
        let wholes: Vec<Option<Labels>> = left
            .iter()
            .map(|(unit, _)| truth::of_series(self.units.slices(*unit)))
            .collect();
        Ok(PixelBatch {
            series: series?,
            slices,
            exams: rows_of_truth(wholes.iter().map(Option::as_ref), labels),
            units: left.into_iter().map(|(unit, _)| unit).collect(),
            host,
        })
    }
}

impl TogetherTask {
    fn device(&self) -> Result<&Device> {
        self.devices
            .first()
            .ok_or_else(|| Error::new("there is no device to train on"))
    }

    /// Both networks in training, with the weights that they come with.
    pub(super) fn network(&self) -> Result<Together> {
        let together = Together {
            image: self.model.network.clone(),
            series: self.series.network.clone(),
        };
        Ok(burn::module::Module::train(together))
    }

    /// Images of a chunk.
    fn images(&self, network: &Network, host: HostBatch, device: &Device) -> Tensor<4> {
        let batch = host.upload(&self.train.cohort, device);
        let preparation = &self.model.preparation;
        let images = preparation.images(&batch, network.window.as_ref());
        preparation.normalisation.apply(images)
    }

    /// Slices of a batch in chunks.
    fn chunks(&self, host: HostBatch) -> Vec<HostBatch> {
        let parts = host.indices.len().div_ceil(self.chunk.max(1));
        host.split(parts)
    }
}

impl Task for TogetherTask {
    type Network = Together;
    type Batch = PixelBatch;
    const UNITS: [&'static str; 2] = ["series", "series"];

    fn labels(&self) -> &LabelSet {
        &self.loss.labels
    }

    fn labelled(&self) -> Result<Vec<(usize, Labels)>> {
        let units = &self.train.units;
        let labels = |unit| Some((unit, truth::of_series(units.slices(unit))?));
        let labelled: Vec<_> = (0..units.len()).filter_map(labels).collect();
        if labelled.is_empty() && !units.is_empty() {
            return Err(Error::new("no training slice has labels")
                .help("name the file that has them in the stage that loads the slices"));
        }
        Ok(labelled)
    }

    fn validates(&self) -> usize {
        self.validation.units.len()
    }

    fn validates_nothing(&self) -> bool {
        let units = &self.validation.units;
        let known = |unit| truth::of_series(units.slices(unit)).is_some();
        !units.is_empty() && !(0..units.len()).any(known)
    }

    fn arranged(&self, drawn: Vec<Vec<usize>>) -> Vec<Vec<usize>> {
        bucketed(drawn, |unit| self.train.units.rows(unit).len())
    }

    fn feed(&self, batches: Vec<Vec<usize>>, first: u64) -> Box<dyn Batches<PixelBatch> + '_> {
        let (source, vary, rng) = (self.train.clone(), self.vary.clone(), self.vary_rng.clone());
        Box::new(Ahead::start(batches.len(), move |index| {
            let mut rng = rng.clone();
            rng.set_stream(first.wrapping_add(index as u64));
            let places = |unit: &usize| (*unit, vary.places(source.units.rows(*unit).len(), &mut rng));
            source.read(batches[index].iter().map(places).collect())
        }))
    }

    fn units(&self, batch: &PixelBatch, context: &Context) -> Vec<usize> {
        batch.host.exclude_unread(&self.train.cohort, context);
        batch.units.clone()
    }

    fn gradients(
        &self,
        network: &Together,
        batch: PixelBatch,
        number: u64,
        share: f64,
    ) -> Result<(Tensor<1>, GradientsParams)> {
        let device = self.device()?;
        let placed = SeriesShape {
            features: 1,
            logits: 0,
            ..self.series.shape
        };
        let mut input = SeriesInput::of(&batch.series, placed, device);
        if self.series.shape.logits > 0 {
            input.logits = Tensor::zeros([batch.host.indices.len(), self.series.shape.logits], device);
        }
        let chunks = self.chunks(batch.host);
        // Chunks of a batch are far from any batch's number.
        let seed = |chunk: usize| {
            device.seed(
                self.dropout_seed
                    .wrapping_add(number)
                    .wrapping_add((chunk as u64) << 40),
            )
        };
        network
            .gradients(
                input,
                chunks.len(),
                |chunk| self.images(&network.image, chunks[chunk].clone(), device),
                seed,
                |output| self.loss.of(output, &batch.slices, &batch.exams),
                share,
            )
            .ok_or_else(|| Error::new("a batch of series has nothing to learn from"))
    }

    fn validate(&self, network: &Together, context: &Context, progress: &dyn Progress) -> Result<Validation> {
        let begun = Instant::now();
        let mut validation = Validation::default();
        let model = Model {
            network: network.image.clone(),
            ..self.model.clone()
        };
        let series = SeriesModel {
            network: network.series.clone(),
            ..self.series.clone()
        };
        let source = self.validation.clone();
        let count = source.units.len();
        let mut ahead = Ahead::start(count, move |unit| {
            let whole = (0..source.units.rows(unit).len()).collect();
            source.read(vec![(unit, whole)])
        });
        let device = context.device();
        for batch in ahead.by_ref() {
            context.checkpoint()?;
            let batch = batch?;
            batch.host.exclude_unread(&self.validation.cohort, context);
            let Some(mut values) = batch.series.into_iter().next() else {
                continue;
            };
            let indices = batch.host.indices.clone();
            values.embeddings.clear();
            for chunk in self.chunks(batch.host) {
                let hu = chunk.upload(&self.validation.cohort, &device);
                let made = model.embed(&hu, EmbeddedLayer::Pooled);
                let [features, logits] = made.ok_or_else(|| Error::new("the network gives no features"))?;
                values.embeddings.extend(read(features)?);
                if self.series.shape.logits > 0 {
                    values.logits.extend(read(logits)?);
                }
            }
            let found = series.predict(&[values], &device)?;
            let slices: Vec<&Slice> = indices
                .iter()
                .map(|index| &self.validation.cohort.slices[*index])
                .collect();
            let of_series = self.series.level > Level::Slice;
            judge(
                &found,
                &[slices],
                self.series.shape.labels,
                of_series,
                &mut validation,
            );
            progress.advance(1);
        }
        validation.waited = ahead.waited();
        validation.took = begun.elapsed();
        Ok(validation)
    }

    fn names(&self, units: &[usize]) -> Vec<String> {
        units.iter().map(|unit| self.train.units.name(*unit)).collect()
    }

    fn devices(&self) -> &[Device] {
        &self.devices
    }

    fn attempt(&self, size: usize) -> Result<()> {
        let network = self.network()?;
        let units: Vec<usize> = (0..self.train.units.len()).cycle().take(size).collect();
        if let Some(batch) = self.feed(vec![units], 0).next() {
            let (loss, _gradients) = self.gradients(&network, batch?, 0, 1.0)?;
            loss.into_scalar::<f32>();
        }
        Ok(())
    }
}

fn read(tensor: Tensor<2>) -> Result<Vec<f32>> {
    tensor
        .into_data()
        .convert::<f32>()
        .try_to_vec::<f32>()
        .map_err(|error| Error::new(format!("the network's output cannot be read: {error:?}")))
}
