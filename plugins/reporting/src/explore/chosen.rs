//! Which slices are shown.

use std::collections::HashSet;

use ichflow_api::data::identity::Subject;
use ichflow_api::prelude::*;
use rand::seq::SliceRandom;

/// Slices of one kind.
pub(super) struct Kind<'a> {
    /// What they have in common.
    pub title: String,
    /// The slices, each of another patient as far as there are so many.
    pub slices: Vec<&'a Slice>,
}

/// Up to `most` slices of each sub-type and of none, drawn by the seed; of slices without labels, any.
pub(super) fn kinds<'a>(
    slices: &'a [Slice],
    labels: &LabelSet,
    most: usize,
    context: &Context,
) -> Vec<Kind<'a>> {
    let mut order: Vec<&Slice> = slices.iter().collect();
    order.shuffle(&mut context.rng("examples"));
    let pick = |title: String, is: &dyn Fn(&Slice) -> bool| Kind {
        title,
        slices: of_many_patients(order.iter().copied().filter(|slice| is(slice)), most),
    };
    let truth_is = |slice: &Slice, is: &dyn Fn(&Labels) -> bool| slice.labels.as_ref().is_some_and(is);
    let mut kinds: Vec<Kind<'a>> = labels
        .kinds()
        .map(|label| {
            pick(labels.name(label).to_owned(), &|slice| {
                truth_is(slice, &|truth| truth.is_positive(label))
            })
        })
        .collect();
    kinds.push(pick(labels.nothing().into(), &|slice| {
        truth_is(slice, &|truth| !truth.some_positive())
    }));
    kinds.push(pick("without labels".into(), &|slice| slice.labels.is_none()));
    kinds.retain(|kind| !kind.slices.is_empty());
    kinds
}

fn of_many_patients<'a>(slices: impl Iterator<Item = &'a Slice>, most: usize) -> Vec<&'a Slice> {
    let mut patients = HashSet::new();
    let (mut new, mut known) = (Vec::new(), Vec::new());
    for slice in slices {
        if new.len() == most {
            break;
        }
        if patients.insert(Subject::of(slice)) {
            new.push(slice);
        } else if known.len() < most {
            known.push(slice);
        }
    }
    new.extend(known);
    new.truncate(most);
    new
}

/// Which labels a slice has, in words.
pub(super) fn labels_in_words(slice: &Slice, labels: &LabelSet) -> String {
    let Some(truth) = &slice.labels else {
        return "labels unknown".into();
    };
    let names: Vec<&str> = labels
        .kinds()
        .filter(|label| truth.is_positive(*label))
        .map(|label| labels.name(label))
        .collect();
    match labels.union().filter(|union| truth.is_positive(*union)) {
        _ if !names.is_empty() => names.join(", "),
        Some(union) => format!("{}, of no sub-type", labels.name(union)),
        None => labels.nothing().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::testkit::{self, slice};

    #[test]
    fn each_sub_type_is_shown_from_different_patients() {
        let labels = |label: usize| {
            let mut truth = [false; 6];
            truth[0] = label > 0;
            truth[label] = label > 0;
            Some(truth.into())
        };
        let slices: Vec<Slice> = (0..24)
            .map(|i| slice(&format!("s{i}"), &format!("p{}", i / 6), labels(i % 3)))
            .collect();
        let directory = tempfile::tempdir().unwrap();
        let run = testkit::run_context(directory.path());
        let context = Context::new(&run, "report", "eda-report", "key");
        let labels = LabelSet::rsna();
        let kinds = kinds(&slices, &labels, 3, &context);
        let titles: Vec<&str> = kinds.iter().map(|kind| kind.title.as_str()).collect();
        assert_eq!(titles, ["epidural", "intraparenchymal", "no hemorrhage"]);
        for kind in &kinds {
            let patients: HashSet<&str> = kind.slices.iter().map(|slice| slice.patient.as_str()).collect();
            assert_eq!(patients.len(), 3);
        }
        assert_eq!(labels_in_words(&slices[1], &labels), "epidural".to_owned());
        assert_eq!(labels_in_words(&slices[0], &labels), "no hemorrhage");
    }
}
