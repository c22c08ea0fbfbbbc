//! The stage that keeps slices as Hounsfield units.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use ichflow_api::cache::shard::Shard;
use ichflow_api::counted::counted;
use ichflow_api::data::cohort;
use ichflow_api::data::likeness::Likeness;
use ichflow_api::data::pixels::Shown;
use ichflow_api::needs::{Bytes, Foreseen, Known, Needs};
use ichflow_api::prelude::*;
use rayon::prelude::*;

use super::entry::Prepared;
use super::parts::Parts;
use super::read::StorePixels;
use super::write::{State, Store};
use crate::headers::check_limit;
use crate::to_size::ToSize;

/// Slices decoded in parallel before they are written; bounds memory (32 MiB at 512 × 512).
const CHUNK: usize = 64;

/// Keeps every slice as lossless 16-bit Hounsfield units, decoded once: whatever comes after reads
/// batches from here.
///
/// An interrupted run carries on where it stopped, a slice whose file changed is read again, and every
/// slice carries a checksum. Slices that cannot be read go to quarantine and are left out of the cohorts
/// offered.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HuStore {
    /// Height and width to which slices are brought, in pixels: padded to a square with air (−1000 HU),
    /// then resampled with a triangle filter. None: slices stay as they are, whatever their sizes.
    #[schemars(range(min = 8, max = 4096))]
    pub size: Option<u32>,
    /// Side of the square around the middle that is kept before resizing, in pixels; smaller slices are
    /// padded with air (−1000 HU). None: the whole slice.
    #[schemars(range(min = 8, max = 4096))]
    pub crop: Option<u32>,
    /// Number of unreadable slices beyond which the stage fails; none: any number is tolerated and
    /// reported.
    pub max_quarantined: Option<usize>,
}

impl Stage for HuStore {
    const NAME: &'static str = "hu-store";
    const FAMILY: Family = Family::Store;
    const SUMMARY: &'static str = "slices as lossless 16-bit Hounsfield units, decoded once";
    /// 2: means are rounded to even where they were rounded away from zero. 3: overflow is corrected where a slice shows
    /// it, tables of files are applied, axial images are brought to one orientation.
    const VERSION: u32 = 3;
    const EXAMPLE: &'static str = r#"
[store]
use = "hu-store"
size = 256
"#;
    const IMMATERIAL: &'static [&'static str] = &["max_quarantined"];
    const SHARDED: bool = true;

    fn ports() -> Ports {
        Ports::new()
            .takes(input::TRAIN)
            .takes(optional::TEST_COHORT)
            .takes(input::PIXELS)
            .offers(output::TRAIN)
            .offers(output::TEST_COHORT.only_with(optional::TEST_COHORT))
            .offers(output::PIXELS)
    }

    fn describe(&self, inputs: &Descriptions) -> Descriptions {
        let pixels = self.to_size().describe(inputs.of(input::PIXELS));
        Descriptions::new().with(output::PIXELS, pixels)
    }

    fn needs(&self, known: &Known) -> Result<Needs> {
        let Some(mut foreseen) = known.foreseen else {
            return Ok(Needs::default());
        };
        if let Some(crop) = self.crop {
            (foreseen.rows, foreseen.columns) = (u64::from(crop), u64::from(crop));
        }
        if let Some(size) = self.size {
            (foreseen.rows, foreseen.columns) = (u64::from(size), u64::from(size));
        }
        let Foreseen {
            slices,
            rows,
            columns,
        } = foreseen;
        Ok(Needs {
            foreseen: Some(foreseen),
            disk: Some(Bytes {
                bytes: slices * rows * columns * 2,
                how: format!("{slices} slices of {rows} × {columns} values of 16 bits"),
            }),
            ..Needs::default()
        })
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let train = inputs.take(input::TRAIN)?;
        let test = inputs.get(optional::TEST_COHORT)?;
        let pixels = inputs.take(input::PIXELS)?;
        let slices: Vec<&Slice> = train
            .slices
            .iter()
            .chain(test.iter().flat_map(|test| &test.slices))
            .collect();
        check_unique(&slices)?;

        let directory = context.cache()?;
        let mut store = Store::open(&directory, context)?;
        let missing = missing(&store, &slices);
        if missing.is_empty() {
            context.cached(&counted(slices.len(), "slice", "slices"));
        } else if let Some(shard) = context.shard() {
            drop(store);
            self.fill_part(&directory, shard, &missing, &pixels, context)?;
            let outputs = Outputs::new()
                .with_shared(output::TRAIN, train)
                .with_shared(output::PIXELS, pixels);
            let outputs = match test {
                Some(test) => outputs.with_shared(output::TEST_COHORT, test),
                None => outputs,
            };
            return Ok(outputs.part());
        } else {
            let parts = Parts::open(&directory, context)?;
            let absent = parts.absent(&missing);
            if !absent.is_empty() {
                context.warn(format!("{absent}: what is missing is read now"));
            }
            self.fill(&mut store, Some(&parts), &missing, &pixels, context)?;
            store.seal()?;
            parts.remove()?;
        }
        store.seal()?;

        let digest = store.digest_of(&slices);
        let mut failed: Vec<(String, PathBuf, String)> = Vec::new();
        for slice in &slices {
            match store.state(slice) {
                State::Stored => {}
                State::Failed(reason) => failed.push((slice.id.clone(), slice.file.clone(), reason)),
                State::Missing => failed.push((
                    slice.id.clone(),
                    slice.file.clone(),
                    "its file changed or went away while it was read".into(),
                )),
            }
        }
        for (id, file, reason) in &failed {
            context.quarantine(id, file, reason.clone());
        }
        check_limit(&failed, self.max_quarantined)?;
        let unusable: std::collections::HashSet<&str> = failed.iter().map(|(id, _, _)| id.as_str()).collect();
        let usable = |cohort: &Cohort| cohort.filtered(|slice| !unusable.contains(slice.id.as_str()));
        let train = usable(&train);
        let test = test.as_deref().map(usable);
        // A shard's part of few slices may be empty.
        if train.is_empty() && context.shard().is_none() {
            return Err(Error::new("not one slice could be read")
                .help("the reasons are listed among the quarantined slices of this run"));
        }
        let mut parts = vec![("train", &train)];
        parts.extend(test.as_ref().map(|test| ("test", test)));
        cohort::record(context, &parts)?;
        Ok(Outputs::new()
            .with(output::TRAIN, train)
            .with_some(output::TEST_COHORT, test)
            .with(
                output::PIXELS,
                Pixels::new(Stored {
                    store: store.into_pixels()?,
                    from: (*pixels).clone(),
                    to_size: self.to_size(),
                })
                .with_digest(digest),
            ))
    }
}

