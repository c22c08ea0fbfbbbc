//! Tables that people make: CSV as scripts and spreadsheet programs write it.
//!
//! Whatever its encoding (UTF-8 and UTF-16, with a byte-order mark or without), its separator (`,`, `;`, tab, `|`) and its
//! line ends, a table reads as UTF-8 text with line feeds. What is no text (a workbook, an archive, a web page) is refused
//! by the name of what it is.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;

use crate::encoding::{Encoding, Utf16};
use crate::error::{Error, Result, ResultExt};

/// Bytes looked at to learn what a file is.
const HEAD: usize = 1 << 16;
/// What separates fields, the usual one first.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// A table as text.
pub struct TextTable<'a> {
    /// What separates the fields of a line.
    pub separator: u8,
    /// How its characters are stored, in words: "UTF-8 with a byte-order mark".
    pub encoding: &'static str,
    /// Lines that were taken off its begin: `sep=;`, by which spreadsheet programs know the separator.
    pub lines_before: usize,
    /// The text, without a byte-order mark.
    pub text: Box<dyn Read + 'a>,
}

impl TextTable<'static> {
    /// Opens a file.
    ///
    /// # Errors
    /// When it cannot be read, or is no text.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).at("open", path)?;
        Self::of(file, &path.display().to_string())
    }
}

impl<'a> TextTable<'a> {
    /// Looks at the begin of `source`; `name` stands for it in messages.
    ///
    /// # Errors
    /// When it cannot be read, or is no text.
    pub fn of(mut source: impl Read + 'a, name: &str) -> Result<Self> {
        let head = head_of(&mut source).doing(format!("cannot read {name}"))?;
        if let Some((what, help)) = no_text(&head) {
            return Err(Error::new(format!("{name} is {what}, and not a table as text")).help(help));
        }
        let encoding = Encoding::of(&head);
        let raw = Cursor::new(head[encoding.mark()..].to_vec()).chain(source);
        let mut text: Box<dyn Read + 'a> = match encoding {
            Encoding::Utf8 { .. } => Box::new(raw),
            Encoding::Utf16 { big_endian, .. } => Box::new(Utf16::new(raw, big_endian)),
        };
        let mut head = head_of(&mut text).doing(format!("cannot read {name}"))?;
        let old_mac = head.contains(&b'\r') && !head.contains(&b'\n');
        if old_mac {
            head.iter_mut().for_each(line_feed);
        }
        let told = told_separator(&head);
        let (separator, skipped) = match told {
            Some((separator, length)) => (separator, length),
            None => (separator_of(first_line(&head)), 0),
        };
        head.drain(..skipped);
        let rest: Box<dyn Read + 'a> = if old_mac { Box::new(OldMac(text)) } else { text };
        Ok(Self {
            separator,
            encoding: encoding.in_words(),
            lines_before: usize::from(told.is_some()),
            text: Box::new(Cursor::new(head).chain(rest)),
        })
    }

    /// Reads it as CSV; if `flexible`, rows may have more or fewer fields than the first.
    pub fn into_csv(self, flexible: bool) -> csv::Reader<Box<dyn Read + 'a>> {
        csv::ReaderBuilder::new()
            .delimiter(self.separator)
            .flexible(flexible)
            .from_reader(self.text)
    }
}

/// The first bytes, as many as there are up to [`HEAD`].
fn head_of(source: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    source.take(HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// What a file is that is no text, and what to do about it.
fn no_text(head: &[u8]) -> Option<(&'static str, &'static str)> {
    let save = "save it as CSV in the program that made it, and name that file";
    let unpack = "unpack it, and name the file in it";
    let page = head.trim_ascii_start().to_ascii_lowercase();
    let begins = |magic: &[u8]| head.starts_with(magic);
    let holds = |part: &[u8]| head.windows(part.len()).any(|window| window == part);
    Some(match () {
        () if begins(b"PK\x03\x04") && (holds(b"xl/") || holds(b"[Content_Types]")) => {
            ("an Excel workbook", save)
        }
        () if begins(b"PK\x03\x04") && holds(b"opendocument") => ("an OpenDocument table", save),
        () if begins(b"PK\x03\x04") => ("a zip archive", unpack),
        () if begins(b"\xd0\xcf\x11\xe0") => ("an old Excel workbook", save),
        () if begins(b"\x1f\x8b") => (
            "compressed by gzip",
            "unpack it with `gunzip`, and name the file that comes of it",
        ),
        () if begins(b"PAR1") => (
            "a Parquet file",
            "write it as CSV, in pandas by `to_csv(…, index=False)`",
        ),
        () if begins(b"version https://git-lfs") => (
            "a git-lfs pointer in place of the file",
            "`git lfs pull` brings the file",
        ),
        () if page.starts_with(b"<!doctype html") || page.starts_with(b"<html") => (
            "a web page",
            "a download that asks for a login gives its page: download the file again",
        ),
        () => return None,
    })
}

/// Lines that end by a carriage return alone, as those of old Macs.
struct OldMac<R>(R);

impl<R: Read> Read for OldMac<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        buffer[..read].iter_mut().for_each(line_feed);
        Ok(read)
    }
}

