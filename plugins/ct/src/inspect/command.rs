//! `ichflow inspect PATH… [--json]`.

use std::fmt::Write as _;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches, value_parser};
use ichflow_api::command::Outcome;
use ichflow_api::path_text::path_text;
use ichflow_api::prelude::*;
use ichflow_api::slice_files::{Entry, NoSlice, entries};
use serde_json::json;

use super::{Frame, Inspection, inspect};
use crate::slice_files::{no_slice, read};

fn define() -> clap::Command {
    clap::Command::new("inspect")
        .about("Show what is read from DICOM and NIfTI files: geometry, storage, Hounsfield units, warnings")
        .after_help(
            "Exit codes, as of `ichflow predict`: 0 if all slices can be used, 3 if some can and others are quarantined \
             or excluded, 1 if none can. Files of a directory that are something else than slices do not count.",
        )
        .arg(
            Arg::new("paths")
                .value_name("PATH")
                .help("Files, or directories whose files are all looked at, sorted by name")
                .required(true)
                .num_args(1..)
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(
            Arg::new("json")
                .long("json")
                .help("Print one JSON object a line, a file each")
                .action(ArgAction::SetTrue),
        )
        .arg(
            Arg::new("identify")
                .long("identify")
                .help("Also show SeriesDescription and ProtocolName, into which people write names")
                .action(ArgAction::SetTrue),
        )
}

fn run(matches: &ArgMatches) -> Result<Outcome> {
    let paths: Vec<PathBuf> = matches.get_many("paths").into_iter().flatten().cloned().collect();
    let mut output = io::stdout().lock();
    let (mut usable, mut missing, mut first) = (0, 0, None);
    for entry in entries(&paths) {
        let one = Looked::at(&entry, matches.get_flag("identify"));
        match one.is_missed(&entry) {
            None => usable += 1,
            Some(is_missed) => {
                missing += usize::from(is_missed);
                first.get_or_insert_with(|| format!("{}: {}", path_text(&entry.path), one.reason()));
            }
        }
        let text = match matches.get_flag("json") {
            true => one.line(&entry.path)?,
            false => one.describe(&entry.path),
        };
        match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
            // Whoever read this has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(Outcome::Done),
            written => written.doing("cannot write to the standard output")?,
        }
    }
    match first {
        Some(first) if usable == 0 => Err(Error::new(format!("no slice can be used; the first: {first}"))
            .help("name DICOM or NIfTI files of CT, or directories of them")),
        None if usable == 0 => Err(Error::new("there are no files in what was named")),
        _ => Ok(Outcome::of_missing(missing)),
    }
}

/// What was found in a file.
struct Looked {
    /// What can be read, or what it is instead.
    found: Result<Inspection, NoSlice>,
    /// Why nothing uses it although it can be read.
    excluded: Option<String>,
}

impl Looked {
    fn at(entry: &Entry, identify: bool) -> Self {
        let path = &entry.path;
        let found = match &entry.problem {
            Some(problem) => Err(problem.clone()),
            None => inspect(path)
                .map(|found| {
                    if identify {
                        found
                    } else {
                        found.without_free_text()
                    }
                })
                .map_err(|error| no_slice(path, error.chain())),
        };
        let slices = found.is_ok().then(|| read(path).ok()).flatten();
        let excluded = slices.and_then(|slices| slices.into_iter().find_map(|slice| slice.not_axial_ct));
        Self { found, excluded }
    }

    /// Nothing where it can be used; else whether somebody may miss a slice here.
    fn is_missed(&self, entry: &Entry) -> Option<bool> {
        match (&self.found, &self.excluded) {
            (Ok(_), None) => None,
            (Err(NoSlice::Other(_)), _) => Some(entry.named),
            (Err(NoSlice::Unusable(_)), _) | (Ok(_), Some(_)) => Some(true),
        }
    }

    fn reason(&self) -> &str {
        match (&self.found, &self.excluded) {
            (Err(none), _) => none.reason(),
            (Ok(_), excluded) => excluded.as_deref().unwrap_or_default(),
        }
    }

