//! What slices have in common: the scanner, the age band, the site. What forms subgroups and holds a site out.

use crate::data::cohort::Slice;
use crate::data::scan::age_band;

/// One value of an attribute, as people read it. Bands sort from low to high, everything else by its text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Value {
    rank: usize,
    /// "J40s", "65 to 79", "over 3 to 5 mm".
    pub text: String,
}

impl Value {
    /// A value with a place of its own among the others.
    pub fn ranked(rank: usize, text: impl Into<String>) -> Self {
        Self {
            rank,
            text: text.into(),
        }
    }

    /// A value that sorts by its text; `None` where that is blank.
    fn named(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self::ranked(0, text))
    }
}

/// Something that a header says of a slice, or a column of the cohort's own. Where a header says nothing, a column of the same
/// name stands in: `age` in years, `thickness` in mm.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attribute {
    /// Maker and model of the scanner.
    Scanner,
    /// Maker of the scanner.
    Maker,
    /// Convolution kernel.
    Kernel,
    /// SliceThickness, in bands.
    Thickness,
    /// Peak kilovoltage.
    Kvp,
    /// Gantry tilt without its sign, in bands.
    Tilt,
    /// Age, in bands; 90 and older are one.
    Age,
    /// Sex.
    Sex,
    /// How pixels are stored.
    Encoding,
    /// A column that the recipe names.
    Column(String),
}

/// Upper ends of the bands of slice thickness, in mm: thin, routine thin, routine and thick reconstructions of head CT.
const THICKNESS_MM: [f32; 3] = [1.5, 3.0, 5.0];
/// Lower ends of the bands of gantry tilt, in degrees. Up to one degree is how exactly headers say that there is none.
const TILT_DEGREES: [f32; 3] = [1.0, 10.0, 20.0];

impl Attribute {
    /// Those that a header tells of, in the order in which they are shown.
    pub const OF_HEADERS: [Self; 9] = [
        Self::Scanner,
        Self::Maker,
        Self::Kernel,
        Self::Thickness,
        Self::Kvp,
        Self::Tilt,
        Self::Age,
        Self::Sex,
        Self::Encoding,
    ];

    /// The attribute a recipe calls so: `scanner`, `maker`, `kernel`, `thickness`, `kvp`, `tilt`, `age`, `sex`, `encoding`;
    /// any other name is a column.
    pub fn named(name: &str) -> Self {
        let known = Self::OF_HEADERS.into_iter().find(|known| known.name() == name);
        known.unwrap_or_else(|| Self::Column(name.to_owned()))
    }

    /// As a title: "Slice thickness".
    pub fn title(&self) -> String {
        match self {
            Self::Scanner => "Scanner".into(),
            Self::Maker => "Maker of the scanner".into(),
            Self::Kernel => "Kernel".into(),
            Self::Thickness => "Slice thickness".into(),
            Self::Kvp => "kVp".into(),
            Self::Tilt => "Gantry tilt".into(),
            Self::Age => "Age".into(),
            Self::Sex => "Sex".into(),
            Self::Encoding => "Pixel encoding".into(),
            Self::Column(name) => {
                let mut letters = name.trim().chars();
                let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
                first + letters.as_str()
            }
        }
    }

    /// Its name in recipes and in `metrics.json`.
    pub fn name(&self) -> &str {
        match self {
            Self::Scanner => "scanner",
            Self::Maker => "maker",
            Self::Kernel => "kernel",
            Self::Thickness => "thickness",
            Self::Kvp => "kvp",
            Self::Tilt => "tilt",
            Self::Age => "age",
            Self::Sex => "sex",
            Self::Encoding => "encoding",
            Self::Column(name) => name,
        }
    }

    /// Its value for a slice, of the header, or else of the cohort's column of that name; `None` where neither says
    /// anything.
    pub fn of(&self, slice: &Slice) -> Option<Value> {
        let scan = &slice.scan;
        let column = || scan.columns.get(self.name()).map(String::as_str);
        let named = |text: &str| Value::named(text).or_else(|| Value::named(column()?));
        let number = |known: Option<f32>| known.or_else(|| column()?.trim().parse().ok());
        match self {
            Self::Scanner => named(&scan.scanner()),
            Self::Maker => named(&scan.manufacturer),
            Self::Kernel => named(&scan.kernel),
            Self::Sex => named(&scan.sex),
            Self::Thickness => thickness(number(slice.header.thickness_mm)?),
            Self::Tilt => tilt(number(slice.header.tilt_degrees())?),
            Self::Kvp => {
                let kilovolts = number(scan.kvp)
                    .filter(|kvp| kvp.is_finite() && *kvp > 0.0)?
                    .round();
                Some(Value::ranked(kilovolts as usize, format!("{kilovolts} kV")))
            }
            Self::Age => {
                let band = age_band(number(scan.age_years)?)?;
                // Bands sort by their first year; "under 18" has none.
                let first: String = band.chars().take_while(char::is_ascii_digit).collect();
                Some(Value::ranked(first.parse().unwrap_or(0), band))
            }
            Self::Encoding => {
                (slice.encoding.bits_stored > 0).then(|| Value::ranked(0, slice.encoding.in_words()))
            }
            Self::Column(_) => Value::named(column()?),
        }
    }
}

