//! What a network is trained on and validated by.

use std::sync::Arc;

use ichflow_api::prelude::*;
use ichflow_api::tensors::feed::Feed;
use ichflow_api::tensors::model::Preparation;

/// The slices of the training and the validation fold, and how they become images.
pub(super) struct Data {
    /// All slices.
    pub cohort: Arc<Cohort>,
    /// Their Hounsfield units.
    pub pixels: Pixels,
    /// From Hounsfield units to what a network sees.
    pub preparation: Preparation,
    /// Indices of the training slices.
    pub train: Vec<usize>,
    /// Indices of the validation slices.
    pub validation: Vec<usize>,
}

impl Data {
    /// Batches of slices, read ahead in the background.
    pub(super) fn feed(&self, batches: Vec<Vec<usize>>) -> Feed {
        let offsets = self.preparation.window.offsets();
        Feed::start(self.pixels.clone(), self.cohort.clone(), batches, offsets)
    }

    /// The training slices with their labels.
    ///
    /// # Errors
    /// Where a training slice has none.
    pub(super) fn labelled(&self) -> Result<Vec<(usize, Labels)>> {
        let slices = self.train.iter().map(|index| &self.cohort.slices[*index]);
        let without = slices.clone().filter(|slice| slice.labels.is_none());
        match (without.clone().count(), without.clone().next()) {
            (0, _) | (_, None) => {}
            (count, _) if count == self.train.len() => {
                return Err(Error::new("no training slice has labels").help(
                    "a network is trained on labels: name the file that has them in the stage that loads the slices",
                ));
            }
            (count, Some(first)) => {
                return Err(Error::new(format!(
                    "{count} of {} training slices have no labels, {} the first of them",
                    self.train.len(),
                    first.id
                ))
                .help("label them, or leave them out of the cohort"));
            }
        }
        let labelled = self.train.iter().zip(slices);
        Ok(labelled
            .filter_map(|(index, slice)| Some((*index, slice.labels.clone()?)))
            .collect())
    }

    /// Whether validation slices are there and none of them has labels.
    pub(super) fn validates_nothing(&self) -> bool {
        let mut slices = self.validation.iter().map(|index| &self.cohort.slices[*index]);
        !self.validation.is_empty() && slices.all(|slice| slice.labels.is_none())
    }

    /// The training slices, for what is said of slices later.
    pub(super) fn trained_on(&self) -> TrainedOn {
        let slices = self.train.iter().map(|index| &self.cohort.slices[*index]);
        TrainedOn::ids(slices.map(|slice| slice.id.as_str()))
    }

    /// A network with its starting weights, on a device.
    ///
    /// # Errors
    /// Where it cannot be built.
    pub(super) fn network(&self, spec: &NetworkSpec, device: &Device) -> Result<Network> {
        let window = &self.preparation.window;
        let network = spec.build(window.channels(), self.cohort.labels.len(), device)?;
        Ok(network.with_window(window.learned(device)))
    }

    /// A network as validation looks at it.
    pub(super) fn model(&self, network: Network, description: &str) -> Model {
        Model {
            preparation: self.preparation.clone(),
            network,
            description: description.to_owned(),
            views: Default::default(),
            trained_on: Default::default(),
        }
    }
}
