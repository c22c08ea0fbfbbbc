//! Small files for tests, and masks for people: int16 values under one affine.

/// A volume as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Fixture {
    /// Numbers of voxels along the three axes.
    pub size: [u16; 3],
    /// Values, the first axis fastest.
    pub values: Vec<i16>,
    /// Rows of the sform: to the right, to the front and to the head, in mm.
    pub affine: [[f32; 4]; 3],
    /// Whether it says how it lies: `sform_code`.
    pub placed: bool,
    /// Value a step of the stored number.
    pub slope: f32,
    /// Value at a stored 0.
    pub intercept: f32,
}

impl Default for Fixture {
    fn default() -> Self {
        Self {
            size: [1, 1, 1],
            values: vec![0],
            affine: [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]],
            placed: true,
            slope: 0.0,
            intercept: 0.0,
        }
    }
}

impl Fixture {
    /// The bytes of an uncompressed file.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; 352];
        let mut put = |at: usize, field: &[u8]| bytes[at..at + field.len()].copy_from_slice(field);
        put(0, &348_i32.to_le_bytes());
        put(40, &3_u16.to_le_bytes());
        for axis in 0..4 {
            let side = self.size.get(axis).copied().unwrap_or(1);
            put(42 + 2 * axis, &side.to_le_bytes());
        }
        put(70, &4_i16.to_le_bytes()); // int16
        put(72, &16_i16.to_le_bytes());
        put(76, &1_f32.to_le_bytes());
        for axis in 0..3 {
            let length: f32 = self.affine.iter().map(|row| row[axis] * row[axis]).sum();
            put(80 + 4 * axis, &length.sqrt().to_le_bytes());
        }
        put(108, &352_f32.to_le_bytes());
        put(112, &self.slope.to_le_bytes());
        put(116, &self.intercept.to_le_bytes());
        put(123, &[2]); // mm
        put(254, &i16::from(self.placed).to_le_bytes());
        for (index, value) in self.affine.iter().flatten().enumerate() {
            put(280 + 4 * index, &value.to_le_bytes());
        }
        put(344, b"n+1\0");
        bytes.extend(self.values.iter().flat_map(|value| value.to_le_bytes()));
        bytes
    }
}
