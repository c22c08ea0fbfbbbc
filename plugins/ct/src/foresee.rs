//! Counting the slices of directories before anything is read.

use std::panic::AssertUnwindSafe;
use std::path::Path;

use ichflow_api::guard;
use ichflow_api::needs::{Foreseen, Needs};
use ichflow_api::prelude::*;
use ichflow_api::slice_files::visit;

use crate::formats::format_of;

/// Files looked at for one whose header can be read.
const TRIED: usize = 20;

/// As many slices as there are files, of the size of the first that can be read. Files are counted, not opened.
pub(crate) fn foresee<'a>(directories: impl Iterator<Item = &'a Path>) -> Result<Needs> {
    let mut slices = 0;
    let mut size = None;
    for directory in directories {
        visit(directory, |entry| {
            if entry.problem.is_none() {
                slices += 1;
                if size.is_none() && slices <= TRIED {
                    size = size_of(&entry.path);
                }
            }
            Ok::<_, Error>(())
        })?;
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

/// Rows and columns of a file's first slice, if its header can be read.
fn size_of(file: &Path) -> Option<(u32, u32)> {
    // Parsers may panic on what nobody foresaw.
    let read = guard::catch(AssertUnwindSafe(|| format_of(file).read(file)));
    let frames = read.ok()?.ok()?;
    frames
        .first()
        .map(|frame| (frame.slice.rows, frame.slice.columns))
}
