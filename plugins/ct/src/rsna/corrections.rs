//! Corrections of the competition's labels, as `label-review` writes them and a person fills them in.

use std::collections::BTreeSet;
use std::path::Path;

use ichflow_api::counted::counted;
use ichflow_api::prelude::*;

use super::image_id::{ImageId, ImageMap};
use crate::table::{Key, LabelFile, LabelTable, correct};

/// What a CSV of decisions says of images.
pub(super) struct Corrections {
    name: String,
    of_image: ImageMap<Vec<Option<f32>>>,
    /// Images that were found.
    found: BTreeSet<ImageId>,
    /// Of these, those whose labels changed.
    changed: usize,
}

impl Corrections {
    /// Reads a CSV with the columns `sop_instance_uid`, `label` and `decision`. The competition's images have their names as
    /// SOPInstanceUID.
    ///
    /// # Errors
    /// Where it cannot be read, a decision is neither yes nor no, or a row names no image.
    pub(super) fn read(path: &Path, set: &LabelSet) -> Result<Self> {
        let file = LabelFile {
            label_column: Some("label".to_owned()),
            value_column: Some("decision".to_owned()),
            corrects: true,
            ..LabelFile::new(path, Key::SopInstanceUid)
        };
        let table = LabelTable::read(&file, set)?;
        let mut of_image = ImageMap::default();
        for row in table.rows {
            let image = ImageId::parse(row.name.key.as_bytes()).ok_or_else(|| {
                Error::new(format!(
                    "{}, line {}: the key is not ID_<9 hexadecimal digits>",
                    table.name, row.line
                ))
                .help("corrections are of the competition's images; `table` reads those of others")
            })?;
            of_image.insert(image, row.values);
        }
        Ok(Self {
            name: table.name,
            of_image,
            found: BTreeSet::new(),
            changed: 0,
        })
    }

    /// The labels of an image with what was decided in place of what was given.
    pub(super) fn corrected(&mut self, image: ImageId, labels: Labels, set: &LabelSet) -> Labels {
        let Some(said) = self.of_image.get(&image) else {
            return labels;
        };
        self.found.insert(image);
        let mut values: Vec<Option<f32>> = labels.iter().collect();
        self.changed += usize::from(correct(&mut values, said, set));
        Labels::new(values)
    }

    /// What came of them, in words.
    pub(super) fn remarks(&self) -> Vec<String> {
        let mut remarks = vec![format!(
            "{}: it corrects the labels of {}",
            self.name,
            counted(self.changed, "image", "images")
        )];
        let absent = self.of_image.len() - self.found.len();
        if absent > 0 {
            remarks.push(format!(
                "{}: {} not loaded, or without labels",
                self.name,
                counted(absent, "image it names is", "images it names are")
            ));
        }
        remarks
    }
}
