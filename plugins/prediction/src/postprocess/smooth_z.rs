//! `smooth-z`: predictions smoothed along the series.

use ichflow_api::data::identity::volumes_of;
use ichflow_api::prelude::*;

/// Smooths probabilities along each series: blood on one slice makes blood on its neighbours likely.
/// Published solutions of the RSNA 2019 competition gained about 0.005 of log loss by it.
///
/// Slices are sorted by position (mm along the normal of the image plane); slices at the same position,
/// by id. Neighbours are the next predicted slices of the series, whatever their distance; where a series shows its
/// positions at several times, those of the same time. Each
/// probability becomes a weighted mean of its own and its neighbours'; at the ends the weights that are
/// left count for more, so that constants stay what they are. Slices without a position or a series are
/// left alone.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SmoothZ {
    /// Weights of the slice itself, of its two neighbours, of their neighbours, and so on. Only their
    /// ratios count.
    #[schemars(length(min = 1, max = 64))]
    pub weights: Vec<f64>,
}

impl Default for SmoothZ {
    fn default() -> Self {
        Self {
            weights: vec![1.0, 0.5, 0.25],
        }
    }
}

impl SmoothZ {
    /// The smoothed rows of one series, in its order.
    fn smooth(&self, rows: &[&[f64]]) -> Vec<Vec<f64>> {
        let reach = self.weights.len().saturating_sub(1);
        (0..rows.len())
            .map(|place| {
                let near = place.saturating_sub(reach)..(place + reach + 1).min(rows.len());
                let mut sums = vec![0.0; rows[place].len()];
                let mut total = 0.0;
                for neighbour in near {
                    let weight = self.weights[place.abs_diff(neighbour)];
                    total += weight;
                    for (sum, probability) in sums.iter_mut().zip(rows[neighbour]) {
                        *sum += weight * probability;
                    }
                }
                sums.into_iter()
                    .map(|sum: f64| (sum / total).clamp(0.0, 1.0))
                    .collect()
            })
            .collect()
    }

    fn apply(&self, predictions: &Predictions, context: &Context) -> Predictions {
        // Position, id and place among the predictions.
        type Member<'a> = (f64, &'a str, usize);
        let placed = |index: usize| {
            let slice = &predictions.slices[index];
            let z = slice.position_mm.filter(|z| z.is_finite())?;
            Some((z, slice.id.as_str(), index))
        };
        let series: Vec<Vec<Member<'_>>> = volumes_of(&predictions.slices)
            .into_iter()
            .map(|members| members.into_iter().filter_map(placed).collect())
            .collect();
        let with_place: usize = series.iter().map(Vec::len).sum();
        let nameless = |members: &&Vec<Member<'_>>| match members.as_slice() {
            [(.., index)] => predictions.slices[*index].series.trim().is_empty(),
            _ => false,
        };
        let lone = series.iter().filter(nameless).count();
        let alone = predictions.slices.len() - with_place + lone;
        if alone > 0 {
            context.warn(format!(
                "{alone} of {} slices have no position or no series and are not smoothed",
                predictions.slices.len()
            ));
        }
        let mut smoothed = predictions.clone();
        for mut members in series {
            members.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(b.1)));
            let rows: Vec<_> = members
                .iter()
                .map(|(.., index)| predictions.probabilities[*index].as_slice())
                .collect();
            for ((.., index), row) in members.iter().zip(self.smooth(&rows)) {
                smoothed.probabilities[*index] = row;
            }
        }
        smoothed
    }
}

impl Stage for SmoothZ {
    const NAME: &'static str = "smooth-z";
    const FAMILY: Family = Family::Predict;
    const SUMMARY: &'static str = "smooths probabilities along the series";
    const EXAMPLE: &'static str = "[smooth]\nuse = \"smooth-z\"\nweights = [1, 0.5, 0.25]\n";

    fn ports() -> Ports {
        super::ports()
    }

    fn check(&self) -> Vec<Problem> {
        let sound = self
            .weights
            .iter()
            .all(|weight| *weight >= 0.0 && weight.is_finite());
        if sound && self.weights.first().is_some_and(|weight| *weight > 0.0) {
            return Vec::new();
        }
        vec![
            Problem::new(
                "weights",
                "weights must not be negative, and a slice's own must be above 0",
            )
            .help("write its own weight first, then its neighbours': `weights = [1, 0.5]`"),
        ]
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        inputs
            .take(input::VALID)?
            .check_of_slices("smoothing along the series")?;
        super::refine(inputs, context, |predictions| self.apply(predictions, context))
    }
}

ichflow_api::register!(SmoothZ);

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::testkit;
    use proptest::prelude::*;

    fn apply(stage: &SmoothZ, predictions: &Predictions) -> Predictions {
        let directory = tempfile::tempdir().unwrap();
        let run = testkit::run_context(directory.path());
        stage.apply(predictions, &Context::new(&run, "smooth", SmoothZ::NAME, "key"))
    }

    fn predictions(rows: &[(&str, Option<f64>, f64)]) -> Predictions {
        let slices = rows.iter().enumerate().map(|(i, (series, z, _))| {
            let mut slice = testkit::slice(&format!("s{i}"), "p", None);
            slice.series = (*series).into();
            slice.position_mm = *z;
            slice
        });
        Predictions {
            slices: slices.collect(),
            probabilities: rows.iter().map(|(.., p)| vec![*p; 6]).collect(),
            ..Predictions::default()
        }
    }

    #[test]
    fn neighbours_are_found_by_position_and_series_do_not_mix() {
        let stage = SmoothZ {
            weights: vec![2.0, 1.0],
        };
        let given = predictions(&[
            ("a", Some(10.0), 0.0),
            ("b", Some(4.0), 0.5),
            ("a", Some(-5.0), 0.0),
            ("a", Some(5.0), 0.8),
            ("a", None, 0.3),
            ("", Some(5.0), 0.9),
        ]);
        let found: Vec<f64> = apply(&stage, &given)
            .probabilities
            .iter()
            .map(|row| row[2])
            .collect();
        let expected = [0.8 / 3.0, 0.5, 0.8 / 3.0, 0.4, 0.3, 0.9];
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
    }

    #[test]
    fn weights_that_forget_the_slice_itself_are_problems() {
        for weights in [vec![], vec![0.0, 1.0], vec![1.0, -0.5], vec![f64::NAN]] {
            assert_eq!(SmoothZ { weights }.check().len(), 1);
        }
    }

    proptest! {
        #[test]
        fn constants_stay_and_nothing_leaves_the_range_of_its_series(
            rows in prop::collection::vec((0.0_f64..=1.0, -100.0_f64..100.0), 1..40),
            constant in 0.0_f64..=1.0,
            weights in prop::collection::vec(0.01_f64..3.0, 1..6),
        ) {
            let stage = SmoothZ { weights };
            let with = |p: &dyn Fn(f64) -> f64| -> Predictions {
                let rows: Vec<_> = rows.iter().map(|(value, z)| ("a", Some(*z), p(*value))).collect();
                predictions(&rows)
            };
            for row in apply(&stage, &with(&|_| constant)).probabilities {
                prop_assert!((row[0] - constant).abs() < 1e-12);
            }
            let given = with(&|value| value);
            let values: Vec<f64> = given.probabilities.iter().map(|row| row[0]).collect();
            let (low, high) = (
                values.iter().copied().fold(1.0, f64::min),
                values.iter().copied().fold(0.0, f64::max),
            );
            for row in apply(&stage, &given).probabilities {
                prop_assert!((low - 1e-12..=high + 1e-12).contains(&row[0]));
            }
        }
    }
}
