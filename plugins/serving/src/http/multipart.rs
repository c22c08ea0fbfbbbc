//! Reading multipart/form-data (RFC 7578) while it comes, in memory that its sender cannot make grow.

use std::collections::VecDeque;

/// Bytes of a part's head.
const HEAD: usize = 8 << 10;

/// What a body holds, piece by piece.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A part begins: a file of that name, or a field without one.
    Begin(Option<String>),
    /// Bytes of the part.
    Bytes(Vec<u8>),
}

/// Reads a body chunk by chunk.
pub(super) struct Multipart {
    /// `\r\n--boundary`
    mark: Vec<u8>,
    buffer: Vec<u8>,
    state: State,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// Before the first part.
    Preamble,
    /// After a boundary: the end, or a head.
    AfterMark,
    Head,
    Body,
    End,
}

impl Multipart {
    /// Of a body whose `Content-Type` is this; nothing where that is not multipart/form-data with a boundary.
    pub(super) fn new(content_type: &str) -> Option<Self> {
        let (kind, parameters) = content_type.split_once(';')?;
        if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
            return None;
        }
        let boundary = parameters.split(';').find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim()
                .eq_ignore_ascii_case("boundary")
                .then(|| value.trim().trim_matches('"'))
        })?;
        if boundary.is_empty() || boundary.len() > 70 {
            return None;
        }
        Some(Self {
            mark: format!("\r\n--{boundary}").into_bytes(),
            // The first boundary stands at the start of the body, where there is no line before it.
            buffer: b"\r\n".to_vec(),
            state: State::Preamble,
        })
    }

    /// Takes a chunk, and gives what it completes.
    ///
    /// # Errors
    /// Where the body is not multipart/form-data.
    pub(super) fn push(&mut self, chunk: &[u8]) -> Result<VecDeque<Piece>, &'static str> {
        self.buffer.extend_from_slice(chunk);
        let mut pieces = VecDeque::new();
        loop {
            match self.state {
                State::Preamble | State::Body => {
                    let is_body = self.state == State::Body;
                    let found = find(&self.buffer, &self.mark);
                    // The last bytes may be the start of a boundary.
                    let sure = found.unwrap_or((self.buffer.len() + 1).saturating_sub(self.mark.len()));
                    let bytes: Vec<u8> = self.buffer.drain(..sure).collect();
                    if is_body && !bytes.is_empty() {
                        pieces.push_back(Piece::Bytes(bytes));
                    }
                    if found.is_none() {
                        return Ok(pieces);
                    }
                    self.buffer.drain(..self.mark.len());
                    self.state = State::AfterMark;
                }
                State::AfterMark => {
                    let Some(two) = self.buffer.get(..2) else {
                        return Ok(pieces);
                    };
                    match two {
                        b"--" => self.state = State::End,
                        b"\r\n" => self.state = State::Head,
                        _ => return Err("a boundary is followed by something else than a part or the end"),
                    }
                    // The line's end is the first of an empty head.
                }
                State::Head => {
                    let Some(end) = find(&self.buffer, b"\r\n\r\n") else {
                        return if self.buffer.len() > HEAD {
                            Err("the head of a part is too long")
                        } else {
                            Ok(pieces)
                        };
                    };
                    if end > HEAD {
                        return Err("the head of a part is too long");
                    }
                    let head: Vec<u8> = self.buffer.drain(..end + 4).collect();
                    pieces.push_back(Piece::Begin(file_name(&String::from_utf8_lossy(&head))));
                    self.state = State::Body;
                    // A body may be empty: then its boundary's line end is that of the head.
                    if self.buffer.starts_with(&self.mark[2..]) {
                        self.buffer.splice(..0, *b"\r\n");
                    }
                }
                State::End => {
                    self.buffer.clear();
                    return Ok(pieces);
                }
            }
        }
    }

    /// Whether the body has come to its end.
    pub(super) fn is_whole(&self) -> bool {
        self.state == State::End
    }
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    let first = *part.first()?;
    let mut from = 0;
    while let Some(next) = bytes.get(from..)?.iter().position(|byte| *byte == first) {
        from += next;
        if bytes[from..].starts_with(part) {
            return Some(from);
        }
        from += 1;
    }
    None
}

