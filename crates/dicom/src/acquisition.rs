//! How an image was taken, and of whom, as far as its header says.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use crate::elements::Elements;

/// Ages beyond which neither an age nor a date of birth is believed, in years.
const OLDEST_YEARS: f64 = 130.0;
/// Days of a year, in the mean.
const DAYS: f64 = 365.25;

/// How an image was taken, and of whom. Texts are as stored, and empty where absent; no name and no date is kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Acquisition {
    /// Manufacturer.
    pub manufacturer: String,
    /// ManufacturerModelName.
    pub model: String,
    /// ConvolutionKernel.
    pub kernel: String,
    /// KVP, in kV.
    pub kvp: Option<f64>,
    /// ContrastBolusAgent.
    pub contrast_agent: String,
    /// BodyPartExamined.
    pub body_part: String,
    /// ProtocolName: free text.
    pub protocol: String,
    /// SeriesDescription: free text.
    pub series_description: String,
    /// PatientAge; where it is absent, the time from PatientBirthDate to the study. In years.
    pub age_years: Option<f64>,
    /// PatientSex: M, F or O.
    pub sex: String,
}

impl Acquisition {
    /// What some elements say.
    pub(crate) fn of(elements: &Elements) -> Self {
        Self {
            manufacturer: elements.text(tags::MANUFACTURER),
            model: elements.text(tags::MANUFACTURER_MODEL_NAME),
            kernel: elements.text(tags::CONVOLUTION_KERNEL),
            kvp: elements.number(tags::KVP).filter(|kv| *kv > 0.0),
            contrast_agent: elements.text(tags::CONTRAST_BOLUS_AGENT),
            body_part: elements.text(tags::BODY_PART_EXAMINED),
            protocol: elements.text(tags::PROTOCOL_NAME),
            series_description: elements.text(tags::SERIES_DESCRIPTION),
            age_years: age_of_text(&elements.text(tags::PATIENT_AGE)).or_else(|| age_of_dates(elements)),
            sex: elements.text(tags::PATIENT_SEX).to_ascii_uppercase(),
        }
    }
}

/// An age string (PS3.5 §6.2, AS): three digits and D, W, M or Y. Fewer digits, and no letter, are understood.
fn age_of_text(text: &str) -> Option<f64> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let days = match &text[digits.len()..] {
        "D" | "d" => 1.0,
        "W" | "w" => 7.0,
        "M" | "m" => DAYS / 12.0,
        "" | "Y" | "y" => DAYS,
        _ => return None,
    };
    let number: u32 = digits.trim().parse().ok()?;
    believed(f64::from(number) * days / DAYS)
}

/// The time from birth to the study, or to the acquisition.
fn age_of_dates(elements: &Elements) -> Option<f64> {
    let day = |tag: Tag| day_of(&elements.text(tag));
    let born = day(tags::PATIENT_BIRTH_DATE)?;
    let taken = day(tags::STUDY_DATE).or_else(|| day(tags::ACQUISITION_DATE))?;
    believed(f64::from(taken - born) / DAYS)
}

fn believed(years: f64) -> Option<f64> {
    (0.0..=OLDEST_YEARS).contains(&years).then_some(years)
}

/// The number of a day, counted in the Gregorian calendar; none of what is no date `YYYYMMDD`, old `YYYY.MM.DD` too.
fn day_of(text: &str) -> Option<i32> {
    let digits: String = text.chars().filter(|c| !matches!(c, '.' | '-')).collect();
    if digits.len() != 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let [year, month, day] = [&digits[..4], &digits[4..6], &digits[6..]].map(|part| part.parse::<i32>().ok());
    let (year, month, day) = (year?, month?, day?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years that begin in March have their leap day last.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    Some(365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::headers::read_headers;
    use crate::write::{Attribute, Fixture, PrimitiveValue, VR};

    fn acquisition(more: &[(Tag, VR, &str)]) -> Acquisition {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("slice.dcm");
        let attribute =
            |(tag, vr, text): &(Tag, VR, &str)| -> Attribute { (*tag, *vr, PrimitiveValue::from(*text)) };
        let more = more.iter().map(attribute).collect();
        std::fs::write(&path, Fixture::default().bytes_with(more, Vec::new()).unwrap()).unwrap();
        let header = read_headers(&path).unwrap().remove(0);
        (*header.acquisition).clone()
    }

    #[test]
    fn what_a_header_says_is_read_and_what_it_does_not_is_empty() {
        assert_eq!(acquisition(&[]), Acquisition::default());
        let found = acquisition(&[
            (tags::MANUFACTURER, VR::LO, "GE MEDICAL SYSTEMS"),
            (tags::MANUFACTURER_MODEL_NAME, VR::LO, "LightSpeed VCT"),
            (tags::CONVOLUTION_KERNEL, VR::SH, "SOFT"),
            (tags::KVP, VR::DS, "120.00"),
            (tags::CONTRAST_BOLUS_AGENT, VR::LO, "OMNIPAQUE"),
            (tags::BODY_PART_EXAMINED, VR::CS, "HEAD"),
            (tags::PROTOCOL_NAME, VR::LO, "1.1 HEAD ROUTINE"),
            (tags::SERIES_DESCRIPTION, VR::LO, "CT PLAIN THIN"),
            (tags::PATIENT_AGE, VR::AS, "049Y"),
            (tags::PATIENT_SEX, VR::CS, "f"),
        ]);
        let expected = Acquisition {
            manufacturer: "GE MEDICAL SYSTEMS".into(),
            model: "LightSpeed VCT".into(),
            kernel: "SOFT".into(),
            kvp: Some(120.0),
            contrast_agent: "OMNIPAQUE".into(),
            body_part: "HEAD".into(),
            protocol: "1.1 HEAD ROUTINE".into(),
            series_description: "CT PLAIN THIN".into(),
            age_years: Some(49.0),
            sex: "F".into(),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn ages_come_in_days_weeks_months_and_years() {
        assert_eq!(age_of_text("049Y"), Some(49.0));
        assert_eq!(age_of_text("49"), Some(49.0));
        assert_eq!(age_of_text("006M"), Some(0.5));
        assert!((age_of_text("010D").unwrap() - 10.0 / DAYS).abs() < 1e-12);
        for none in ["", "Y", "old", "999Y", "-01Y", "04 9Y", "12X"] {
            assert_eq!(age_of_text(none), None, "{none}");
        }
    }

    #[test]
    fn an_age_that_is_absent_follows_from_dates_and_the_dates_are_not_kept() {
        let dates = |born, taken| {
            let found = acquisition(&[
                (tags::PATIENT_BIRTH_DATE, VR::DA, born),
                (tags::STUDY_DATE, VR::DA, taken),
            ]);
            assert!(!format!("{found:?}").contains("1948"), "{found:?}");
            found.age_years
        };
        assert!((dates("19480229", "20180228").unwrap() - 70.0).abs() < 0.01);
        assert_eq!(dates("20180301", "20180228"), None);
        assert_eq!(dates("1948", "20180228"), None);
        assert_eq!(day_of("20240301").unwrap() - day_of("2024.02.28").unwrap(), 2);
        assert_eq!(day_of("19000301").unwrap() - day_of("19000228").unwrap(), 1);
        assert_eq!(day_of("20241301"), None);
    }
}
