//! Batches of images read ahead on other threads.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};

use ichflow_api::data::cohort::SliceTags;
use ichflow_api::data::identity::SeriesOrder;
use ichflow_api::path_text::path_text;
use ichflow_api::prelude::*;
use ichflow_api::slice_files;
use numpy::{IntoPyArray, PyArray4, PyArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use rayon::prelude::*;

use crate::error::{IchflowError, raised};
use crate::resized::Resizer;
use crate::window::{Scheme, values_of};

/// Batches kept ready ahead of the one in use; bounds memory.
const AHEAD: usize = 2;

/// Slices of files, and a way to batches of their images.
#[pyclass(module = "ichflow")]
pub(crate) struct BatchReader {
    source: Arc<Source>,
    excluded: Vec<(String, String)>,
    reading: Option<Reading>,
}

struct Source {
    slices: Vec<Slice>,
    order: SeriesOrder,
    pixels: Pixels,
    window: Window,
    resizer: Option<Resizer>,
}

/// Work that goes on on other threads.
struct Reading {
    batches: std::sync::Mutex<Receiver<Made>>,
    stop: Arc<AtomicBool>,
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// A batch, or why it could not be made.
type Made = Result<Batch, String>;

struct Batch {
    indices: Vec<usize>,
    excluded: Vec<(usize, String)>,
    images: Vec<f32>,
    shape: [usize; 4],
}

/// Values of an image, and its channels, rows and columns.
type Image = (Vec<f32>, [usize; 3]);

/// What Python gets of a batch: indices of its slices, images, and pairs of an index and a reason.
type Given<'py> = (Vec<usize>, Bound<'py, PyArray4<f32>>, Vec<(usize, String)>);

#[pymethods]
impl BatchReader {
    /// Reads the headers of all files.
    #[new]
    fn new(
        py: Python<'_>,
        paths: Vec<PathBuf>,
        scheme: &Scheme,
        size: Option<usize>,
        force: bool,
    ) -> PyResult<Self> {
        if size == Some(0) {
            return Err(PyValueError::new_err("size is at least 1 pixel"));
        }
        let found = py
            .detach(|| slice_files::find(&paths))
            .map_err(|error| raised(&error))?;
        let nothing = found.nothing();
        let (mut slices, mut excluded) = (Vec::new(), Vec::new());
        for file in found.files {
            let name = path_text(&file.path);
            match file.slices {
                Ok(of_file) => {
                    for one in of_file {
                        match one.not_axial_ct {
                            Some(reason) if !force => excluded.push((name.clone(), reason)),
                            _ => slices.push(one.slice),
                        }
                    }
                }
                Err(none) => excluded.push((name, none.reason().to_owned())),
            }
        }
        if slices.is_empty() {
            return Err(raised(&nothing));
        }
        Ok(Self {
            source: Arc::new(Source {
                order: SeriesOrder::of(&slices),
                slices,
                pixels: found.pixels,
                window: scheme.window.clone(),
                resizer: size.map(Resizer::new),
            }),
            excluded,
            reading: None,
        })
    }

    /// Another reader of the same slices, with work of its own.
    fn again(&self) -> Self {
        Self {
            source: self.source.clone(),
            excluded: self.excluded.clone(),
            reading: None,
        }
    }

    /// File and frame of every slice.
    fn slices(&self) -> Vec<(String, u32)> {
        let named = |slice: &Slice| (path_text(&slice.file), slice.frame);
        self.source.slices.iter().map(named).collect()
    }

    /// Files that are no slices, and slices that are no axial CT, with the reasons.
    fn excluded(&self) -> Vec<(String, String)> {
        self.excluded.clone()
    }

    /// Begins to make batches of slices given by their indices.
    fn start(&mut self, batches: Vec<Vec<usize>>) -> PyResult<()> {
        let count = self.source.slices.len();
        if let Some(index) = batches.iter().flatten().find(|index| **index >= count) {
            return Err(PyValueError::new_err(format!(
                "there is no slice {index}: there are {count}"
            )));
        }
        self.reading = None;
        let (sender, receiver) = sync_channel(AHEAD);
        let stop = Arc::new(AtomicBool::new(false));
        let (source, stopped) = (self.source.clone(), stop.clone());
        std::thread::Builder::new()
            .name("ichflow batches".into())
            .spawn(move || {
                for indices in batches {
                    if stopped.load(Ordering::Relaxed) || sender.send(source.batch(&indices)).is_err() {
                        break;
                    }
                }
            })
            .map_err(|error| IchflowError::new_err(format!("cannot start a thread: {error}")))?;
        self.reading = Some(Reading {
            batches: receiver.into(),
            stop,
        });
        Ok(())
    }

    /// The next batch; None after the last.
    fn next<'py>(&self, py: Python<'py>) -> PyResult<Option<Given<'py>>> {
        let Some(reading) = &self.reading else {
            return Ok(None);
        };
        let received = py.detach(|| {
            let batches = reading
                .batches
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            batches.recv().ok()
        });
        let Some(made) = received else {
            return Ok(None);
        };
        let batch = made.map_err(IchflowError::new_err)?;
        let images = batch.images.into_pyarray(py).reshape(batch.shape)?;
        Ok(Some((batch.indices, images, batch.excluded)))
    }

    /// Stops reading ahead.
    fn stop(&mut self) {
        self.reading = None;
    }
}

