//! Whose a slice is, also where headers do not name the patient.

use std::fmt;

/// Whose a slice is: what has to stay on one side of a split and is resampled as a whole. Different kinds never
/// meet: a study called like a patient is another subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject<'a> {
    /// The patient that the header names.
    Patient(&'a str),
    /// The study, where no patient is named.
    Study(&'a str),
    /// The slice alone, by its id, where neither is named.
    Slice(&'a str),
}

impl<'a> Subject<'a> {
    /// The first of the three that is not blank; the id stands for itself.
    pub fn new(patient: &'a str, study: &'a str, id: &'a str) -> Self {
        let named = |name: &'a str| Some(name.trim()).filter(|name| !name.is_empty());
        match (named(patient), named(study)) {
            (Some(patient), _) => Self::Patient(patient),
            (None, Some(study)) => Self::Study(study),
            (None, None) => Self::Slice(id),
        }
    }

    /// The patient's, study's or slice's name.
    pub fn name(self) -> &'a str {
        match self {
            Self::Patient(name) | Self::Study(name) | Self::Slice(name) => name,
        }
    }
}

impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Patient(name) => f.write_str(name),
            Self::Study(name) => write!(f, "study {name}"),
            Self::Slice(name) => write!(f, "slice {name}"),
        }
    }
}
