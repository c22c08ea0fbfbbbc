//! Paths as text that reads back: for tables, JSON and messages of one line.

use std::fmt::Write;
use std::path::{Path, PathBuf};

/// A path as text. Backslashes, control characters (a line end in a name) and bytes that are not UTF-8 are written as
/// `\xNN`, the rest stays as it is, so that [`path_of_text`] gives back the very path. Where paths are not bytes
/// (Windows), nothing is escaped, and what is not Unicode is replaced.
pub fn path_text(path: &Path) -> String {
    if !cfg!(unix) {
        return path.to_string_lossy().into_owned();
    }
    let mut text = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        for letter in chunk.valid().chars() {
            if letter == '\\' || letter.is_control() {
                let mut bytes = [0; 4];
                escape(&mut text, letter.encode_utf8(&mut bytes).as_bytes());
            } else {
                text.push(letter);
            }
        }
        escape(&mut text, chunk.invalid());
    }
    text
}

fn escape(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        // Writing into a string cannot fail.
        let _ = write!(text, "\\x{byte:02x}");
    }
}

/// The path that [`path_text`] wrote.
pub fn path_of_text(text: &str) -> PathBuf {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStringExt;
        let mut bytes = Vec::with_capacity(text.len());
        let mut rest = text.as_bytes();
        while let Some((first, after)) = rest.split_first() {
            let escaped = rest
                .strip_prefix(b"\\x")
                .and_then(|digits| digits.get(..2))
                .and_then(|digits| std::str::from_utf8(digits).ok())
                .and_then(|digits| u8::from_str_radix(digits, 16).ok());
            match escaped {
                Some(byte) => {
                    bytes.push(byte);
                    rest = &rest[4..];
                }
                None => {
                    bytes.push(*first);
                    rest = after;
                }
            }
        }
        PathBuf::from(std::ffi::OsString::from_vec(bytes))
    }
    #[cfg(not(unix))]
    PathBuf::from(text)
}

/// Writes a path as [`path_text`]: `#[serde(with = "ichflow_api::path_text")]` on a field.
///
/// # Errors
/// What the serializer says.
pub fn serialize<S: serde::Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path_text(path))
}

/// Reads a path that [`serialize`] wrote.
///
/// # Errors
/// When there is no text.
pub fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    let text = <String as serde::Deserialize>::deserialize(deserializer)?;
    Ok(path_of_text(&text))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn every_name_reads_back() {
        let names: [&[u8]; 6] = [
            b"plain/slice 1.dcm",
            b"not UTF-8 \xe9\xff.dcm",
            b"two\nlines\t.dcm",
            b"back\\slash\\x41.dcm",
            "Sch\u{e4}del \u{982d}.dcm".as_bytes(),
            b"\\",
        ];
        for name in names {
            let path = Path::new(OsStr::from_bytes(name));
            let text = path_text(path);
            assert_eq!(path_of_text(&text), path, "{text}");
            assert!(!text.contains(char::is_control), "{text}");
        }
        assert_eq!(path_text(Path::new("a/b c.dcm")), "a/b c.dcm");
        let text = path_text(Path::new(OsStr::from_bytes(b"\xe9\n.dcm")));
        assert_eq!(text, "\\xe9\\x0a.dcm");
    }
}
