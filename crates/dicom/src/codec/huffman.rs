//! Bits and Huffman codes of JPEG's compressed data (ISO 10918-1, annex F.2.2).

/// Bits of a scan, highest first, without the zeros stuffed behind `FF`.
pub(crate) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    held: u32,
    count: u32,
    /// Bits asked for behind the end; a few are normal, many mean that the data was cut short.
    pub(crate) missing: usize,
}

impl<'a> Bits<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            held: 0,
            count: 0,
            missing: 0,
        }
    }

    pub(crate) fn bit(&mut self) -> u32 {
        if self.count == 0 {
            self.fill();
        }
        self.count -= 1;
        (self.held >> self.count) & 1
    }

    pub(crate) fn take(&mut self, count: u32) -> u32 {
        (0..count).fold(0, |value, _| value << 1 | self.bit())
    }

    fn fill(&mut self) {
        self.count = 8;
        let next = self.bytes.get(self.at + 1).copied();
        match self.bytes.get(self.at).copied() {
            Some(0xFF) if next == Some(0) => {
                self.held = 0xFF;
                self.at += 2;
            }
            // A marker ends the data; zeros stand in for what is asked beyond it.
            Some(0xFF) | None => {
                self.held = 0;
                self.missing += 8;
            }
            Some(byte) => {
                self.held = u32::from(byte);
                self.at += 1;
            }
        }
    }

    /// Steps over a restart marker, dropping bits that are left over.
    pub(crate) fn restart(&mut self) {
        self.count = 0;
        while let Some(pair) = self.bytes.get(self.at..self.at + 2) {
            if pair[0] == 0xFF && (0xD0..=0xD7).contains(&pair[1]) {
                self.at += 2;
                return;
            }
            if pair[0] == 0xFF && pair[1] == 0xD9 {
                return;
            }
            self.at += 1;
        }
    }
}

/// A canonical Huffman code.
pub(crate) struct Code {
    /// By code length: one more than the last code, and the index of its first value less its first code.
    lengths: [(i32, i32); 16],
    values: Vec<u8>,
}

impl Code {
    /// A code from the number of codes of each length and the values in order.
    pub(crate) fn new(counts: &[u8; 16], values: &[u8]) -> Self {
        let mut code = 0_i32;
        let mut index = 0_i32;
        let lengths = counts.map(|count| {
            let offset = index - code;
            code += i32::from(count);
            index += i32::from(count);
            let end = code;
            code <<= 1;
            (end, offset)
        });
        Self {
            lengths,
            values: values.to_vec(),
        }
    }

    /// The next value; none where no code fits.
    pub(crate) fn next(&self, bits: &mut Bits) -> Option<u8> {
        let mut code = 0;
        for (end, offset) in self.lengths {
            code = code << 1 | bits.bit() as i32;
            if code < end {
                return self.values.get(usize::try_from(code + offset).ok()?).copied();
            }
        }
        None
    }
}

/// A number of `size` bits whose first bit tells its sign (F.2.2.1, EXTEND).
pub(crate) fn signed(bits: &mut Bits, size: u8) -> i32 {
    let size = u32::from(size.min(16));
    if size == 0 {
        return 0;
    }
    let value = bits.take(size) as i32;
    if value < 1 << (size - 1) {
        value - (1 << size) + 1
    } else {
        value
    }
}
