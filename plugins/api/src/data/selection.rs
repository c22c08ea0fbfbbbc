//! Which series of every study were chosen, and why the others were left out.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::ports::Artifact;

/// How the reason of an excluded slice begins whose series was not chosen.
pub const LEFT_OUT: &str = "its series is left out";

/// One series, and what became of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SeriesVerdict {
    /// What names the study: StudyInstanceUID, or whose the series is where that is not known.
    pub study: String,
    /// SeriesInstanceUID.
    pub series: String,
    /// Number of slices.
    pub slices: usize,
    /// Slices within the series that are left out whatever becomes of it, such as a localizer among axial slices.
    pub other_slices: usize,
    /// The rule by which it was left out, such as `kernel`; empty of a series that was chosen.
    pub rule: String,
    /// Why it was left out, in words; or why it was chosen. It quotes no free text and no identifier.
    pub reason: String,
    /// SliceThickness, or where it is absent the distance between slices, in mm.
    pub thickness_mm: Option<f64>,
    /// From the lowest slice's lower face to the highest one's upper, in mm.
    pub coverage_mm: Option<f64>,
    /// Slices that its positions say are missing.
    pub missing: usize,
    /// Share of directions in which a skull closes soft tissue, in the middle slices, 0 to 1; where pixels were looked at.
    pub skull: Option<f64>,
}

impl SeriesVerdict {
    /// Whether it was chosen.
    pub fn is_chosen(&self) -> bool {
        self.rule.is_empty()
    }
}

/// The verdict on every series, in the order of studies.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Selection {
    /// One a series.
    pub series: Vec<SeriesVerdict>,
}

impl Artifact for Selection {
    const NAME: &'static str = "selection of series";

    fn digest(&self) -> Option<String> {
        let mut digest = Digest::new();
        digest.add(serde_json::to_vec(self).ok()?);
        Some(digest.hex())
    }
}

impl Selection {
    /// Number of series chosen.
    pub fn chosen(&self) -> usize {
        self.series.iter().filter(|one| one.is_chosen()).count()
    }

    /// Every rule that left something out, most series first: its name, series, slices, and the reason of the first.
    pub fn by_rule(&self) -> Vec<(&str, usize, usize, &str)> {
        let mut rules: Vec<(&str, usize, usize, &str)> = Vec::new();
        for one in self.series.iter().filter(|one| !one.is_chosen()) {
            match rules.iter_mut().find(|(rule, ..)| *rule == one.rule) {
                Some((_, series, slices, _)) => {
                    *series += 1;
                    *slices += one.slices;
                }
                None => rules.push((&one.rule, 1, one.slices, &one.reason)),
            }
        }
        rules.sort_by_key(|(_, series, ..)| std::cmp::Reverse(*series));
        rules
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_counted_most_series_first() {
        let verdict = |rule: &str, slices| SeriesVerdict {
            rule: rule.into(),
            reason: format!("{rule} {slices}"),
            slices,
            ..SeriesVerdict::default()
        };
        let selection = Selection {
            series: vec![
                verdict("coverage", 3),
                verdict("kernel", 30),
                verdict("", 40),
                verdict("kernel", 31),
            ],
        };
        assert_eq!(selection.chosen(), 1);
        assert_eq!(
            selection.by_rule(),
            [("kernel", 2, 61, "kernel 30"), ("coverage", 1, 3, "coverage 3")]
        );
    }
}
