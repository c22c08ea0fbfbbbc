//! PhysioNet's CT-ICH.

use std::path::PathBuf;

use ichflow_api::needs::{Known, Needs};
use ichflow_api::prelude::*;

use super::mask_volume::{self, Classes};
use crate::foresee::foresee;
use crate::kinds::Kind;
use crate::table::{Key, LabelFile, LabelTable, Table, load};

/// Loads PhysioNet's CT-ICH 1.3.1 as it is unpacked: `ct_scans/049.nii` and so on, and the labels of every slice in
/// `hemorrhage_diagnosis_raw_ct.csv`.
///
/// `any` is the opposite of `No_Hemorrhage`; slices are counted from 1 along the last axis. Rows without a volume and
/// volumes without a row are counted and listed, as by `table`. Version 1.0.0, of JPEG, is another set.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CtIch {
    /// The directory that holds `ct_scans` and the CSV.
    pub path: PathBuf,
    /// Whether to offer `masks/`, which have the numbers of the scans, as `annotations` of `any`.
    #[serde(default)]
    pub masks: bool,
    /// Number of unusable slices beyond which loading fails; none: any number is tolerated and reported.
    #[serde(default)]
    pub max_quarantined: Option<usize>,
}

impl Stage for CtIch {
    const NAME: &'static str = "ct-ich";
    const FAMILY: Family = Family::Load;
    const SUMMARY: &'static str = "PhysioNet's CT-ICH: NIfTI volumes with labels of every slice";
    const EXAMPLE: &'static str = "[load]\nuse = \"ct-ich\"\npath = \"data/ct-ich\"\n";
    const SHARDED: bool = true;
    const IMMATERIAL: &'static [&'static str] = &["max_quarantined"];

    fn ports() -> Ports {
        Ports::new()
            .offers(output::TRAIN)
            .offers(output::PIXELS)
            .offers(output::ANNOTATIONS)
    }

    fn narrow(&self, all: Ports) -> Ports {
        all.offers_only_if(self.masks, output::ANNOTATIONS)
    }

    fn reads(&self) -> Vec<ExternalPath> {
        let mut paths = vec![
            ExternalPath::directory("path", self.scans()),
            ExternalPath::file("path", self.csv()),
        ];
        if self.masks {
            paths.push(ExternalPath::directory("masks", self.path.join("masks")));
        }
        paths
    }

    fn needs(&self, _known: &Known) -> Result<Needs> {
        foresee(std::iter::once(self.scans().as_path()))
    }

    fn run(&self, _inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let set = context.label_set();
        let mut labels = LabelFile::new(self.csv(), Key::Path);
        labels.key_column = Some("{PatientNumber:03}.nii".to_owned());
        labels.slice_column = Some("SliceNumber".to_owned());
        labels.first_slice = 1;
        labels.level = Some(Level::Slice);
        let mut renamed = vec![("Fracture_Yes_No", String::new())];
        if let Some(union) = set.union() {
            renamed.push(("No_Hemorrhage", format!("!{}", set.name(union))));
        }
        labels.rename = renamed
            .into_iter()
            .map(|(column, label)| (column.to_owned(), label))
            .collect();
        let tables = [LabelTable::read(&labels, set)?];
        let files = Table {
            path: self.scans(),
            labels: vec![labels],
            test_path: None,
            test_labels: Vec::new(),
            max_quarantined: self.max_quarantined,
            exclude: Kind::all(),
        };
        let mut outputs = load(&files, &tables, &[], set, context)?;
        if !self.masks {
            return Ok(outputs);
        }
        let cohort = outputs
            .take(output::TRAIN)
            .ok_or_else(|| Error::new("there is no cohort"))?;
        let classes = Classes::of_one(set.name(set.headline()));
        let directory = self.path.join("masks");
        let annotations = mask_volume::annotations(
            &cohort,
            |image| Some(directory.join(image.file_name()?)),
            &classes,
            context,
        )?;
        Ok(outputs
            .with_shared(output::TRAIN, cohort)
            .with(output::ANNOTATIONS, annotations))
    }
}

impl CtIch {
    fn scans(&self) -> PathBuf {
        self.path.join("ct_scans")
    }

    fn csv(&self) -> PathBuf {
        self.path.join("hemorrhage_diagnosis_raw_ct.csv")
    }
}

ichflow_api::register!(CtIch);