fn line_feed(byte: &mut u8) {
    if *byte == b'\r' {
        *byte = b'\n';
    }
}

/// The first line that is not empty.
fn first_line(head: &[u8]) -> &[u8] {
    let mut lines = head.split(|byte| *byte == b'\n');
    lines
        .find(|line| !line.trim_ascii().is_empty())
        .unwrap_or_default()
}

/// The separator that a first line `sep=;` tells, and the line's length.
fn told_separator(head: &[u8]) -> Option<(u8, usize)> {
    let end = head.iter().position(|byte| *byte == b'\n')?;
    let line = head[..end].strip_suffix(b"\r").unwrap_or(&head[..end]);
    let (name, told) = line.split_at_checked(4)?;
    match told {
        [separator] if name.eq_ignore_ascii_case(b"sep=") => Some((*separator, end + 1)),
        _ => None,
    }
}

/// What stands most often in a line, outside of quotes.
fn separator_of(line: &[u8]) -> u8 {
    let count = |separator: u8| {
        let mut quoted = false;
        let outside = |byte: &&u8| {
            quoted ^= **byte == b'"';
            !quoted && **byte == separator
        };
        line.iter().filter(outside).count()
    };
    // Of equal ones the first.
    let counts = SEPARATORS
        .iter()
        .rev()
        .map(|separator| (count(*separator), *separator));
    let best = counts.max_by_key(|(count, _)| *count);
    best.filter(|(count, _)| *count > 0)
        .map_or(SEPARATORS[0], |(_, separator)| separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (u8, String) {
        let mut table = TextTable::of(bytes, "t.csv").unwrap();
        let mut text = String::new();
        table.text.read_to_string(&mut text).unwrap();
        (table.separator, text)
    }

    #[test]
    fn an_encoding_is_said_in_words() {
        let said = |bytes: &[u8]| TextTable::of(bytes, "t.csv").unwrap().encoding;
        assert_eq!(said(b"ID"), "UTF-8");
        assert_eq!(said(b"\xef\xbb\xbfID"), "UTF-8 with a byte-order mark");
        assert_eq!(said(b"\xff\xfeI\0D\0"), "UTF-16 with a byte-order mark");
        assert_eq!(said(b"I\0D\0"), "UTF-16");
    }

    #[test]
    fn every_encoding_gives_the_same_text() {
        let text = "ID,Label\nSch\u{e4}del \u{1f600},1\n".repeat(5000);
        let expected = (b',', text.clone());
        assert_eq!(read(text.as_bytes()), expected);
        let marked = |bytes: Vec<u8>, mark: &[u8]| [mark.to_vec(), bytes].concat();
        assert_eq!(
            read(&marked(text.clone().into_bytes(), b"\xef\xbb\xbf")),
            expected
        );
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (bytes, mark) in [(little, b"\xff\xfe"), (big, b"\xfe\xff")] {
            assert_eq!(read(&bytes), expected);
            assert_eq!(read(&marked(bytes, mark)), expected);
        }
        assert_eq!(read(&text.replace('\n', "\r").into_bytes()), expected);
        assert_eq!(read(b""), (b',', String::new()));
    }

    #[test]
    fn separators_are_found() {
        for (line, separator) in [
            ("ID,Label", b','),
            ("ID;Label", b';'),
            ("ID\tLabel", b'\t'),
            ("ID|Label", b'|'),
            ("\"a;b;c\",d", b','),
            ("ID", b','),
        ] {
            assert_eq!(read(line.as_bytes()).0, separator, "{line}");
        }
        assert_eq!(read(b"sep=;\r\na;b\r\n"), (b';', "a;b\r\n".to_owned()));
    }

    #[test]
    fn what_is_no_text_is_named() {
        for (bytes, expected) in [
            (&b"PK\x03\x04....xl/workbook.xml"[..], "an Excel workbook"),
            (b"PK\x03\x04....labels.csv", "a zip archive"),
            (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
            (b"\x1f\x8b\x08", "gzip"),
            (b"  <!DOCTYPE html>", "a web page"),
            (b"version https://git-lfs.github.com/spec/v1", "git-lfs pointer"),
        ] {
            let error = TextTable::of(bytes, "t.csv").err().unwrap().to_string();
            assert!(error.contains(expected) && error.contains("t.csv"), "{error}");
        }
    }
}
