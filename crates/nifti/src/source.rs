//! A file whose header is checked and whose length is known to be enough.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use nifti::NiftiHeader;

use crate::error::{At, NiftiError, Result};
use crate::header::{Checked, checked};

/// Bytes of a header.
const HEADER: usize = 348;
/// What the first two bytes of gzip are.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// No compressed byte becomes more bytes than this (zlib's "technical details": 1032:1).
const MOST_OF_A_BYTE: u64 = 1032;

/// What bytes come from: a file, or memory.
pub(crate) trait Input: Read + Seek {}

impl<T: Read + Seek> Input for T {}

/// An open file.
pub(crate) struct Source {
    pub(crate) checked: Checked,
    /// Stands behind the header.
    bytes: Bytes,
}

enum Bytes {
    Plain(Box<dyn Input>),
    Gzip(Box<MultiGzDecoder<Box<dyn Input>>>),
}

impl Read for Bytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.read(buffer),
            Self::Gzip(decoder) => decoder.read(buffer),
        }
    }
}

/// Whether a file is compressed with gzip; not where it cannot be looked at.
pub fn is_compressed(path: &Path) -> bool {
    let mut head = [0; 2];
    File::open(path)
        .and_then(|mut file| file.read_exact(&mut head))
        .is_ok()
        && head == GZIP
}

impl Source {
    /// Opens a file and checks its header, and that its bytes may be as many as the header announces.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).at("open", path)?;
        let length = file.metadata().at("open", path)?.len();
        Self::of(Box::new(BufReader::new(file)), length)
    }

    /// As [`Self::open`], of an input of `length` bytes.
    pub(crate) fn of(mut input: Box<dyn Input>, length: u64) -> Result<Self> {
        let unreadable = |error: io::Error| NiftiError::Values(error.to_string());
        let mut head = Vec::new();
        input
            .by_ref()
            .take(2)
            .read_to_end(&mut head)
            .map_err(unreadable)?;
        input.rewind().map_err(unreadable)?;
        let is_gzip = head == GZIP;
        let mut bytes = match is_gzip {
            true => Bytes::Gzip(Box::new(MultiGzDecoder::new(input))),
            false => Bytes::Plain(input),
        };
        let checked = header_of(&mut bytes)?;
        let announced = checked.bytes();
        let (most, there) = match is_gzip {
            true => (
                length.saturating_mul(MOST_OF_A_BYTE),
                format!("its {length} compressed bytes cannot hold them"),
            ),
            false => {
                let there = length.saturating_sub(checked.begin);
                (there, format!("{there} are there"))
            }
        };
        if announced > most {
            return Err(NiftiError::CutShort { announced, there });
        }
        Ok(Self { checked, bytes })
    }

    /// Whether a slice can be read without those before it.
    pub(crate) fn can_seek(&self) -> bool {
        matches!(self.bytes, Bytes::Plain(_))
    }

    /// The values, as bytes; those before the one at `skip` are left out.
    pub(crate) fn values(self, skip: u64) -> Result<(Checked, impl Read)> {
        let Self { checked, mut bytes } = self;
        let begin = checked.begin + skip;
        match &mut bytes {
            Bytes::Plain(input) => {
                let sought = input.seek(SeekFrom::Start(begin));
                sought.map_err(|error| NiftiError::Values(error.to_string()))?;
            }
            Bytes::Gzip(decoder) => {
                let between = begin - HEADER as u64;
                let skipped = io::copy(&mut decoder.take(between), &mut io::sink());
                if skipped.map_err(NiftiError::DamagedGzip)? < between {
                    return Err(NiftiError::CutShort {
                        announced: checked.bytes(),
                        there: "none are there".into(),
                    });
                }
            }
        }
        Ok((checked, bytes))
    }
}

/// The header that bytes begin with.
fn header_of(bytes: &mut Bytes) -> Result<Checked> {
    let mut head = Vec::with_capacity(HEADER);
    let read = bytes.by_ref().take(HEADER as u64).read_to_end(&mut head);
    if let Err(error) = read {
        return Err(match head.is_empty() {
            true => NiftiError::DamagedGzip(error),
            false => NiftiError::NotNifti,
        });
    }
    // The second version's header has 540 bytes.
    let first = head.first_chunk::<4>().copied().unwrap_or_default();
    if [540_i32.to_le_bytes(), 540_i32.to_be_bytes()].contains(&first) && head.get(4..8) == Some(b"n+2\0") {
        return Err(NiftiError::SecondVersion);
    }
    if head.len() < HEADER {
        return Err(NiftiError::NotNifti);
    }
    checked(NiftiHeader::from_reader(head.as_slice()).map_err(|_| NiftiError::NotNifti)?)
}
