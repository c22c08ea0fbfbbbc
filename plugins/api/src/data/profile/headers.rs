//! What headers say of how an exam was made: never of whom.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::data::cohort::Slice;

/// A fact of headers by which scanners and protocols differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeaderField {
    /// Bits, sign, intercept and slope of stored values.
    PixelEncoding,
    /// PixelSpacing between columns, in bands of 0.1 mm.
    PixelSpacing,
    /// SliceThickness, to half a millimetre.
    SliceThickness,
    /// ConvolutionKernel.
    Kernel,
    /// Manufacturer and ManufacturerModelName.
    Scanner,
    /// KVP.
    Kvp,
}

/// What stands in place of a value that a header does not have.
const MISSING: &str = "missing";

impl HeaderField {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::PixelEncoding,
        Self::PixelSpacing,
        Self::SliceThickness,
        Self::Kernel,
        Self::Scanner,
        Self::Kvp,
    ];

    /// As a column is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::PixelEncoding => "pixel_encoding",
            Self::PixelSpacing => "pixel_spacing",
            Self::SliceThickness => "slice_thickness",
            Self::Kernel => "kernel",
            Self::Scanner => "scanner",
            Self::Kvp => "kvp",
        }
    }

    /// In a sentence.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::PixelEncoding => "pixel encoding",
            Self::PixelSpacing => "pixel spacing",
            Self::SliceThickness => "slice thickness",
            Self::Kernel => "kernel",
            Self::Scanner => "scanner",
            Self::Kvp => "tube voltage",
        }
    }

    /// The value of a slice, as it is counted and shown.
    pub fn of(self, slice: &Slice) -> String {
        let value = match self {
            Self::PixelEncoding => Some(slice.encoding.in_words()),
            Self::PixelSpacing => slice.header.spacing_mm.map(|[_, columns]| {
                let band = (f64::from(columns) * 10.0 + 1e-6).floor() / 10.0;
                format!("{band:.1} to {:.1} mm", band + 0.1)
            }),
            Self::SliceThickness => slice
                .header
                .thickness_mm
                .map(|thickness| format!("{} mm", (f64::from(thickness) * 2.0).round() / 2.0)),
            Self::Kernel => Some(slice.scan.kernel.trim().to_owned()),
            Self::Scanner => Some(slice.scan.scanner()),
            Self::Kvp => slice.scan.kvp.map(|kvp| format!("{kvp} kV")),
        };
        value
            .filter(|value| !value.is_empty())
            .unwrap_or_else(|| MISSING.to_owned())
    }
}

/// The value of every field, in the order of [`HeaderField::ALL`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderFacts(pub [String; 6]);

impl HeaderFacts {
    /// Those of a slice.
    pub fn of(slice: &Slice) -> Self {
        Self(HeaderField::ALL.map(|field| field.of(slice)))
    }

    /// Those of an exam: of every field the value that most of its slices have.
    pub fn most_of<'a>(facts: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut counts: [BTreeMap<&str, usize>; 6] = Default::default();
        for facts in facts {
            for (counts, value) in counts.iter_mut().zip(&facts.0) {
                *counts.entry(value).or_default() += 1;
            }
        }
        Self(counts.map(|counts| {
            // Of several that are as frequent, the first in the alphabet.
            let most = counts.iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)));
            most.map_or(MISSING, |(value, _)| value).to_owned()
        }))
    }

    /// The value of a field.
    pub fn get(&self, field: HeaderField) -> &str {
        &self.0[field as usize]
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::data::scan::ScanNotes;
    use crate::testkit;

    #[test]
    fn values_are_as_they_are_counted_and_most_slices_decide() {
        let mut slice = testkit::slice("a", "p", None);
        slice.header.spacing_mm = Some([0.3, 0.45]);
        slice.header.thickness_mm = Some(4.8);
        slice.scan = Arc::new(ScanNotes {
            kernel: " H30s ".into(),
            manufacturer: "MAKER".into(),
            kvp: Some(120.0),
            ..ScanNotes::default()
        });
        let one = HeaderFacts::of(&slice);
        assert_eq!(one.get(HeaderField::PixelSpacing), "0.4 to 0.5 mm");
        assert_eq!(one.get(HeaderField::SliceThickness), "5 mm");
        assert_eq!(one.get(HeaderField::Kernel), "H30s");
        assert_eq!(one.get(HeaderField::Scanner), "MAKER");
        assert_eq!(one.get(HeaderField::Kvp), "120 kV");
        slice.header.spacing_mm = Some([0.5, 0.5]);
        slice.scan = Arc::default();
        let other = HeaderFacts::of(&slice);
        assert_eq!(other.get(HeaderField::PixelSpacing), "0.5 to 0.6 mm");
        assert_eq!(other.get(HeaderField::Kernel), "missing");
        let most = HeaderFacts::most_of([&other, &one, &one]);
        assert_eq!(most, one);
    }

    #[test]
    fn nobody_is_named() {
        let mut slice = testkit::slice("id", "patient", None);
        slice.study = "study".into();
        slice.series = "series".into();
        slice.accession = "accession".into();
        slice.scan = Arc::new(ScanNotes {
            protocol: "protocol".into(),
            series_description: "description".into(),
            age_years: Some(91.0),
            sex: "F".into(),
            ..ScanNotes::default()
        });
        let text = HeaderFacts::of(&slice).0.join(" ");
        for said in ["id", "patient", "study", "series", "accession", "protocol", "91"] {
            assert!(
                !text.split(' ').any(|word| word.contains(said) && word != "bits,"),
                "{said}: {text}"
            );
        }
    }
}
