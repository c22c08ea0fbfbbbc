//! Feeding a device: batches of Hounsfield units read ahead on other threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use burn::tensor::Device;
use rayon::prelude::*;

use crate::context::Context;
use crate::data::cohort::Cohort;
use crate::data::identity::SeriesOrder;
use crate::data::pixels::{HuImage, Pixels};
use crate::error::{Error, Result};
use crate::tensors::hu_batch::HuBatch;

/// Batches kept ready ahead of the one in use; bounds memory.
const AHEAD: usize = 2;

/// A batch in host memory. It may be shorter than it was asked for: what cannot be read is not in it.
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
    /// Slices that were asked for and cannot be read.
    pub unread: Vec<Unread>,
    /// The slices around, by their offset along the series.
    around: Vec<(i32, HostBatch)>,
}

/// A slice that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// Its index in the cohort.
    pub index: usize,
    /// Why not.
    pub reason: String,
}

impl HostBatch {
    /// Reads the given slices, in parallel; their order is kept. `offsets` are places along the series of
    /// other slices to read with each (see [`WindowScheme::offsets`](crate::tensors::window::WindowScheme::offsets)).
    ///
    /// A slice that cannot be read is left out and told of in [`HostBatch::unread`]; in place of a neighbour that cannot
    /// be read stands the slice itself, as at the ends of a series.
    ///
    /// # Errors
    /// When slices of different size would share a batch, or the run should stop.
    pub fn read(
        pixels: &Pixels,
        cohort: &Cohort,
        order: &SeriesOrder,
        indices: Vec<usize>,
        offsets: &[i32],
    ) -> Result<Self> {
        let mut batch = Self::read_alone(pixels, cohort, &indices)?;
        for offset in offsets.iter().filter(|offset| **offset != 0) {
            let indices: Vec<usize> = batch
                .indices
                .iter()
                .map(|index| order.neighbour(*index, *offset))
                .collect();
            let neighbours = Self::read_alone(pixels, cohort, &indices)?;
            let neighbours = batch.in_place_of_unread(indices, neighbours);
            if (neighbours.rows, neighbours.columns) != (batch.rows, batch.columns) {
                return Err(different_sizes(cohort, &batch, &neighbours));
            }
            batch.around.push((*offset, neighbours));
        }
        Ok(batch)
    }

    /// A batch of one slice.
    ///
    /// # Errors
    /// When the slice cannot be read, or the run should stop.
    pub fn read_one(
        pixels: &Pixels,
        cohort: &Cohort,
        order: &SeriesOrder,
        index: usize,
        offsets: &[i32],
    ) -> Result<Self> {
        let batch = Self::read(pixels, cohort, order, vec![index], offsets)?;
        match batch.unread.first() {
            Some(unread) => Err(Error::new(&unread.reason)),
            None => Ok(batch),
        }
    }

    fn read_alone(pixels: &Pixels, cohort: &Cohort, asked: &[usize]) -> Result<Self> {
        let images: Vec<Result<HuImage>> = asked
            .par_iter()
            .map(|index| pixels.read(&cohort.slices[*index]))
            .collect();
        let mut batch = Self {
            indices: Vec::with_capacity(asked.len()),
            hu: Vec::new(),
            rows: 0,
            columns: 0,
            unread: Vec::new(),
            around: Vec::new(),
        };
        for (index, image) in asked.iter().copied().zip(images) {
            let image = match image {
                Ok(image) => image,
                Err(Error::Interrupted) => return Err(Error::Interrupted),
                Err(error) => {
                    let reason = error.chain();
                    batch.unread.push(Unread { index, reason });
                    continue;
                }
            };
            let one = Self {
                indices: vec![index],
                rows: image.rows,
                columns: image.columns,
                hu: image.hu,
                unread: Vec::new(),
                around: Vec::new(),
            };
            if batch.indices.is_empty() {
                (batch.rows, batch.columns) = (one.rows, one.columns);
                batch.hu.reserve_exact(asked.len() * one.hu.len());
            } else if (one.rows, one.columns) != (batch.rows, batch.columns) {
                return Err(different_sizes(cohort, &batch, &one));
            }
            batch.indices.push(index);
            batch.hu.extend_from_slice(&one.hu);
        }
        Ok(batch)
    }

