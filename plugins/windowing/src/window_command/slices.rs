//! The slices to show: of files, or of directories of files.

use std::path::PathBuf;
use std::sync::Arc;

use ichflow_api::data::identity::SeriesOrder;
use ichflow_api::prelude::*;
use ichflow_api::slice_files;
use ichflow_api::tensors::feed::HostBatch;

/// Slices, and where their pixels come from.
pub struct Slices {
    /// The slices of all files, in the order of the files.
    pub cohort: Arc<Cohort>,
    /// Their Hounsfield units.
    pub pixels: Pixels,
    order: SeriesOrder,
}

impl Slices {
    /// All slices of the given files. A file that is named must be readable; of a directory those that are
    /// not are left out and counted.
    pub fn find(paths: &[PathBuf]) -> Result<Self> {
        let found = slice_files::find(paths)?;
        if let Some(refused) = found.refused.iter().find(|refused| refused.named) {
            let message = format!("{}: {}", refused.file.display(), refused.reason);
            return Err(Error::new(message).help("`ichflow inspect` says what a file is"));
        }
        if !found.refused.is_empty() {
            let count = found.refused.len();
            eprintln!("{count} files of the directories cannot be used and are left out");
        }
        Ok(Self {
            order: SeriesOrder::of(&found.cohort.slices),
            cohort: Arc::new(found.cohort),
            pixels: found.pixels,
        })
    }

    /// A slice's name, fit for a file.
    pub fn name(&self, index: usize) -> &str {
        &self.cohort.slices[index].id
    }

    /// At most so many slices, spread evenly.
    pub fn spread(&self, most: usize) -> Vec<usize> {
        let count = self.cohort.len();
        let shown = most.min(count);
        (0..shown).map(|place| place * count / shown).collect()
    }

    /// The slices of the given names.
    pub fn named(&self, names: &[&String]) -> Result<Vec<usize>> {
        let index = self.cohort.index();
        let of = |name: &&String| {
            index.get(name.as_str()).copied().ok_or_else(|| {
                let known = index.keys().take(10).copied().collect::<Vec<_>>().join(", ");
                Error::new(format!("no slice is called `{name}`")).help(format!("there are {known} …"))
            })
        };
        names.iter().map(of).collect()
    }

    /// One slice on the CPU, with the slices at `offsets` around it.
    pub fn batch(&self, index: usize, offsets: &[i32]) -> Result<HuBatch> {
        let host = HostBatch::read(&self.pixels, &self.cohort, &self.order, vec![index], offsets).map_err(
            |error| {
                Error::new(format!(
                    "{}: {}",
                    self.cohort.slices[index].file.display(),
                    error.chain()
                ))
            },
        )?;
        Ok(host.upload(&self.cohort, &Device::flex()))
    }
}