/// The file name of a part's head, if it is a file.
fn file_name(head: &str) -> Option<String> {
    let line = head.lines().find(|line| {
        line.split_once(':')
            .is_some_and(|(name, _)| name.trim().eq_ignore_ascii_case("content-disposition"))
    })?;
    let at = line.find("filename=")?;
    let rest = &line[at + "filename=".len()..];
    let name = match rest.strip_prefix('"') {
        Some(quoted) => {
            let mut name = String::new();
            let mut letters = quoted.chars();
            while let Some(letter) = letters.next() {
                match letter {
                    '"' => break,
                    // Browsers write %22 for a quote, others escape it.
                    '\\' if letters.as_str().starts_with('"') => name.extend(letters.next()),
                    _ => name.push(letter),
                }
            }
            name.replace("%22", "\"")
        }
        None => rest.split(';').next().unwrap_or_default().trim().to_owned(),
    };
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Parts = Vec<(Option<String>, Vec<u8>)>;

    fn read(body: &[u8], chunk: usize) -> (Parts, bool) {
        let mut multipart = Multipart::new("multipart/form-data; boundary=\"xyz\"").unwrap();
        let mut parts = Parts::new();
        for chunk in body.chunks(chunk.max(1)) {
            for piece in multipart.push(chunk).unwrap() {
                match piece {
                    Piece::Begin(name) => parts.push((name, Vec::new())),
                    Piece::Bytes(bytes) => parts.last_mut().unwrap().1.extend(bytes),
                }
            }
        }
        (parts, multipart.is_whole())
    }

    fn written(parts: &[(Option<String>, Vec<u8>)]) -> Vec<u8> {
        let mut body = Vec::new();
        for (name, bytes) in parts {
            let name = name
                .as_ref()
                .map_or(String::new(), |name| format!("; filename=\"{name}\""));
            body.extend(format!("--xyz\r\nContent-Disposition: form-data; name=\"f\"{name}\r\n\r\n").bytes());
            body.extend(bytes);
            body.extend(b"\r\n");
        }
        body.extend(b"--xyz--\r\n");
        body
    }

    proptest! {
        #[test]
        fn parts_come_as_they_were_sent(
            parts in prop::collection::vec(
                (prop::option::of("[a-z/]{0,9}"), "[-xyz\r\na]{0,40}".prop_map(String::into_bytes)), 0..5),
            chunk in 1..50_usize,
        ) {
            prop_assume!(parts.iter().all(|(_, bytes)| find(bytes, b"--xyz").is_none()));
            prop_assume!(parts.iter().all(|(_, bytes)| !bytes.ends_with(b"\r\n--xy")));
            let (got, whole) = read(&written(&parts), chunk);
            prop_assert!(whole);
            prop_assert_eq!(got, parts);
        }

        #[test]
        fn no_body_makes_it_panic_or_grow(body in prop::collection::vec("(--xyz|\r\n|--|a|: |\r\n\r\n)", 0..60), chunk in 1..20_usize) {
            let mut multipart = Multipart::new("multipart/form-data; boundary=xyz").unwrap();
            for chunk in body.concat().as_bytes().chunks(chunk) {
                if multipart.push(chunk).is_err() {
                    break;
                }
                prop_assert!(multipart.buffer.len() <= HEAD + chunk.len() + 16);
            }
        }
    }

    #[test]
    fn names_are_read_as_browsers_write_them() {
        let name = |line: &str| file_name(&format!("content-disposition: form-data; name=\"x\"{line}\r\n"));
        assert_eq!(name("; filename=\"a%22b.dcm\""), Some("a\"b.dcm".into()));
        assert_eq!(name("; filename=\"a\\\"b\""), Some("a\"b".into()));
        assert_eq!(name("; filename=plain.dcm"), Some("plain.dcm".into()));
        assert_eq!(name(""), None);
        assert!(
            Multipart::new("multipart/form-data").is_none()
                && Multipart::new("text/plain; boundary=a").is_none()
        );
    }

    #[test]
    fn a_head_without_an_end_is_refused() {
        let mut multipart = Multipart::new("multipart/form-data; boundary=xyz").unwrap();
        multipart.push(b"--xyz\r\n").unwrap();
        assert!(multipart.push(&vec![b'a'; HEAD + 9]).is_err());
    }
}
