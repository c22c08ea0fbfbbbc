//! Which slices are worth looking at.

use std::collections::BTreeSet;

use ichflow_api::metrics;
use ichflow_api::prelude::*;

/// Slices chosen for one reason.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Choice {
    /// The reason.
    pub title: String,
    /// Index into the predictions, and the label looked at.
    pub slices: Vec<(usize, usize)>,
    /// Said where there are none.
    pub remark: String,
}

impl Choice {
    /// Indices into the predictions.
    pub(crate) fn indices(&self) -> impl Iterator<Item = usize> + '_ {
        self.slices.iter().map(|(index, _)| *index)
    }
}

/// The most confident mistakes first, then the slices with hemorrhage of the lowest loss and all of the highest, then for
/// each label its positives with the highest and the lowest probabilities. Equal ones keep the order of the
/// predictions.
pub(crate) fn choose(predictions: &Predictions, examples: usize, mistakes: usize) -> Vec<Choice> {
    let (best, worst) = by_loss(predictions, mistakes);
    [mistaken(predictions, mistakes), best, worst]
        .into_iter()
        .chain((0..predictions.labels.len()).map(|label| positives(predictions, label, examples)))
        .collect()
}

fn positives(predictions: &Predictions, label: usize, count: usize) -> Choice {
    let mut found: Vec<usize> = known(predictions)
        .filter(|(_, truth)| truth.is_positive(label))
        .map(|(index, _)| index)
        .collect();
    found.sort_by(|a, b| {
        predictions.probabilities[*b][label].total_cmp(&predictions.probabilities[*a][label])
    });
    let remark = if found.is_empty() {
        format!(
            "No validation slice is positive for {}.",
            predictions.labels.name(label)
        )
    } else {
        String::new()
    };
    if found.len() > 2 * count {
        found.drain(count..found.len() - count);
    }
    Choice {
        title: format!(
            "Positive for {}: highest, then lowest probability",
            predictions.labels.name(label)
        ),
        slices: found.into_iter().map(|index| (index, label)).collect(),
        remark,
    }
}

/// Slices on the wrong side of 0.5, the farthest first; a slice is shown once, for its worst label.
fn mistaken(predictions: &Predictions, count: usize) -> Choice {
    let mut wrong: Vec<(f64, usize, usize)> = known(predictions)
        .flat_map(|(index, truth)| {
            (0..truth.len()).filter_map(move |label| {
                let predicted = predictions.probabilities[index][label];
                let error = if truth.positive(label)? {
                    1.0 - predicted
                } else {
                    predicted
                };
                Some((error, index, label))
            })
        })
        .filter(|(error, _, _)| *error > 0.5)
        .collect();
    wrong.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut seen = BTreeSet::new();
    let slices = wrong
        .into_iter()
        .filter(|(_, index, _)| seen.insert(*index))
        .take(count)
        .map(|(_, index, label)| (index, label))
        .collect::<Vec<_>>();
    Choice {
        title: "Most confident mistakes".into(),
        remark: if slices.is_empty() {
            "No validation slice is on the wrong side of 0.5.".into()
        } else {
            String::new()
        },
        slices,
    }
}

/// Slices by their weighted log loss: the lowest of those with hemorrhage, and the highest of all. Each is shown
/// for the label that adds most to it.
fn by_loss(predictions: &Predictions, count: usize) -> (Choice, Choice) {
    let mut scored: Vec<(f64, usize, usize, bool)> = known(predictions)
        .filter_map(|(index, truth)| {
            let row = &predictions.probabilities[index];
            let weights = predictions.labels.weights();
            let loss = metrics::weighted_log_loss(&[truth], &[row], weights, metrics::DEFAULT_EPS)?;
            let error = |label: usize| {
                truth
                    .value(label)
                    .map_or(-1.0, |truth| (row[label] - f64::from(truth)).abs())
            };
            let largest = (0..row.len()).max_by(|a, b| error(*a).total_cmp(&error(*b)))?;
            Some((
                loss,
                index,
                largest,
                truth.is_positive(predictions.labels.headline()),
            ))
        })
        .collect();
    scored.sort_by(|a, b| a.0.total_cmp(&b.0));
    let choice = |title: &str, slices: Vec<(usize, usize)>| Choice {
        title: title.into(),
        remark: if slices.is_empty() {
            "There is none.".into()
        } else {
            String::new()
        },
        slices,
    };
    let best = scored.iter().filter(|(.., bleeds)| *bleeds).take(count);
    let worst = scored.iter().rev().take(count);
    let pairs = |(_, index, label, _): &(f64, usize, usize, bool)| (*index, *label);
    (
        choice(
            match predictions.labels.is_rsna() {
                true => "Lowest loss among slices with hemorrhage",
                false => "Lowest loss among positive slices",
            },
            best.map(pairs).collect(),
        ),
        choice("Highest loss", worst.map(pairs).collect()),
    )
}

fn known(predictions: &Predictions) -> impl Iterator<Item = (usize, &Labels)> + '_ {
    predictions
        .slices
        .iter()
        .enumerate()
        .filter_map(|(index, slice)| Some((index, slice.labels.as_ref()?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::testkit;

    #[test]
    fn the_surest_the_least_sure_and_the_wrong_are_chosen() {
        let probabilities = [0.9, 0.2, 0.6, 0.05, 0.7];
        let predictions = Predictions {
            slices: (0..5)
                .map(|i| {
                    let labels = [i < 4, false, i < 4, false, false, false];
                    testkit::slice(&format!("s{i}"), "p", Some(labels.into()))
                })
                .collect(),
            probabilities: probabilities.map(|p| vec![p, 0.0, 0.3, 0.0, 0.0, 0.0]).to_vec(),
            ..Predictions::default()
        };
        let choices = choose(&predictions, 1, 3);
        assert_eq!(choices[0].slices, [(3, 0), (1, 0), (0, 2)], "one line per slice");
        assert_eq!(
            choices[1].slices[0].0, 0,
            "0.9 and 0.3 have the lowest loss of those with hemorrhage"
        );
        assert_eq!(choices[2].slices[0].0, 3, "0.05 has the highest loss");
        assert_eq!(choices[3].slices, [(0, 0), (3, 0)]);
        assert!(choices[4].slices.is_empty());
        assert_eq!(choices[4].remark, "No validation slice is positive for epidural.");
        assert_eq!(
            choose(&predictions, 3, 0)[3].indices().count(),
            4,
            "few are shown once"
        );
    }
}
