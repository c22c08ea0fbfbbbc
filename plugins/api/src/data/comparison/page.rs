//! The page of a comparison, drawn by whichever plugin registered it.

use super::Comparison;
use crate::error::{Error, Result};

/// Draws a comparison as one HTML file.
pub struct ComparisonPage(pub fn(&Comparison) -> Result<String>);

inventory::collect!(ComparisonPage);

/// The comparison as one HTML file.
///
/// # Errors
///
/// No plugin of this program draws it, or the one that does fails.
pub fn html(comparison: &Comparison) -> Result<String> {
    let page = inventory::iter::<ComparisonPage>
        .into_iter()
        .next()
        .ok_or_else(|| {
            Error::new("no plugin of this program draws the page of a comparison")
                .help("link `ichflow-reporting`, or leave the page out")
        })?;
    (page.0)(comparison)
}

/// Registers the page of a comparison: `ichflow_api::register_comparison_page!(html);`
#[macro_export]
macro_rules! register_comparison_page {
    ($html:path) => {
        $crate::inventory::submit! { $crate::data::comparison::ComparisonPage($html) }
    };
}
