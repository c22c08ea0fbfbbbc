//! Sequential JPEG of 12 bits, one component (ISO 10918-1, process 4). The inverse DCT is computed in
//! floating point, so that values differ by at most one from decoders that compute in integers.

use std::f32::consts::{FRAC_1_SQRT_2, PI};

use super::huffman::{Bits, Code, signed};
use super::{Size, damaged, word};
use crate::error::Result;

/// Where a block's coefficients go, in the order they are coded.
const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
    14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39,
    46, 53, 60, 61, 54, 47, 55, 62, 63,
];
/// Bits that may be missing at the end before an image counts as cut short.
const MAX_MISSING: usize = 64;

#[derive(Default)]
struct Tables {
    quantisation: [Option<[f32; 64]>; 4],
    dc: [Option<Code>; 4],
    ac: [Option<Code>; 4],
    /// Which quantisation table the component uses.
    quantiser: usize,
    bits: usize,
    /// Blocks between restart markers; 0: none.
    restart: usize,
}

pub(crate) fn decode(frame: &[u8], size: Size) -> Result<Vec<u16>> {
    let mut tables = Tables::default();
    let mut at = 2;
    loop {
        while frame.get(at).is_some_and(|byte| *byte != 0xFF) || frame.get(at + 1) == Some(&0xFF) {
            at += 1;
        }
        let marker = *frame
            .get(at + 1)
            .ok_or_else(|| damaged("JPEG", "it ends before its first scan"))?;
        let length = word(frame, at + 2).unwrap_or(0).max(2);
        let segment = frame
            .get(at + 4..at + 2 + length)
            .ok_or_else(|| damaged("JPEG", "it ends inside a marker segment"))?;
        at += 2 + length;
        let read = match marker {
            0xDB => tables.quantisation(segment),
            0xC4 => tables.huffman(segment),
            0xDD => word(segment, 0).map(|blocks| tables.restart = blocks),
            0xC0..=0xC2 => tables.frame_header(segment),
            0xDA => return tables.scan(segment, &frame[at..], size),
            _ => Some(()),
        };
        read.ok_or_else(|| damaged("JPEG", "a marker segment is too short"))?;
    }
}

impl Tables {
    fn frame_header(&mut self, segment: &[u8]) -> Option<()> {
        self.bits = usize::from(*segment.first()?);
        self.quantiser = usize::from(*segment.get(8)?) & 3;
        Some(())
    }

    fn quantisation(&mut self, mut segment: &[u8]) -> Option<()> {
        while let Some((head, rest)) = segment.split_first() {
            let bytes = if head >> 4 == 0 { 1 } else { 2 };
            let coded = rest.get(..64 * bytes)?;
            let mut table = [0.0; 64];
            for (index, place) in ZIGZAG.iter().enumerate() {
                let step = match bytes {
                    1 => usize::from(coded[index]),
                    _ => word(coded, 2 * index)?,
                };
                table[*place] = step as f32;
            }
            self.quantisation[usize::from(head & 3)] = Some(table);
            segment = &rest[64 * bytes..];
        }
        Some(())
    }

    fn huffman(&mut self, mut segment: &[u8]) -> Option<()> {
        while let Some((head, rest)) = segment.split_first() {
            let counts: &[u8; 16] = rest.first_chunk()?;
            let total = counts.iter().map(|count| usize::from(*count)).sum::<usize>();
            let values = rest.get(16..16 + total)?;
            let table = Some(Code::new(counts, values));
            let class = if head >> 4 == 0 {
                &mut self.dc
            } else {
                &mut self.ac
            };
            class[usize::from(head & 3)] = table;
            segment = &rest[16 + total..];
        }
        Some(())
    }

    fn scan(&self, segment: &[u8], coded: &[u8], size: Size) -> Result<Vec<u16>> {
        let absent = || damaged("JPEG", "its scan names a table that is not there");
        let selectors = usize::from(*segment.get(2).ok_or_else(absent)?);
        let dc_code = self.dc[(selectors >> 4) & 3].as_ref().ok_or_else(absent)?;
        let ac_code = self.ac[selectors & 3].as_ref().ok_or_else(absent)?;
        let steps = self.quantisation[self.quantiser].as_ref().ok_or_else(absent)?;
        if !(2..=16).contains(&self.bits) {
            return Err(damaged("JPEG", format!("its values have {} bits", self.bits)));
        }
        let middle = (1 << (self.bits - 1)) as f32;
        let highest = ((1_u32 << self.bits) - 1) as f32;
        let basis = basis();
        let mut bits = Bits::new(coded);
        let mut words = vec![0; size.pixels()];
        let mut dc = 0_i32;
        let wide = size.columns.div_ceil(8);
        for block in 0..wide * size.rows.div_ceil(8) {
            if self.restart > 0 && block > 0 && block % self.restart == 0 {
                bits.restart();
                dc = 0;
            }
            let wrong = || damaged("JPEG", format!("block {block} has a code that does not exist"));
            let mut coefficients = [0.0_f32; 64];
            let change = dc_code.next(&mut bits).ok_or_else(wrong)?;
            dc = dc.wrapping_add(signed(&mut bits, change));
            coefficients[0] = dc as f32 * steps[0];
            let mut index = 1;
            while index < 64 {
                let code = ac_code.next(&mut bits).ok_or_else(wrong)?;
                let (zeros, size) = (usize::from(code >> 4), code & 15);
                if size == 0 && zeros < 15 {
                    break;
                }
                index += zeros;
                let place = *ZIGZAG.get(index).ok_or_else(wrong)?;
                coefficients[place] = signed(&mut bits, size) as f32 * steps[place];
                index += 1;
            }
            if bits.missing > MAX_MISSING {
                return Err(damaged("JPEG", format!("it ends in block {block}")));
            }
            let values = inverse(&coefficients, &basis);
            let (top, left) = (block / wide * 8, block % wide * 8);
            for (row, values) in values.chunks_exact(8).enumerate().take(size.rows - top) {
                let begin = (top + row) * size.columns + left;
                let count = (size.columns - left).min(8);
                for (word, value) in words[begin..begin + count].iter_mut().zip(values) {
                    *word = (value + middle).round().clamp(0.0, highest) as u16;
                }
            }
        }
        Ok(words)
    }
}

/// `basis[x][u]`: the share of frequency `u` at place `x` (A.3.3).
fn basis() -> [[f32; 8]; 8] {
    std::array::from_fn(|x| {
        std::array::from_fn(|u| {
            let scale = if u == 0 { FRAC_1_SQRT_2 } else { 1.0 };
            0.5 * scale * ((2 * x + 1) as f32 * u as f32 * PI / 16.0).cos()
        })
    })
}

fn inverse(coefficients: &[f32; 64], basis: &[[f32; 8]; 8]) -> [f32; 64] {
    let mut half = [0.0; 64];
    for v in 0..8 {
        for x in 0..8 {
            half[8 * v + x] = (0..8).map(|u| basis[x][u] * coefficients[8 * v + u]).sum();
        }
    }
    let mut values = [0.0; 64];
    for y in 0..8 {
        for x in 0..8 {
            values[8 * y + x] = (0..8).map(|v| basis[y][v] * half[8 * v + x]).sum();
        }
    }
    values
}
