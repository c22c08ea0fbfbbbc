//! Feeding a device: batches of Hounsfield units read ahead on other threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use burn::tensor::Device;
use rayon::prelude::*;

use crate::data::cohort::Cohort;
use crate::data::identity::SeriesOrder;
use crate::data::pixels::Pixels;
use crate::error::{Error, Result};
use crate::tensors::hu_batch::HuBatch;

/// Batches kept ready ahead of the one in use; bounds memory.
const AHEAD: usize = 2;

/// A batch in host memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostBatch {
    /// Indices of the slices in the cohort.
    pub indices: Vec<usize>,
    /// `indices.len() × rows × columns` values in HU.
    pub hu: Vec<i16>,
    /// Rows of every slice.
    pub rows: usize,
    /// Columns of every slice.
    pub columns: usize,
    /// The slices around, by their offset along the series.
    around: Vec<(i32, HostBatch)>,
}

impl HostBatch {
    /// Reads the given slices, in parallel; their order is kept. `offsets` are places along the series of
    /// other slices to read with each (see [`WindowScheme::offsets`](crate::tensors::window::WindowScheme::offsets)).
    pub fn read(
        pixels: &Pixels,
        cohort: &Cohort,
        order: &SeriesOrder,
        indices: Vec<usize>,
        offsets: &[i32],
    ) -> Result<Self> {
        let mut batch = Self::read_alone(pixels, cohort, indices)?;
        for offset in offsets.iter().filter(|offset| **offset != 0) {
            let neighbours = batch
                .indices
                .iter()
                .map(|index| order.neighbour(*index, *offset))
                .collect();
            let neighbours = Self::read_alone(pixels, cohort, neighbours)?;
            batch.around.push((*offset, neighbours));
        }
        Ok(batch)
    }

    fn read_alone(pixels: &Pixels, cohort: &Cohort, indices: Vec<usize>) -> Result<Self> {
        let images = indices
            .par_iter()
            .map(|index| pixels.read(&cohort.slices[*index]))
            .collect::<Result<Vec<_>>>()?;
        let (rows, columns) = images.first().map_or((0, 0), |image| (image.rows, image.columns));
        let mut hu = Vec::with_capacity(images.len() * rows * columns);
        for (image, index) in images.iter().zip(&indices) {
            if (image.rows, image.columns) != (rows, columns) {
                return Err(Error::new(format!(
                    "slices of different size cannot share a batch: {} is {} × {}, {} is {rows} × {columns}",
                    cohort.slices[*index].id, image.rows, image.columns, cohort.slices[indices[0]].id,
                ))
                .help("give the store a size, for example `[store] use = \"hu-store\", size = 512`"));
            }
            hu.extend_from_slice(&image.hu);
        }
        Ok(Self {
            indices,
            hu,
            rows,
            columns,
            around: Vec::new(),
        })
    }

    /// Cuts the batch into at most `parts` of slices that follow one another, none empty, as even as can be.
    pub fn split(self, parts: usize) -> Vec<Self> {
        let count = self.indices.len();
        let parts = parts.clamp(1, count.max(1));
        if parts == 1 {
            return vec![self];
        }
        let size = self.rows * self.columns;
        let part = |index: usize| {
            let (from, to) = (index * count / parts, (index + 1) * count / parts);
            Self {
                indices: self.indices[from..to].to_vec(),
                hu: self.hu[from * size..to * size].to_vec(),
                rows: self.rows,
                columns: self.columns,
                around: Vec::new(),
            }
        };
        let mut cut: Vec<Self> = (0..parts).map(part).collect();
        for (offset, neighbours) in self.around {
            for (part, neighbours) in cut.iter_mut().zip(neighbours.split(parts)) {
                part.around.push((offset, neighbours));
            }
        }
        cut
    }

    /// Moves the batch to the device: one upload of i16 values, and one more for each offset.
    pub fn upload(self, cohort: &Cohort, device: &Device) -> HuBatch {
        let tags = self
            .indices
            .iter()
            .map(|index| cohort.slices[*index].tags.clone())
            .collect();
        let batch = HuBatch::upload(self.hu, self.rows, self.columns, tags, device);
        self.around
            .into_iter()
            .fold(batch, |batch, (offset, neighbours)| {
                batch.with_neighbours(offset, neighbours.upload(cohort, device))
            })
    }
}

/// An iterator over batches that are read ahead. Their order is the order asked for, whatever the
/// threads do. Dropping it stops the reading.
pub struct Feed {
    batches: Option<Receiver<Result<HostBatch>>>,
    reader: Option<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
    waited: Duration,
}

impl Feed {
    /// Starts reading `batches`, each a list of indices into `cohort`, with the slices at `offsets` around.
    pub fn start(pixels: Pixels, cohort: Arc<Cohort>, batches: Vec<Vec<usize>>, offsets: Vec<i32>) -> Self {
        let (sender, receiver) = sync_channel(AHEAD);
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let reader = std::thread::spawn(move || {
            // Sorting a large cohort takes a while, and most windows look at no neighbours.
            let order = if offsets.is_empty() {
                SeriesOrder::default()
            } else {
                SeriesOrder::of(&cohort.slices)
            };
            for indices in batches {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let batch = HostBatch::read(&pixels, &cohort, &order, indices, &offsets);
                let failed = batch.is_err();
                if sender.send(batch).is_err() || failed {
                    return;
                }
            }
        });
        Self {
            batches: Some(receiver),
            reader: Some(reader),
            stop,
            waited: Duration::ZERO,
        }
    }

    /// Time spent waiting for data so far.
    pub fn waited(&self) -> Duration {
        self.waited
    }
}

impl Iterator for Feed {
    type Item = Result<HostBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        let begun = Instant::now();
        let batch = self.batches.as_ref().and_then(|batches| batches.recv().ok());
        self.waited += begun.elapsed();
        if batch.is_none()
            && let Some(reader) = self.reader.take()
            && reader.join().is_err()
        {
            return Some(Err(Error::new(
                "the thread that reads slices stopped unexpectedly",
            )));
        }
        batch
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Closing the channel wakes a reader that waits to hand a batch over.
        self.batches = None;
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

/// Cuts indices into batches of at most `size`.
pub fn batches_of(indices: &[usize], size: usize) -> Vec<Vec<usize>> {
    indices.chunks(size.max(1)).map(<[usize]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(first: usize, count: usize) -> HostBatch {
        HostBatch {
            indices: (first..first + count).collect(),
            hu: (0..count * 6).map(|value| (first * 6 + value) as i16).collect(),
            rows: 2,
            columns: 3,
            around: Vec::new(),
        }
    }

    #[test]
    fn parts_of_a_batch_are_its_slices_in_order() {
        let mut whole = batch(0, 7);
        whole.around.push((-1, batch(100, 7)));
        for parts in [1, 2, 3, 7, 20] {
            let cut = whole.clone().split(parts);
            assert_eq!(cut.len(), parts.min(7));
            let sizes: Vec<usize> = cut.iter().map(|part| part.indices.len()).collect();
            assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1);
            let joined =
                |values: &dyn Fn(&HostBatch) -> Vec<i16>| cut.iter().flat_map(values).collect::<Vec<_>>();
            assert_eq!(joined(&|part| part.hu.clone()), whole.hu);
            assert_eq!(joined(&|part| part.around[0].1.hu.clone()), whole.around[0].1.hu);
            assert!(cut.iter().all(|part| part.around[0].0 == -1));
        }
    }
}
