//! What identifiers look like on the page, and whose they are.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use ichflow_api::data::identity::Subject;
use ichflow_api::prelude::*;

use crate::render::privacy::Privacy;

/// Gives slices, patients and series the names they have on the page, and remembers which were given.
pub(super) struct Names {
    privacy: Privacy,
    identify: bool,
    /// What was shown: kind and name → identifier.
    shown: Mutex<BTreeMap<(&'static str, String), String>>,
}

impl Names {
    /// Names of a report about `slices`.
    pub(super) fn new<'a>(slices: impl Iterator<Item = &'a Slice>, identify: bool) -> Self {
        Self {
            privacy: Privacy::of(slices, identify),
            identify,
            shown: Mutex::default(),
        }
    }

    fn remember(&self, kind: &'static str, name: String, id: &str) -> String {
        if let Ok(mut shown) = self.shown.lock() {
            shown.insert((kind, name.clone()), id.to_owned());
        }
        name
    }

    /// A slice.
    pub(super) fn slice(&self, id: &str) -> String {
        self.remember("slice", self.privacy.slice(id), id)
    }

    /// A slice's patient.
    pub(super) fn patient(&self, slice: &Slice) -> String {
        self.remember(
            "patient",
            self.privacy.patient(Subject::of(slice).name()),
            Subject::of(slice).name(),
        )
    }

    /// Why a slice was excluded, without the path, file name or id that the reason may quote.
    pub(super) fn reason(&self, reason: &str, file: &Path, id: &str) -> String {
        if self.identify {
            return reason.to_owned();
        }
        let path = file.display().to_string();
        let name = file
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        let plain = [path.as_str(), name.as_str(), id]
            .into_iter()
            .filter(|quoted| !quoted.is_empty())
            .fold(reason.to_owned(), |text, quoted| text.replace(quoted, "the file"));
        self.privacy.text(&plain)
    }

    /// A loader's remark without the examples it may name: what stands before the first colon or bracket, and nothing
    /// if that looks like a path or an identifier. What the reader warns of, "2 files: its HighBit is …", names none; text
    /// of a header that it quotes is left out.
    pub(super) fn remark(&self, remark: &str) -> Option<String> {
        if self.identify {
            return Some(remark.to_owned());
        }
        if is_of_files(remark) {
            let unquoted = remark.split('"').next().unwrap_or_default();
            let unquoted = unquoted.trim().trim_end_matches([':', '.']);
            return Some(format!("{}.", self.privacy.text(unquoted)));
        }
        let plain = self
            .privacy
            .text(remark.split([':', '(']).next().unwrap_or_default());
        let names_something = plain.contains(['/', '\\', '_', '^']);
        let plain = plain.trim().trim_end_matches('.');
        (!plain.is_empty() && !names_something).then(|| format!("{plain}."))
    }

    /// Writes whose the names on the page are.
    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let mut writer = csv::Writer::from_path(path).at("write", path)?;
        writer
            .write_record(["kind", "shown", "identifier"])
            .at("write", path)?;
        if let Ok(shown) = self.shown.lock() {
            for ((kind, name), id) in shown.iter() {
                writer
                    .write_record([kind, &name.as_str(), &id.as_str()])
                    .at("write", path)?;
            }
        }
        writer.flush().at("write", path)
    }
}

/// Whether a remark is the reader's: a count of files, then what deserves attention in them.
fn is_of_files(remark: &str) -> bool {
    let count = remark
        .split_once(" file: ")
        .or_else(|| remark.split_once(" files: "))
        .map(|(count, _)| count);
    count.is_some_and(|count| !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::testkit::slice;

    #[test]
    fn reasons_and_remarks_do_not_quote_paths() {
        let slices = [slice("DOE_JANE__1.dcm", "Doe^Jane", None)];
        let names = Names::new(slices.iter(), false);
        let file = Path::new("/data/DOE_JANE/1.dcm");
        let text = names.reason("cannot read /data/DOE_JANE/1.dcm: it is cut short", file, "x");
        assert_eq!(text, "cannot read the file: it is cut short");
        let remark = |text: &str| names.remark(text);
        assert_eq!(
            remark("2 images have no labels: ID_a, ID_b").as_deref(),
            Some("2 images have no labels.")
        );
        assert_eq!(remark("the file ID_a is odd"), None);
        assert_eq!(
            remark("2 files: its HighBit is 15, its BitsStored 12: values are shifted down by 4").as_deref(),
            Some("2 files: its HighBit is 15, its BitsStored 12: values are shifted down by 4.")
        );
        assert_eq!(
            remark("1 file: its WindowCenter is not a number and left out: \"Doe^Jane\"").as_deref(),
            Some("1 file: its WindowCenter is not a number and left out.")
        );
        assert!(!names.patient(&slices[0]).contains("Doe"));
        assert!(!names.slice(&slices[0].id).contains("DOE"));
        assert_eq!(Names::new(slices.iter(), true).patient(&slices[0]), "Doe^Jane");
    }
}
