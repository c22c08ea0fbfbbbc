//! From stored values to whole numbers of 16 bits.

use nifti::{DataElement, InMemNiftiVolume, NiftiType};

use crate::error::{NiftiError, Result};
use crate::header::Header;

/// What stands for NaN, which programs that resample leave outside of what was scanned: air, and no class of a mask.
pub const NAN_VALUE: i16 = -1024;

/// Between which values a volume lies.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Survey {
    /// The lowest, before it is rounded; none where there are only NaN.
    pub low: Option<f64>,
    /// The highest, before it is rounded.
    pub high: Option<f64>,
    /// Number of NaN.
    pub nan: u64,
    /// Whether all are whole numbers.
    pub whole: bool,
}

/// Makes whole numbers of stored values, and notes between which they lie.
pub(crate) struct Converter {
    slope: f64,
    intercept: f64,
    bounds: Option<(f64, f64)>,
    nan: u64,
    whole: bool,
}

impl Converter {
    pub(crate) fn of(header: &Header) -> Self {
        Self {
            slope: header.slope,
            intercept: header.intercept,
            bounds: None,
            nan: 0,
            whole: true,
        }
    }

    pub(crate) fn survey(&self) -> Survey {
        Survey {
            low: self.bounds.map(|(low, _)| low),
            high: self.bounds.map(|(_, high)| high),
            nan: self.nan,
            whole: self.whole,
        }
    }

    /// The values of a stored plane, in their order.
    pub(crate) fn convert(&mut self, plane: InMemNiftiVolume, datatype: NiftiType) -> Result<Vec<i16>> {
        match datatype {
            NiftiType::Uint8 => self.of_kind::<u8>(plane, f64::from),
            NiftiType::Int8 => self.of_kind::<i8>(plane, f64::from),
            NiftiType::Uint16 => self.of_kind::<u16>(plane, f64::from),
            NiftiType::Int16 => self.of_kind::<i16>(plane, f64::from),
            NiftiType::Uint32 => self.of_kind::<u32>(plane, f64::from),
            NiftiType::Int32 => self.of_kind::<i32>(plane, f64::from),
            NiftiType::Uint64 => self.of_kind::<u64>(plane, |value| value as f64),
            NiftiType::Int64 => self.of_kind::<i64>(plane, |value| value as f64),
            NiftiType::Float32 => self.of_kind::<f32>(plane, f64::from),
            NiftiType::Float64 => self.of_kind::<f64>(plane, |value| value),
            other => Err(NiftiError::DataType(format!("{other:?}"))),
        }
    }

    fn of_kind<T: DataElement>(&mut self, plane: InMemNiftiVolume, number: fn(T) -> f64) -> Result<Vec<i16>> {
        let stored = plane.into_nifti_typed_data::<T>();
        let stored = stored.map_err(|error| NiftiError::Values(error.to_string()))?;
        Ok(stored.into_iter().map(|value| self.one(number(value))).collect())
    }

    fn one(&mut self, stored: f64) -> i16 {
        let value = stored * self.slope + self.intercept;
        if value.is_nan() {
            self.nan += 1;
            return NAN_VALUE;
        }
        let (low, high) = self.bounds.unwrap_or((value, value));
        self.bounds = Some((low.min(value), high.max(value)));
        let whole = value.round();
        self.whole &= whole == value;
        // `as` saturates, and HU beyond ±32767 mean nothing.
        whole as i16
    }
}
