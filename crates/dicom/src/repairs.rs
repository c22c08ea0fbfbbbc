//! What the words of a frame show that its header does not say: where HU would be wrong without a word, they are put
//! right, and it is said.

use crate::rescale::rounded;
use crate::storage::Storage;

/// Air, in HU.
const AIR_HU: f64 = -1000.0;
/// No CT has more HU: twelve bits on the extended scale end at 4095 × 10 − 10240 = 30710.
const IMPOSSIBLE_HU: f64 = 31_000.0;
/// An intercept above it leaves twelve unsigned bits no room for air; the competition's public solutions have this bound
/// in `correct_dcm`.
const NO_ROOM_FOR_AIR: f64 = -100.0;
/// Air and its noise reach from −1000 HU up to this many HU above it.
const AIR_NOISE_HU: f64 = 200.0;
/// The least share of a slice that is air: metal, which may look like wrapped air, is less.
const LEAST_AIR: f64 = 0.05;

/// How the words of a frame are read where that is not what the header says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repairs {
    /// Bits by which words are shifted down: values stand in the upper bits, as HighBit says.
    pub shift: u16,
    /// Stored values from this one on are negative: two's complement that is declared unsigned.
    pub negative_from: Option<u16>,
    /// The word of pixels outside of the image, which is read as air where it would be brighter than tissue.
    pub padding: Option<u16>,
}

impl Repairs {
    /// Whether a frame of this storage may need any: only then are its words looked at.
    pub(crate) fn may_be_needed(storage: &Storage) -> bool {
        shift_of(storage).is_some()
            || negative_from(storage).is_some()
            || bright_padding(storage, Self::default()).is_some()
    }

    /// What a frame's words show.
    pub(crate) fn of(words: &[u16], storage: &Storage) -> Self {
        let shift = shift_of(storage).filter(|shift| {
            let low = (1_u16 << shift) - 1;
            words.iter().all(|word| word & low == 0)
        });
        let mut repairs = Self {
            shift: shift.unwrap_or_default(),
            ..Self::default()
        };
        repairs.negative_from = negative_from(storage).filter(|from| {
            let stored = words
                .iter()
                .map(|word| storage.rescale.stored(word >> repairs.shift));
            shows_negative(stored, i32::from(*from), storage)
        });
        repairs.padding = bright_padding(storage, repairs).filter(|word| at_a_corner(*word, words, storage));
        repairs
    }

    /// Hounsfield units of one word, by the file's table or by slope and intercept.
    pub(crate) fn hu(self, word: u16, storage: &Storage) -> i16 {
        if self.padding == Some(word) {
            return AIR_HU as i16;
        }
        let rescale = &storage.rescale;
        let mut stored = rescale.stored(word >> self.shift);
        if self.negative_from.is_some_and(|from| stored >= i32::from(from)) {
            stored -= 1 << rescale.bits_stored;
        }
        match &storage.lut {
            Some(lut) => lut.entry(stored),
            None => rounded(rescale.hu(stored)),
        }
    }

    /// What deserves attention, in words: what was put right, and what may be wrong and was not.
    pub(crate) fn warnings(&self, storage: &Storage) -> Vec<String> {
        let mut warnings = Vec::new();
        let bits = storage.rescale.bits_stored;
        if storage.high_bit + 1 != u32::from(bits) {
            let high_bit = storage.high_bit;
            let read = match self.shift {
                0 => format!("the lowest {bits} bits are read"),
                shift => format!("values stand in the upper bits and are shifted down by {shift}"),
            };
            warnings.push(format!(
                "its HighBit is {high_bit}, its BitsStored {bits}: {read}"
            ));
        }
        match (self.negative_from, bits) {
            (Some(_), 16) => warnings.push(
                "its pixels are declared unsigned and some would be above 31000 HU, which no CT has: they are read as \
                 negative numbers (two's complement)"
                    .into(),
            ),
            (Some(_), bits) => warnings.push(format!(
                "its {bits} unsigned bits hold wrapped values, air as {from}: the {bits}-bit unsigned overflow \
                 correction is applied",
                from = 2_u32.pow(u32::from(bits)) - 1000
            )),
            (None, _) => {}
        }
        if self.padding.is_some() {
            warnings.push(format!(
                "its PixelPaddingValue {} would be brighter than tissue: it is read as air (-1000 HU)",
                storage.padding.unwrap_or_default()
            ));
        }
        let lowest = storage.rescale.hu(0);
        if has_hu(storage) && !storage.rescale.signed && lowest > -500.0 && self.negative_from.is_none() {
            warnings.push(format!(
                "its pixels are unsigned and start at {lowest} HU: they cannot hold air, which was cut off"
            ));
        }
        warnings
    }
}

