//! Text as people's programs store it: UTF-8, and UTF-16 of Windows.

use std::io::{self, Cursor, Read};

/// Bytes decoded at once.
const CHUNK: u64 = 1 << 16;

/// How characters are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// UTF-8, or any of which ASCII is a part.
    Utf8 { marked: bool },
    /// UTF-16.
    Utf16 { big_endian: bool, marked: bool },
}

impl Encoding {
    /// By the byte-order mark; without one, text of mostly ASCII shows by its zeros.
    pub(crate) fn of(head: &[u8]) -> Self {
        match head {
            [0xef, 0xbb, 0xbf, ..] => Self::Utf8 { marked: true },
            [0xff, 0xfe, ..] => Self::Utf16 {
                big_endian: false,
                marked: true,
            },
            [0xfe, 0xff, ..] => Self::Utf16 {
                big_endian: true,
                marked: true,
            },
            [first, 0, second, 0, ..] if *first != 0 && *second != 0 => Self::Utf16 {
                big_endian: false,
                marked: false,
            },
            [0, first, 0, second, ..] if *first != 0 && *second != 0 => Self::Utf16 {
                big_endian: true,
                marked: false,
            },
            _ => Self::Utf8 { marked: false },
        }
    }

    /// "UTF-8 with a byte-order mark".
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Self::Utf8 { marked: false } => "UTF-8",
            Self::Utf8 { marked: true } => "UTF-8 with a byte-order mark",
            Self::Utf16 { marked: false, .. } => "UTF-16",
            Self::Utf16 { marked: true, .. } => "UTF-16 with a byte-order mark",
        }
    }

    /// Length of the byte-order mark.
    pub(crate) fn mark(self) -> usize {
        match self {
            Self::Utf8 { marked: true } => 3,
            Self::Utf16 { marked: true, .. } => 2,
            Self::Utf8 { .. } | Self::Utf16 { .. } => 0,
        }
    }
}

/// The text of a file whatever its encoding, for files that are read whole: a recipe.
///
/// # Errors
/// What is wrong with its bytes.
pub fn decoded(bytes: &[u8]) -> Result<String, std::string::FromUtf8Error> {
    let encoding = Encoding::of(bytes);
    match encoding {
        Encoding::Utf8 { .. } => String::from_utf8(bytes[encoding.mark()..].to_vec()),
        Encoding::Utf16 { big_endian, .. } => {
            let units = units(&bytes[encoding.mark()..], big_endian);
            Ok(char::decode_utf16(units).map(or_replacement).collect())
        }
    }
}

fn units(bytes: &[u8], big_endian: bool) -> impl Iterator<Item = u16> {
    bytes.as_chunks::<2>().0.iter().map(move |unit| match big_endian {
        true => u16::from_be_bytes(*unit),
        false => u16::from_le_bytes(*unit),
    })
}

fn or_replacement(decoded: Result<char, std::char::DecodeUtf16Error>) -> char {
    decoded.unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// UTF-16 as UTF-8.
pub(crate) struct Utf16<R> {
    source: R,
    big_endian: bool,
    /// Bytes that wait for the rest of their character.
    waiting: Vec<u8>,
    text: Cursor<Vec<u8>>,
}

impl<R: Read> Utf16<R> {
    pub(crate) fn new(source: R, big_endian: bool) -> Self {
        Self {
            source,
            big_endian,
            waiting: Vec::new(),
            text: Cursor::default(),
        }
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.text.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let before = self.waiting.len();
            self.source.by_ref().take(CHUNK).read_to_end(&mut self.waiting)?;
            if self.waiting.len() == before {
                // Half a character at the end is none.
                return Ok(0);
            }
            let mut whole = self.waiting.len() & !1;
            // The first half of a pair waits for the second.
            let last = units(&self.waiting[whole.saturating_sub(2)..whole], self.big_endian).last();
            if whole > 2 && last.is_some_and(|unit| (0xd800..0xdc00).contains(&unit)) {
                whole -= 2;
            }
            let text: String = char::decode_utf16(units(&self.waiting[..whole], self.big_endian))
                .map(or_replacement)
                .collect();
            self.waiting.drain(..whole);
            self.text = Cursor::new(text.into_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_the_same_in_every_encoding() {
        let text = "title = \"Sch\u{e4}del \u{1f600}\"\n";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for bytes in [
            text.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            little.clone(),
            [b"\xff\xfe".to_vec(), little].concat(),
            [b"\xfe\xff".to_vec(), big].concat(),
        ] {
            assert_eq!(decoded(&bytes).unwrap(), text, "{bytes:?}");
        }
        assert!(decoded(b"caf\xe9").is_err());
        let cut = "a\u{1f600}"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<u8>>();
        let mut shown = String::new();
        Utf16::new(&cut[..5], false).read_to_string(&mut shown).unwrap();
        assert_eq!(shown, "a", "half a character at the end is none");
    }
}
