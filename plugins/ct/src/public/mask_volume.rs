//! Masks as NIfTI volumes, and what they say of the slices of the volume that they belong to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ichflow_api::counted::counted;
use ichflow_api::data::annotations::{Mask, Shape};
use ichflow_api::path_text::path_text;
use ichflow_api::prelude::*;
use ichflow_nifti::Volume;
use rayon::prelude::*;

use crate::examples::Examples;

/// What the values of a mask stand for.
#[derive(Clone, Debug)]
pub(super) struct Classes {
    /// Labels by the value; where there is one alone, every value but 0 stands for it.
    labels: BTreeMap<i16, String>,
}

impl Classes {
    /// Values with their labels.
    pub(super) fn new(labels: impl IntoIterator<Item = (i16, String)>) -> Self {
        Self {
            labels: labels.into_iter().collect(),
        }
    }

    /// A mask of one finding: any value above 0.
    pub(super) fn of_one(label: &str) -> Self {
        Self::new([(0, label.to_owned())])
    }

    /// Labels and whether a value is of each.
    fn each(&self) -> impl Iterator<Item = (&str, impl Fn(i16) -> bool)> {
        self.labels.iter().map(|(class, label)| {
            let class = *class;
            // No class of its own has the value 0, which stands for what is not in the mask.
            let is_of = move |value: i16| if class == 0 { value > 0 } else { value == class };
            (label.as_str(), is_of)
        })
    }

    /// The labels.
    pub(super) fn labels(&self) -> impl Iterator<Item = &str> {
        self.labels.values().map(String::as_str)
    }

    /// Whether a value stands for nothing that is known.
    fn is_unknown(&self, value: i16) -> bool {
        value > 0 && !self.labels.contains_key(&0) && !self.labels.contains_key(&value)
    }
}

/// What a mask says of the slices of its volume: for each frame, the pixels of each label.
pub(super) type OfFrames = BTreeMap<u32, Vec<(String, Mask)>>;

/// Reads the mask of a volume whose slices are `frames`, all of one file. Slices of mask and volume are paired in the
/// order of their positions, so that the two may be stored along other axes.
pub(super) fn read(path: &Path, frames: &[&Slice], classes: &Classes) -> Result<(OfFrames, Vec<String>)> {
    let volume = Volume::read(path).map_err(|error| Error::new(format!("{}: {error}", path.display())))?;
    let header = &volume.header;
    let size = |rows: usize, columns: usize, slices: usize| format!("{slices} slices of {rows} × {columns}");
    // A slice of the volume may be unusable, and then it is not among the frames.
    let last = frames
        .iter()
        .map(|slice| slice.frame as usize + 1)
        .max()
        .unwrap_or(0);
    let first = frames
        .first()
        .map(|slice| (slice.rows as usize, slice.columns as usize));
    if first.is_some_and(|size| size != (header.rows, header.columns)) || last > header.slices {
        let (rows, columns) = first.unwrap_or_default();
        return Err(Error::new(format!(
            "the mask has {}, and its volume {}",
            size(header.rows, header.columns, header.slices),
            size(rows, columns, last)
        )));
    }
    let mut remarks = Vec::new();
    let is_whole = frames.len() == header.slices;
    let mut by_position: Vec<&Slice> = frames.to_vec();
    by_position.sort_by(|a, b| position(a).total_cmp(&position(b)));
    let mut of_mask: Vec<usize> = (0..header.slices).collect();
    if is_whole {
        of_mask.sort_by(|a, b| header.positions_mm[*a].total_cmp(&header.positions_mm[*b]));
    } else {
        by_position.sort_by_key(|slice| slice.frame);
        of_mask = by_position.iter().map(|slice| slice.frame as usize).collect();
    }
    let apart = by_position.iter().zip(&of_mask).any(|(slice, of_mask)| {
        let mask = header.positions_mm.get(*of_mask).copied().unwrap_or(f64::NAN);
        (position(slice) - mask).abs() > 0.5 * header.step_mm.max(0.1)
    });
    if apart {
        remarks.push(
            "its slices lie elsewhere than those of its volume; they are paired in their order".to_owned(),
        );
    }
    let mut unknown = 0_u64;
    let mut found = OfFrames::new();
    for (slice, of_mask) in by_position.into_iter().zip(of_mask) {
        let values = volume
            .slice(of_mask)
            .map_err(|error| Error::new(error.to_string()))?;
        unknown += values.iter().filter(|value| classes.is_unknown(**value)).count() as u64;
        let masks = classes.each().filter_map(|(label, is_of)| {
            let inside = values.iter().map(|value| is_of(*value));
            Some((label.to_owned(), Mask::of(slice.rows, slice.columns, inside)?))
        });
        let masks: Vec<_> = masks.collect();
        if !masks.is_empty() {
            found.insert(slice.frame, masks);
        }
    }
    if unknown > 0 {
        remarks.push(format!(
            "{unknown} of its voxels have a value that stands for no label"
        ));
    }
    Ok((found, remarks))
}

