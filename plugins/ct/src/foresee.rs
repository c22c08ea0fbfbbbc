//! Counting the slices of directories before anything is read.

use std::path::Path;

use ichflow_api::needs::{Foreseen, Needs};
use ichflow_api::prelude::*;
use walkdir::WalkDir;

use crate::headers::slices_of;

/// Files looked at for one whose header can be read.
const TRIED: usize = 20;

/// As many slices as there are files, of the size of the first that can be read. Files are counted, not opened.
pub fn foresee<'a>(directories: impl Iterator<Item = &'a Path>) -> Result<Needs> {
    let mut slices = 0;
    let mut size = None;
    for directory in directories {
        for entry in WalkDir::new(directory).follow_links(true) {
            let entry = entry.at("search the directory", directory)?;
            if !entry.file_type().is_file() {
                continue;
            }
            slices += 1;
            if size.is_none() && slices <= TRIED {
                let read = slices_of("first", entry.path()).ok();
                size = read.and_then(|slices| slices.first().map(|slice| (slice.rows, slice.columns)));
            }
        }
    }
    Ok(Needs {
        foreseen: size.map(|(rows, columns)| Foreseen {
            slices: slices as u64,
            rows: u64::from(rows),
            columns: u64::from(columns),
        }),
        ..Needs::default()
    })
}