/// Whether stored values claim to be HU of CT by a slope and an intercept.
fn has_hu(storage: &Storage) -> bool {
    storage.is_ct && storage.rescale.stated && storage.lut.is_none() && storage.rescale.slope > 0.0
}

/// The bits below the values, if HighBit says that values stand above the lowest bits.
fn shift_of(storage: &Storage) -> Option<u16> {
    let below = (storage.high_bit + 1).checked_sub(u32::from(storage.rescale.bits_stored))?;
    let within = storage.high_bit < u32::from(storage.bits_allocated);
    (below > 0 && within).then_some(below as u16)
}

/// The stored value from which on unsigned values of CT would be negative ones, if there may be any.
fn negative_from(storage: &Storage) -> Option<u16> {
    let rescale = &storage.rescale;
    if rescale.signed || !has_hu(storage) {
        return None;
    }
    let stored = |hu: f64| (hu - rescale.intercept) / rescale.slope;
    let from = match rescale.bits_stored {
        16 => stored(IMPOSSIBLE_HU).ceil().max(32768.0),
        // −1000 HU after 12-bit unsigned overflow, as the public solutions have it: by the slope, without the intercept.
        bits @ 12..=15 if rescale.intercept > NO_ROOM_FOR_AIR => {
            let values = f64::from(1_u32 << bits);
            let from = values + (AIR_HU / rescale.slope).round();
            (from > values / 2.0).then_some(from)?
        }
        _ => return None,
    };
    (from <= f64::from(u16::MAX)).then_some(from as u16)
}

/// Whether stored values from `from` on are negative ones. Of 16 bits none else could be there. Of fewer bits they could
/// be metal: wrapped air is a good part of a slice, near to one value, and leaves few zeros, which are cut-off air.
fn shows_negative(stored: impl Iterator<Item = i32>, from: i32, storage: &Storage) -> bool {
    let rescale = &storage.rescale;
    if rescale.bits_stored == 16 {
        return stored.into_iter().any(|value| value >= from);
    }
    let noise = from + (AIR_NOISE_HU / rescale.slope).ceil() as i32;
    let [mut all, mut zeros, mut high, mut air] = [0_usize; 4];
    for value in stored {
        all += 1;
        zeros += usize::from(value == 0);
        high += usize::from(value >= from);
        air += usize::from((from..noise).contains(&value));
    }
    high > zeros && 2 * air >= high && high as f64 >= LEAST_AIR * all as f64
}

/// The padding's word, if padding of CT would be brighter than water.
fn bright_padding(storage: &Storage, repairs: Repairs) -> Option<u16> {
    let padding = storage.padding.filter(|_| storage.is_ct)?;
    let least = -f64::from(1_u32 << (storage.bits_allocated - 1));
    let most = f64::from((1_u32 << storage.bits_allocated) - 1);
    if padding.fract() != 0.0 || !(least..=most).contains(&padding) {
        return None;
    }
    let mask = u16::MAX >> (16 - storage.bits_allocated);
    let word = padding as i32 as u16 & mask;
    (repairs.hu(word, storage) > 0).then_some(word)
}

/// Whether the frame has the word where there is no image: outside of a round field of view.
fn at_a_corner(word: u16, words: &[u16], storage: &Storage) -> bool {
    let last = words.len().saturating_sub(1);
    let columns = storage.columns as usize;
    let corners = [
        0,
        columns.saturating_sub(1),
        words.len().saturating_sub(columns),
        last,
    ];
    corners.iter().any(|corner| words.get(*corner) == Some(&word))
}

#[cfg(test)]
mod tests {
    use dicom_dictionary_std::tags;

    use crate::headers::read_headers;
    use crate::pixels::read_frame;
    use crate::write::{Attribute, DataElement, DataSetSequence, Fixture, PrimitiveValue, VR};

