//! The page of drift, drawn by whichever plugin registered it.

use super::Drift;
use crate::error::{Error, Result};

/// Draws drift as one HTML file.
pub struct DriftPage(pub fn(&Drift) -> Result<String>);

inventory::collect!(DriftPage);

/// Drift as one HTML file.
///
/// # Errors
///
/// No plugin of this program draws it, or the one that does fails.
pub fn html(drift: &Drift) -> Result<String> {
    let page = inventory::iter::<DriftPage>.into_iter().next().ok_or_else(|| {
        Error::new("no plugin of this program draws the page of drift")
            .help("link `ichflow-reporting`, or leave the page out")
    })?;
    (page.0)(drift)
}

/// Registers the page of drift: `ichflow_api::register_drift_page!(html);`
#[macro_export]
macro_rules! register_drift_page {
    ($html:path) => {
        $crate::inventory::submit! { $crate::data::drift::DriftPage($html) }
    };
}
