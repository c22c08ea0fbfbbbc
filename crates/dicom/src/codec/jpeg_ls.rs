//! JPEG-LS, lossless and near-lossless, one component (ISO 14495-1 / ITU-T T.87).
//!
//! There is no well-kept decoder in Rust alone; CharLS needs a C++ compiler. Names are those of the
//! standard.

use super::{Size, damaged, word};
use crate::error::{DicomError, Result};

/// Orders of run lengths (A.2.1, J).
const RUN_ORDER: [u32; 32] = [
    0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15,
];
/// Contexts of single values; two for the ends of runs follow.
const CONTEXTS: usize = 365;

pub(crate) fn decode(frame: &[u8], size: Size) -> Result<Vec<u16>> {
    let cut = || damaged("JPEG-LS", "it ends inside a marker segment");
    let mut bits = None;
    let mut preset = [0; 5];
    let mut at = 2;
    loop {
        while frame.get(at).is_some_and(|byte| *byte != 0xFF) || frame.get(at + 1) == Some(&0xFF) {
            at += 1;
        }
        let marker = *frame
            .get(at + 1)
            .ok_or_else(|| damaged("JPEG-LS", "it ends before its first scan"))?;
        let length = word(frame, at + 2).ok_or_else(cut)?.max(2);
        let segment = frame.get(at + 4..at + 2 + length).ok_or_else(cut)?;
        at += 2 + length;
        match marker {
            0xF7 => {
                let &[depth, _, _, _, _, components, ..] = segment else {
                    return Err(cut());
                };
                let [rows, columns] = [1, 3].map(|at| word(segment, at).unwrap_or(0));
                let depth = usize::from(depth);
                size.compare(rows, columns, usize::from(components), depth)?;
                if depth < 2 {
                    return Err(damaged("JPEG-LS", format!("its values have {depth} bits")));
                }
                bits = Some(depth);
            }
            0xF8 if segment.first() == Some(&1) => {
                for (index, number) in preset.iter_mut().enumerate() {
                    *number = word(segment, 1 + 2 * index).ok_or_else(cut)? as i32;
                }
            }
            0xF8 => return Err(unread("mapping tables or sizes beyond 65,535")),
            0xDD if word(segment, 0) != Some(0) => return Err(unread("restart intervals")),
            0xDA => {
                let &[1, _, table, near, _, shift, ..] = segment else {
                    return Err(damaged("JPEG-LS", "its scan is not of one component"));
                };
                if table != 0 || shift & 15 != 0 {
                    return Err(unread("mapping tables or point transforms"));
                }
                let bits = bits.ok_or_else(|| damaged("JPEG-LS", "it has no frame header"))?;
                let near = i32::from(near);
                let parameters = Parameters::new(bits, near, preset)
                    .ok_or_else(|| damaged("JPEG-LS", "its parameters contradict one another"))?;
                return Scan::new(parameters, &frame[at..]).decode(size);
            }
            _ => {}
        }
    }
}

fn unread(what: &str) -> DicomError {
    DicomError::UnsupportedCoding(format!(
        "its pixel data is JPEG-LS with {what}, which is not read"
    ))
}

struct Parameters {
    near: i32,
    max_value: i32,
    thresholds: [i32; 3],
    reset: i32,
    range: i32,
    /// Bits of a mapped error that is written plainly.
    qbpp: u32,
    limit: u32,
}

impl Parameters {
    /// Parameters from the frame, the scan and the preset ones (MAXVAL, T1 to T3, RESET; 0: default,
    /// C.2.4.1.1).
    fn new(bits: usize, near: i32, preset: [i32; 5]) -> Option<Self> {
        let [max_value, t1, t2, t3, reset] = preset;
        let most = (1 << bits) - 1;
        let max_value = if max_value == 0 { most } else { max_value };
        if max_value > most || near > 255.min(max_value / 2) {
            return None;
        }
        let clamp = |value: i32, low: i32| {
            if value > max_value || value < low {
                low
            } else {
                value
            }
        };
        let (d1, d2, d3) = if max_value >= 128 {
            let factor = (max_value.min(4095) + 128) / 256;
            (
                factor + 2 + 3 * near,
                4 * factor + 3 + 5 * near,
                17 * factor + 4 + 7 * near,
            )
        } else {
            let factor = 256 / (max_value + 1);
            (
                (3 / factor + 3 * near).max(2),
                (7 / factor + 5 * near).max(3),
                (21 / factor + 7 * near).max(4),
            )
        };
        let or = |given: i32, usual: i32| if given == 0 { usual } else { given };
        let t1 = or(t1, clamp(d1, near + 1));
        let t2 = or(t2, clamp(d2, t1));
        let t3 = or(t3, clamp(d3, t2));
        let range = (max_value + 2 * near) / (2 * near + 1) + 1;
        let bits_of = |values: i32| 32 - (values - 1).leading_zeros();
        let bpp = bits_of(max_value + 1).max(2);
        Some(Self {
            near,
            max_value,
            thresholds: [t1, t2, t3],
            reset: or(reset, 64),
            range,
            qbpp: bits_of(range),
            limit: 2 * (bpp + bpp.max(8)),
        })
    }

