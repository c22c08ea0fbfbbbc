//! What a network makes of slices: a row of features and the logits of each.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use ichflow_nn::series::widen_halves;

use crate::data::cohort::Slice;
use crate::data::trained_on::TrainedOn;
use crate::error::{Error, Result, ResultExt};
use crate::ports::Artifact;

/// Features and logits of some slices, in a fixed order. Features stay on the disk, since those of a large cohort are
/// gigabytes; logits are in memory.
#[derive(Clone)]
pub struct Embeddings {
    slices: Arc<Vec<Slice>>,
    features: Arc<Rows>,
    logits: Arc<Vec<f32>>,
    labels: usize,
    trained_on: TrainedOn,
}

impl Artifact for Embeddings {
    const NAME: &'static str = "embeddings";
}

impl Embeddings {
    /// Those of `slices`: a row of `features` each, and `labels` logits each, one slice after the other. The network
    /// behind them was trained on the slices `trained_on`.
    ///
    /// # Errors
    /// Where the numbers of rows, logits and slices do not agree.
    pub fn new(
        slices: Vec<Slice>,
        features: Rows,
        logits: Vec<f32>,
        labels: usize,
        trained_on: TrainedOn,
    ) -> Result<Self> {
        if features.len() != slices.len() || logits.len() != slices.len() * labels {
            return Err(Error::new(format!(
                "{} slices have {} rows of features and {} logits",
                slices.len(),
                features.len(),
                logits.len()
            )));
        }
        Ok(Self {
            slices: Arc::new(slices),
            features: Arc::new(features),
            logits: Arc::new(logits),
            labels,
            trained_on,
        })
    }

    /// The slices, in the order of the rows.
    pub fn slices(&self) -> &[Slice] {
        &self.slices
    }

    /// Number of features of a slice.
    pub fn width(&self) -> usize {
        self.features.width
    }

    /// Number of logits of a slice.
    pub fn labels(&self) -> usize {
        self.labels
    }

    /// Reads the features of a slice, by its row, into as many places.
    ///
    /// # Errors
    /// Where the file cannot be read any more.
    pub fn features(&self, row: usize, into: &mut [f32]) -> Result<()> {
        self.features.read(row, into)
    }

    /// The logits of a slice, by its row.
    pub fn logits(&self, row: usize) -> &[f32] {
        &self.logits[row * self.labels..(row + 1) * self.labels]
    }

    /// The slices that the network behind them was trained on.
    pub fn trained_on(&self) -> &TrainedOn {
        &self.trained_on
    }
}

/// Rows of numbers, in memory or in a file.
pub struct Rows {
    width: usize,
    count: usize,
    place: Place,
}

enum Place {
    Memory(Vec<f32>),
    File {
        file: File,
        start: u64,
        half: bool,
    },
    /// Each the mean of rows of other embeddings, by embeddings and row.
    Mean {
        of: Vec<Embeddings>,
        picks: Vec<Vec<(usize, usize)>>,
    },
}

impl Rows {
    /// Rows of `width` numbers each, one after the other.
    ///
    /// # Panics
    /// Where `values` are not whole rows.
    pub fn in_memory(values: Vec<f32>, width: usize) -> Self {
        assert_eq!(values.len() % width.max(1), 0, "rows are whole");
        Self {
            width,
            count: values.len() / width.max(1),
            place: Place::Memory(values),
        }
    }

    /// `count` rows of `width` numbers that begin `start` bytes into a file, little-endian: f16 if `half`, else f32.
    ///
    /// # Errors
    /// Where the file cannot be opened, or does not end where the rows do.
    pub fn in_file(path: &Path, start: u64, [count, width]: [usize; 2], half: bool) -> Result<Self> {
        let file = File::open(path).at("open", path)?;
        let place = Place::File { file, start, half };
        let rows = Self { width, count, place };
        let expected = start + (count * rows.bytes()) as u64;
        let found = path.metadata().at("look at", path)?.len();
        if found != expected {
            return Err(Error::new(format!(
                "{} has {found} bytes, and {count} rows of {width} numbers end at {expected}",
                path.display()
            )));
        }
        Ok(rows)
    }

