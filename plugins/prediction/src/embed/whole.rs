//! Embeddings that are whole: arrays for NumPy, and a table that says whose each row is.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use ichflow_api::cache::keep::{lock, write_whole};
use ichflow_api::npy;
use ichflow_api::prelude::*;
use ichflow_api::tensors::embeddings::Rows;

use super::Numbers;
use super::pieces::{Piece, Pieces, no_rows};
use crate::batches::Part;

/// Written last: what stands beside it is whole.
const WHOLE: &str = "whole.json";
/// Under which the arrays stand in the run's directory.
const PLACE: &str = "embeddings";

/// What is known of one part's arrays.
#[derive(Clone, Copy)]
struct Shape {
    rows: usize,
    features: usize,
    labels: usize,
}

/// The arrays of a part.
struct Files {
    features: PathBuf,
    logits: PathBuf,
}

impl Files {
    fn of(directory: &Path, name: &str) -> Self {
        let file = |array: &str| directory.join(format!("{name}_{array}.npy"));
        Self {
            features: file("features"),
            logits: file("logits"),
        }
    }
}

impl Pieces {
    /// Whether the arrays of some part are written already, and pieces' own files gone.
    pub(super) fn is_whole(&self) -> bool {
        self.directory.join(WHOLE).is_file()
    }

    /// The embeddings of a part: its pieces put together, or found as an earlier run put them together. Slices that
    /// could not be read are excluded from the run.
    ///
    /// # Errors
    /// Where a file cannot be read or written.
    pub(super) fn whole(
        &self,
        name: &str,
        part: &Part,
        pieces: &[Piece],
        model: &Model,
        pixels: &Pixels,
        context: &Context,
    ) -> Result<Embeddings> {
        let mut slices = Vec::new();
        for (piece, batch) in pieces.iter().zip(&part.batches) {
            for (read, index) in piece.read.iter().zip(batch) {
                match read {
                    true => slices.push(part.cohort.slices[*index].clone()),
                    false => part.exclude(*index, pixels, context)?,
                }
            }
        }
        let files = Files::of(&self.directory, name);
        let [features, labels] = pieces.iter().map(|piece| piece.widths).max().unwrap_or([0, 0]);
        let shape = Shape {
            rows: slices.len(),
            features,
            labels,
        };
        let waiting = "another run puts the embeddings together; waiting for it";
        let _lock = lock(&self.directory.join("whole.lock"), waiting, context)?;
        let (rows, logits) = match self.open(&files, shape) {
            Ok(opened) => opened,
            Err(error) if self.is_whole() => {
                // The pieces are gone: without the mark they count as missing.
                let mark = self.directory.join(WHOLE);
                fs::remove_file(&mark).at("remove", &mark)?;
                return Err(error.help("run again: what is damaged is computed once more"));
            }
            Err(_) => {
                self.put_together(&files, shape, pieces)?;
                self.open(&files, shape)?
            }
        };
        show(name, &files, &slices, model, context)?;
        Embeddings::new(slices, rows, logits, labels, model.trained_on.clone())
    }

    /// Opens the arrays; an error where they are not there or not whole.
    fn open(&self, files: &Files, shape: Shape) -> Result<(Rows, Vec<f32>)> {
        let Shape {
            rows,
            features,
            labels,
        } = shape;
        if rows == 0 {
            return Ok((no_rows(), Vec::new()));
        }
        let start = self.features_header(shape).len() as u64;
        let half = self.numbers == Numbers::F16;
        let of_slices = Rows::in_file(&files.features, start, [rows, features], half)?;
        let bytes = fs::read(&files.logits).at("read", &files.logits)?;
        let header = npy::header("<f4", &[rows, labels]);
        let values = bytes.strip_prefix(header.as_slice());
        let values = values.filter(|values| values.len() == 4 * rows * labels);
        let values = values.ok_or_else(|| Error::new(format!("{} is damaged", files.logits.display())))?;
        let logits = values
            .as_chunks::<4>()
            .0
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes));
        Ok((of_slices, logits.collect()))
    }

    fn features_header(&self, shape: Shape) -> Vec<u8> {
        let of = match self.numbers {
            Numbers::F16 => "<f2",
            Numbers::F32 => "<f4",
        };
        npy::header(of, &[shape.rows, shape.features])
    }

    fn put_together(&self, files: &Files, shape: Shape, pieces: &[Piece]) -> Result<()> {
        let widths = [shape.features, shape.labels];
        let differs = |piece: &&Piece| piece.rows() > 0 && piece.widths != widths;
        if pieces.iter().any(|piece| differs(&piece)) {
            return Err(Error::new(format!(
                "batches of embeddings in {} have different numbers of features",
                self.directory.display()
            ))
            .help("this is a mistake in ichflow; remove that directory to go on"));
        }
        let mut logits = npy::header("<f4", &[shape.rows, shape.labels]);
        write_whole(&files.features, |file| {
            let mut writer = BufWriter::new(file);
            writer.write_all(&self.features_header(shape))?;
            for piece in pieces {
                let [features, of_piece] = piece
                    .load(&self.directory, self.numbers)
                    .map_err(std::io::Error::other)?;
                writer.write_all(&features)?;
                logits.extend(of_piece);
            }
            writer.flush()?;
            file.sync_all()
        })?;
        write_whole(&files.logits, |mut file: &File| {
            file.write_all(&logits)?;
            file.sync_all()
        })
    }

    /// Says that the arrays of all parts are whole.
    ///
    /// # Errors
    /// Where that cannot be written.
    pub(super) fn mark_whole(&self) -> Result<()> {
        let path = self.directory.join(WHOLE);
        fs::write(&path, "{}\n").at("write", &path)
    }
}

/// Gives the run the arrays, and a table of whose each row is.
fn show(name: &str, files: &Files, slices: &[Slice], model: &Model, context: &Context) -> Result<()> {
    if slices.is_empty() {
        return Ok(());
    }
    for file in [&files.features, &files.logits] {
        let shown = file.file_name().map_or("".into(), |name| name.to_string_lossy());
        let to = context.file(&format!("{PLACE}/{shown}"))?;
        let _ = fs::remove_file(&to);
        // A second name costs nothing; a file system without them gets a copy.
        if fs::hard_link(file, &to).is_err() {
            fs::copy(file, &to).at("write", &to)?;
        }
    }
    let path = context.file(&format!("{PLACE}/{name}.csv"))?;
    let mut table = csv::Writer::from_path(&path).at("write", &path)?;
    let head = ["row", "id", "series", "position_mm", "in_fold"];
    table.write_record(head).at("write", &path)?;
    for (row, slice) in slices.iter().enumerate() {
        let in_fold = model.trained_on.has(slice);
        let fields = [
            row.to_string(),
            slice.id.clone(),
            slice.series.clone(),
            slice.position_mm.map_or(String::new(), |z| z.to_string()),
            u8::from(in_fold).to_string(),
        ];
        table.write_record(fields).at("write", &path)?;
    }
    table.flush().at("write", &path)
}
