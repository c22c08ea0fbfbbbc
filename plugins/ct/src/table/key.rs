//! By what a row of labels names its slices.

use std::fmt;

use ichflow_api::prelude::*;

use super::words::plain;

/// By what a row of labels names its slices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Key {
    /// The path of a file below the directory, with its ending or without, or of a directory, for all that lies below
    /// it. A part of the path from its end on is enough where only one has it.
    Path,
    /// SOPInstanceUID (0008,0018): a slice.
    SopInstanceUid,
    /// SeriesInstanceUID (0020,000E).
    SeriesInstanceUid,
    /// StudyInstanceUID (0020,000D): an exam.
    StudyInstanceUid,
    /// AccessionNumber (0008,0050): an exam, as a hospital knows it.
    AccessionNumber,
    /// PatientID (0010,0020).
    PatientId,
}

impl Key {
    /// All of them, the narrowest first.
    pub const ALL: [Self; 6] = [
        Self::SopInstanceUid,
        Self::Path,
        Self::SeriesInstanceUid,
        Self::StudyInstanceUid,
        Self::AccessionNumber,
        Self::PatientId,
    ];

    /// What the standard calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::SopInstanceUid => "SOPInstanceUID",
            Self::SeriesInstanceUid => "SeriesInstanceUID",
            Self::StudyInstanceUid => "StudyInstanceUID",
            Self::AccessionNumber => "AccessionNumber",
            Self::PatientId => "PatientID",
        }
    }

    /// As recipes write it.
    pub fn parameter(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::SopInstanceUid => "sop_instance_uid",
            Self::SeriesInstanceUid => "series_instance_uid",
            Self::StudyInstanceUid => "study_instance_uid",
            Self::AccessionNumber => "accession_number",
            Self::PatientId => "patient_id",
        }
    }

    /// What it names; of a path that depends on what lies there.
    pub fn level(self) -> Option<Level> {
        match self {
            Self::Path => None,
            Self::SopInstanceUid => Some(Level::Slice),
            Self::SeriesInstanceUid => Some(Level::Series),
            Self::StudyInstanceUid | Self::AccessionNumber => Some(Level::Study),
            Self::PatientId => Some(Level::Patient),
        }
    }

    /// What a slice's header says of it; of a path nothing.
    pub(crate) fn of(self, slice: &Slice) -> &str {
        match self {
            Self::Path => "",
            Self::SopInstanceUid => &slice.instance,
            Self::SeriesInstanceUid => &slice.series,
            Self::StudyInstanceUid => &slice.study,
            Self::AccessionNumber => &slice.accession,
            Self::PatientId => &slice.patient,
        }
    }

    /// What columns that hold it are called, in small letters and digits alone.
    fn column_names(self) -> &'static [&'static str] {
        match self {
            Self::Path => &[
                "path",
                "filepath",
                "relativepath",
                "file",
                "filename",
                "dicom",
                "image",
                "imagepath",
                "imagename",
                "scan",
                "volume",
                "name",
                "id",
            ],
            Self::SopInstanceUid => &[
                "sopinstanceuid",
                "sopuid",
                "sop",
                "instanceuid",
                "imageuid",
                "sliceuid",
                "imageid",
                "sliceid",
            ],
            Self::SeriesInstanceUid => &["seriesinstanceuid", "seriesuid", "series", "seriesid"],
            Self::StudyInstanceUid => &[
                "studyinstanceuid",
                "studyuid",
                "study",
                "studyid",
                "examuid",
                "examid",
                "exam",
            ],
            Self::AccessionNumber => &["accessionnumber", "accession", "accessionno", "accno", "acc"],
            Self::PatientId => &[
                "patientid",
                "patient",
                "subjectid",
                "subject",
                "mrn",
                "pid",
                "patientnumber",
                "case",
                "caseid",
            ],
        }
    }

    /// The column of a first line that is called like this key: its place.
    pub(super) fn column_in(self, names: &[String]) -> Option<usize> {
        let plain_names: Vec<String> = names.iter().map(|name| plain(name)).collect();
        let known = self.column_names().iter();
        known
            .filter_map(|known| plain_names.iter().position(|name| name == known))
            .next()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_what_people_call_them() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let found = |key: Key, of: &[&str]| key.column_in(&names(of));
        assert_eq!(found(Key::PatientId, &["n", "Patient ID", "patient"]), Some(1));
        assert_eq!(found(Key::StudyInstanceUid, &["Study_Instance-UID"]), Some(0));
        assert_eq!(found(Key::Path, &["label", "file_name"]), Some(1));
        assert_eq!(found(Key::SopInstanceUid, &["series"]), None);
        for key in Key::ALL {
            assert_eq!(found(key, &["x", key.name()]), Some(1), "{key}");
        }
    }
}
