//! Series as units of training.

use std::sync::Arc;
use std::time::Instant;

use burn::optim::GradientsParams;
use ichflow_api::context::Progress;
use ichflow_api::nn::series::{AnySeriesNetwork, SeriesInput, SeriesShape, SeriesValues};
use ichflow_api::nn::{ForwardContext, Precision};
use ichflow_api::prelude::*;
use ichflow_api::tensors::feed::batches_of;
use ichflow_api::tensors::loss::rows_of_truth;
use ichflow_api::tensors::series_model::{SeriesModel, SeriesProbabilities};
use ichflow_api::tensors::series_units::SeriesUnits;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::ahead::Ahead;
use super::buckets::bucketed;
use super::loss::SeriesLoss;
use super::truth;
use super::vary::Vary;
use crate::fit::{Batches, Task, Trained, Validation};

impl Trained for AnySeriesNetwork {}

/// A sequence network, and the series that it learns from.
pub(super) struct SeriesTask {
    /// Series of the training slices.
    pub train: Arc<SeriesUnits>,
    /// Series of the validation slices.
    pub validation: Arc<SeriesUnits>,
    /// At which level the labels were given.
    pub level: Level,
    /// What builds the network.
    pub spec: SeriesNetworkSpec,
    /// What it takes and gives.
    pub shape: SeriesShape,
    /// Where it is trained, with autodiff: one device.
    pub devices: Vec<Device>,
    /// What linear layers multiply.
    pub precision: Precision,
    /// What is minimised.
    pub loss: SeriesLoss,
    /// How series are varied.
    pub vary: Vary,
    /// Its streams are the batches, by number.
    pub vary_rng: ChaCha8Rng,
    /// Batches add their number to it.
    pub dropout_seed: u64,
    /// Series in a batch.
    pub batch: usize,
}

/// Series in host memory, with what is true of them.
pub(super) struct SeriesBatch {
    units: Vec<usize>,
    series: Vec<SeriesValues>,
    /// Truth of the slices, a row of labels each, NaN where it is unknown.
    slices: Vec<f32>,
    /// Of the series as a whole.
    exams: Vec<f32>,
}

impl SeriesBatch {
    /// Reads some series, each with the slices that are at its places.
    fn read(units: &SeriesUnits, wanted: Vec<(usize, Vec<usize>)>, shape: SeriesShape) -> Result<Self> {
        let series: Vec<Result<SeriesValues>> = wanted
            .par_iter()
            .map(|(unit, places)| units.read(*unit, places, shape))
            .collect();
        let all = units.embeddings().slices();
        let of_series = |(unit, places): &(usize, Vec<usize>)| -> Vec<&Slice> {
            let rows = units.rows(*unit);
            places.iter().map(|place| &all[rows[*place]]).collect()
        };
        let slices: Vec<&Slice> = wanted.iter().flat_map(of_series).collect();
        let wholes: Vec<Option<Labels>> = wanted
            .iter()
            .map(|(unit, _)| truth::of_series(units.slices(*unit)))
            .collect();
        Ok(Self {
            series: series.into_iter().collect::<Result<_>>()?,
            slices: rows_of_truth(slices.iter().map(|slice| slice.labels.as_ref()), shape.labels),
            exams: rows_of_truth(wholes.iter().map(Option::as_ref), shape.labels),
            units: wanted.into_iter().map(|(unit, _)| unit).collect(),
        })
    }
}

impl SeriesTask {
    /// The network with its starting weights.
    ///
    /// # Errors
    /// Where it cannot be built.
    pub(super) fn network(&self) -> Result<AnySeriesNetwork> {
        let device = self
            .devices
            .first()
            .ok_or_else(|| Error::new("there is no device to train on"))?;
        self.spec.build(self.shape, device)
    }

    /// A network as validation looks at it.
    pub(super) fn model(&self, network: AnySeriesNetwork) -> SeriesModel {
        SeriesModel {
            network,
            shape: self.shape,
            description: self.spec.describe(),
            level: self.level,
            trained_on: TrainedOn::default(),
        }
    }
}

/// Adds what was predicted of some series, each by its slices, to `validation`, as far as its truth is known; `of_series`:
/// of series as a whole.
pub(super) fn judge(
    found: &SeriesProbabilities,
    series: &[Vec<&Slice>],
    labels: usize,
    of_series: bool,
    validation: &mut Validation,
) {
    let row = |values: &[f32], row: usize| -> Vec<f64> {
        let values = values[row * labels..(row + 1) * labels].iter();
        values.map(|value| f64::from(*value)).collect()
    };
    let mut add = |truth: Option<Labels>, row: Vec<f64>| {
        if let Some(truth) = truth {
            validation.truth.push(truth);
            validation.probabilities.push(row);
        }
    };
    if of_series {
        for (place, slices) in series.iter().enumerate() {
            add(truth::of_series(slices.iter().copied()), row(&found.exams, place));
        }
    } else {
        for (place, slice) in series.iter().flatten().enumerate() {
            add(slice.labels.clone(), row(&found.slices, place));
        }
    }
}