    /// HU of a file and its warnings.
    fn read(fixture: &Fixture, more: Vec<Attribute>) -> (Vec<i16>, String) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("slice.dcm");
        std::fs::write(&path, fixture.bytes_with(more, Vec::new()).unwrap()).unwrap();
        let warnings = read_headers(&path).unwrap()[0].warnings.join("; ");
        (read_frame(&path, 0).unwrap().hu, warnings)
    }

    fn word(tag: dicom_core::Tag, value: u16) -> Attribute {
        (tag, VR::US, PrimitiveValue::from(value))
    }

    fn twelve(intercept: &'static str, slope: &'static str, words: [u16; 6]) -> Fixture {
        Fixture {
            rows: 2,
            columns: 3,
            intercept,
            slope,
            words: words.to_vec(),
            ..Fixture::default()
        }
    }

    const CORRECTION: &str = "12-bit unsigned overflow correction";
    const NO_AIR: &str = "cannot hold air";

    #[test]
    fn wrapped_values_are_corrected_where_a_slice_shows_them() {
        // Air at 3096 and its noise, water, blood, and a value that is metal whatever it is.
        let words = [3096, 3100, 40, 3095, 4095, 3099];
        let (hu, warnings) = read(&twelve("0", "1", words), Vec::new());
        assert_eq!(hu, [-1000, -996, 40, 3095, -1, -997]);
        assert!(warnings.contains(CORRECTION), "{warnings}");
        // Neither intercept nor slope are dropped.
        let (hu, _) = read(&twelve("1", "1", words), Vec::new());
        assert_eq!(hu, [-999, -995, 41, 3096, 0, -996]);
        let (hu, warnings) = read(&twelve("0", "2", [3596, 3597, 20, 20, 3596, 450]), Vec::new());
        assert_eq!(hu, [-1000, -998, 40, 40, -1000, 900]);
        assert!(warnings.contains(CORRECTION), "{warnings}");
    }

    #[test]
    fn what_is_not_wrapped_is_left_alone() {
        let cases = [
            // Air cut off at 0, blood and skull at twice their stored values.
            (
                twelve("0", "2", [0, 0, 16, 35, 450, 450]),
                [0, 0, 32, 70, 900, 900],
                NO_AIR,
            ),
            // Metal above 3095, in a slice with cut-off air and in one where metal is no air.
            (
                twelve("0", "1", [0, 0, 0, 30, 3300, 3300]),
                [0, 0, 0, 30, 3300, 3300],
                NO_AIR,
            ),
            (
                twelve("0", "1", [30, 30, 900, 4095, 4095, 4095]),
                [30, 30, 900, 4095, 4095, 4095],
                NO_AIR,
            ),
            (twelve("-100", "1", [3096; 6]), [2996; 6], NO_AIR),
            (twelve("-1024", "1", [3096; 6]), [2072; 6], ""),
        ];
        for (fixture, expected, told) in cases {
            let (hu, warnings) = read(&fixture, Vec::new());
            assert_eq!(hu, expected);
            assert!(
                !warnings.contains(CORRECTION) && warnings.contains(told),
                "{warnings}"
            );
        }
        // Neither MR nor mammograms have air at −1000.
        for modality in ["MR", "MG"] {
            let modality = vec![(tags::MODALITY, VR::CS, PrimitiveValue::from(modality))];
            let (hu, warnings) = read(&twelve("0", "1", [3096; 6]), modality);
            assert_eq!(hu, [3096; 6]);
            assert!(
                !warnings.contains(CORRECTION) && !warnings.contains(NO_AIR),
                "{warnings}"
            );
        }
    }

    #[test]
    fn signed_values_that_are_declared_unsigned_are_told_of() {
        let signed = |hu: [i16; 6]| hu.map(|hu| hu as u16);
        let sixteen = |intercept, words: [u16; 6]| Fixture {
            bits_stored: 16,
            ..twelve(intercept, "1", words)
        };
        let hu = [-1000, -1000, 30, 60, 900, -1];
        let (got, warnings) = read(&sixteen("0", signed(hu)), Vec::new());
        assert_eq!(got, hu);
        assert!(warnings.contains("read as negative numbers"), "{warnings}");
        // Padding outside of a round field of view, stored as −2000.
        let (got, warnings) = read(
            &sixteen("-1024", [63536, 24, 1064, 1924, 24, 63536]),
            vec![word(tags::PIXEL_PADDING_VALUE, 63536)],
        );
        assert_eq!(got, [-3024, -1000, 40, 900, -1000, -3024]);
        assert!(warnings.contains("read as negative numbers"), "{warnings}");
        // Scales on which values above 32767 are HU: nothing is wrong.
        let fixture = Fixture {
            bits_stored: 16,
            ..twelve("-1024", "0.04", [600, 25600, 26600, 48100, 600, 600])
        };
        let (got, warnings) = read(&fixture, Vec::new());
        assert_eq!(got, [-1000, 0, 40, 900, -1000, -1000]);
        assert_eq!(warnings, "");
    }

    #[test]
    fn padding_is_never_brighter_than_tissue() {
        let fixture = twelve("-1024", "1", [4095, 24, 1064, 1924, 24, 4095]);
        let padding = || vec![word(tags::PIXEL_PADDING_VALUE, 4095)];
        let (hu, warnings) = read(&fixture, padding());
        assert_eq!(hu, [-1000, -1000, 40, 900, -1000, -1000]);
        assert!(
            warnings.contains("its PixelPaddingValue 4095 would be brighter"),
            "{warnings}"
        );
        // In the middle of a slice the same number is metal.
        let fixture = twelve("-1024", "1", [24, 4095, 24, 24, 1064, 24]);
        assert_eq!(read(&fixture, padding()).0[1], 3071);
        // Padding that lies above the bits stored.
        let fixture = twelve("-1024", "1", [63536, 24, 1064, 1924, 24, 24]);
        let (hu, _) = read(&fixture, vec![word(tags::PIXEL_PADDING_VALUE, 63536)]);
        assert_eq!(hu[0], -1000);
    }

    #[test]
    fn a_high_bit_that_does_not_fit_is_followed_or_told_of() {
        let high = |value| vec![word(tags::HIGH_BIT, value)];
        let upper = [24, 1064, 24, 24, 1924, 24];
        let (hu, warnings) = read(&twelve("-1024", "1", upper.map(|word| word << 4)), high(15));
        assert_eq!(hu, [-1000, 40, -1000, -1000, 900, -1000]);
        assert!(
            warnings.contains("its HighBit is 15, its BitsStored 12")
                && warnings.contains("shifted down by 4"),
            "{warnings}"
        );
        // The header is wrong, the values stand in the lowest bits.
        let (hu, warnings) = read(&twelve("-1024", "1", [25, 1064, 24, 24, 1924, 24]), high(15));
        assert_eq!(hu, [-999, 40, -1000, -1000, 900, -1000]);
        assert!(warnings.contains("the lowest 12 bits are read"), "{warnings}");
        let (hu, warnings) = read(&twelve("-1024", "1", upper), high(7));
        assert_eq!(hu[1], 40);
        assert!(
            warnings.contains("its HighBit is 7, its BitsStored 12"),
            "{warnings}"
        );
    }

    #[test]
    fn a_slope_that_makes_all_values_one_is_refused() {
        for slope in ["0", "0.0", "1e-5"] {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("slice.dcm");
            std::fs::write(&path, twelve("-1024", slope, [24; 6]).bytes().unwrap()).unwrap();
            let message = read_headers(&path).unwrap_err().to_string();
            assert!(message.starts_with("its RescaleSlope is 0"), "{message}");
            assert!(message.ends_with("all stored values would be one"), "{message}");
        }
    }

    #[test]
    fn a_modality_table_counts_in_place_of_slope_and_intercept() {
        let table = |kind: &str, first: u16, entries: &[u16]| {
            let item = dicom_object::InMemDicomObject::from_element_iter([
                DataElement::new(
                    tags::LUT_DESCRIPTOR,
                    VR::US,
                    PrimitiveValue::U16([4, first, 16].into_iter().collect()),
                ),
                DataElement::new(tags::MODALITY_LUT_TYPE, VR::LO, PrimitiveValue::from(kind)),
                DataElement::new(
                    tags::LUT_DATA,
                    VR::OW,
                    PrimitiveValue::U16(entries.iter().copied().collect()),
                ),
            ]);
            let sequence = DataSetSequence::from(vec![item]);
            let sequence = DataElement::new(tags::MODALITY_LUT_SEQUENCE, VR::SQ, sequence);
            let fixture = twelve("", "", [0, 9, 10, 11, 12, 4095]);
            fixture.bytes_with(Vec::new(), vec![sequence])
        };
        let read = |bytes: Vec<u8>| {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("slice.dcm");
            std::fs::write(&path, bytes).unwrap();
            let headers = read_headers(&path)?;
            Ok::<_, crate::DicomError>((read_frame(&path, 0)?.hu, headers[0].warnings.join("; ")))
        };
        let entries = [-1024_i16, -1000, 40, 900].map(|hu| hu as u16);
        let (hu, warnings) = read(table("HU", 9, &entries).unwrap()).unwrap();
        assert_eq!(hu, [-1024, -1024, -1000, 40, 900, 900]);
        assert_eq!(
            warnings,
            "its values come from its ModalityLUTSequence, a table of 4 entries"
        );
        // Where the unit is left open, CT has HU; of another unit entries are unsigned, as the standard says.
        let (hu, _) = read(table("US", 9, &entries).unwrap()).unwrap();
        assert_eq!(hu, [-1024, -1024, -1000, 40, 900, 900]);
        let (hu, _) = read(table("OD", 9, &[0, 1, 2, 65535]).unwrap()).unwrap();
        assert_eq!(hu, [0, 0, 1, 2, i16::MAX, i16::MAX]);
        let error = read(table("HU", 9, &entries[..3]).unwrap())
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("its ModalityLUTSequence") && error.ends_with("is damaged"),
            "{error}"
        );
    }
}
