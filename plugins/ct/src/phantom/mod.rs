//! A synthetic cohort, in the competition's exact format: for trying recipes without data, and
//! for tests whose truth is known.
//!
//! A head is a function of a point in space (`head`); bleeds change it where their kind occurs
//! (`bleed`), and what only looks like them in one slice (`mimic`); a slice is drawn by asking for every pixel (`draw`) and stored as one of three kinds of
//! scanner would (`slice_file`), or the one of a made-up `hospital`. Nothing but the bleeds depends on the labels.

mod bleed;
mod command;
mod draw;
mod head;
mod hospital;
mod masks;
mod mimic;
mod noise;
mod plan;
mod slice_file;
mod write;

use std::fs;
use std::path::{Path, PathBuf};

use ichflow_api::cache::keep::lock;
use ichflow_api::needs::{Bytes, Foreseen, Known, Needs};
use ichflow_api::prelude::*;

use crate::rsna;
pub use draw::VisibleBleed;
pub use hospital::Hospital;
#[cfg(test)]
pub(crate) use masks::read as masks_of;
pub use plan::{Encoding, Extent};
pub use write::{SliceTruth, Truth, files, truth_path, write};

/// A synthetic cohort in the competition's format: heads with and without bleeds of all five kinds, drawn as
/// DICOM files and loaded like the real ones.
///
/// One file is cut short and two images are listed twice, as in the real data. The same seed makes the
/// same files.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Phantom {
    /// Number of training patients.
    #[schemars(range(min = 1, max = 10_000))]
    pub patients: usize,
    /// Slices of each patient, from the base of the skull to the vertex.
    #[schemars(range(min = 1, max = 200))]
    pub slices: usize,
    /// Number of test patients.
    #[schemars(range(min = 1, max = 10_000))]
    pub test_patients: usize,
    /// Height and width of a slice, in pixels.
    #[schemars(range(min = 64, max = 1024))]
    pub size: usize,
    /// Share of patients who bleed, 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub positive: f64,
    /// Whether to keep where there is blood too, and to offer it as `annotations`: a mask of each label of a slice.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub masks: bool,
    /// Share of bleeds that are faint, 0 to 1: they hardly stand out from grey matter.
    #[schemars(range(min = 0.0, max = 1.0))]
    #[serde(skip_serializing_if = "is_zero")]
    pub faint: f64,
    /// Mean number a patient of things that look like a bleed in one slice and do not continue in the next: ghosts of
    /// bleeds, calcifications, streaks of beam hardening. One slice alone cannot tell them from bleeds; a series can.
    #[schemars(range(min = 0.0, max = 100.0))]
    #[serde(skip_serializing_if = "is_zero")]
    pub mimics: f64,
    /// A made-up hospital, `a`, `b` or `c`, whose scanner makes the images: they differ in noise, sharpness and pixel
    /// encoding, and their headers name maker, model, kernel, kVp, slice thickness, age and sex. How many bleed there says
    /// `positive`. None: three kinds of scanner take turns, and headers say what the competition's do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hospital: Option<Hospital>,
}

/// Parameters that came later are not written where they change nothing, so that results are known by the same key.
fn is_zero(number: &f64) -> bool {
    *number == 0.0
}

impl Default for Phantom {
    fn default() -> Self {
        Self {
            patients: 24,
            slices: 24,
            test_patients: 6,
            size: 512,
            positive: 0.6,
            masks: false,
            faint: 0.0,
            mimics: 0.0,
            hospital: None,
        }
    }
}

impl Stage for Phantom {
    const NAME: &'static str = "phantom";
    const FAMILY: Family = Family::Load;
    const SUMMARY: &'static str = "a synthetic cohort in the competition's format";
    const EXAMPLE: &'static str = r#"
[load]
use = "phantom"
patients = 12
size = 256
"#;
    const SEEDED: bool = true;
    const SHARDED: bool = true;

    fn ports() -> Ports {
        Ports::new()
            .offers(output::TRAIN)
            .offers(output::TEST_COHORT)
            .offers(output::SAMPLE)
            .offers(output::PIXELS)
            .offers(output::ANNOTATIONS)
    }

    fn narrow(&self, all: Ports) -> Ports {
        all.offers_only_if(self.masks, output::ANNOTATIONS)
    }

    fn describe(&self, _inputs: &Descriptions) -> Descriptions {
        Descriptions::new().with(output::PIXELS, Description::new().size(self.size, self.size))
    }

    fn check_labels(&self, labels: &LabelSet) -> Vec<Problem> {
        rsna::unknown_labels(labels)
    }

    fn needs(&self, _known: &Known) -> Result<Needs> {
        let slices = self.extent().total() as u64;
        let side = self.size as u64;
        Ok(Needs {
            foreseen: Some(Foreseen {
                slices,
                rows: side,
                columns: side,
            }),
            disk: Some(Bytes {
                bytes: slices * side * side * 2,
                how: format!("{slices} files of {side} × {side} pixels"),
            }),
            ..Needs::default()
        })
    }

    fn run(&self, _inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let directory = context.cache()?.join("phantom");
        let drawing = lock(
            &directory.with_extension("lock"),
            "another run is drawing the same; waiting for it",
            context,
        )?;
        if truth_path(&directory).is_file() {
            context.cached(&format!("{} slices", self.extent().total()));
        } else {
            self.make(&directory, context)?;
        }
        drop(drawing);
        let outputs = rsna::load(&files(&directory), context)?;
        match self.masks {
            true => Ok(outputs.with(output::ANNOTATIONS, masks::read(&directory)?)),
            false => Ok(outputs),
        }
    }
}

impl Phantom {
    fn extent(&self) -> Extent {
        Extent {
            patients: self.patients,
            test_patients: self.test_patients,
            slices: self.slices,
            size: self.size,
            positive: self.positive,
            faint: self.faint,
            mimics: self.mimics,
            hospital: self.hospital,
        }
    }

    /// Draws into a directory beside the final one, which appears only when it is complete.
    fn make(&self, directory: &Path, context: &Context) -> Result<()> {
        let temporary: PathBuf = directory.with_extension(format!("{}.tmp", std::process::id()));
        if temporary.exists() {
            fs::remove_dir_all(&temporary).at("remove", &temporary)?;
        }
        fs::create_dir_all(&temporary).at("create the directory", &temporary)?;
        let extent = self.extent();
        let progress = context.progress("drawing", extent.total(), "slices");
        // Each hospital has patients of its own.
        let seed = match self.hospital {
            None => context.seed_for("phantom"),
            Some(hospital) => context.seed_for(&format!("phantom of hospital {}", hospital.name())),
        };
        let made = write(
            &temporary,
            &extent,
            seed,
            self.masks,
            context.stop_flag(),
            &*progress,
        );
        drop(progress);
        if let Err(error) = made {
            // Half a phantom is of no use; what matters is why it is only half.
            let _ = fs::remove_dir_all(&temporary);
            return Err(error);
        }
        match fs::rename(&temporary, directory) {
            // Another run made the same one meanwhile, where there are no locks.
            Err(_) if truth_path(directory).is_file() => {
                fs::remove_dir_all(&temporary).at("remove", &temporary)
            }
            renamed => renamed.at("create the directory", directory),
        }
    }
}

ichflow_api::register!(Phantom);

#[cfg(test)]
mod tests;
