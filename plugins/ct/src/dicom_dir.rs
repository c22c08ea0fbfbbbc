//! Any directory tree of DICOM and NIfTI files.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use ichflow_api::data::cohort;
use ichflow_api::needs::{Known, Needs};
use ichflow_api::path_text::path_text;
use ichflow_api::prelude::*;
use ichflow_api::slice_files::{NoSlice, visit};

use crate::foresee::foresee;
use crate::formats::FilePixels;
use crate::headers::{Found, Headers, Others, digest_of, usable};
use crate::kinds::Kind;
use crate::series;

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
        let mut others = Others::default();
        let (files, closed) = self.files(context, &mut others)?;
        let named = self.named(files);
        let ids: HashMap<PathBuf, String> = named
            .iter()
            .map(|(id, path)| (path.clone(), id.clone()))
            .collect();
        let headers = Headers::open(context)?;
        let (named, is_part) = headers.share_of(context, named);
        let found = headers.read(context, named)?;
        let pixels = Pixels::new(FilePixels::default()).with_digest(digest_of(&found));
        let mut found = others.take_from(found);
        if !is_part {
            found.extend(closed);
        }
        let mut remarks = others.remarks();
        let id_of = |found: &Found| {
            let known = ids.get(&found.file).cloned();
            known.unwrap_or_else(|| self.plain_id(&found.file))
        };
        let ids: Vec<String> = found.iter().map(id_of).collect();
        let count = found.len();
        let (slices, warnings) = usable(context, found, &ids, self.max_quarantined, &self.exclude)?;
        if !is_part {
            remarks.extend(series::remarks(&slices));
        }
        for remark in &remarks {
            context.say(remark);
        }
        if slices.is_empty() && !is_part {
            let excluded = context.run().quarantined();
            let why = excluded.first().map_or_else(String::new, |first| {
                let file = path_text(&first.file);
                format!(
                    " that can be used: {file}: {} (the first of {count} files)",
                    first.reason
                )
            });
            return Err(
                Error::new(format!("no slice was found below {}{why}", self.path.display()))
                    .help("`path` should be a directory of CT slices, at any depth; `ichflow inspect` says what a file is"),
            );
        }
        remarks.extend(warnings);
        let cohort = Cohort {
            slices,
            remarks,
            labels: context.label_set().clone(),
            ..Cohort::default()
        };
        cohort::record(context, &[("cohort", &cohort)])?;
        let outputs = Outputs::new()
            .with(output::COHORT, cohort)
            .with(output::PIXELS, pixels);
        Ok(if is_part { outputs.part() } else { outputs })
    }
}

impl DicomDir {
    /// All files below the directory, sorted, and apart from them what cannot be opened.
    fn files(&self, context: &Context, others: &mut Others) -> Result<(Vec<PathBuf>, Vec<Found>)> {
        let (mut files, mut closed) = (Vec::new(), Vec::new());
        visit(&self.path, |entry| {
            context.checkpoint()?;
            match entry.problem {
                None => files.push(entry.path),
                Some(NoSlice::Other(_)) => others.links += 1,
                Some(NoSlice::Unusable(reason)) => closed.push(Found::unusable(entry.path, reason)),
            }
            Ok::<_, Error>(())
        })?;
        Ok((files, closed))
    }

    /// Files with their ids: the path below the directory, its parts joined by two underscores, so that
    /// an id can be a file name. A number is added where two would be the same.
    fn named(&self, files: Vec<PathBuf>) -> Vec<(String, PathBuf)> {
        let mut taken = HashSet::new();
        let mut named = Vec::with_capacity(files.len());
        for file in files {
            let plain = self.plain_id(&file);
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

    fn plain_id(&self, file: &Path) -> String {
        let below = file.strip_prefix(&self.path).unwrap_or(file);
        let parts: Vec<_> = below.iter().map(|part| path_text(Path::new(part))).collect();
        parts.join("__")
    }
}

ichflow_api::register!(DicomDir);
