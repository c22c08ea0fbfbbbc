//! What headers say, and what is missing in them.

use std::collections::{BTreeMap, BTreeSet};

use ichflow_api::data::identity::Subject;
use ichflow_api::prelude::*;

/// A number as short as it can be, with a true minus sign.
pub(super) fn number(value: f64) -> String {
    let text = format!("{:.3}", value.abs());
    let text = text.trim_end_matches('0').trim_end_matches('.');
    let minus = if value < 0.0 && text != "0" { "−" } else { "" };
    format!("{minus}{text}")
}

/// How often a value stands in headers.
pub(super) struct Count {
    /// The value in words.
    pub what: String,
    /// Slices with it.
    pub slices: usize,
    /// Series with it.
    pub series: usize,
    /// Patients with it.
    pub patients: usize,
}

/// Every header, summed up.
pub(super) struct Headers {
    /// Bits, sign and intercept, the most frequent first.
    pub encodings: Vec<Count>,
    /// Rows × columns.
    pub sizes: Vec<Count>,
    /// The first window of each file.
    pub windows: Vec<Count>,
    /// Slice thickness.
    pub thickness: Vec<Count>,
    /// Pixel padding values.
    pub padding: Vec<Count>,
    /// Maker and model of the scanner.
    pub scanners: Vec<Count>,
    /// Reconstruction kernels.
    pub kernels: Vec<Count>,
    /// Tube voltages.
    pub kvp: Vec<Count>,
    /// Contrast agents.
    pub contrast: Vec<Count>,
    /// Bands of age, and sex.
    pub people: Vec<Count>,
    /// What is missing, with how many slices lack it; only what some lack.
    pub missing: Vec<(&'static str, usize)>,
    /// Slices with several windows.
    pub several_windows: usize,
    /// Pixel spacing between columns, in mm, of each slice that has one.
    pub spacing: Vec<f64>,
    /// Slices whose pixels are not square.
    pub not_square: usize,
}

impl Headers {
    /// Sums up the headers of some slices.
    pub(super) fn of(slices: &[&Slice]) -> Self {
        let missing = [
            (
                "position (ImagePositionPatient)",
                lacking(slices, |s| s.position_mm.is_none()),
            ),
            (
                "orientation (ImageOrientationPatient)",
                lacking(slices, |s| s.header.orientation.is_none()),
            ),
            (
                "pixel spacing (PixelSpacing)",
                lacking(slices, |s| s.header.spacing_mm.is_none()),
            ),
            (
                "slice thickness (SliceThickness)",
                lacking(slices, |s| s.header.thickness_mm.is_none()),
            ),
            (
                "window (WindowCenter, WindowWidth)",
                lacking(slices, |s| {
                    s.tags.window_center.is_none() || s.tags.window_width.is_none()
                }),
            ),
            (
                "rescale (RescaleSlope, RescaleIntercept): stored values count as HU",
                lacking(slices, |s| !s.header.rescale_stated),
            ),
            ("patient (PatientID)", lacking(slices, |s| s.patient.is_empty())),
            (
                "series (SeriesInstanceUID)",
                lacking(slices, |s| s.series.is_empty()),
            ),
        ];
        Self {
            encodings: counts(slices, |slice| Some(slice.encoding.in_words())),
            sizes: counts(slices, |slice| {
                Some(format!("{} × {}", slice.rows, slice.columns))
            }),
            windows: counts(slices, |slice| {
                let (center, width) = (slice.tags.window_center?, slice.tags.window_width?);
                Some(format!(
                    "center {}, width {}",
                    number(f64::from(center)),
                    number(f64::from(width))
                ))
            }),
            thickness: counts(slices, |slice| {
                Some(format!("{} mm", number(f64::from(slice.header.thickness_mm?))))
            }),
            padding: counts(slices, |slice| Some(number(f64::from(slice.header.padding?)))),
            scanners: counts(slices, |slice| named(&slice.scan.scanner())),
            kernels: counts(slices, |slice| named(&slice.scan.kernel)),
            kvp: counts(slices, |slice| {
                Some(format!("{} kV", number(f64::from(slice.scan.kvp?))))
            }),
            contrast: counts(slices, |slice| named(&slice.scan.contrast_agent)),
            people: counts(slices, |slice| {
                let parts = [named(&slice.scan.sex), slice.scan.age_band().map(str::to_owned)];
                let known: Vec<String> = parts.into_iter().flatten().collect();
                named(&known.join(", "))
            }),
            missing: missing.into_iter().filter(|(_, count)| *count > 0).collect(),
            several_windows: lacking(slices, |s| s.header.windows > 1),
            spacing: slices
                .iter()
                .filter_map(|slice| Some(f64::from(slice.header.spacing_mm?[1])))
                .collect(),
            not_square: lacking(slices, |s| {
                s.header
                    .spacing_mm
                    .is_some_and(|[rows, columns]| (rows - columns).abs() > 1e-3 * rows.abs())
            }),
        }
    }
}

/// A text, if it says anything.
fn named(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn lacking(slices: &[&Slice], is: impl Fn(&Slice) -> bool) -> usize {
    slices.iter().filter(|slice| is(slice)).count()
}

/// How often each value occurs, the most frequent first, ties by name.
fn counts(slices: &[&Slice], value: impl Fn(&Slice) -> Option<String>) -> Vec<Count> {
    #[derive(Default)]
    struct Sets<'a> {
        slices: usize,
        series: BTreeSet<&'a str>,
        patients: BTreeSet<Subject<'a>>,
    }
    let mut found: BTreeMap<String, Sets> = BTreeMap::new();
    for slice in slices {
        if let Some(what) = value(slice) {
            let sets = found.entry(what).or_default();
            sets.slices += 1;
            sets.series.insert(&slice.series);
            sets.patients.insert(Subject::of(slice));
        }
    }
    let mut counts: Vec<Count> = found
        .into_iter()
        .map(|(what, sets)| Count {
            what,
            slices: sets.slices,
            series: sets.series.len(),
            patients: sets.patients.len(),
        })
        .collect();
    counts.sort_by_key(|count| std::cmp::Reverse(count.slices));
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::data::cohort::PixelEncoding;
    use ichflow_api::data::scan::ScanNotes;
    use ichflow_api::testkit::slice;

    #[test]
    fn groups_are_counted_and_what_is_missing_is_named() {
        let mut a = slice("a", "p", None);
        a.encoding = PixelEncoding {
            bits_stored: 12,
            signed: false,
            rescale_intercept: -1024.0,
            rescale_slope: 1.0,
        };
        a.header.rescale_stated = true;
        let mut b = slice("b", "q", None);
        b.encoding = a.encoding;
        b.position_mm = None;
        let headers = Headers::of(&[&a, &b]);
        let mut steeper = a.encoding;
        steeper.rescale_slope = 1.0001;
        assert_eq!(
            steeper.in_words(),
            "12 bits, unsigned, intercept −1024, slope 1.0001"
        );
        assert_eq!(headers.encodings[0].what, "12 bits, unsigned, intercept −1024");
        assert_eq!(
            (headers.encodings[0].slices, headers.encodings[0].patients),
            (2, 2)
        );
        assert!(headers.missing.contains(&("position (ImagePositionPatient)", 1)));
        assert_eq!(headers.windows[0].what, "center 40, width 80");
        assert!(headers.kernels.is_empty() && headers.people.is_empty());
        let mut c = slice("c", "r", None);
        c.scan = std::sync::Arc::new(ScanNotes {
            manufacturer: "SIEMENS".into(),
            kvp: Some(120.0),
            age_years: Some(91.0),
            sex: "F".into(),
            ..ScanNotes::default()
        });
        let headers = Headers::of(&[&a, &c]);
        let only = |counts: &[Count]| counts.iter().map(|count| count.what.clone()).collect::<Vec<_>>();
        assert_eq!(only(&headers.scanners), ["SIEMENS"]);
        assert_eq!(only(&headers.kvp), ["120 kV"]);
        assert_eq!(only(&headers.people), ["F, 90 and older"]);
        assert_eq!(number(-0.5), "−0.5");
        assert_eq!(number(512.0), "512");
    }
}