fn thickness(mm: f32) -> Option<Value> {
    if !mm.is_finite() || mm <= 0.0 {
        return None;
    }
    // Headers round: 5.0001 mm are 5.
    let place = THICKNESS_MM.iter().position(|upper| mm <= upper + 0.01);
    Some(match place {
        Some(0) => Value::ranked(0, format!("up to {} mm", THICKNESS_MM[0])),
        Some(place) => Value::ranked(
            place,
            format!("over {} to {} mm", THICKNESS_MM[place - 1], THICKNESS_MM[place]),
        ),
        None => Value::ranked(
            THICKNESS_MM.len(),
            format!("over {} mm", THICKNESS_MM[THICKNESS_MM.len() - 1]),
        ),
    })
}

fn tilt(degrees: f32) -> Option<Value> {
    if !degrees.is_finite() {
        return None;
    }
    // Rows that count from the back to the front lean as much the other way round.
    let degrees = degrees.abs().min(180.0 - degrees.abs());
    let place = TILT_DEGREES.iter().filter(|lower| degrees >= **lower).count();
    let lower = place.checked_sub(1).map(|below| TILT_DEGREES[below]);
    Some(match (lower, TILT_DEGREES.get(place)) {
        (None, _) => Value::ranked(0, "none"),
        (Some(lower), Some(upper)) => Value::ranked(place, format!("{lower} to below {upper}°")),
        (Some(lower), None) => Value::ranked(place, format!("{lower}° and more")),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::data::scan::ScanNotes;
    use crate::testkit;

    #[test]
    fn every_attribute_is_called_by_its_name() {
        for attribute in Attribute::OF_HEADERS {
            assert_eq!(Attribute::named(attribute.name()), attribute);
        }
        assert_eq!(Attribute::named("ward"), Attribute::Column("ward".into()));
    }

    #[test]
    fn bands_hold_their_ends_and_sort_from_low_to_high() {
        let text = |value: Option<Value>| value.map(|value| value.text);
        let thick = [0.6, 1.5, 1.505, 3.0, 5.0, 5.005, 7.0].map(|mm| text(thickness(mm)).unwrap());
        assert_eq!(
            thick,
            [
                "up to 1.5 mm",
                "up to 1.5 mm",
                "up to 1.5 mm",
                "over 1.5 to 3 mm",
                "over 3 to 5 mm",
                "over 3 to 5 mm",
                "over 5 mm"
            ]
        );
        assert_eq!(thickness(f32::NAN), None);
        assert_eq!(thickness(0.0), None);
        let tilted = [0.0, -0.9, -1.0, 15.0, -25.0].map(|degrees| text(tilt(degrees)).unwrap());
        assert_eq!(
            tilted,
            [
                "none",
                "none",
                "1 to below 10°",
                "10 to below 20°",
                "20° and more"
            ]
        );
        assert!(tilt(-25.0) > tilt(5.0) && tilt(5.0) > tilt(0.0));
        assert_eq!(tilt(-165.0), tilt(15.0));
    }

    #[test]
    fn ages_of_a_band_are_one_value_and_nobody_is_older_than_ninety() {
        let of_age = |years: f32| {
            let mut slice = testkit::slice("a", "p", None);
            slice.scan = Arc::new(ScanNotes {
                age_years: Some(years),
                ..ScanNotes::default()
            });
            Attribute::Age.of(&slice).unwrap()
        };
        assert_eq!(of_age(66.0), of_age(79.5));
        assert_eq!(of_age(91.0), of_age(104.0));
        assert!(of_age(12.0) < of_age(20.0) && of_age(70.0) < of_age(95.0));
        // A column stands in, and is shown as a band too.
        let mut slice = testkit::slice("a", "p", None);
        slice.scan = Arc::new(ScanNotes {
            columns: [("age".to_owned(), " 97 ".to_owned())].into(),
            ..ScanNotes::default()
        });
        assert_eq!(Attribute::Age.of(&slice).unwrap().text, "90 and older");
    }

    #[test]
    fn what_nobody_says_has_no_value() {
        let mut slice = testkit::slice("a", "p", None);
        for attribute in [
            Attribute::Scanner,
            Attribute::Kvp,
            Attribute::Sex,
            Attribute::named("site"),
        ] {
            assert_eq!(attribute.of(&slice), None, "{attribute:?}");
        }
        slice.scan = Arc::new(ScanNotes {
            columns: [
                ("site".to_owned(), " b ".to_owned()),
                ("ward".to_owned(), " ".to_owned()),
            ]
            .into(),
            ..ScanNotes::default()
        });
        assert_eq!(Attribute::named("site").of(&slice).unwrap().text, "b");
        assert_eq!(Attribute::named("site").title(), "Site");
        assert_eq!(Attribute::named("ward").of(&slice), None);
    }
}
