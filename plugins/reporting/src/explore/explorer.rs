//! The window explorer: real slices as 16-bit HU inside the page, and a script that shows them through any
//! window.

use base64::Engine;
use ichflow_api::prelude::*;
use ichflow_pages::frame::json_for_page;
use serde_json::json;

use super::chosen::{self, Kind};
use super::names::Names;
use crate::render::shrink::shrunk;

/// The script.
pub(super) const SCRIPT: &str = include_str!("explorer.js");

/// What the page needs of the explorer.
pub(super) struct Explorer {
    /// The slices as JSON, in which nothing can end a script element.
    pub data: String,
}

/// Puts up to `most` slices into the page, one of each kind in turn. `None` if there is none to show.
pub(super) fn of(
    kinds: &[Kind<'_>],
    pixels: &Pixels,
    names: &Names,
    most: usize,
    longest: usize,
    context: &Context,
) -> Result<Option<Explorer>> {
    let mut images = Vec::new();
    let deepest = kinds.iter().map(|kind| kind.slices.len()).max().unwrap_or(0);
    let turns = (0..deepest).flat_map(|turn| kinds.iter().filter_map(move |kind| kind.slices.get(turn)));
    let mut taken = std::collections::HashSet::new();
    for slice in turns {
        if images.len() == most {
            break;
        }
        context.checkpoint()?;
        if !taken.insert((&slice.id, slice.frame)) {
            continue;
        }
        let Ok(image) = pixels.read(slice) else { continue };
        let image = shrunk(&image, longest);
        let bytes: Vec<u8> = image.hu.iter().flat_map(|hu| hu.to_le_bytes()).collect();
        let title = format!(
            "{}: {}",
            names.slice(&slice.id),
            chosen::labels_in_words(slice, context.label_set())
        );
        images.push(json!({
            "title": title,
            "rows": image.rows,
            "columns": image.columns,
            "hu": base64::engine::general_purpose::STANDARD.encode(bytes),
        }));
    }
    if images.is_empty() {
        return Ok(None);
    }
    let data = json_for_page(&json!({"slices": images})).doing("cannot write slices as JSON")?;
    Ok(Some(Explorer { data }))
}