    /// A JSON object and a line end.
    fn line(&self, file: &Path) -> Result<String> {
        let mut object = match &self.found {
            Ok(inspection) => serde_json::to_value(inspection).doing("cannot write as JSON")?,
            Err(none) => json!({"quarantined": none.reason()}),
        };
        if let Some(object) = object.as_object_mut() {
            object.shift_insert(0, "file".into(), json!(path_text(file)));
            if let Some(excluded) = &self.excluded {
                object.insert("excluded".into(), json!(excluded));
            }
        }
        Ok(format!("{object}\n"))
    }

    /// A paragraph for people.
    fn describe(&self, file: &Path) -> String {
        let mut text = format!("{}\n", path_text(file));
        let mut row = |name: &str, value: &str| {
            // Writing into a string cannot fail.
            let _ = writeln!(text, "  {name:<12}{value}");
        };
        match &self.found {
            Ok(inspection) => rows(inspection, &mut row),
            Err(NoSlice::Other(reason)) => row("no slice", reason),
            Err(NoSlice::Unusable(reason)) => row("quarantined", reason),
        }
        if let Some(excluded) = &self.excluded {
            row("excluded", excluded);
        }
        text
    }
}

fn rows(inspection: &Inspection, row: &mut impl FnMut(&str, &str)) {
    let mut row = |name: &str, value: String| row(name, &value);
    let syntax = &inspection.transfer_syntax;
    let uid = match syntax.uid.as_str() {
        "" => String::new(),
        uid => format!(" ({uid})"),
    };
    row("syntax", format!("{}{uid}", syntax.name));
    let frames = match inspection.frames {
        1 => String::new(),
        frames => format!(", {frames} frames"),
    };
    row(
        "size",
        format!("{} × {} pixels{frames}", inspection.rows, inspection.columns),
    );
    let storage = &inspection.storage;
    row(
        "storage",
        format!(
            "{} of {} bits, {}, {}{}",
            storage.bits_stored,
            storage.bits_allocated,
            if storage.signed { "signed" } else { "unsigned" },
            if storage.photometric.is_empty() {
                "no photometric interpretation"
            } else {
                &storage.photometric
            },
            storage
                .padding
                .map_or(String::new(), |padding| format!(", padding {padding}")),
        ),
    );
    for (name, value) in inspection.scan.rows() {
        row(name, value);
    }
    frame_rows(&inspection.first, &mut row);
    let hu = &inspection.hu;
    row("HU", format!("{} to {}, mean {:.2}", hu.min, hu.max, hu.mean));
    row("SHA-256", hu.sha256.clone());
    for warning in &inspection.warnings {
        row("warning", warning.clone());
    }
}

fn frame_rows(frame: &Frame, row: &mut impl FnMut(&str, String)) {
    let join = |numbers: &[f64]| {
        let texts: Vec<String> = numbers.iter().map(f64::to_string).collect();
        texts.join(", ")
    };
    if let Some(spacing) = frame.spacing_mm {
        let thickness = frame
            .thickness_mm
            .map_or(String::new(), |thickness| format!(", {thickness} mm thick"));
        row(
            "spacing",
            format!("{} × {} mm{thickness}", spacing[0], spacing[1]),
        );
    }
    if let Some(position) = frame.position_mm {
        let along = frame
            .along_normal_mm
            .map_or(String::new(), |along| format!(" ({along:.2} along the normal)"));
        row("position", format!("{} mm{along}", join(&position)));
    }
    if let Some(orientation) = frame.orientation {
        row("orientation", join(&orientation));
    }
    let rescale = &frame.rescale;
    let note = match (rescale.stated, rescale.unwrapped) {
        (false, _) => "; not in the file",
        (true, true) => "; overflow correction applied",
        (true, false) => "",
    };
    row(
        "rescale",
        match rescale.table {
            Some(entries) => format!("a table of {entries} entries"),
            None => format!("× {} + {}{note}", rescale.slope, rescale.intercept),
        },
    );
    for [center, width] in &frame.windows {
        row("window", format!("center {center}, width {width}"));
    }
}

