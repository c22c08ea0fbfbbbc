//! Sets of volumes whose labels are their masks: a slice has a label where its mask has a voxel of it.

use std::path::{Path, PathBuf};

use ichflow_api::counted::counted;
use ichflow_api::data::cohort;
use ichflow_api::prelude::*;

use super::mask_volume::{Classes, OfFrames, of_slices, read_all};
use crate::headers::{Files, Wanted};
use crate::kinds::Kind;

/// What a set consists of.
pub(super) struct Set<'a> {
    /// The directory that volumes are looked for in.
    pub images: &'a Path,
    /// Number of unusable files beyond which loading fails.
    pub max_quarantined: Option<usize>,
    /// Kinds of images that are excluded.
    pub exclude: &'a [Kind],
    /// What the values of masks stand for.
    pub classes: Classes,
}

/// Loads volumes, those of which `mask_of` knows no mask left out, and offers cohort, pixels and annotations.
pub(super) fn load(
    set: &Set<'_>,
    mask_of: impl Fn(&Path) -> Option<PathBuf> + Sync,
    context: &Context,
) -> Result<Outputs> {
    let labels = context.label_set();
    let known = |label: usize| {
        Some(label) == labels.union() || set.classes.labels().any(|name| name == labels.name(label))
    };
    if !(0..labels.len()).any(known) {
        return Err(Error::new(format!(
            "the masks say nothing of the recipe's labels, which are {labels}"
        ))
        .help("name one of theirs in `[labels]`, or leave it out"));
    }
    let mut files = Files::default();
    files.add_below(set.images, context)?;
    // What lies beside the volumes, masks among it, and volumes that nobody drew in.
    files.leave_out(|file| mask_of(file).is_none());
    let left_out = files.leave_out(|file| mask_of(file).is_some_and(|mask| !mask.is_file()));
    let wanted = Wanted {
        max_quarantined: set.max_quarantined,
        exclude: set.exclude,
        single_frames: false,
    };
    let mut loaded = files.load(context, &wanted)?;
    let mut slices = std::mem::take(&mut loaded.slices);
    if slices.is_empty() && !loaded.is_part {
        return Err(loaded.nothing_below(set.images, context));
    }
    let (found, mut remarks) = read_all(&slices, &mask_of, &set.classes, context)?;
    if left_out > 0 {
        remarks.push(format!(
            "{} without a mask were left out",
            counted(left_out, "file", "files")
        ));
    }
    let annotations = of_slices(&slices, &found, Vec::new());
    let truths: Vec<Option<Labels>> = slices
        .iter()
        .map(|slice| {
            Some(labels_of(
                slice,
                found.get(slice.file.as_path())?,
                &set.classes,
                labels,
            ))
        })
        .collect();
    drop(found);
    for (slice, truth) in slices.iter_mut().zip(truths) {
        slice.labels = truth;
    }
    slices.retain(|slice| slice.labels.is_some());
    let remarks = loaded.tell(context, remarks);
    let train = Cohort {
        labels: labels.clone(),
        level: Level::Slice,
        slices,
        remarks,
    };
    cohort::record(context, &[("train", &train)])?;
    let outputs = Outputs::new()
        .with(output::TRAIN, train)
        .with(output::ANNOTATIONS, annotations)
        .with(output::PIXELS, loaded.pixels);
    Ok(if loaded.is_part { outputs.part() } else { outputs })
}

/// The truth of a slice: of the labels that masks know, whether it has a voxel of them; of others nothing.
fn labels_of(slice: &Slice, frames: &OfFrames, classes: &Classes, set: &LabelSet) -> Labels {
    let masks = frames.get(&slice.frame).map_or(&[][..], Vec::as_slice);
    let value = |label: usize| {
        let name = set.name(label);
        let positive = if set.union() == Some(label) {
            !masks.is_empty()
        } else if classes.labels().any(|known| known == name) {
            masks.iter().any(|(known, _)| known == name)
        } else {
            return None;
        };
        Some(f32::from(u8::from(positive)))
    };
    Labels::new((0..set.len()).map(value).collect())
}
