//! Embeddings of batches on their way to being whole: their numbers in a file of each process that computed some, and
//! where they lie there as the text of a piece.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use burn::tensor::f16;
use ichflow_api::digest::Digest;
use ichflow_api::prelude::*;
use ichflow_api::tensors::embeddings::Rows;

use super::Numbers;

/// Where the numbers of a batch lie, and what they are of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// File in the result's directory; empty where no slice could be read.
    pub(super) file: String,
    /// Where its bytes begin there: all features, row by row, then all logits.
    pub(super) offset: u64,
    /// Features and logits of a slice.
    pub(super) widths: [usize; 2],
    /// Digest of its bytes.
    pub(super) digest: u64,
    /// Of each slice that belongs to the batch, whether it could be read.
    pub(super) read: Vec<bool>,
}

impl Piece {
    /// A batch of which no slice could be read.
    pub(super) fn unread(slices: usize) -> Self {
        Self {
            file: String::new(),
            offset: 0,
            widths: [0, 0],
            digest: 0,
            read: vec![false; slices],
        }
    }

    /// Number of slices that could be read.
    pub(super) fn rows(&self) -> usize {
        self.read.iter().filter(|read| **read).count()
    }

    pub(super) fn to_text(&self) -> String {
        let read: String = self
            .read
            .iter()
            .map(|read| if *read { '1' } else { '0' })
            .collect();
        let [features, logits] = self.widths;
        let Self {
            file, offset, digest, ..
        } = self;
        format!("{read} {features} {logits} {offset} {digest:016x} {file}")
    }

    pub(super) fn from_text(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let letters = words.next()?;
        let bit = |letter| match letter {
            '1' => Some(true),
            '0' => Some(false),
            _ => None,
        };
        let read: Option<Vec<bool>> = letters.chars().map(bit).collect();
        let mut number = || words.next()?.parse::<u64>().ok();
        let widths = [number()? as usize, number()? as usize];
        let offset = number()?;
        let digest = u64::from_str_radix(words.next()?, 16).ok()?;
        let file = words.next()?.to_owned();
        Some(Self {
            file,
            offset,
            widths,
            digest,
            read: read?,
        })
    }

    /// Bytes of its features and of its logits.
    fn sizes(&self, numbers: Numbers) -> [usize; 2] {
        let [features, logits] = self.widths;
        [
            self.rows() * features * numbers.bytes(),
            self.rows() * logits * Numbers::F32.bytes(),
        ]
    }

    /// Reads its features and its logits, as bytes.
    ///
    /// # Errors
    /// Where they are not what they were.
    pub(super) fn load(&self, directory: &Path, numbers: Numbers) -> Result<[Vec<u8>; 2]> {
        let [features, logits] = self.sizes(numbers);
        if self.rows() == 0 {
            return Ok([Vec::new(), Vec::new()]);
        }
        let path = directory.join(&self.file);
        let mut file = File::open(&path).at("open", &path)?;
        file.seek(SeekFrom::Start(self.offset)).at("read", &path)?;
        let mut bytes = vec![0; features + logits];
        file.read_exact(&mut bytes).at("read", &path)?;
        if Digest::new().add(&bytes).number() != self.digest {
            return Err(Error::new(format!("{} is damaged", path.display())));
        }
        let logits = bytes.split_off(features);
        Ok([bytes, logits])
    }
}

impl Numbers {
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::F16 => 2,
            Self::F32 => 4,
        }
    }

    fn write(self, values: &[f32]) -> Vec<u8> {
        match self {
            Self::F16 => values
                .iter()
                .flat_map(|value| f16::from_f32(*value).to_le_bytes())
                .collect(),
            Self::F32 => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        }
    }
}

/// The pieces of one result.
pub(super) struct Pieces {
    pub(super) directory: PathBuf,
    /// What this process appends to.
    own: String,
    pub(super) numbers: Numbers,
}

const NAME: &str = "rows";

impl Pieces {
    /// Those of the stage at work.
    ///
    /// # Errors
    /// Where their directory cannot be created.
    pub(super) fn of(context: &Context, numbers: Numbers) -> Result<Self> {
        let directory = context.result_directory();
        fs::create_dir_all(&directory).at("create the directory", &directory)?;
        let own = match context.shard() {
            None => format!("{NAME}.bin"),
            Some(shard) => format!("{NAME}-{}.bin", shard.file_name()),
        };
        Ok(Self {
            directory,
            own,
            numbers,
        })
    }

    /// A piece from its text, if its numbers are there: among the pieces, or in what was made of all.
    pub(super) fn read(&self, text: &str) -> Option<Piece> {
        let piece = Piece::from_text(text)?;
        let is_there = self.is_whole() || piece.load(&self.directory, self.numbers).is_ok();
        is_there.then_some(piece)
    }

    /// Opens the file to which this process adds.
    ///
    /// # Errors
    /// Where it cannot be opened.
    pub(super) fn append(&self) -> Result<Appended> {
        let path = self.directory.join(&self.own);
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&path)
            .at("open", &path)?;
        let offset = file.seek(SeekFrom::End(0)).at("open", &path)?;
        Ok(Appended {
            file,
            path,
            name: self.own.clone(),
            offset,
            numbers: self.numbers,
        })
    }

    /// Removes the pieces' numbers: the whole has them.
    ///
    /// # Errors
    /// Where the directory cannot be read.
    pub(super) fn tidy(&self) -> Result<()> {
        for entry in fs::read_dir(&self.directory).at("read", &self.directory)? {
            let path = entry.at("read", &self.directory)?.path();
            let name = path.file_name().map_or("".into(), |name| name.to_string_lossy());
            if name.starts_with(NAME) && name.ends_with(".bin") {
                // Another process may have been quicker.
                let _ = fs::remove_file(&path);
            }
        }
        Ok(())
    }
}

/// A file of pieces that grows.
pub(super) struct Appended {
    file: File,
    path: PathBuf,
    name: String,
    offset: u64,
    numbers: Numbers,
}

impl Appended {
    /// Adds the features and logits of a batch, of so many numbers a slice.
    ///
    /// # Errors
    /// Where they cannot be written, or are too large for the numbers in which they are kept.
    pub(super) fn add(
        &mut self,
        widths: [usize; 2],
        read: Vec<bool>,
        features: &[f32],
        logits: &[f32],
    ) -> Result<Piece> {
        let largest = f16::MAX.to_f32();
        if self.numbers == Numbers::F16 && features.iter().any(|value| value.abs() > largest) {
            return Err(Error::new(format!(
                "a feature is larger than {largest}, the largest number that f16 holds"
            ))
            .help("write `numbers = \"f32\"`"));
        }
        let mut bytes = self.numbers.write(features);
        bytes.extend(Numbers::F32.write(logits));
        self.file.write_all(&bytes).at("write", &self.path)?;
        let piece = Piece {
            file: self.name.clone(),
            offset: self.offset,
            widths,
            digest: Digest::new().add(&bytes).number(),
            read,
        };
        self.offset += bytes.len() as u64;
        Ok(piece)
    }
}

/// Features of no slice.
pub(super) fn no_rows() -> Rows {
    Rows::in_memory(Vec::new(), 0)
}