fn position(slice: &Slice) -> f64 {
    slice.position_mm.unwrap_or(f64::NAN)
}

/// The slices of each volume of a cohort, by its file.
pub(super) fn volumes(slices: &[Slice]) -> BTreeMap<&Path, Vec<&Slice>> {
    let mut volumes: BTreeMap<&Path, Vec<&Slice>> = BTreeMap::new();
    for slice in slices {
        volumes.entry(slice.file.as_path()).or_default().push(slice);
    }
    volumes
}

/// What the masks of a cohort's volumes say, by the volume's file; `mask_of` tells where a volume's mask is. Volumes
/// without a mask, and masks that do not fit, are counted in the remarks.
pub(super) fn read_all<'a>(
    slices: &'a [Slice],
    mask_of: impl Fn(&Path) -> Option<PathBuf> + Sync,
    classes: &Classes,
    context: &Context,
) -> Result<(BTreeMap<&'a Path, OfFrames>, Vec<String>)> {
    let volumes: Vec<(&Path, Vec<&Slice>)> = volumes(slices).into_iter().collect();
    let progress = context.progress("reading masks", volumes.len(), "volumes");
    let read = volumes
        .par_iter()
        .map(|(image, frames)| {
            context.checkpoint()?;
            let path = mask_of(image).filter(|path| path.is_file());
            let mask = path.map(|path| read(&path, frames, classes).map_err(|error| error.chain()));
            progress.advance(1);
            Ok((*image, mask))
        })
        .collect::<Result<Vec<_>>>()?;
    drop(progress);
    let name = |image: &Path| path_text(Path::new(image.file_name().unwrap_or_default()));
    let (mut found, mut remarks) = (BTreeMap::new(), Vec::new());
    let mut without = Examples::default();
    let mut odd: BTreeMap<String, Examples> = BTreeMap::new();
    for (image, mask) in read {
        match mask {
            None => without.add(|| name(image)),
            Some(Err(reason)) => odd
                .entry(format!("it is left out: {reason}"))
                .or_default()
                .add(|| name(image)),
            Some(Ok((of_frames, of_mask))) => {
                for remark in of_mask {
                    odd.entry(remark).or_default().add(|| name(image));
                }
                found.insert(image, of_frames);
            }
        }
    }
    if without.count > 0 {
        let volumes = counted(without.count, "volume has", "volumes have");
        remarks.push(format!("{volumes} no mask ({})", without.text()));
    }
    for (what, examples) in odd {
        remarks.push(format!(
            "the mask of {} ({}): {what}",
            counted(examples.count, "volume", "volumes"),
            examples.text()
        ));
    }
    Ok((found, remarks))
}

/// The masks of a cohort's volumes as annotations of their slices.
pub(super) fn annotations(
    cohort: &Cohort,
    mask_of: impl Fn(&Path) -> Option<PathBuf> + Sync,
    classes: &Classes,
    context: &Context,
) -> Result<Annotations> {
    let (found, remarks) = read_all(&cohort.slices, mask_of, classes, context)?;
    for remark in &remarks {
        context.warn(remark);
    }
    Ok(of_slices(&cohort.slices, &found, remarks))
}

/// Regions of slices, from what masks say of their volumes.
pub(super) fn of_slices(
    slices: &[Slice],
    found: &BTreeMap<&Path, OfFrames>,
    remarks: Vec<String>,
) -> Annotations {
    let mut annotations = Annotations {
        remarks,
        ..Annotations::default()
    };
    for slice in slices {
        let masks = found
            .get(slice.file.as_path())
            .and_then(|frames| frames.get(&slice.frame));
        for (label, mask) in masks.into_iter().flatten() {
            annotations.add(&slice.id, label, Shape::Mask(mask.clone()));
        }
    }
    annotations
}