ichflow_api::register_command!(define, run);

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_dicom::write::{Attribute, Fixture, PrimitiveValue, VR, tags};

    fn looked(path: &Path, identify: bool) -> Looked {
        let entry = Entry {
            path: path.to_owned(),
            named: true,
            problem: None,
        };
        Looked::at(&entry, identify)
    }

    fn look(path: &Path) -> Looked {
        looked(path, false)
    }

    #[test]
    fn the_definition_is_sound() {
        define().debug_assert();
    }

    #[test]
    fn a_file_is_described_without_its_patient() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("slice.dcm");
        let fixture = Fixture {
            words: vec![24, 1064, 0, 1024],
            ..Fixture::default()
        };
        std::fs::write(&path, fixture.bytes().unwrap()).unwrap();
        let found = look(&path);
        let text = found.describe(Path::new("slice.dcm"));
        let digest = ichflow_api::digest::sha256(&[0x18, 0xfc, 40, 0, 0, 0xfc, 0, 0]);
        assert_eq!(
            text,
            format!(
                "slice.dcm
  syntax      Explicit VR Little Endian (1.2.840.10008.1.2.1)
  size        2 × 2 pixels
  storage     12 of 16 bits, unsigned, MONOCHROME2
  position    -125, -125, 10 mm (10.00 along the normal)
  orientation 1, 0, 0, 0, 1, 0
  rescale     × 1 + -1024
  HU          -1024 to 40, mean -496.00
  SHA-256     {digest}
"
            )
            .replace("  HU", "  window      center 40, width 80\n  HU")
        );
        let line = found.line(Path::new("slice.dcm")).unwrap();
        assert!(
            line.starts_with(r#"{"file":"slice.dcm","transfer_syntax":"#),
            "{line}"
        );
        assert!(!line.contains("ID_0a1b2c3d"), "{line}");
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["hu"]["mean"], -496.0);
        assert_eq!(value["rescale"]["intercept"], -1024.0);
    }

    #[test]
    fn how_it_was_taken_is_shown_and_free_text_only_when_asked_for() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("slice.dcm");
        let text = |tag, vr, text: &str| -> Attribute { (tag, vr, PrimitiveValue::from(text)) };
        let more = vec![
            text(tags::MANUFACTURER, VR::LO, "SIEMENS"),
            text(tags::CONVOLUTION_KERNEL, VR::SH, "J40s"),
            text(tags::KVP, VR::DS, "120"),
            text(tags::PATIENT_AGE, VR::AS, "093Y"),
            text(tags::PATIENT_SEX, VR::CS, "F"),
            text(tags::SERIES_DESCRIPTION, VR::LO, "Head of Mrs Somebody"),
        ];
        std::fs::write(&path, Fixture::default().bytes_with(more, Vec::new()).unwrap()).unwrap();
        let shown = |identify: bool| {
            let found = looked(&path, identify);
            found.describe(&path) + &found.line(&path).unwrap()
        };
        let text = shown(false);
        for row in [
            "  scanner     SIEMENS\n",
            "  taken with  120 kV, kernel J40s\n",
            "  patient     F, 90 and older\n",
            r#""kernel":"J40s","kvp":120.0,"age":"90 and older","sex":"F"}"#,
        ] {
            assert!(text.contains(row), "{row} {text}");
        }
        assert!(!text.contains("Somebody") && !text.contains("093Y"), "{text}");
        assert_eq!(shown(true).matches("Head of Mrs Somebody").count(), 2);
    }

    #[test]
    fn files_come_in_the_order_given_and_all_are_told_of() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["b", "a"] {
            std::fs::write(directory.path().join(name), "no DICOM").unwrap();
        }
        let absent = directory.path().join("absent");
        let listed = entries(&[absent.clone(), directory.path().to_owned()]);
        let paths: Vec<&Path> = listed.iter().map(|entry| entry.path.as_path()).collect();
        assert_eq!(
            paths,
            [
                absent.as_path(),
                &directory.path().join("a"),
                &directory.path().join("b")
            ]
        );
        let looked: Vec<Looked> = listed.iter().map(|entry| Looked::at(entry, false)).collect();
        let missed: Vec<Option<bool>> = looked
            .iter()
            .zip(&listed)
            .map(|(one, entry)| one.is_missed(entry))
            .collect();
        assert_eq!(missed, [Some(true), Some(false), Some(false)]);
        assert_eq!(
            looked[2].line(Path::new("b")).unwrap(),
            "{\"file\":\"b\",\"quarantined\":\"this is not a DICOM file\"}\n"
        );
        let text = looked[0].describe(&absent);
        assert!(text.contains("quarantined there is no such file"), "{text}");
    }
}
