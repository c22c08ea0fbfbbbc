//! `ichflow inspect PATH… [--json]`.

use std::fmt::Write as _;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches, value_parser};
use ichflow_api::prelude::*;
use serde_json::json;
use walkdir::WalkDir;

use super::{Frame, Inspection, inspect};

fn define() -> clap::Command {
    clap::Command::new("inspect")
        .about("Show what is read from DICOM files: geometry, storage, Hounsfield units, warnings")
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
}

fn run(matches: &ArgMatches) -> Result<()> {
    let paths = matches.get_many::<PathBuf>("paths").into_iter().flatten();
    let mut output = io::stdout().lock();
    for file in files(paths)? {
        let found = inspect(&file);
        let text = match matches.get_flag("json") {
            true => line(&file, &found)?,
            false => describe(&file, &found),
        };
        match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
            // Whoever read this has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            written => written.doing("cannot write to the standard output")?,
        }
    }
    Ok(())
}

/// All files, in the order given; those of a directory sorted by name.
fn files<'a>(paths: impl Iterator<Item = &'a PathBuf>) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            // A file that is not there is told of in its line, like any that cannot be read.
            files.push(path.clone());
            continue;
        }
        for entry in WalkDir::new(path).follow_links(true).sort_by_file_name() {
            let entry = entry.at("search the directory", path)?;
            if entry.file_type().is_file() {
                files.push(entry.into_path());
            }
        }
    }
    Ok(files)
}

/// A JSON object and a line end.
fn line(file: &Path, found: &Result<Inspection>) -> Result<String> {
    let mut object = match found {
        Ok(inspection) => serde_json::to_value(inspection).doing("cannot write as JSON")?,
        Err(error) => json!({"quarantined": error.chain()}),
    };
    let name = json!(file.display().to_string());
    if let Some(object) = object.as_object_mut() {
        object.shift_insert(0, "file".into(), name);
    }
    Ok(format!("{object}\n"))
}

/// A paragraph for people.
fn describe(file: &Path, found: &Result<Inspection>) -> String {
    let mut text = format!("{}\n", file.display());
    let mut row = |name: &str, value: String| {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "  {name:<12}{value}");
    };
    let inspection = match found {
        Ok(inspection) => inspection,
        Err(error) => {
            row("quarantined", error.chain());
            return text;
        }
    };
    let syntax = &inspection.transfer_syntax;
    row("syntax", format!("{} ({})", syntax.name, syntax.uid));
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
    frame_rows(&inspection.first, &mut row);
    let hu = &inspection.hu;
    row("HU", format!("{} to {}, mean {:.2}", hu.min, hu.max, hu.mean));
    row("SHA-256", hu.sha256.clone());
    for warning in &inspection.warnings {
        row("warning", warning.clone());
    }
    text
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
        (true, true) => "; wrapped-around values are put right",
        (true, false) => "",
    };
    row(
        "rescale",
        format!("× {} + {}{note}", rescale.slope, rescale.intercept),
    );
    for [center, width] in &frame.windows {
        row("window", format!("center {center}, width {width}"));
    }
}

ichflow_api::register_command!(define, run);

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_dicom::write::Fixture;

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
        let found = inspect(&path);
        let text = describe(Path::new("slice.dcm"), &found);
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
        let line = line(Path::new("slice.dcm"), &found).unwrap();
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
    fn files_come_in_the_order_given_and_all_are_told_of() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["b", "a"] {
            std::fs::write(directory.path().join(name), "no DICOM").unwrap();
        }
        let absent = directory.path().join("absent");
        let listed = files([absent.clone(), directory.path().to_owned()].iter()).unwrap();
        assert_eq!(
            listed,
            [absent, directory.path().join("a"), directory.path().join("b")]
        );
        let text = line(Path::new("b"), &inspect(&listed[2])).unwrap();
        assert_eq!(
            text,
            "{\"file\":\"b\",\"quarantined\":\"this is not a DICOM file\"}\n"
        );
        assert!(describe(&listed[0], &inspect(&listed[0])).contains("quarantined cannot open"));
    }
}
