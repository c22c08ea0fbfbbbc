//! The metrics of groups of slices: by pixel encoding, by place in the series, by patient.

use std::collections::BTreeMap;

use ichflow_api::data::identity::series_of;
use ichflow_api::data::labelled::patient_losses;
use ichflow_api::data::measures::{GroupMetrics, Groups, PatientSpread};
use ichflow_api::metrics;
use ichflow_api::prelude::*;

/// Slices with their truth and prediction.
type Rows<'a> = Vec<(&'a Slice, &'a [f64], &'a Labels)>;

/// The groups of some predictions.
pub(super) fn measure(predictions: &Predictions, eps: f64) -> Groups {
    let place_of = places(predictions);
    let rows: Rows<'_> = predictions.with_truth().collect();
    let by = |name: &dyn Fn(&Slice) -> (usize, String)| -> Vec<GroupMetrics> {
        let mut groups: BTreeMap<(usize, String), Rows<'_>> = BTreeMap::new();
        for row in &rows {
            groups.entry(name(row.0)).or_default().push(*row);
        }
        groups
            .into_iter()
            .filter_map(|((_, name), rows)| group(name, &rows, &predictions.labels, eps))
            .collect()
    };
    Groups {
        by_encoding: by(&|slice| (0, slice.encoding.in_words())),
        // The slice that stands for an exam says nothing of where the exam is.
        by_position: match predictions.unit {
            Level::Slice => by(&|slice| match place_of.get(slice.id.as_str()) {
                Some(fifth) => (*fifth, FIFTHS[*fifth].to_owned()),
                None => (FIFTHS.len(), "position unknown".to_owned()),
            }),
            _ => Vec::new(),
        },
        by_patient: spread(
            patient_losses(predictions, eps)
                .into_iter()
                .map(|(_, loss)| loss)
                .collect(),
        ),
    }
}

const FIFTHS: [&str; 5] = [
    "lowest fifth of the series",
    "second fifth",
    "middle fifth",
    "fourth fifth",
    "highest fifth",
];

/// The fifth of its series that each slice with a position stands in, by its rank among the predicted.
fn places(predictions: &Predictions) -> BTreeMap<&str, usize> {
    let placed = |index: usize| {
        let slice = &predictions.slices[index];
        let z = slice.position_mm.filter(|z| z.is_finite())?;
        Some((z, slice.id.as_str()))
    };
    let mut places = BTreeMap::new();
    for members in series_of(&predictions.slices) {
        let mut members: Vec<(f64, &str)> = members.into_iter().filter_map(placed).collect();
        members.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(b.1)));
        let count = members.len();
        for (rank, (_, id)) in members.into_iter().enumerate() {
            places.insert(id, rank * FIFTHS.len() / count);
        }
    }
    places
}

fn loss(rows: &Rows<'_>, labels: &LabelSet, eps: f64) -> Option<f64> {
    let truth: Vec<&Labels> = rows.iter().map(|(.., truth)| *truth).collect();
    let probabilities: Vec<&[f64]> = rows.iter().map(|(_, row, _)| *row).collect();
    metrics::weighted_log_loss(&truth, &probabilities, labels.weights(), eps)
}

fn group(name: String, rows: &Rows<'_>, labels: &LabelSet, eps: f64) -> Option<GroupMetrics> {
    let headline = labels.headline();
    let (any, scores): (Vec<bool>, Vec<f64>) = rows
        .iter()
        .filter_map(|(_, row, truth)| Some((truth.positive(headline)?, row[headline])))
        .unzip();
    Some(GroupMetrics {
        name,
        slices: rows.len(),
        positives: any.iter().filter(|positive| **positive).count(),
        weighted_log_loss: loss(rows, labels, eps)?,
        auc_any: metrics::auroc(&any, &scores),
    })
}

fn spread(mut losses: Vec<f64>) -> Option<PatientSpread> {
    losses.sort_by(f64::total_cmp);
    let at = |q: f64| {
        let place = q * (losses.len() - 1) as f64;
        let (below, above) = (losses[place.floor() as usize], losses[place.ceil() as usize]);
        below + (above - below) * place.fract()
    };
    (!losses.is_empty()).then(|| PatientSpread {
        patients: losses.len(),
        lower_quartile: at(0.25),
        median: at(0.5),
        upper_quartile: at(0.75),
        worst: at(1.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::testkit;

    #[test]
    fn slices_are_grouped_by_encoding_place_and_patient() {
        let slices: Vec<Slice> = (0..20)
            .map(|i| {
                let labels = [i % 10 == 2, false, i % 10 == 2, false, false, false];
                let mut slice =
                    testkit::slice(&format!("s{i}"), &format!("p{}", i / 10), Some(labels.into()));
                slice.series = format!("series {}", i / 10);
                slice.position_mm = (i != 19).then_some(5.0 * f64::from(i % 10));
                slice.encoding.bits_stored = if i < 10 { 12 } else { 16 };
                slice.encoding.rescale_slope = 1.0;
                slice
            })
            .collect();
        // The second patient is predicted worse.
        let probabilities = (0..20).map(|i| vec![if i < 10 { 0.1 } else { 0.4 }; 6]).collect();
        let groups = measure(
            &Predictions {
                slices,
                probabilities,
                ..Predictions::default()
            },
            1e-15,
        );
        let names: Vec<(&str, usize)> = groups
            .by_encoding
            .iter()
            .map(|group| (group.name.as_str(), group.slices))
            .collect();
        assert_eq!(
            names,
            [
                ("12 bits, unsigned, intercept 0", 10),
                ("16 bits, unsigned, intercept 0", 10)
            ]
        );
        let places: Vec<(&str, usize, usize)> = groups
            .by_position
            .iter()
            .map(|group| (group.name.as_str(), group.slices, group.positives))
            .collect();
        assert_eq!(places[0], ("lowest fifth of the series", 4, 0));
        assert_eq!(places[1], ("second fifth", 4, 2));
        assert_eq!(places[5], ("position unknown", 1, 0));
        let spread = groups.by_patient.unwrap();
        assert_eq!(spread.patients, 2);
        assert_eq!(spread.worst, groups.by_encoding[1].weighted_log_loss);
        assert!(
            (spread.median - (groups.by_encoding[0].weighted_log_loss + spread.worst) / 2.0).abs() < 1e-12
        );
    }
}
