//! Identifiers of people, kept off the pages.

use std::collections::BTreeSet;

use ichflow_api::digest::Digest;
use ichflow_api::prelude::*;

/// Shows identifiers as short hashes. The salt comes from all identifiers of the cohort together and is
/// written nowhere: someone who guesses one patient's identifier cannot tell whether it is on the page
/// without having the whole cohort, and the same cohort gives the same page.
pub(crate) struct Privacy {
    salt: String,
    identify: bool,
    /// Identifiers long enough to be told from ordinary words, longest first.
    known: Vec<String>,
}

/// Shorter identifiers ("p1", "7") would be found inside other words.
const LEAST: usize = 4;

impl Privacy {
    /// For pages about `slices`; with `identify` everything is shown as it is.
    pub(crate) fn of<'a>(slices: impl Iterator<Item = &'a Slice>, identify: bool) -> Self {
        let names: BTreeSet<&str> = slices
            .flat_map(|slice| [&slice.patient, &slice.study, &slice.series, &slice.id])
            .map(|name| name.trim())
            .filter(|name| !name.is_empty())
            .collect();
        let mut digest = Digest::new();
        digest.add("identifiers shown on a page");
        for name in &names {
            digest.add(*name);
        }
        let mut known: Vec<String> = names
            .into_iter()
            .filter(|name| name.chars().count() >= LEAST && !is_public(name))
            .map(str::to_owned)
            .collect();
        known.sort_by_key(|name| std::cmp::Reverse(name.len()));
        Self {
            salt: digest.hex(),
            identify,
            known,
        }
    }

    fn hash(&self, name: &str) -> String {
        let mut digest = Digest::new();
        digest.add(&self.salt).add(name.trim());
        digest.hex().chars().take(8).collect()
    }

    /// A patient, told apart from others and not named.
    pub(crate) fn patient(&self, patient: &str) -> String {
        if self.identify {
            patient.to_owned()
        } else {
            self.hash(patient)
        }
    }

    /// A slice: the competition's own pseudonym where it has one, else a hash, since an id may be made of
    /// the name of a file.
    pub(crate) fn slice(&self, id: &str) -> String {
        if self.identify || is_public(id) {
            id.to_owned()
        } else {
            format!("slice {}", self.hash(id))
        }
    }

    /// A text that may quote identifiers: each is replaced by its hash.
    pub(crate) fn text(&self, text: &str) -> String {
        if self.identify {
            return text.to_owned();
        }
        self.known
            .iter()
            .filter(|name| name.len() <= text.len())
            .fold(text.to_owned(), |text, name| {
                if text.contains(name.as_str()) {
                    text.replace(name.as_str(), &self.hash(name))
                } else {
                    text
                }
            })
    }
}

/// Whether a name is a pseudonym in the competition's form, `ID_` and hexadecimal digits, which says nothing
/// about a person.
fn is_public(name: &str) -> bool {
    name.strip_prefix("ID_")
        .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|digit| digit.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::testkit;

    fn slices(patients: &[&str]) -> Vec<Slice> {
        let slice = |(i, patient): (usize, &&str)| testkit::slice(&format!("DOE__IM{i}"), patient, None);
        patients.iter().enumerate().map(slice).collect()
    }

    #[test]
    fn patients_are_told_apart_but_not_named() {
        let slices = slices(&["Doe^Jane", "Doe^John"]);
        let privacy = Privacy::of(slices.iter(), false);
        assert_eq!(privacy.patient("Doe^Jane").len(), 8);
        assert_ne!(privacy.patient("Doe^Jane"), privacy.patient("Doe^John"));
        assert_eq!(privacy.slice("ID_6431af929"), "ID_6431af929");
        assert!(!privacy.slice("DOE__IM0").contains("DOE"));
        let text = privacy.text("Doe^Jane has two studies, DOE__IM1 is short");
        assert!(!text.contains("Doe") && !text.contains("DOE"), "{text}");
        assert!(
            text.ends_with("is short") && text.contains(&privacy.patient("Doe^Jane")),
            "{text}"
        );
        let open = Privacy::of(slices.iter(), true);
        assert_eq!(open.patient("Doe^Jane"), "Doe^Jane");
        assert_eq!(open.text("Doe^Jane"), "Doe^Jane");
    }

    #[test]
    fn a_guess_cannot_be_checked_without_the_cohort() {
        let (one, other) = (slices(&["Doe^Jane"]), slices(&["Doe^Jane", "Roe^Ann"]));
        let hash = |slices: &[Slice]| Privacy::of(slices.iter(), false).patient("Doe^Jane");
        assert_ne!(hash(&one), hash(&other));
        assert_eq!(hash(&one), hash(&one));
    }
}
