//! Looking at single slices of an upload: their HU, what the network was shown of them, and where it looked.

use std::sync::{Arc, Mutex, PoisonError};

use ichflow_api::bundle::Bundle;
use ichflow_api::context::RunContext;
use ichflow_api::data::identity::SeriesOrder;
use ichflow_api::prelude::*;
use ichflow_api::slice_files;
use ichflow_api::tensors::feed::HostBatch;
use ichflow_api::tensors::heat_map::{Explainer, HeatMap, Weighing};

use super::answer::Answer;
use super::receive::Spooled;

/// How many times along each axis an image is looked at for a heat map.
const SHIFTS: usize = 2;

/// A picture in shades of grey.
pub(crate) struct Gray {
    pub rows: usize,
    pub columns: usize,
    pub values: Vec<u8>,
}

/// Shows slices with the model of a bundle, one at a time.
pub(super) struct Looker {
    bundle: Arc<Bundle>,
    context: RunContext,
    /// Made when first asked for.
    model: Mutex<Option<Model>>,
}

/// A slice among those it was sent with.
pub(super) struct Place<'a> {
    pub answer: &'a Answer,
    /// Closes no file before it is read.
    pub _files: Arc<Vec<Spooled>>,
    pub slice: &'a Slice,
}

impl Place<'_> {
    /// The slice's HU.
    pub(super) fn hu(&self) -> Result<HuImage> {
        (slice_files::format()?.pixels)().read(self.slice)
    }
}

impl Looker {
    pub(super) fn new(bundle: Arc<Bundle>, context: RunContext) -> Self {
        Self {
            bundle,
            context,
            model: Mutex::new(None),
        }
    }

    /// Gives a slice as the model takes it.
    fn with<T>(&self, place: &Place<'_>, look: impl FnOnce(&Model, &HuBatch) -> Result<T>) -> Result<T> {
        // A panic while the lock was held leaves a model, or none.
        let mut made = self.model.lock().unwrap_or_else(PoisonError::into_inner);
        let model = match made.take() {
            Some(model) => model,
            None => self.bundle.model(&self.context)?,
        };
        let model = made.insert(model);
        let slices: Vec<Slice> = place.answer.shown.iter().flatten().cloned().collect();
        let index = slices
            .iter()
            .position(|slice| slice.id == place.slice.id)
            .ok_or_else(|| Error::new("the slice cannot be shown"))?;
        let cohort = Cohort {
            slices,
            ..Cohort::default()
        };
        let order = SeriesOrder::of(&cohort.slices);
        let pixels = (slice_files::format()?.pixels)();
        let offsets = model.preparation.window.offsets();
        let host = HostBatch::read_one(&pixels, &cohort, &order, index, &offsets)?;
        let batch = host.upload(&cohort, &self.context.device.open());
        look(model, &batch)
    }

    /// The first channel of the slice as the bundle's windowing shows it to the network.
    pub(super) fn window(&self, place: &Place<'_>) -> Result<Gray> {
        self.with(place, |model, batch| {
            let images = model.images(batch);
            let [_, _, rows, columns] = images.dims();
            let values = images
                .into_data()
                .convert::<f32>()
                .try_to_vec::<f32>()
                .map_err(|error| {
                    Error::new(format!("the image cannot be read from the device: {error:?}"))
                })?;
            let grey = |value: &f32| (value.clamp(0.0, 1.0) * 255.0).round() as u8;
            Ok(Gray {
                rows,
                columns,
                values: values.iter().take(rows * columns).map(grey).collect(),
            })
        })
    }

    /// Where the network looked for a label.
    pub(super) fn heat(&self, place: &Place<'_>, label: usize) -> Result<HeatMap> {
        self.with(place, |model, batch| {
            let maps = Explainer::new(model, Weighing::default(), SHIFTS).heat_maps(batch, &[label])?;
            maps.into_iter()
                .next()
                .ok_or_else(|| Error::new("there is no heat map of it"))
        })
    }
}
