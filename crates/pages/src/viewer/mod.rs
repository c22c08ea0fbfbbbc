//! The viewer of CT slices: one component, on pages that are one file and on pages that a server answers.
//!
//! [`SCRIPT`] is a JavaScript module and [`STYLE`] its style sheet; neither needs a build, a library or another host.
//! What it shows is a [`View`], written as JSON: on a page that is one file in an element that [`element`] makes, else
//! handed to `new Viewer(element, view)` by a script that imports the module.

mod description;
mod hu;
mod orientation;
mod presets;

pub use description::{Detail, Heat, HeatMap, Hu, View, ViewSlice};
pub use hu::packed;
pub use orientation::Sides;
pub use presets::{PRESETS, Preset};

/// The module. It exports `Viewer`, and shows every view that the page holds in an [`element`].
pub const SCRIPT: &str = include_str!("viewer.js");

/// Its style sheet; colours are those of [`crate::frame::STYLE`].
pub const STYLE: &str = include_str!("viewer.css");

/// The element that a page in one file has where the viewer goes, with what it shows inside; `fallback` is the id of
/// what stands there without scripts and on paper, a `<details open>` that the viewer closes.
///
/// # Errors
/// Where the view cannot be written as JSON.
pub fn element(view: &View, fallback: &str) -> Result<String, serde_json::Error> {
    Ok(format!(
        "<div class=\"viewer\" data-fallback=\"{fallback}\"><script type=\"application/json\">{}</script></div>",
        crate::frame::json_for_page(view)?
    ))
}