    /// A gradient's class, -4 to 4 (A.3.3).
    fn quantise(&self, difference: i32) -> i32 {
        let [t1, t2, t3] = self.thresholds;
        let class = match difference.abs() {
            size if size <= self.near => 0,
            size if size < t1 => 1,
            size if size < t2 => 2,
            size if size < t3 => 3,
            _ => 4,
        };
        class * difference.signum()
    }

    /// The value that a prediction and its error stand for (A.4.4, A.4.5).
    fn value(&self, predicted: i32, error: i32) -> i32 {
        let step = 2 * self.near + 1;
        let mut value = predicted + error * step;
        if value < -self.near {
            value += self.range * step;
        } else if value > self.max_value + self.near {
            value -= self.range * step;
        }
        value.clamp(0, self.max_value)
    }
}

#[derive(Clone, Copy)]
struct Statistics {
    /// Sum of the sizes of errors.
    a: i32,
    /// Sum of errors, or how many were negative at the ends of runs.
    b: i32,
    /// Correction of the prediction.
    c: i32,
    /// Number of errors.
    n: i32,
}

struct Scan<'a> {
    parameters: Parameters,
    bits: Bits<'a>,
    contexts: Vec<Statistics>,
    run_index: usize,
}

impl<'a> Scan<'a> {
    fn new(parameters: Parameters, coded: &'a [u8]) -> Self {
        let fresh = Statistics {
            a: ((parameters.range + 32) / 64).max(2),
            b: 0,
            c: 0,
            n: 1,
        };
        Self {
            parameters,
            bits: Bits::new(coded),
            contexts: vec![fresh; CONTEXTS + 2],
            run_index: 0,
        }
    }

    fn decode(mut self, size: Size) -> Result<Vec<u16>> {
        let columns = size.columns;
        let mut words = Vec::with_capacity(size.pixels());
        // One value more on either side: the left one is the value above the first, the right one
        // repeats the last.
        let mut above = vec![0_i32; columns + 2];
        let mut line = vec![0_i32; columns + 2];
        for row in 0..size.rows {
            line[0] = above[1];
            above[columns + 1] = above[columns];
            self.line(&above, &mut line, columns);
            if self.bits.missing > Bits::MAX_MISSING {
                return Err(damaged("JPEG-LS", format!("it ends in row {row}")));
            }
            words.extend(line[1..=columns].iter().map(|value| *value as u16));
            std::mem::swap(&mut above, &mut line);
        }
        Ok(words)
    }

    fn line(&mut self, above: &[i32], line: &mut [i32], columns: usize) {
        let mut at = 1;
        while at <= columns {
            let (ra, rb, rc, rd) = (line[at - 1], above[at], above[at - 1], above[at + 1]);
            let context = 81 * self.parameters.quantise(rd - rb)
                + 9 * self.parameters.quantise(rb - rc)
                + self.parameters.quantise(rc - ra);
            if context == 0 {
                at = self.run(above, line, at, columns);
            } else {
                line[at] = self.regular(context, ra, rb, rc);
                at += 1;
            }
        }
    }

    /// A single value (A.4 to A.6).
    fn regular(&mut self, context: i32, ra: i32, rb: i32, rc: i32) -> i32 {
        let sign = context.signum();
        let index = context.unsigned_abs() as usize;
        let Statistics { a, b, c, n } = self.contexts[index];
        let predicted = if rc >= ra.max(rb) {
            ra.min(rb)
        } else if rc <= ra.min(rb) {
            ra.max(rb)
        } else {
            ra + rb - rc
        };
        let predicted = (predicted + sign * c).clamp(0, self.parameters.max_value);
        let k = order(n, a);
        let mapped = self.bits.golomb(k, self.parameters.limit, self.parameters.qbpp);
        let flipped = self.parameters.near == 0 && k == 0 && 2 * b <= -n;
        let error = match (mapped & 1 == 1, flipped) {
            (false, false) => mapped >> 1,
            (true, false) => -((mapped + 1) >> 1),
            (true, true) => mapped >> 1,
            (false, true) => -(mapped >> 1) - 1,
        };
        self.learn(index, error);
        self.parameters.value(predicted, sign * error)
    }

