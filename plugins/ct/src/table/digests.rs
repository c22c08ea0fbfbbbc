//! Files whose content is not the one that was labelled.

use ichflow_api::digest::sha256;
use ichflow_api::prelude::*;
use rayon::prelude::*;

use super::matching::Matched;
use super::unmatched::WithoutLabel;

/// Takes labels from slices whose files are others than a table says by their SHA-256.
///
/// # Errors
/// Where the run should stop.
pub(super) fn verify(matches: &mut Matched, slices: &[Slice], context: &Context) -> Result<()> {
    if matches.digests.is_empty() {
        return Ok(());
    }
    context.checkpoint()?;
    let progress = context.progress("comparing digests", matches.digests.len(), "slices");
    let others: Vec<(usize, String)> = matches
        .digests
        .par_iter()
        .filter_map(|stated| {
            let content = std::fs::read(&slices[stated.place].file).map(|bytes| sha256(&bytes));
            progress.advance(1);
            let same = content.is_ok_and(|content| content == stated.digest);
            (!same).then(|| (stated.place, stated.by.clone()))
        })
        .collect();
    drop(progress);
    if let Some((place, by)) = others.first() {
        matches.remarks.push(format!(
            "{} left out: the content of the file is not the one that was labelled, by its SHA-256 ({}: {by})",
            ichflow_api::counted::counted(others.len(), "slice is", "slices are"),
            slices[*place].id
        ));
    }
    for (place, by) in others {
        matches.labels[place] = None;
        matches.slices.push(WithoutLabel {
            place,
            reason: format!("its content is not the one that {by} says by its SHA-256"),
        });
    }
    Ok(())
}
