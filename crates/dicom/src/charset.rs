//! Text in the character sets of DICOM (PS3.5 §6.1, PS3.3 C.12.1.1.2), as pydicom decodes it.

use std::borrow::Cow;

use dicom_encoding::text::{SpecificCharacterSet, TextCodec};

const ESC: u8 = 0x1b;

/// What SpecificCharacterSet names: the set that text begins in. Code extensions name themselves in the text.
#[derive(Clone, Debug)]
pub(crate) struct Charset(Codec);

#[derive(Clone, Debug)]
enum Codec {
    /// ISO 8859-1, which every byte can be read in: the default, too where a set is unknown.
    Latin1,
    /// ISO 8859-9, Turkish: ISO 8859-1 but for six letters.
    Latin5,
    /// Any other.
    Named(SpecificCharacterSet),
}

impl Charset {
    /// The first set that the element's `value` names; names that are misspelt are understood, what is unknown is
    /// ISO 8859-1.
    pub(crate) fn named(value: &str) -> Self {
        Self(Codec::named(value.split('\\').next().unwrap_or_default()))
    }

    /// Text of an element. Control characters are spelt out, so that no terminal or table that shows the text obeys
    /// them; bytes that are not in the set stay apart, so that two names stay two.
    pub(crate) fn decode<'a>(&self, bytes: &'a [u8]) -> Cow<'a, str> {
        if bytes.iter().all(|byte| (0x20..0x7F).contains(byte)) {
            return String::from_utf8_lossy(bytes);
        }
        let mut text = String::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let end = rest[1..].iter().position(|byte| *byte == ESC);
            let (fragment, after) = rest.split_at(end.map_or(rest.len(), |end| end + 1));
            self.fragment(fragment, &mut text);
            rest = after;
        }
        Cow::Owned(spelt_out(&text))
    }

    /// A part of a text that begins with an escape sequence, or the first part without one.
    fn fragment(&self, bytes: &[u8], text: &mut String) {
        let Some((codec, kept)) = escape(bytes) else {
            return self.0.decode(bytes, text);
        };
        // A delimiter ends what an escape sequence began.
        let is_delimiter = |byte: &u8| matches!(byte, b'\\' | b'\n' | b'\r' | b'\t' | 0x0c);
        match kept.iter().position(is_delimiter) {
            // Characters of 94 × 94 sets may hold the byte of a backslash; their decoder knows.
            Some(at) if !matches!(kept.first(), Some(&ESC)) => {
                codec.decode(&kept[..at], text);
                self.0.decode(&kept[at..], text);
            }
            _ => codec.decode(kept, text),
        }
    }
}

/// The set that a fragment's escape sequence begins, and the bytes to decode in it: those of ISO 2022 with their sequence,
/// which that decoder takes away.
fn escape(fragment: &[u8]) -> Option<(Codec, &[u8])> {
    if fragment.first() != Some(&ESC) {
        return None;
    }
    let (name, length) = match &fragment[1..] {
        [b'(', b'B', ..] => ("ISO_IR 6", 3),
        [b'(', b'J', ..] | [b')', b'I', ..] => ("ISO_IR 13", 3),
        [b'$', b'B' | b'@', ..] => ("ISO_IR 87", 0),
        [b'$', b'(', b'D', ..] => ("ISO_IR 87", 0),
        [b'$', b')', b'C', ..] => ("ISO_IR 149", 4),
        [b'$', b')', b'A', ..] => ("GBK", 4),
        [b'-', b'A', ..] => ("ISO_IR 100", 3),
        [b'-', b'B', ..] => ("ISO_IR 101", 3),
        [b'-', b'C', ..] => ("ISO_IR 109", 3),
        [b'-', b'D', ..] => ("ISO_IR 110", 3),
        [b'-', b'F', ..] => ("ISO_IR 126", 3),
        [b'-', b'G', ..] => ("ISO_IR 127", 3),
        [b'-', b'H', ..] => ("ISO_IR 138", 3),
        [b'-', b'L', ..] => ("ISO_IR 144", 3),
        [b'-', b'M', ..] => ("ISO_IR 148", 3),
        [b'-', b'T', ..] => ("ISO_IR 166", 3),
        _ => return None,
    };
    Some((Codec::named(name), &fragment[length..]))
}

impl Codec {
    fn named(name: &str) -> Self {
        let name = corrected(name.trim_matches(|c: char| c.is_whitespace() || c == '\0'));
        match name.as_str() {
            "" | "ISO_IR 6" | "ISO_IR 100" => Self::Latin1,
            "ISO_IR 148" => Self::Latin5,
            "ISO_IR 159" => Self::named("ISO_IR 87"),
            name => SpecificCharacterSet::from_code(name).map_or(Self::Latin1, Self::Named),
        }
    }

    fn decode(&self, bytes: &[u8], text: &mut String) {
        let latin1 = |byte: &u8| char::from(*byte);
        match self {
            Self::Latin1 => text.extend(bytes.iter().map(latin1)),
            Self::Latin5 => text.extend(bytes.iter().map(|byte| match byte {
                0xD0 => 'Ğ',
                0xDD => 'İ',
                0xDE => 'Ş',
                0xF0 => 'ğ',
                0xFD => 'ı',
                0xFE => 'ş',
                byte => latin1(byte),
            })),
            Self::Named(set) => match set.decode(bytes) {
                Ok(decoded) => text.push_str(&decoded),
                Err(_) => text.extend(bytes.iter().map(latin1)),
            },
        }
    }
}

