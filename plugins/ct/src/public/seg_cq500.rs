//! Seg-CQ500: masks of 51 exams of CQ500.

use std::path::PathBuf;

use ichflow_api::needs::{Known, Needs};
use ichflow_api::prelude::*;

use super::mask_volume::Classes;
use super::segmented::{self, Set};
use crate::foresee::foresee;
use crate::kinds::Kind;

/// Loads Seg-CQ500 as it is unpacked: `<name>/CT.nii` with its mask `<name>/ICH_mask.nii.gz`.
///
/// A slice is positive for the label that stands for all where its mask has a voxel; of which kind a hemorrhage is stays
/// unknown. The masks are offered as `annotations`. Its exams are CQ500's: used together, the same patients stand on both
/// sides.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SegCq500 {
    /// The directory that holds one of each exam, `data/volumes`.
    pub path: PathBuf,
    /// Number of unusable slices beyond which loading fails; none: any number is tolerated and reported.
    #[serde(default)]
    pub max_quarantined: Option<usize>,
    /// Kinds of images that are excluded because they are no axial slices of CT in Hounsfield units; by default all that
    /// are known.
    #[serde(default = "Kind::all")]
    pub exclude: Vec<Kind>,
}

impl Stage for SegCq500 {
    const NAME: &'static str = "seg-cq500";
    const FAMILY: Family = Family::Load;
    const SUMMARY: &'static str = "Seg-CQ500: NIfTI volumes with masks of hemorrhage";
    const EXAMPLE: &'static str = "[load]\nuse = \"seg-cq500\"\npath = \"data/Seg-CQ500/data/volumes\"\n";
    const SHARDED: bool = true;
    const IMMATERIAL: &'static [&'static str] = &["max_quarantined"];

    fn ports() -> Ports {
        Ports::new()
            .offers(output::TRAIN)
            .offers(output::ANNOTATIONS)
            .offers(output::PIXELS)
    }

    fn origins(&self) -> Vec<&'static str> {
        vec!["CQ500"]
    }

    fn reads(&self) -> Vec<ExternalPath> {
        vec![ExternalPath::directory("path", &self.path)]
    }

    fn needs(&self, _known: &Known) -> Result<Needs> {
        foresee(std::iter::once(self.path.as_path()))
    }

    fn run(&self, _inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let labels = context.label_set();
        let set = Set {
            images: &self.path,
            max_quarantined: self.max_quarantined,
            exclude: &self.exclude,
            classes: Classes::of_one(labels.name(labels.headline())),
        };
        let mask_of = |image: &std::path::Path| {
            let is_image = image
                .file_name()
                .is_some_and(|name| name == "CT.nii" || name == "CT.nii.gz");
            is_image.then(|| image.with_file_name("ICH_mask.nii.gz"))
        };
        segmented::load(&set, mask_of, context)
    }
}

ichflow_api::register!(SegCq500);
