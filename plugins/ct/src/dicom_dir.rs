//! Any directory tree of DICOM files.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use ichflow_api::data::cohort;
use ichflow_api::needs::{Known, Needs};
use ichflow_api::prelude::*;
use walkdir::WalkDir;

use crate::foresee::foresee;
use crate::headers::{Headers, digest_of, usable};
use crate::pixels::DicomPixels;
use crate::series;

/// Loads every DICOM slice below a directory, without labels: data of one's own to apply a model to.
///
/// A slice's id is its path below the directory. Files that are not DICOM are skipped and counted;
/// DICOM that cannot be used goes to quarantine.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DicomDir {
    /// The directory; all directories below it are searched too.
    pub path: PathBuf,
    /// Number of unusable slices beyond which loading fails; none: any number is tolerated and reported.
    #[serde(default)]
    pub max_quarantined: Option<usize>,
}

impl Stage for DicomDir {
    const NAME: &'static str = "dicom-dir";
    const FAMILY: Family = Family::Load;
    const SUMMARY: &'static str = "any directory tree of DICOM slices, without labels";
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

    fn reads(&self) -> Vec<ExternalPath> {
        vec![ExternalPath::directory("path", &self.path)]
    }

    fn needs(&self, _known: &Known) -> Result<Needs> {
        foresee(std::iter::once(self.path.as_path()))
    }

    fn run(&self, _inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let files = self.files(context)?;
        let named = self.named(files);
        let ids: HashMap<PathBuf, String> = named
            .iter()
            .map(|(id, path)| (path.clone(), id.clone()))
            .collect();
        let headers = Headers::open(context)?;
        let (named, is_part) = headers.share_of(context, named);
        let found = headers.read(context, named)?;
        let pixels = Pixels::new(DicomPixels::default()).with_digest(digest_of(&found));
        // Without the magic word, what does not read is taken for something else than DICOM.
        let (found, others): (Vec<_>, Vec<_>) = found
            .into_iter()
            .partition(|found| found.slices.is_ok() || ichflow_dicom::looks_like_dicom(&found.file));
        let mut remarks = Vec::new();
        if !others.is_empty() {
            remarks.push(format!("{} files are not DICOM and were skipped", others.len()));
        }
        let ids: Vec<String> = found
            .iter()
            .map(|found| ids.get(&found.file).cloned().unwrap_or_default())
            .collect();
        let slices = usable(context, found, &ids, self.max_quarantined)?;
        if !is_part {
            remarks.extend(series::remarks(&slices));
        }
        for remark in &remarks {
            context.say(remark);
        }
        if slices.is_empty() && !is_part {
            return Err(
                Error::new(format!("no DICOM slice was found below {}", self.path.display()))
                    .help("`path` should be a directory of CT slices, at any depth"),
            );
        }
        let cohort = Cohort { slices, remarks };
        cohort::record(context, &[("cohort", &cohort)])?;
        let outputs = Outputs::new()
            .with(output::COHORT, cohort)
            .with(output::PIXELS, pixels);
        Ok(if is_part { outputs.part() } else { outputs })
    }
}

impl DicomDir {
    /// All files below the directory, sorted.
    fn files(&self, context: &Context) -> Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for entry in WalkDir::new(&self.path).follow_links(true).sort_by_file_name() {
            context.checkpoint()?;
            let entry = entry.at("search the directory", &self.path)?;
            if entry.file_type().is_file() {
                files.push(entry.into_path());
            }
        }
        Ok(files)
    }

    /// Files with their ids: the path below the directory, its parts joined by two underscores, so that
    /// an id can be a file name. A number is added where two would be the same.
    fn named(&self, files: Vec<PathBuf>) -> Vec<(String, PathBuf)> {
        let mut taken = HashSet::new();
        let mut named = Vec::with_capacity(files.len());
        for file in files {
            let below = file.strip_prefix(&self.path).unwrap_or(&file);
            let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
            let plain = parts.join("__");
            let mut id = plain.clone();
            let mut number = 2;
            while !taken.insert(id.clone()) {
                id = format!("{plain}~{number}");
                number += 1;
            }
            named.push((id, file));
        }
        named
    }
}

ichflow_api::register!(DicomDir);
