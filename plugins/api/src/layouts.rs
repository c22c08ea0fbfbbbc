//! Directories of data that a plugin recognises: `ichflow new recipe --from DIR` writes the recipe that loads one.
//!
//! A plugin registers how: [`register_layout!`](crate::register_layout).

use std::path::Path;

use crate::data::labels::Level;
use crate::error::Result;

/// A layout of directories that a plugin knows.
pub struct Layout {
    /// Its name: "rsna".
    pub name: &'static str,
    /// Looks at a directory; nothing where it has another layout. Files may be looked into, pixels are not read.
    pub recognise: fn(&Path) -> Result<Option<Recognised>>,
}

/// A directory that was recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognised {
    /// How sure that is: of several layouts, the surest counts.
    pub certainty: Certainty,
    /// What was found, in words, a line each.
    pub found: Vec<String>,
    /// What was guessed, in words, a line each: a person should look at it.
    pub guessed: Vec<String>,
    /// The recipe's tables that are particular to it: `[labels]` where they are needed, and the loader as `[load]`.
    pub stages: String,
    /// What its labels are about; none where there are none to train with.
    pub level: Option<Level>,
}

/// How sure it is that a directory has a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// It holds images.
    Images,
    /// It holds images, and a table with labels for them.
    Labels,
    /// It holds what this data set alone has.
    Named,
}

inventory::collect!(Layout);

/// The layout that a directory surely has, if any is recognised; of equally sure ones the first by name.
///
/// # Errors
/// When files that look like a layout's cannot be read.
pub fn recognise(directory: &Path) -> Result<Option<(&'static str, Recognised)>> {
    let mut layouts: Vec<&Layout> = inventory::iter::<Layout>.into_iter().collect();
    layouts.sort_by_key(|layout| layout.name);
    let mut best: Option<(&'static str, Recognised)> = None;
    for layout in layouts {
        if let Some(found) = (layout.recognise)(directory)?
            && best
                .as_ref()
                .is_none_or(|(_, best)| found.certainty > best.certainty)
        {
            best = Some((layout.name, found));
        }
    }
    Ok(best)
}

/// Registers a layout: `ichflow_api::register_layout!("rsna", recognise);`
#[macro_export]
macro_rules! register_layout {
    ($name:literal, $recognise:path) => {
        $crate::inventory::submit! {
            $crate::layouts::Layout { name: $name, recognise: $recognise }
        }
    };
}
