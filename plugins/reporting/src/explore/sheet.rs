//! Example slices under several windows.

use base64::Engine;
use ichflow_api::data::pixels::HuImage;
use ichflow_api::prelude::*;

use super::chosen::{self, Kind};
use super::names::Names;
use crate::render::shrink::shrunk;

/// Windows of the sheet: name, center and width in HU.
pub(super) const WINDOWS: [(&str, f64, f64); 3] = [
    ("brain 40/80", 40.0, 80.0),
    ("subdural 80/200", 80.0, 200.0),
    ("bone 600/2800", 600.0, 2800.0),
];
/// Longest side of a picture, in pixels.
const LONGEST: usize = 180;

/// Slices of one kind.
pub(super) struct Strip {
    /// What they have in common.
    pub title: String,
    /// The slices.
    pub slices: Vec<Shown>,
}

/// One slice.
pub(super) struct Shown {
    /// Its name on the page.
    pub name: String,
    /// Its patient's.
    pub patient: String,
    /// Its labels.
    pub labels: String,
    /// A picture under each window: its address and what it shows. Empty if the pixels cannot be read.
    pub pictures: Vec<(String, String)>,
}

/// Draws every slice of `kinds`.
pub(super) fn strips(
    kinds: &[Kind<'_>],
    pixels: &Pixels,
    names: &Names,
    context: &Context,
) -> Result<Vec<Strip>> {
    kinds
        .iter()
        .map(|kind| {
            context.checkpoint()?;
            let shown = kind
                .slices
                .iter()
                .map(|slice| shown(slice, pixels, names, context));
            Ok(Strip {
                title: kind.title.clone(),
                slices: shown.collect::<Result<_>>()?,
            })
        })
        .collect()
}

fn shown(slice: &Slice, pixels: &Pixels, names: &Names, context: &Context) -> Result<Shown> {
    let labels = chosen::labels_in_words(slice, context.label_set());
    let name = names.slice(&slice.id);
    let pictures = match pixels.read(slice) {
        Ok(image) => {
            let image = shrunk(&image, LONGEST);
            WINDOWS
                .iter()
                .map(|(window, center, width)| {
                    let png = png(&image, *center, *width, &context.device())?;
                    Ok((png, format!("Slice {name}, {labels}, window {window}")))
                })
                .collect::<Result<_>>()?
        }
        Err(_) => Vec::new(),
    };
    Ok(Shown {
        patient: names.patient(slice),
        name,
        labels,
        pictures,
    })
}

/// A slice through a window, as an address.
fn png(image: &HuImage, center: f64, width: f64, device: &Device) -> Result<String> {
    let batch = HuBatch::upload(
        image.hu.clone(),
        image.rows,
        image.columns,
        vec![SliceTags::default()],
        device,
    );
    let grey: Vec<u8> = linear_window(batch.hu(), center, width)
        .into_data()
        .convert::<f32>()
        .try_to_vec::<f32>()
        .map_err(|error| Error::new(format!("an image cannot be read from the device: {error:?}")))?
        .into_iter()
        .map(|value| (255.0 * value).round() as u8)
        .collect();
    let cannot = "cannot write a PNG";
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, image.columns as u32, image.rows as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header().doing(cannot)?;
    writer.write_image_data(&grey).doing(cannot)?;
    writer.finish().doing(cannot)?;
    let text = base64::engine::general_purpose::STANDARD.encode(file);
    Ok(format!("data:image/png;base64,{text}"))
}