    /// Neighbours of this batch's slices, `asked` for by their indices: one each, with the slice itself where its
    /// neighbour could not be read.
    fn in_place_of_unread(&self, asked: Vec<usize>, read: Self) -> Self {
        if read.unread.is_empty() {
            return read;
        }
        let size = self.rows * self.columns;
        let mut whole = Self {
            indices: Vec::with_capacity(asked.len()),
            hu: Vec::with_capacity(self.hu.len()),
            rows: self.rows,
            columns: self.columns,
            unread: Vec::new(),
            around: Vec::new(),
        };
        let mut found = read
            .indices
            .iter()
            .zip(read.hu.chunks_exact(size.max(1)))
            .peekable();
        for ((own, asked), hu) in self
            .indices
            .iter()
            .zip(asked)
            .zip(self.hu.chunks_exact(size.max(1)))
        {
            let (index, hu) = found.next_if(|(index, _)| **index == asked).unwrap_or((own, hu));
            whole.indices.push(*index);
            whole.hu.extend_from_slice(hu);
        }
        whole
    }

    /// Puts the slices that cannot be read among the excluded ones of the run, each once.
    pub fn exclude_unread(&self, cohort: &Cohort, context: &Context) {
        for unread in &self.unread {
            let slice = &cohort.slices[unread.index];
            context.exclude(&slice.id, &slice.file, &unread.reason);
        }
    }

    /// Whether no slice is in it.
    pub fn is_empty(&self) -> bool {
        self.indices.is_empty()
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
                unread: Vec::new(),
                around: Vec::new(),
            }
        };
        let mut cut: Vec<Self> = (0..parts).map(part).collect();
        cut[0].unread = self.unread;
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

fn different_sizes(cohort: &Cohort, batch: &HostBatch, other: &HostBatch) -> Error {
    let shown = |batch: &HostBatch| {
        let id = batch
            .indices
            .first()
            .map_or("", |index| &cohort.slices[*index].id);
        format!("{id} is {} × {}", batch.rows, batch.columns)
    };
    Error::new(format!(
        "slices of different size cannot share a batch: {}, {}",
        shown(other),
        shown(batch)
    ))
    .help("give the store a size, for example `[store] use = \"hu-store\", size = 512`")
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
    use crate::data::cohort::Slice;
    use crate::testkit::{self, MadePixels};

    fn batch(first: usize, count: usize) -> HostBatch {
        HostBatch {
            indices: (first..first + count).collect(),
            hu: (0..count * 6).map(|value| (first * 6 + value) as i16).collect(),
            rows: 2,
            columns: 3,
            unread: Vec::new(),
            around: Vec::new(),
        }
    }

    #[test]
    fn what_cannot_be_read_is_left_out_and_told_of() {
        let slices: Vec<Slice> = (0..5)
            .map(|number| Slice {
                position_mm: Some(f64::from(number)),
                ..testkit::slice(&number.to_string(), "p", None)
            })
            .collect();
        let cohort = testkit::cohort(slices);
        let order = SeriesOrder::of(&cohort.slices);
        let pixels = Pixels::new(MadePixels::new(|slice: &Slice| {
            let number: i16 = slice.id.parse().ok()?;
            (number != 2).then(|| HuImage {
                rows: 1,
                columns: 2,
                hu: vec![number, 10 + number],
            })
        }));
        let read =
            |indices: Vec<usize>| HostBatch::read(&pixels, &cohort, &order, indices, &[-1, 1]).unwrap();
        let batch = read(vec![0, 1, 2, 3]);
        assert_eq!(batch.indices, [0, 1, 3]);
        assert_eq!(batch.hu, [0, 10, 1, 11, 3, 13]);
        let reason = "made to be unreadable".to_owned();
        assert_eq!(batch.unread, [Unread { index: 2, reason }]);
        // Slice 2 is a neighbour of 1 and of 3, which stand in for it.
        assert_eq!(batch.around[0].1.hu, [0, 10, 0, 10, 3, 13]);
        assert_eq!(batch.around[1].1.hu, [1, 11, 1, 11, 4, 14]);
        let one = |index| HostBatch::read_one(&pixels, &cohort, &order, index, &[1]);
        assert_eq!(one(1).unwrap().indices, [1]);
        assert_eq!(one(2).unwrap_err().chain(), "made to be unreadable");
        let none = read(vec![2]);
        assert!(none.is_empty() && none.hu.is_empty() && none.unread.len() == 1);

        let directory = tempfile::tempdir().unwrap();
        let run = testkit::run_context(directory.path());
        let context = Context::new(&run, "predict", "predict", "key");
        batch.exclude_unread(&cohort, &context);
        none.exclude_unread(&cohort, &context);
        let excluded = run.quarantined();
        assert_eq!(excluded.len(), 1);
        assert_eq!(excluded[0].id, "2");
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
