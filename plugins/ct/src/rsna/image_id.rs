//! Image names as the competition gives them: `ID_` and nine hexadecimal digits.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};

/// Number of hexadecimal digits of an image's name.
const DIGITS: usize = 9;

/// An image's name, as the 36-bit number its digits are: tables of millions stay small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageId(u64);

/// A table by image.
pub(super) type ImageMap<T> = HashMap<ImageId, T, BuildHasherDefault<ImageHasher>>;

/// Names are random digits already; one multiplication spreads them over the whole word.
#[derive(Clone, Copy, Debug, Default)]
pub struct ImageHasher(u64);

impl Hasher for ImageHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        // 2⁶⁴ divided by the golden ratio; the product's high bits are the best mixed.
        self.0 = (self.0 ^ number)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .rotate_left(32);
    }
}

impl ImageId {
    /// Takes as many bits of a number as a name has.
    pub fn from_bits(number: u64) -> Self {
        Self(number & ((1 << (4 * DIGITS)) - 1))
    }

    /// Parses a name; upper-case digits are refused, so that a name has one spelling only.
    pub fn parse(name: &[u8]) -> Option<Self> {
        let digits = name.strip_prefix(b"ID_")?;
        if digits.len() != DIGITS {
            return None;
        }
        digits
            .iter()
            .try_fold(0, |number, digit| {
                let value = match digit {
                    b'0'..=b'9' => digit - b'0',
                    b'a'..=b'f' => digit - b'a' + 10,
                    _ => return None,
                };
                Some(number << 4 | u64::from(value))
            })
            .map(Self)
    }
}

impl fmt::Display for ImageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ID_{:0DIGITS$x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_parsing_and_writing() {
        for name in ["ID_8dfdc17fc", "ID_000000001", "ID_fffffffff"] {
            assert_eq!(ImageId::parse(name.as_bytes()).unwrap().to_string(), name);
        }
        for name in ["ID_8DFDC17FC", "ID_8dfdc17f", "8dfdc17fc", "ID_8dfdc17fg", ""] {
            assert_eq!(ImageId::parse(name.as_bytes()), None, "{name}");
        }
    }
}