impl Task for SeriesTask {
    type Network = AnySeriesNetwork;
    type Batch = SeriesBatch;
    const UNITS: [&'static str; 2] = ["series", "series"];

    fn labels(&self) -> &LabelSet {
        &self.loss.labels
    }

    /// A series of which no slice has labels is not trained on.
    fn labelled(&self) -> Result<Vec<(usize, Labels)>> {
        let labels = |unit| Some((unit, truth::of_series(self.train.slices(unit))?));
        let labelled: Vec<_> = (0..self.train.len()).filter_map(labels).collect();
        if labelled.is_empty() && !self.train.is_empty() {
            return Err(Error::new("no training slice has labels").help(
                "a network is trained on labels: name the file that has them in the stage that loads the slices",
            ));
        }
        Ok(labelled)
    }

    fn validates(&self) -> usize {
        self.validation.len()
    }

    fn validates_nothing(&self) -> bool {
        let known = |unit| truth::of_series(self.validation.slices(unit)).is_some();
        !self.validation.is_empty() && !(0..self.validation.len()).any(known)
    }

    fn arranged(&self, drawn: Vec<Vec<usize>>) -> Vec<Vec<usize>> {
        bucketed(drawn, |unit| self.train.rows(unit).len())
    }

    fn feed(&self, batches: Vec<Vec<usize>>, first: u64) -> Box<dyn Batches<SeriesBatch> + '_> {
        let (units, shape) = (Arc::clone(&self.train), self.shape);
        let (vary, rng) = (self.vary.clone(), self.vary_rng.clone());
        Box::new(Ahead::start(batches.len(), move |index| {
            let mut rng = rng.clone();
            rng.set_stream(first.wrapping_add(index as u64));
            let places = |unit: &usize| (*unit, vary.places(units.rows(*unit).len(), &mut rng));
            SeriesBatch::read(&units, batches[index].iter().map(places).collect(), shape)
        }))
    }

    fn units(&self, batch: &SeriesBatch, _context: &Context) -> Vec<usize> {
        batch.units.clone()
    }

    fn gradients(
        &self,
        network: &AnySeriesNetwork,
        batch: SeriesBatch,
        number: u64,
        share: f64,
    ) -> Result<(Tensor<1>, GradientsParams)> {
        let device = self
            .devices
            .first()
            .ok_or_else(|| Error::new("there is no device to train on"))?;
        device.seed(self.dropout_seed.wrapping_add(number));
        let input = SeriesInput::of(&batch.series, self.shape, device);
        let context = ForwardContext::default().with_precision(self.precision);
        let output = network.forward(input, &context);
        // A window may hold no slice with labels: such a batch is worth nothing, and moves nothing.
        let loss = match self.loss.of(output.clone(), &batch.slices, &batch.exams) {
            Some(loss) => loss,
            None => output.slices.sum().mul_scalar(0.0),
        };
        let plain = loss.clone().inner();
        let loss = if share == 1.0 {
            loss
        } else {
            loss.mul_scalar(share)
        };
        Ok((plain, GradientsParams::from_grads(loss.backward(), network)))
    }

    fn validate(
        &self,
        network: &AnySeriesNetwork,
        context: &Context,
        progress: &dyn Progress,
    ) -> Result<Validation> {
        let begun = Instant::now();
        let mut validation = Validation::default();
        let model = self.model(network.clone());
        let all: Vec<usize> = (0..self.validation.len()).collect();
        let batches = batches_of(&all, self.batch);
        let (units, shape, given) = (Arc::clone(&self.validation), self.shape, batches.clone());
        let mut ahead = Ahead::start(batches.len(), move |index| {
            let whole = |unit: &usize| (*unit, (0..units.rows(*unit).len()).collect());
            SeriesBatch::read(&units, given[index].iter().map(whole).collect(), shape)
        });
        for (units, batch) in batches.iter().zip(ahead.by_ref()) {
            context.checkpoint()?;
            let found = model.predict(&batch?.series, &context.device())?;
            let series: Vec<Vec<&Slice>> = units
                .iter()
                .map(|unit| self.validation.slices(*unit).collect())
                .collect();
            judge(
                &found,
                &series,
                self.shape.labels,
                self.level > Level::Slice,
                &mut validation,
            );
            progress.advance(units.len() as u64);
        }
        validation.waited = ahead.waited();
        validation.took = begun.elapsed();
        Ok(validation)
    }

    fn names(&self, units: &[usize]) -> Vec<String> {
        units.iter().map(|unit| self.train.name(*unit)).collect()
    }

    fn devices(&self) -> &[Device] {
        &self.devices
    }

    fn attempt(&self, size: usize) -> Result<()> {
        let network = self.network()?;
        let units: Vec<usize> = (0..self.train.len()).cycle().take(size).collect();
        if let Some(batch) = self.feed(vec![units], 0).next() {
            let (loss, _gradients) = self.gradients(&network, batch?, 0, 1.0)?;
            loss.into_scalar::<f32>();
        }
        Ok(())
    }
}
