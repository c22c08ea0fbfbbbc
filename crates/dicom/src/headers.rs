//! The headers of a file: one for each frame.

use std::path::Path;

use crate::announced::check_pixels;
use crate::elements::Parsed;
use crate::error::Result;
use crate::file;
use crate::header::{Header, headers_of};
use crate::pixels::Frames;
use crate::repairs::Repairs;
use crate::syntax::is_native;

/// Reads a file's header, one for each frame. Pixels are looked at in the rare files alone whose header leaves open
/// what their values are. Uncompressed for each frame. Uncompressed files that are too short
/// for the pixels they announce are found here, from their length alone, and so are pixels that cannot be
/// decoded.
///
/// # Errors
/// When the file cannot be read as a CT image; [`DicomError`](crate::DicomError) says why.
pub fn read_headers(path: &Path) -> Result<Vec<Header>> {
    let mut file = file::open_header(path)?;
    let parsed = Parsed::of(&file)?;
    let first = Header::of_frame(&file, &parsed, 0)?;
    if first.storage.frames > 1 && !is_native(&file.layout.syntax) {
        // Only the fragments tell whether there are so many frames.
        file = file::open_whole(path)?;
    }
    check_pixels(&file, &first.storage)?;
    let mut headers = headers_of(&file, &parsed, first)?;
    if headers
        .iter()
        .any(|header| Repairs::may_be_needed(&header.storage))
    {
        return Frames::open(path)?.headers();
    }
    for header in &mut headers {
        header.look_over(Repairs::default());
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::write::Fixture;

    fn header_of(fixture: &Fixture) -> Result<Header> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("slice.dcm");
        std::fs::write(&path, fixture.bytes().unwrap()).unwrap();
        read_headers(&path).map(|mut headers| headers.remove(0))
    }

    #[test]
    fn padded_and_repeated_numbers_are_read() {
        let header = header_of(&Fixture {
            window: ["00040\\00041", "1.000000\\2"],
            intercept: " -1024.000000",
            slope: "1.000000",
            ..Fixture::default()
        })
        .unwrap();
        assert_eq!(header.window_center, Some(40.0));
        assert_eq!(header.window_width, Some(1.0));
        assert_eq!(header.storage.rescale.intercept, -1024.0);
        assert_eq!(header.instance, "ID_00000000a");
        assert_eq!(header.patient, "ID_0a1b2c3d");
    }

    #[test]
    fn position_is_along_the_normal() {
        let at = |position: &str, orientation: &str| {
            let fixture = Fixture {
                position: position.into(),
                orientation: orientation.into(),
                ..Fixture::default()
            };
            header_of(&fixture).unwrap().position_mm
        };
        assert_eq!(at("-125\\-125\\35.5", "1\\0\\0\\0\\1\\0"), Some(35.5));
        assert_eq!(at("-125\\-125\\35.5", ""), Some(35.5));
        assert_eq!(at("", ""), None);
        let (sin, cos) = 0.2_f64.sin_cos();
        let tilted = format!("1\\0\\0\\0\\{cos:.6}\\{:.6}", -sin);
        let found = at("0\\-125\\40", &tilted).unwrap();
        assert!((found - (-125.0 * sin + 40.0 * cos)).abs() < 1e-3, "{found}");
    }

    #[test]
    fn what_cannot_be_right_is_refused_in_words() {
        let refused = |fixture: Fixture| header_of(&fixture).unwrap_err().to_string();
        let message = refused(Fixture {
            rows: 60_000,
            columns: 60_000,
            ..Fixture::default()
        });
        assert_eq!(message, "it claims to have 60000 × 60000 pixels");
        let message = refused(Fixture {
            rows: 3,
            ..Fixture::default()
        });
        assert_eq!(
            message,
            "its pixel data is cut short: 3 × 2 pixels need 12 bytes, 8 are there"
        );
        let message = refused(Fixture {
            slope: "one",
            ..Fixture::default()
        });
        assert_eq!(message, "its RescaleSlope is not a number: \"one\"");
        let message = refused(Fixture {
            bits_stored: 17,
            ..Fixture::default()
        });
        assert_eq!(message, "its BitsStored is 17 of 16 bits");
    }

    #[test]
    fn a_truncated_file_is_found_from_its_length() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("slice.dcm");
        let bytes = Fixture::default().bytes().unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 3]).unwrap();
        let message = read_headers(&path).unwrap_err().to_string();
        assert_eq!(
            message,
            "its pixel data is cut short: 2 × 2 pixels need 8 bytes, 5 are there"
        );
    }

    /// The header of the default fixture with other elements.
    fn header_with(more: Vec<crate::write::Attribute>) -> Result<Header> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("slice.dcm");
        std::fs::write(&path, Fixture::default().bytes_with(more, Vec::new()).unwrap()).unwrap();
        read_headers(&path).map(|mut headers| headers.remove(0))
    }

    #[test]
    fn numbers_are_read_however_they_are_written_or_named() {
        use crate::write::{PrimitiveValue, VR, tags};
        let text = |tag, vr, text: &str| {
            (
                tag,
                vr,
                PrimitiveValue::Strs(text.split('\\').map(str::to_owned).collect()),
            )
        };
        let of = |fixture: Fixture| header_of(&fixture).unwrap();
        let comma = of(Fixture {
            slope: "0,25",
            intercept: "-1024,00",
            window: ["35,75", "81,25"],
            position: "-125,25\\-125,25\\37,5".into(),
            ..Fixture::default()
        });
        assert_eq!(
            (comma.storage.rescale.slope, comma.storage.rescale.intercept),
            (0.25, -1024.0)
        );
        assert_eq!(comma.windows, [[35.75, 81.25]]);
        assert_eq!(comma.position_mm, Some(37.5));
        let told =
            |header: &Header, what: &str| header.warnings.iter().any(|warning| warning.starts_with(what));
        for name in [
            "RescaleSlope",
            "RescaleIntercept",
            "WindowCenter",
            "WindowWidth",
            "ImagePositionPatient",
        ] {
            let what = format!("its {name} is written with a decimal comma");
            assert!(told(&comma, &what), "{name}: {:?}", comma.warnings);
        }
        for (slope, intercept) in [("1.00000E+00", "-1.02400E+03"), ("+01.0", "-01024")] {
            let header = of(Fixture {
                slope,
                intercept,
                ..Fixture::default()
            });
            assert_eq!(header.storage.rescale.intercept, -1024.0);
            assert_eq!(header.warnings, Vec::<String>::new());
        }
        let empty = of(Fixture {
            slope: "",
            ..Fixture::default()
        });
        assert_eq!(empty.storage.rescale.slope, 1.0);
        assert_eq!(empty.warnings, ["it has no RescaleSlope: 1 is taken"]);
        let neither = of(Fixture {
            slope: "",
            intercept: "",
            ..Fixture::default()
        });
        assert!(
            told(&neither, "it has no RescaleSlope and no RescaleIntercept"),
            "{:?}",
            neither.warnings
        );
        let error = header_of(&Fixture {
            slope: "1,024.5",
            ..Fixture::default()
        })
        .unwrap_err();
        assert_eq!(error.to_string(), "its RescaleSlope is not a number: \"1,024.5\"");
        // Whatever value representation their writer chose.
        let header = header_with(vec![
            text(tags::RESCALE_INTERCEPT, VR::IS, "-1000"),
            text(tags::PIXEL_SPACING, VR::UT, "0.5\\0.25"),
            (
                tags::RESCALE_SLOPE,
                VR::UN,
                PrimitiveValue::U8(b"2 ".to_vec().into()),
            ),
        ])
        .unwrap();
        assert_eq!(
            (header.storage.rescale.slope, header.storage.rescale.intercept),
            (2.0, -1000.0)
        );
        assert_eq!(header.geometry.spacing_mm, Some([0.5, 0.25]));
    }

    #[test]
    fn without_a_position_slice_location_then_instance_number_count() {
        use crate::write::{PrimitiveValue, VR, tags};
        let none = (tags::IMAGE_POSITION_PATIENT, VR::DS, PrimitiveValue::Empty);
        let instance = (tags::INSTANCE_NUMBER, VR::IS, PrimitiveValue::from("7"));
        let location = (tags::SLICE_LOCATION, VR::DS, PrimitiveValue::from("12.5"));
        let header = header_with(vec![none.clone(), instance.clone(), location]).unwrap();
        assert_eq!((header.position_mm, header.is_slice_location), (Some(12.5), true));
        assert_eq!(
            header.warnings,
            ["it has no ImagePositionPatient: its SliceLocation orders it"]
        );
        let header = header_with(vec![none.clone(), instance]).unwrap();
        assert_eq!((header.position_mm, header.order.instance), (None, Some(7)));
        assert_eq!(
            header.warnings,
            ["it has no ImagePositionPatient: its InstanceNumber orders it"]
        );
        let header = header_with(vec![none]).unwrap();
        assert_eq!(
            header.warnings,
            ["it has no ImagePositionPatient: nothing orders it"]
        );
    }

    #[test]
    fn prone_and_flipped_slices_are_brought_to_one_orientation() {
        let read = |orientation: &str, words: Vec<u16>| {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("slice.dcm");
            let fixture = Fixture {
                orientation: orientation.into(),
                words,
                ..Fixture::default()
            };
            std::fs::write(&path, fixture.bytes().unwrap()).unwrap();
            let header = read_headers(&path).unwrap().remove(0);
            let image = crate::pixels::read_frame(&path, 0).unwrap();
            (image.hu, header.position_mm, header.warnings.join("; "))
        };
        let upright = vec![-1000, 0, 40, 900];
        let (hu, position, warnings) = read("1\\0\\0\\0\\1\\0", vec![24, 1024, 1064, 1924]);
        assert_eq!(
            (hu, position, warnings.as_str()),
            (upright.clone(), Some(10.0), "")
        );
        for (orientation, words, how) in [
            ("-1\\0\\0\\0\\-1\\0", [1924, 1064, 1024, 24], "turned by 180°"),
            (
                "-1\\0\\0\\0\\1\\0",
                [1024, 24, 1924, 1064],
                "mirrored left to right",
            ),
            (
                "1\\0\\0\\0\\-1\\0",
                [1064, 1924, 24, 1024],
                "mirrored top to bottom",
            ),
        ] {
            let (hu, position, warnings) = read(orientation, words.to_vec());
            assert_eq!((hu, position), (upright.clone(), Some(10.0)), "{orientation}");
            assert!(warnings.contains(&format!("its image is {how}")), "{warnings}");
        }
        // A coronal image is no slice to be compared with others: it stays as it is.
        let (hu, ..) = read("-1\\0\\0\\0\\0\\-1", vec![24, 1024, 1064, 1924]);
        assert_eq!(hu, upright);
    }
}
