//! What cannot be used is left out, named and counted.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ichflow_api::prelude::*;

use super::cached::Found;
use super::slices::sort;

/// Parts usable and unusable files; the unusable ones go to quarantine. More than `limit` of them are
/// an error.
pub fn usable(
    context: &Context,
    found: Vec<Found>,
    ids: &[String],
    limit: Option<usize>,
) -> Result<Vec<Slice>> {
    let mut slices = Vec::with_capacity(found.len());
    let mut unusable: Vec<(String, PathBuf, String)> = Vec::new();
    let mut warnings: BTreeMap<String, usize> = BTreeMap::new();
    for (found, id) in found.into_iter().zip(ids) {
        match found.slices {
            Ok(of_file) => slices.extend(of_file),
            Err(reason) => unusable.push((id.clone(), found.file, reason)),
        }
        for warning in found.warnings {
            *warnings.entry(warning).or_default() += 1;
        }
    }
    for (warning, count) in warnings {
        let files = if count == 1 { "file" } else { "files" };
        context.warn(format!("{count} {files}: {warning}"));
    }
    unusable.sort();
    for (id, file, reason) in &unusable {
        context.quarantine(id, file, reason.clone());
    }
    check_limit(&unusable, limit)?;
    sort(&mut slices);
    Ok(slices)
}

/// An error if more slices (id, file, reason) are unusable than `limit` allows.
pub fn check_limit(unusable: &[(String, PathBuf, String)], limit: Option<usize>) -> Result<()> {
    match (limit, unusable.first()) {
        (Some(limit), Some((id, _, reason))) if unusable.len() > limit => Err(Error::new(format!(
            "{} slices cannot be used, {limit} are allowed; the first is {id}: {reason}",
            unusable.len()
        ))
        .help("look at the files, or raise `max_quarantined`")),
        _ => Ok(()),
    }
}
