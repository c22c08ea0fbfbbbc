//! Any directory tree of DICOM and NIfTI files.

use std::path::PathBuf;

use ichflow_api::data::cohort;
use ichflow_api::needs::{Known, Needs};
use ichflow_api::prelude::*;

use crate::foresee::foresee;
use crate::headers::{Files, Wanted};
use crate::kinds::Kind;

/// Loads every DICOM slice and NIfTI volume below a directory, without labels: data of one's own to apply a model to.
///
/// A volume's axial slices are its frames, in the orientation of DICOM whatever axes it is stored along; masks and images
/// after a window, told by their values, are excluded. A volume is a series of a patient of its own. A slice's id is its path below the directory; bytes of a name that are not UTF-8 stand in it as `\xNN`. Files that are
/// not DICOM are skipped and counted. What is DICOM or is named like it and cannot be used goes to quarantine, as does
/// what cannot be opened: no entry of the directory ends the run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DicomDir {
    /// The directory; all directories below it are searched too.
    pub path: PathBuf,
    /// Number of unusable slices beyond which loading fails; none: any number is tolerated and reported.
    #[serde(default)]
    pub max_quarantined: Option<usize>,
    /// Kinds of images that are excluded because they are no axial slices of CT in Hounsfield units; by default all that
    /// are known. They are listed among the excluded slices with their reasons, and do not count for `max_quarantined`.
    #[serde(default = "Kind::all")]
    pub exclude: Vec<Kind>,
}

impl Stage for DicomDir {
    const NAME: &'static str = "dicom-dir";
    const FAMILY: Family = Family::Load;
    const SUMMARY: &'static str = "any directory tree of DICOM slices and NIfTI volumes, without labels";
    const EXAMPLE: &'static str = r#"
[load]
use = "dicom-dir"
path = "data/my_study"
"#;
    const SHARDED: bool = true;
    const IMMATERIAL: &'static [&'static str] = &["max_quarantined"];

    fn ports() -> Ports {
        Ports::new().offers(output::COHORT).offers(output::PIXELS)
    }

    fn describe(&self, _inputs: &Descriptions) -> Descriptions {
        Descriptions::new().with(output::COHORT, Description::new().unlabelled())
    }

    fn reads(&self) -> Vec<ExternalPath> {
        vec![ExternalPath::directory("path", &self.path)]
    }

    fn needs(&self, _known: &Known) -> Result<Needs> {
        foresee(std::iter::once(self.path.as_path()))
    }

    fn run(&self, _inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let mut files = Files::default();
        files.add_below(&self.path, context)?;
        let wanted = Wanted {
            max_quarantined: self.max_quarantined,
            exclude: &self.exclude,
            single_frames: false,
        };
        let mut loaded = files.load(context, &wanted)?;
        let remarks = loaded.tell(context, Vec::new());
        let is_part = loaded.is_part;
        if loaded.slices.is_empty() && !is_part {
            return Err(loaded.nothing_below(&self.path, context));
        }
        let cohort = Cohort {
            slices: loaded.slices,
            remarks,
            labels: context.label_set().clone(),
            ..Cohort::default()
        };
        cohort::record(context, &[("cohort", &cohort)])?;
        let outputs = Outputs::new()
            .with(output::COHORT, cohort)
            .with(output::PIXELS, loaded.pixels);
        Ok(if is_part { outputs.part() } else { outputs })
    }
}

ichflow_api::register!(DicomDir);
