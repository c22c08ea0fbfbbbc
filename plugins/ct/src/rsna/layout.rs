//! The competition's directory, recognised.

use std::fs;
use std::path::{Path, PathBuf};

use ichflow_api::layouts::{Certainty, Recognised};
use ichflow_api::prelude::*;

use super::labels::LabelTable;
use crate::table::recipe_text::quoted;

/// What the names of its parts begin with.
const TRAIN: [&str; 2] = ["stage_2_train", "stage_1_train"];
const TEST: [&str; 2] = ["stage_2_test", "stage_1_test"];
const SAMPLE: [&str; 2] = ["stage_2_sample_submission.csv", "stage_1_sample_submission.csv"];

/// The competition's files as they are downloaded.
fn recognise(directory: &Path) -> Result<Option<Recognised>> {
    let first = |names: &[&str], ending: &str, is: fn(&Path) -> bool| -> Option<PathBuf> {
        let mut paths = names.iter().map(|name| directory.join(format!("{name}{ending}")));
        paths.find(|path| is(path))
    };
    let labels = first(&TRAIN, ".csv", Path::is_file);
    // Images come with `_images` behind their names, too.
    let images = ["", "_images"]
        .iter()
        .find_map(|ending| first(&TRAIN, ending, Path::is_dir));
    let (Some(labels), Some(images)) = (labels, images) else {
        return Ok(None);
    };
    // What is called like the competition's and is none has another layout.
    let Ok(table) = LabelTable::read(&labels) else {
        return Ok(None);
    };
    let test_images = ["", "_images"]
        .iter()
        .find_map(|ending| first(&TEST, ending, Path::is_dir));
    let sample = first(&SAMPLE, "", Path::is_file);
    let test_labels = Some(directory.join("test_labels.csv"))
        .filter(|path| test_images.is_some() && path.is_file() && LabelTable::read(path).is_ok());
    let count = fs::read_dir(&images).at("read the directory", &images)?.count();
    let found = vec![
        format!(
            "labels of {} images in {}",
            table.of_image.len(),
            labels.display()
        ),
        format!("{count} files in {}", images.display()),
    ];
    let mut stages =
        "[load]                              # the RSNA 2019 competition's files\nuse = \"rsna\"\n"
            .to_owned();
    let entries = [
        ("labels", Some(labels)),
        ("images", Some(images)),
        ("test_images", test_images),
        ("test_labels", test_labels),
        ("sample_submission", sample),
    ];
    for (key, path) in entries {
        if let Some(path) = path {
            stages += &format!("{key} = {}\n", quoted(&path.display().to_string()));
        }
    }
    Ok(Some(Recognised {
        certainty: Certainty::Named,
        found,
        guessed: Vec::new(),
        stages,
        level: Some(Level::Slice),
    }))
}

ichflow_api::register_layout!("rsna", recognise);
