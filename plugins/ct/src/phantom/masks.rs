//! Where a phantom's blood is: `masks/ID.png`, a grey picture a slice, in which bit l of a pixel stands for label l.

use std::fs;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};

use ichflow_api::data::annotations::{Mask, Shape};
use ichflow_api::data::labels::rsna::LABELS;
use ichflow_api::prelude::*;
use rayon::prelude::*;

use super::write::{SliceTruth, Truth, truth_path};

/// Where the masks are below a phantom's directory, if there are some.
pub(super) fn directory(phantom: &Path) -> PathBuf {
    phantom.join("masks")
}

/// Writes the mask of a slice of `size × size` pixels.
pub(super) fn write(path: &Path, blood: &[u8], size: usize) -> Result<()> {
    let file = fs::File::create(path).at("create", path)?;
    let mut encoder = png::Encoder::new(BufWriter::new(file), size as u32, size as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().at("write", path)?;
    writer.write_image_data(blood).at("write", path)?;
    writer.finish().at("write", path)
}

/// The masks of all slices, of the bleeds that one sees in them: what is true of a slice is what one sees.
pub(crate) fn read(phantom: &Path) -> Result<Annotations> {
    let path = truth_path(phantom);
    let text = fs::read(&path).at("read", &path)?;
    let truth: Truth = serde_json::from_slice(&text).at("read", &path)?;
    let bleeding: Vec<&SliceTruth> = truth
        .slices
        .iter()
        .filter(|slice| !slice.bleeds.is_empty())
        .collect();
    let masks = bleeding
        .par_iter()
        .map(|slice| of_slice(&directory(phantom).join(format!("{}.png", slice.id)), slice))
        .collect::<Result<Vec<_>>>()?;
    let mut annotations = Annotations::default();
    for (slice, masks) in bleeding.iter().zip(masks) {
        for (label, mask) in masks {
            annotations.add(&slice.id, label, Shape::Mask(mask));
        }
    }
    Ok(annotations)
}

fn of_slice(path: &Path, slice: &SliceTruth) -> Result<Vec<(&'static str, Mask)>> {
    let file = fs::File::open(path).at("open", path)?;
    let mut reader = png::Decoder::new(BufReader::new(file))
        .read_info()
        .at("read", path)?;
    let (rows, columns) = (reader.info().height, reader.info().width);
    let mut blood = vec![0; rows as usize * columns as usize];
    reader.next_frame(&mut blood).at("read", path)?;
    let labels = slice.bleeds.iter().map(|bleed| bleed.label);
    let mask = |label: usize| {
        let inside = blood.iter().map(|pixel| pixel & (1 << label) != 0);
        Some((*LABELS.get(label)?, Mask::of(rows, columns, inside)?))
    };
    Ok(labels.filter_map(mask).collect())
}