/// The defined term that a name means: one of `ISO_IR n`, whatever the word for code extensions; `GB18030`, `GBK`; or a
/// name that programs have for it.
fn corrected(name: &str) -> String {
    let upper = name.to_ascii_uppercase();
    // `ISO 2022 IR 100`, `ISO_2022_IR_100`, `ISO-IR 100`, `ISO IR 100`: whatever stands between.
    let parts: Vec<&str> = upper
        .split([' ', '_', '-'])
        .filter(|part| !part.is_empty())
        .collect();
    if let ["ISO", "IR", number] | ["ISO", "2022", "IR", number] = parts[..] {
        return match number {
            "58" => "GBK".to_owned(),
            number => format!("ISO_IR {number}"),
        };
    }
    let plain = parts.concat();
    let term = match plain.as_str() {
        "UTF8" => "ISO_IR 192",
        "GB18030" => "GB18030",
        "GBK" | "CP936" | "936" | "GB2312" | "EUCCN" | "ISO202258" | "ISO2022GBK" => "GBK",
        "EUCKR" | "KSC5601" | "CP949" | "949" | "UHC" => "ISO_IR 149",
        "SHIFTJIS" | "SJIS" | "CP932" | "932" => "ISO_IR 13",
        "ISO2022JP" => "ISO_IR 87",
        "ISO88592" | "LATIN2" | "L2" => "ISO_IR 101",
        "ISO88593" | "LATIN3" | "L3" => "ISO_IR 109",
        "ISO88594" | "LATIN4" | "L4" => "ISO_IR 110",
        "ISO88595" | "CYRILLIC" => "ISO_IR 144",
        "ISO88596" | "ARABIC" => "ISO_IR 127",
        "ISO88597" | "GREEK" => "ISO_IR 126",
        "ISO88598" | "HEBREW" => "ISO_IR 138",
        "ISO88599" | "LATIN5" | "L5" => "ISO_IR 148",
        "TIS620" | "CP874" | "ISO885911" | "THAI" => "ISO_IR 166",
        _ => "",
    };
    term.to_owned()
}

/// The text with its control characters spelt out: `\x1b`.
fn spelt_out(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            letter if letter.is_control() => out += &format!("\\x{:02x}", u32::from(letter)),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &str, bytes: &[u8]) -> String {
        Charset::named(set).decode(bytes).into_owned()
    }

    /// The texts are what pydicom 3.0.2 gives for the same bytes.
    #[test]
    fn sets_are_decoded_as_pydicom_decodes_them() {
        let cases: [(&str, &[u8], &str); 20] = [
            ("ISO_IR 100", b"M\xfcll01", "Müll01"),
            ("ISO 2022 IR 100", b"M\xfcll01", "Müll01"),
            ("ISO_2022_IR_6", b"PAT001", "PAT001"),
            ("Not Supplied", b"PAT002", "PAT002"),
            ("ISO-IR 192", "Größe7".as_bytes(), "Größe7"),
            ("UTF-8", "Größe8".as_bytes(), "Größe8"),
            ("", b"\xcd\xf5\xd0\xa1\xc3\xf7", "ÍõÐ¡Ã÷"),
            ("", b"\xc0\xee\xd0\xa1\xc3\xf7", "ÀîÐ¡Ã÷"),
            ("GB18030", b"\xcd\xf5\xd0\xa1\xba\xec", "王小红"),
            ("GBK", b"\xcd\xf5\xd0\xa1\xba\xec", "王小红"),
            ("ISO 2022 IR 6", b"\xc8\xe2\xe0\xed\xee\xe2", "Èâàíîâ"),
            ("\\ISO 2022 IR 87", b"ID\x1b$B;3ED\x1b(B1", "ID山田1"),
            ("\\ISO 2022 IR 149", b"ID\x1b$)C\xb1\xe8\xc8\xf1", "ID김희"),
            (
                "ISO_IR 13\\ISO 2022 IR 87",
                b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3",
                "ﾔﾏﾀﾞ^ﾀﾛｳ",
            ),
            ("\\ISO 2022 IR 58", b"Zhang\x1b$)A\xcd\xf5", "Zhang王"),
            ("ISO_IR 148", b"\xddz\xfe\xf0", "İzşğ"),
            ("ISO_IR 144", b"\xb8\xd2\xd0\xdd", "Иван"),
            ("\\ISO 2022 IR 126", b"A\x1b-F\xc4\xe9", "AΔι"),
            ("\\ISO 2022 IR 159", b"\x1b$(D0!\x1b(B", "丂"),
            ("ISO_IR 166", b"\xa1", "ก"),
        ];
        for (set, bytes, text) in cases {
            assert_eq!(read(set, bytes), text, "{set}");
        }
    }

    #[test]
    fn no_control_character_gets_out_and_two_names_stay_two() {
        // A set that was not announced still tells by its escape sequence what it is.
        assert_eq!(read("", b"ID\x1b$B;3ED\x1b(B1"), "ID山田1");
        assert_eq!(read("", b"A\x1b[31mB\0C\x9bD"), "A\\x1b[31mB\\x00C\\x9bD");
        for set in [
            "ISO 2022 IR 87",
            "ISO 2022 IR 149",
            "ISO_IR 192",
            "GB18030",
            "ISO_IR 13",
        ] {
            let text = read(set, b"\x1b\x9b\xff\x1b$B\x1b");
            assert!(!text.chars().any(char::is_control), "{set}: {text:?}");
        }
        let wrong = [b"\xcd\xf5\xd0".as_slice(), b"\xc0\xee\xd0"].map(|bytes| read("ISO_IR 192", bytes));
        assert_ne!(wrong[0], wrong[1]);
    }
}