impl Source {
    fn batch(&self, indices: &[usize]) -> Made {
        let images: Vec<Result<Image, String>> = indices.par_iter().map(|index| self.image(*index)).collect();
        let mut batch = Batch {
            indices: Vec::with_capacity(indices.len()),
            excluded: Vec::new(),
            images: Vec::new(),
            shape: [0; 4],
        };
        for (index, image) in indices.iter().copied().zip(images) {
            let (values, [channels, rows, columns]) = match image {
                Ok(image) => image,
                Err(reason) => {
                    batch.excluded.push((index, reason));
                    continue;
                }
            };
            if batch.indices.is_empty() {
                batch.shape = [0, channels, rows, columns];
                batch.images.reserve_exact(indices.len() * values.len());
            } else if batch.shape[1..] != [channels, rows, columns] {
                return Err(format!(
                    "{} is {rows} × {columns}, and another slice of its batch {} × {}: give a size",
                    path_text(&self.slices[index].file),
                    batch.shape[2],
                    batch.shape[3]
                ));
            }
            batch.indices.push(index);
            batch.images.extend(values);
        }
        batch.shape[0] = batch.indices.len();
        Ok(batch)
    }

    fn image(&self, index: usize) -> Result<Image, String> {
        let read = |index: usize| -> Result<HuBatch, String> {
            let slice = &self.slices[index];
            let image = self.pixels.read(slice).map_err(|error| error.chain())?;
            let tags: Vec<SliceTags> = vec![slice.tags.clone()];
            Ok(HuBatch::upload(
                image.hu,
                image.rows,
                image.columns,
                tags,
                &Device::flex(),
            ))
        };
        let mut batch = read(index)?;
        for offset in self.window.offsets().into_iter().filter(|offset| *offset != 0) {
            // In place of a neighbour that cannot be read stands the slice itself.
            let neighbour = read(self.order.neighbour(index, offset)).unwrap_or_else(|_| batch.clone());
            batch = batch.with_neighbours(offset, neighbour);
        }
        let images = self.window.apply(&batch);
        let [_, channels, rows, columns] = images.dims();
        let values = values_of(images).map_err(|error| error.to_string())?;
        match &self.resizer {
            Some(resizer) => Ok((
                resizer.apply(values, rows, columns),
                [channels, resizer.size, resizer.size],
            )),
            None => Ok((values, [channels, rows, columns])),
        }
    }
}
