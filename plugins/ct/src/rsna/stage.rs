//! The RSNA 2019 competition's data, as it is downloaded.

use std::path::PathBuf;

use ichflow_api::needs::{Known, Needs};
use ichflow_api::prelude::*;

use super::load::{Files, load};
use crate::foresee::foresee;
use crate::kinds::Kind;

/// Loads the RSNA 2019 competition's data as it is downloaded: a CSV of labels and directories of DICOM
/// slices.
///
/// Repeated rows are dropped and counted; files that cannot be read go to quarantine; slices are sorted
/// by series and position. Headers are kept, so that the next run reads only those of files that changed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rsna {
    /// The labels: a CSV with the columns `ID` and `Label`, six rows per image
    /// (`ID_8dfdc17fc_epidural,0`), in any order.
    pub labels: PathBuf,
    /// Directory of the training slices, `ID_8dfdc17fc.dcm` and so on.
    pub images: PathBuf,
    /// Directory of the test slices; without it there is no output `test`.
    #[serde(default)]
    pub test_images: Option<PathBuf>,
    /// The labels of the test slices, a CSV like `labels`: for measuring a model on test slices whose
    /// answers are known. Training never sees them.
    #[serde(default)]
    pub test_labels: Option<PathBuf>,
    /// Corrections of labels: a CSV of `label-review` with decisions filled in (columns `sop_instance_uid`, `label`,
    /// `decision`). What is decided stands in place of what is given; what is not stays.
    #[serde(default)]
    pub corrections: Option<PathBuf>,
    /// The sample submission, whose rows a submission repeats; without it there is no output `sample`.
    #[serde(default)]
    pub sample_submission: Option<PathBuf>,
    /// Number of unusable slices beyond which loading fails; none: any number is tolerated and reported.
    #[serde(default)]
    pub max_quarantined: Option<usize>,
    /// Kinds of images that are excluded because they are no axial slices of CT in Hounsfield units; by default all that
    /// are known. They are listed among the excluded slices with their reasons, and do not count for `max_quarantined`.
    #[serde(default = "Kind::all")]
    pub exclude: Vec<Kind>,
}

impl Stage for Rsna {
    const NAME: &'static str = "rsna";
    const FAMILY: Family = Family::Load;
    const SUMMARY: &'static str = "the RSNA 2019 competition's CSV and DICOM directories";
    const EXAMPLE: &'static str = r#"
[load]
use = "rsna"
labels = "data/stage_2_train.csv"
images = "data/stage_2_train"
test_images = "data/stage_2_test"
sample_submission = "data/stage_2_sample_submission.csv"
max_quarantined = 10
"#;
    const SHARDED: bool = true;
    const IMMATERIAL: &'static [&'static str] = &["max_quarantined"];

    fn ports() -> Ports {
        Ports::new()
            .offers(output::TRAIN)
            .offers(output::TEST_COHORT)
            .offers(output::SAMPLE)
            .offers(output::PIXELS)
    }

    fn narrow(&self, all: Ports) -> Ports {
        all.offers_only_if(self.test_images.is_some(), output::TEST_COHORT)
            .offers_only_if(self.sample_submission.is_some(), output::SAMPLE)
    }

    fn origins(&self) -> Vec<&'static str> {
        vec!["RSNA 2019"]
    }

    fn reads(&self) -> Vec<ExternalPath> {
        let mut paths = vec![
            ExternalPath::file("labels", &self.labels),
            ExternalPath::directory("images", &self.images),
        ];
        paths.extend(
            self.test_images
                .iter()
                .map(|path| ExternalPath::directory("test_images", path)),
        );
        paths.extend(
            self.test_labels
                .iter()
                .map(|path| ExternalPath::file("test_labels", path)),
        );
        paths.extend(
            self.corrections
                .iter()
                .map(|path| ExternalPath::file("corrections", path)),
        );
        paths.extend(
            self.sample_submission
                .iter()
                .map(|path| ExternalPath::file("sample_submission", path)),
        );
        paths
    }

    fn check(&self) -> Vec<Problem> {
        if self.test_labels.is_some() && self.test_images.is_none() {
            return vec![Problem::new(
                "test_labels",
                "labels of test slices are of use only with `test_images`",
            )];
        }
        Vec::new()
    }

    fn check_labels(&self, labels: &LabelSet) -> Vec<Problem> {
        super::unknown_labels(labels)
    }

    fn needs(&self, _known: &Known) -> Result<Needs> {
        let directories = std::iter::once(&self.images).chain(&self.test_images);
        foresee(directories.map(PathBuf::as_path))
    }

    fn run(&self, _inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let files = Files {
            labels: self.labels.clone(),
            images: self.images.clone(),
            test_images: self.test_images.clone(),
            test_labels: self.test_labels.clone(),
            corrections: self.corrections.clone(),
            sample_submission: self.sample_submission.clone(),
            max_quarantined: self.max_quarantined,
            exclude: self.exclude.clone(),
        };
        load(&files, context)
    }
}

ichflow_api::register!(Rsna);