    /// Rows that are each the mean of some rows of `of`, by the embeddings' number and the row there. They are looked up
    /// when they are read, so that nothing of a large cohort is copied.
    ///
    /// # Panics
    /// Where embeddings differ in their number of features, a row has no pick, or a pick is not there.
    pub fn mean_of(of: Vec<Embeddings>, picks: Vec<Vec<(usize, usize)>>) -> Self {
        let width = of.first().map_or(0, Embeddings::width);
        assert!(
            of.iter().all(|one| one.width() == width),
            "all have as many features"
        );
        for picks in &picks {
            let there = |(member, row): &(usize, usize)| *row < of[*member].slices().len();
            assert!(
                !picks.is_empty() && picks.iter().all(there),
                "every row is made of some"
            );
        }
        Self {
            width,
            count: picks.len(),
            place: Place::Mean { of, picks },
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Bytes of a row in a file.
    fn bytes(&self) -> usize {
        match self.place {
            Place::File { half: true, .. } => 2 * self.width,
            _ => 4 * self.width,
        }
    }

    fn read(&self, row: usize, into: &mut [f32]) -> Result<()> {
        match &self.place {
            Place::Memory(values) => into.copy_from_slice(&values[row * self.width..(row + 1) * self.width]),
            Place::Mean { of, picks } => {
                let picks = &picks[row];
                let mut one = vec![0.0; self.width];
                into.fill(0.0);
                for (member, row) in picks {
                    of[*member].features(*row, &mut one)?;
                    into.iter_mut().zip(&one).for_each(|(sum, value)| *sum += value);
                }
                into.iter_mut().for_each(|sum| *sum /= picks.len() as f32);
            }
            Place::File { file, start, half } => {
                let mut bytes = vec![0; self.bytes()];
                let offset = start + (row * bytes.len()) as u64;
                read_at(file, &mut bytes, offset).doing("embeddings cannot be read any more")?;
                if *half {
                    widen_halves(&bytes, into);
                } else {
                    for (value, bytes) in into.iter_mut().zip(bytes.as_chunks::<4>().0) {
                        *value = f32::from_le_bytes(*bytes);
                    }
                }
            }
        }
        Ok(())
    }
}

/// Reads exactly `buffer.len()` bytes at `offset`, from any thread.
#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

/// Reads exactly `buffer.len()` bytes at `offset`, from any thread.
#[cfg(windows)]
fn read_at(file: &File, mut buffer: &mut [u8], mut offset: u64) -> std::io::Result<()> {
    while !buffer.is_empty() {
        let read = std::os::windows::fs::FileExt::seek_read(file, buffer, offset)?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        buffer = &mut buffer[read..];
        offset += read as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::f16;

    use crate::testkit::slice;

    #[test]
    fn rows_of_a_file_are_those_of_memory() {
        let directory = tempfile::tempdir().unwrap();
        let values = [0.5_f32, -2.0, 1024.0, 0.25, 3.0, 8.0];
        let mut halves = b"head".to_vec();
        halves.extend(
            values
                .iter()
                .flat_map(|value| f16::from_f32(*value).to_le_bytes()),
        );
        let path = directory.path().join("rows");
        std::fs::write(&path, &halves).unwrap();
        let in_file = Rows::in_file(&path, 4, [2, 3], true).unwrap();
        let in_memory = Rows::in_memory(values.to_vec(), 3);
        for rows in [in_file, in_memory] {
            let mut row = [0.0; 3];
            rows.read(1, &mut row).unwrap();
            assert_eq!((rows.len(), row), (2, [0.25, 3.0, 8.0]));
        }
        // A file that was cut off, and one of the other precision.
        for (count, half) in [(3, true), (2, false)] {
            assert!(Rows::in_file(&path, 4, [count, 3], half).is_err());
        }
    }

    #[test]
    fn every_slice_has_its_rows() {
        let slices = || vec![slice("a", "p", None), slice("b", "p", None)];
        let rows = || Rows::in_memory(vec![1.0, 2.0], 1);
        let trained_on = TrainedOn::ids(["b"]);
        let made =
            Embeddings::new(slices(), rows(), vec![0.0, 1.0, 2.0, 3.0], 2, trained_on.clone()).unwrap();
        assert_eq!(
            (made.width(), made.labels(), made.logits(1)),
            (1, 2, &[2.0, 3.0][..])
        );
        assert!(made.trained_on().has(&made.slices()[1]));
        assert!(Embeddings::new(slices(), rows(), vec![0.0], 2, trained_on).is_err());
    }
}