impl HuStore {
    fn to_size(&self) -> ToSize {
        ToSize {
            crop: self.crop.map(|side| side as usize),
            size: self.size.map(|side| side as usize),
        }
    }

    /// Decodes a shard's part of what is missing into a store of its own.
    fn fill_part(
        &self,
        directory: &Path,
        shard: Shard,
        all: &[&Slice],
        pixels: &Pixels,
        context: &Context,
    ) -> Result<()> {
        let own: Vec<&Slice> = all
            .iter()
            .copied()
            .filter(|slice| shard.has_file(&slice.file))
            .collect();
        let mut part = Parts::own(directory, shard, context)?;
        let missing = missing(&part, &own);
        if missing.is_empty() {
            context.cached(&counted(own.len(), "slice", "slices"));
        } else {
            self.fill(&mut part, None, &missing, pixels, context)?;
        }
        part.seal()
    }

    /// Decodes what is missing, or takes it from the parts that shards left, in parallel, and appends it in order,
    /// so that a store's bytes do not depend on the number of threads or shards.
    fn fill(
        &self,
        store: &mut Store,
        parts: Option<&Parts>,
        missing: &[&Slice],
        pixels: &Pixels,
        context: &Context,
    ) -> Result<()> {
        let progress = context.progress("storing Hounsfield units", missing.len(), "slices");
        let stop = context.stop_flag();
        let to_size = self.to_size();
        let failed = AtomicUsize::new(0);
        for chunk in missing.chunks(CHUNK) {
            context.checkpoint()?;
            let prepared = chunk
                .par_iter()
                .map(|slice| {
                    if stop.load(Ordering::Relaxed) {
                        return Err(Error::Interrupted);
                    }
                    if let Some(taken) = parts.and_then(|parts| parts.taken(slice)) {
                        progress.advance(1);
                        return Ok(taken);
                    }
                    let source = Prepared::source(slice);
                    let image = match pixels.read(slice) {
                        Err(Error::Interrupted) => return Err(Error::Interrupted),
                        Err(error) => Err(error.chain()),
                        Ok(image) if image.hu.len() != image.rows * image.columns => {
                            Err("its number of values is not rows × columns".into())
                        }
                        Ok(image) => Ok(to_size.apply(image)),
                    };
                    if image.is_err() {
                        let count = 1 + failed.fetch_add(1, Ordering::Relaxed);
                        progress.note(&format!("{count} quarantined"));
                    }
                    progress.advance(1);
                    Ok(Prepared::new(slice, source, image))
                })
                .collect::<Result<Vec<_>>>()?;
            store.append(prepared)?;
        }
        Ok(())
    }
}

/// What a store holds, and how it came to be: a store on disk does not know which part of a slice it has.
struct Stored {
    store: StorePixels,
    from: Pixels,
    to_size: ToSize,
}

impl PixelSource for Stored {
    fn read(&self, slice: &Slice) -> Result<HuImage> {
        self.store.read(slice)
    }

    fn shown(&self, slice: &Slice) -> Shown {
        self.to_size.shown(self.from.shown(slice))
    }

    fn describe(&self) -> String {
        self.store.describe()
    }

    fn content(&self, slice: &Slice) -> Option<String> {
        self.store.content(slice)
    }

    fn likeness(&self, slice: &Slice) -> Option<Likeness> {
        self.store.likeness(slice)
    }
}

/// The slices that a store does not know.
fn missing<'a>(store: &Store, slices: &[&'a Slice]) -> Vec<&'a Slice> {
    slices
        .par_iter()
        .copied()
        .filter(|slice| store.state(slice) == State::Missing)
        .collect()
}

fn check_unique(slices: &[&Slice]) -> Result<()> {
    let mut files = HashMap::with_capacity(slices.len());
    for slice in slices {
        if let Some(other) = files.insert((&slice.id, slice.frame), &slice.file) {
            return Err(Error::new(format!(
                "two slices are called {}: {} and {}",
                slice.id,
                other.display(),
                slice.file.display()
            ))
            .help("training and test data must not share slices"));
        }
    }
    Ok(())
}

ichflow_api::register!(HuStore);

#[cfg(test)]
mod tests;
