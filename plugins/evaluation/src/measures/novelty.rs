//! How many exams are unlike the training data, and why.

use std::collections::BTreeMap;

use ichflow_api::data::measures::{NoveltyCounts, NoveltyMetrics, PartNovelty, ScannerNovelty, UnseenValue};
use ichflow_api::data::profile::{ExamNovelty, HeaderField, Limits, Novelty, Unseen};
use ichflow_api::prelude::*;

/// Counts the exams of every part.
///
/// # Errors
/// Where readings cannot be held against the profile.
pub(crate) fn novelty(novelty: &Novelty) -> Result<NoveltyMetrics> {
    let profile = &novelty.profile;
    let parts = novelty.parts()?.into_iter();
    Ok(NoveltyMetrics {
        training_exams: profile.training_exams,
        limits_of: profile.validation.len(),
        limits: profile.limits,
        parts: parts
            .map(|(name, exams)| part(name, &exams, &profile.limits))
            .collect(),
    })
}

fn part(name: &str, exams: &[ExamNovelty], limits: &Limits) -> PartNovelty {
    let mut scanners: BTreeMap<&str, Vec<&ExamNovelty>> = BTreeMap::new();
    let mut unseen: BTreeMap<&Unseen, usize> = BTreeMap::new();
    for exam in exams {
        scanners
            .entry(exam.facts.get(HeaderField::Scanner))
            .or_default()
            .push(exam);
        for value in &exam.unseen {
            *unseen.entry(value).or_default() += 1;
        }
    }
    let mut by_scanner: Vec<ScannerNovelty> = scanners
        .into_iter()
        .map(|(scanner, exams)| ScannerNovelty {
            scanner: scanner.to_owned(),
            counts: counts(&exams, limits),
        })
        .collect();
    by_scanner.sort_by_key(|scanner| std::cmp::Reverse(scanner.counts.exams));
    let mut unseen: Vec<UnseenValue> = unseen
        .into_iter()
        .map(|(unseen, exams)| UnseenValue {
            field: unseen.field,
            value: unseen.value.clone(),
            exams,
        })
        .collect();
    unseen.sort_by_key(|value| std::cmp::Reverse(value.exams));
    PartNovelty {
        part: name.to_owned(),
        all: counts(&exams.iter().collect::<Vec<_>>(), limits),
        by_scanner,
        unseen,
    }
}

fn counts(exams: &[&ExamNovelty], limits: &Limits) -> NoveltyCounts {
    let count = |is: &dyn Fn(&ExamNovelty) -> bool| exams.iter().filter(|exam| is(exam)).count();
    NoveltyCounts {
        exams: exams.len(),
        flagged: count(&|exam| exam.is_flagged(limits)),
        features: count(&|exam| exam.is_far(limits)),
        hu: count(&|exam| exam.is_hu_off(limits)),
        headers: count(&|exam| !exam.unseen.is_empty()),
        median_distance: median(exams.iter().map(|exam| exam.distance)),
        median_hu_index: median(exams.iter().map(|exam| exam.hu_index)),
    }
}

/// The median; 0 of nothing.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = |place: usize| values.get(place).copied().unwrap_or(0.0);
    (middle(values.len() / 2) + middle(values.len().saturating_sub(1) / 2)) / 2.0
}

#[cfg(test)]
mod tests {
    use ichflow_api::data::profile::HeaderFacts;

    use super::*;

    #[test]
    fn exams_are_counted_by_reason_and_scanner() {
        let limits = Limits {
            distance: 5.0,
            hu_index: 0.5,
        };
        let exam = |distance: f64, hu_index: f64, scanner: &str| {
            let mut facts = HeaderFacts(std::array::from_fn(|_| "usual".to_owned()));
            facts.0[HeaderField::Scanner as usize] = scanner.to_owned();
            let unseen = (scanner == "new").then(|| Unseen {
                field: HeaderField::Scanner,
                value: scanner.to_owned(),
            });
            ExamNovelty {
                slices: Vec::new(),
                distance,
                hu_index,
                facts,
                unseen: unseen.into_iter().collect(),
            }
        };
        let exams = [
            exam(1.0, 0.1, "old"),
            exam(5.0, 0.5, "old"),
            exam(6.0, 0.1, "old"),
            exam(2.0, 0.6, "new"),
        ];
        let part = part("test", &exams, &limits);
        let all = part.all;
        assert_eq!(
            (all.exams, all.flagged, all.features, all.hu, all.headers),
            (4, 2, 1, 1, 1)
        );
        assert_eq!((all.median_distance, all.median_hu_index), (3.5, 0.3));
        assert_eq!(part.by_scanner[0].scanner, "old");
        assert_eq!(part.by_scanner[1].counts.flagged, 1);
        assert_eq!((part.unseen[0].value.as_str(), part.unseen[0].exams), ("new", 1));
        assert_eq!(median(std::iter::empty()), 0.0);
    }
}
