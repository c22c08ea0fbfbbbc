//! Masks in a directory, under the names of a cohort's volumes.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ichflow_api::prelude::*;

use super::mask_volume::{self, Classes};

/// Offers NIfTI masks as annotations of a cohort of NIfTI volumes: the mask of `scans/049.nii` is `049.nii` or `049.nii.gz`
/// in `path`.
///
/// Slices of mask and volume are paired in the order of their positions, so that the two may be stored along other axes.
/// Volumes without a mask and masks that do not fit are counted and said.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NiftiMasks {
    /// The directory of the masks.
    pub path: PathBuf,
    /// Values of masks and the label of each, `{ "1" = "epidural", "2" = "subdural" }`; none: every value above 0 stands
    /// for the label that stands for all.
    #[serde(default)]
    pub classes: BTreeMap<String, String>,
}

impl Stage for NiftiMasks {
    const NAME: &'static str = "nifti-masks";
    const FAMILY: Family = Family::Load;
    const SUMMARY: &'static str = "NIfTI masks as annotations of a cohort of NIfTI volumes";
    const EXAMPLE: &'static str = "[masks]                             # after the loader\nuse = \"nifti-masks\"\npath = \"data/masks\"\n";

    fn ports() -> Ports {
        Ports::new().takes(input::TRAIN).offers(output::ANNOTATIONS)
    }

    fn reads(&self) -> Vec<ExternalPath> {
        vec![ExternalPath::directory("path", &self.path)]
    }

    fn check(&self) -> Vec<Problem> {
        let odd = self.classes.keys().filter(|value| class(value).is_none());
        odd.map(|value| {
            Problem::new("classes", format!("`{value}` is no value of a mask"))
                .help("values are whole numbers from 1 on")
        })
        .collect()
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let cohort = inputs.take(input::TRAIN)?;
        let classes = match self.classes.is_empty() {
            true => Classes::of_one(cohort.labels.name(cohort.labels.headline())),
            false => {
                let known = self.classes.iter();
                Classes::new(known.filter_map(|(value, label)| Some((class(value)?, label.clone()))))
            }
        };
        let mask_of = |image: &std::path::Path| {
            let name = image.file_name()?.to_str()?;
            let stem = name.strip_suffix(".gz").unwrap_or(name);
            let found = [stem.to_owned(), format!("{stem}.gz")];
            found
                .into_iter()
                .map(|name| self.path.join(name))
                .find(|path| path.is_file())
        };
        let annotations = mask_volume::annotations(&cohort, mask_of, &classes, context)?;
        context.say(format!(
            "{} regions of {} slices",
            annotations.len(),
            annotations.of_slice.len()
        ));
        Ok(Outputs::new().with(output::ANNOTATIONS, annotations))
    }
}

fn class(value: &str) -> Option<i16> {
    value.trim().parse().ok().filter(|value| *value > 0)
}

ichflow_api::register!(NiftiMasks);