    /// Updates a context's statistics (A.6).
    fn learn(&mut self, index: usize, error: i32) {
        let step = 2 * self.parameters.near + 1;
        let reset = self.parameters.reset;
        let statistics = &mut self.contexts[index];
        statistics.a = statistics.a.saturating_add(error.abs());
        statistics.b = statistics.b.saturating_add(error.saturating_mul(step));
        if statistics.n >= reset {
            statistics.a >>= 1;
            statistics.b >>= 1;
            statistics.n >>= 1;
        }
        statistics.n += 1;
        if statistics.b <= -statistics.n {
            statistics.b = (statistics.b + statistics.n).max(1 - statistics.n);
            statistics.c = (statistics.c - 1).max(-128);
        } else if statistics.b > 0 {
            statistics.b = (statistics.b - statistics.n).min(0);
            statistics.c = (statistics.c + 1).min(127);
        }
    }

    /// A run of values like the one before it, and the value that ends it (A.7); gives where to go on.
    fn run(&mut self, above: &[i32], line: &mut [i32], begin: usize, columns: usize) -> usize {
        let value = line[begin - 1];
        let mut at = begin;
        while self.bits.bit() == 1 {
            let whole = 1 << RUN_ORDER[self.run_index];
            let count = whole.min(columns + 1 - at);
            line[at..at + count].fill(value);
            at += count;
            if count == whole {
                self.run_index = (self.run_index + 1).min(31);
            }
            if at > columns {
                return at;
            }
        }
        let order = RUN_ORDER[self.run_index];
        let count = (self.bits.take(order) as usize).min(columns + 1 - at);
        line[at..at + count].fill(value);
        at += count;
        if at <= columns {
            line[at] = self.end_of_run(value, above[at], order);
            self.run_index = self.run_index.saturating_sub(1);
            at += 1;
        }
        at
    }

    /// The value that ends a run (A.7.2).
    fn end_of_run(&mut self, ra: i32, rb: i32, run_order: u32) -> i32 {
        let alike = (ra - rb).abs() <= self.parameters.near;
        let kind = i32::from(alike);
        let index = CONTEXTS + usize::from(alike);
        let Statistics { a, b, n, .. } = self.contexts[index];
        let k = order(n, if alike { a + (n >> 1) } else { a });
        let limit = self.parameters.limit - run_order - 1;
        let mapped = self.bits.golomb(k, limit, self.parameters.qbpp);
        let odd = (mapped + kind) & 1;
        let size = (mapped + kind + odd) / 2;
        let error = if (k != 0 || 2 * b >= n) == (odd == 1) {
            -size
        } else {
            size
        };
        let reset = self.parameters.reset;
        let statistics = &mut self.contexts[index];
        statistics.b += i32::from(error < 0);
        statistics.a = statistics.a.saturating_add((mapped + 1 - kind) >> 1);
        if statistics.n >= reset {
            statistics.a >>= 1;
            statistics.b >>= 1;
            statistics.n >>= 1;
        }
        statistics.n += 1;
        match (alike, ra > rb) {
            (true, _) => self.parameters.value(ra, error),
            (false, true) => self.parameters.value(rb, -error),
            (false, false) => self.parameters.value(rb, error),
        }
    }
}

/// The Golomb order of a context (A.5.1).
fn order(n: i32, a: i32) -> u32 {
    (0..24).find(|k| i64::from(n) << k >= i64::from(a)).unwrap_or(24)
}

/// Bits of a scan; a byte behind `FF` carries seven.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    held: u32,
    count: u32,
    /// Bits asked for behind the end.
    missing: usize,
}

impl<'a> Bits<'a> {
    /// Bits that may be missing at the end before an image counts as cut short.
    const MAX_MISSING: usize = 64;

    fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            held: 0,
            count: 0,
            missing: 0,
        }
    }

    fn bit(&mut self) -> u32 {
        if self.count == 0 {
            let stuffed = self.at > 0 && self.bytes.get(self.at - 1) == Some(&0xFF);
            match self.bytes.get(self.at) {
                Some(byte) if !(stuffed && *byte >= 0x80) => {
                    self.held = u32::from(*byte);
                    self.count = if stuffed { 7 } else { 8 };
                    self.at += 1;
                }
                // A marker ends the data. Ones stand in for what is asked beyond it, so that no unary
                // code runs on for ever.
                _ => {
                    self.held = 0xFF;
                    self.count = 8;
                    self.missing += 8;
                }
            }
        }
        self.count -= 1;
        (self.held >> self.count) & 1
    }

    fn take(&mut self, count: u32) -> u32 {
        (0..count).fold(0, |value, _| value << 1 | self.bit())
    }

    /// A number in a Golomb code of limited length (A.5.3).
    fn golomb(&mut self, k: u32, limit: u32, qbpp: u32) -> i32 {
        let most = limit.saturating_sub(qbpp + 1);
        let mut high = 0;
        while high < most && self.bit() == 0 {
            high += 1;
        }
        let number = if high < most {
            u64::from(high) << k | u64::from(self.take(k))
        } else {
            // The limit is reached: the last bit of the unary part is still to come.
            self.bit();
            u64::from(self.take(qbpp)) + 1
        };
        // Damaged data may give anything; real numbers stay below twice the range.
        number.min(1 << 18) as i32
    }
}
