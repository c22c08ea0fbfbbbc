//! What cannot be used is left out, named and counted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use ichflow_api::counted::counted;
use ichflow_api::data::scan::share;
use ichflow_api::prelude::*;
use ichflow_api::slice_files::NoSlice;

use super::cached::Found;
use super::slices::sort;
use crate::kinds::{Kind, reasons};
use crate::slice_files::no_slice;

/// What lies beside the slices of a directory and is none.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Others {
    /// Files of other kinds.
    pub not_dicom: usize,
    /// Indexes of other files.
    pub dicomdirs: usize,
    /// Links to directories that hold them.
    pub links: usize,
}

impl Others {
    /// Takes out of `found` what is no slice, and counts it. What looks like a slice and cannot be used stays.
    pub(crate) fn take_from(&mut self, found: Vec<Found>) -> Vec<Found> {
        let is_slice = |found: &Found| {
            let Err(reason) = &found.slices else { return true };
            match no_slice(&found.file, reason.clone()) {
                NoSlice::Unusable(_) => true,
                NoSlice::Other(_) => {
                    match ichflow_dicom::looks_like_dicom(&found.file) {
                        true => self.dicomdirs += 1,
                        false => self.not_dicom += 1,
                    }
                    false
                }
            }
        };
        found.into_iter().filter(is_slice).collect()
    }

    /// In words, for whoever looks for a slice among them.
    pub(crate) fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        match self.not_dicom {
            0 => {}
            1 => remarks.push("1 file is not DICOM and was skipped".to_owned()),
            many => remarks.push(format!("{many} files are not DICOM and were skipped")),
        }
        match self.dicomdirs {
            0 => {}
            1 => remarks.push("1 file is a DICOMDIR, the index of other files, and was skipped".to_owned()),
            many => remarks.push(format!(
                "{many} files are DICOMDIRs, indexes of other files, and were skipped"
            )),
        }
        match self.links {
            0 => {}
            1 => remarks.push("1 link leads to a directory above it and was not followed".to_owned()),
            many => remarks.push(format!(
                "{many} links lead to directories above them and were not followed"
            )),
        }
        remarks
    }
}

/// Parts usable and unusable files; the unusable ones go to quarantine, and so do slices of the kinds to `exclude`. More
/// than `limit` unusable files are an error. With the slices come remarks, which were told already.
pub(super) fn usable(
    context: &Context,
    found: Vec<Found>,
    limit: Option<usize>,
    exclude: &[Kind],
) -> Result<(Vec<Slice>, Vec<String>)> {
    let mut slices = Vec::with_capacity(found.len());
    let mut unusable: Vec<(String, PathBuf, String)> = Vec::new();
    let mut excluded: Vec<(String, PathBuf, String)> = Vec::new();
    let mut warnings: BTreeMap<String, usize> = BTreeMap::new();
    for found in found {
        let mut kept = BTreeSet::new();
        match found.slices {
            Ok(of_file) => {
                let before = slices.len();
                for (frame, slice) in of_file.into_iter().enumerate() {
                    let kinds = found.kinds.get(frame).map_or(&[][..], Vec::as_slice);
                    match reasons(kinds.iter().filter(|(kind, _)| exclude.contains(kind))) {
                        Some(reasons) => excluded.push((slice.id, slice.file, reasons)),
                        None => {
                            kept.extend(kinds.iter().map(|(_, reason)| reason.clone()));
                            slices.push(slice);
                        }
                    }
                }
                if slices.len() == before {
                    continue;
                }
            }
            Err(reason) => {
                let reason = no_slice(&found.file, reason).reason().to_owned();
                unusable.push((found.id, found.file, reason));
            }
        }
        for warning in found.warnings.into_iter().chain(kept) {
            *warnings.entry(warning).or_default() += 1;
        }
    }
    let told = |(warning, count)| format!("{}: {warning}", counted(count, "file", "files"));
    let mut remarks: Vec<String> = warnings.into_iter().map(told).collect();
    excluded.sort();
    if let Some((id, _, reason)) = excluded.first() {
        let slices = match excluded.len() {
            1 => "1 image is no axial slice of CT in HU and is excluded".to_owned(),
            count => format!("{count} images are no axial slices of CT in HU and are excluded"),
        };
        remarks.push(format!(
            "{slices} (the first is {id}: {reason}); `exclude` decides of which kinds"
        ));
    }
    for remark in &remarks {
        context.warn(remark);
    }
    for (id, file, reason) in &excluded {
        context.quarantine(id, file, reason.clone());
    }
    unusable.sort();
    for (id, file, reason) in &unusable {
        context.quarantine(id, file, reason.clone());
    }
    check_limit(&unusable, limit)?;
    sort(&mut slices);
    share(&mut slices);
    Ok((slices, remarks))
}

/// An error if more slices (id, file, reason) are unusable than `limit` allows.
pub(crate) fn check_limit(unusable: &[(String, PathBuf, String)], limit: Option<usize>) -> Result<()> {
    match (limit, unusable.first()) {
        (Some(limit), Some((id, _, reason))) if unusable.len() > limit => Err(Error::new(format!(
            "{} cannot be used, {limit} are allowed; the first is {id}: {reason}",
            counted(unusable.len(), "slice", "slices")
        ))
        .help("look at the files, or raise `max_quarantined`")),
        _ => Ok(()),
    }
}
