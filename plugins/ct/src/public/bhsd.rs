//! BHSD, the brain hemorrhage segmentation dataset.

use std::path::PathBuf;

use ichflow_api::needs::{Known, Needs};
use ichflow_api::prelude::*;

use super::mask_volume::Classes;
use super::segmented::{self, Set};
use crate::foresee::foresee;
use crate::kinds::Kind;

/// What the values of its masks stand for.
const CLASSES: [(i16, &str); 5] = [
    (1, "epidural"),
    (2, "intraparenchymal"),
    (3, "intraventricular"),
    (4, "subarachnoid"),
    (5, "subdural"),
];

/// Loads BHSD's annotated part as it is unpacked: `label_192/images/*.nii.gz` and, under the same names, their masks in
/// `label_192/ground truths`.
///
/// A slice has a label where its mask has a voxel of it (1 epidural, 2 intraparenchymal, 3 intraventricular, 4 subarachnoid,
/// 5 subdural), and `any` where it has one of any. The masks are offered as `annotations`. Its images come from the RSNA
/// competition's: trained or measured together with them, the same patients stand on both sides.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bhsd {
    /// The directory `label_192`.
    pub path: PathBuf,
    /// Number of unusable slices beyond which loading fails; none: any number is tolerated and reported.
    #[serde(default)]
    pub max_quarantined: Option<usize>,
    /// Kinds of images that are excluded because they are no axial slices of CT in Hounsfield units; by default all that
    /// are known.
    #[serde(default = "Kind::all")]
    pub exclude: Vec<Kind>,
}

impl Stage for Bhsd {
    const NAME: &'static str = "bhsd";
    const FAMILY: Family = Family::Load;
    const SUMMARY: &'static str = "BHSD: NIfTI volumes with masks of five kinds of hemorrhage";
    const EXAMPLE: &'static str = "[load]\nuse = \"bhsd\"\npath = \"data/BHSD/label_192\"\n";
    const SHARDED: bool = true;
    const IMMATERIAL: &'static [&'static str] = &["max_quarantined"];

    fn ports() -> Ports {
        Ports::new()
            .offers(output::TRAIN)
            .offers(output::ANNOTATIONS)
            .offers(output::PIXELS)
    }

    fn origins(&self) -> Vec<&'static str> {
        vec!["RSNA 2019"]
    }

    fn reads(&self) -> Vec<ExternalPath> {
        let directory = |name: &str| ExternalPath::directory("path", self.path.join(name));
        vec![directory("images"), directory("ground truths")]
    }

    fn needs(&self, _known: &Known) -> Result<Needs> {
        foresee(std::iter::once(self.path.join("images").as_path()))
    }

    fn run(&self, _inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let images = self.path.join("images");
        let masks = self.path.join("ground truths");
        let set = Set {
            images: &images,
            max_quarantined: self.max_quarantined,
            exclude: &self.exclude,
            classes: Classes::new(CLASSES.map(|(class, label)| (class, label.to_owned()))),
        };
        segmented::load(&set, |image| Some(masks.join(image.file_name()?)), context)
    }
}

ichflow_api::register!(Bhsd);
