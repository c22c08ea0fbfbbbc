//! `position-only`: what the place along the head says, and nothing else.

use std::collections::HashMap;

use ichflow_api::data::identity::{Subject, series_of};
use ichflow_api::prelude::*;
use rayon::prelude::*;

use super::parts::{Parts, offer_as};
use crate::slices::with_cohort;

/// Places at which the curve of a label is known, from the lowest slice of a series to the highest.
const PLACES: usize = 201;

/// Predicts every label's frequency at the slice's place along the head, and knows nothing else of it: a hemorrhage is
/// rarer at the skull base and the vertex than between, so that a network which has learned no more than where a slice
/// lies has a good score already. How much of a score that is, `evaluate` says.
///
/// A slice's place is its position between the lowest and the highest slice of its series, 0 to 1. The frequency at a
/// place is a mean over training slices near it, weighted by a Gaussian of `bandwidth` (Nadaraya 1964, Watson 1964), and
/// drawn to the overall frequency as if `prior` slices more had it. Both are those with the least log loss of training
/// patients by curves without them, so that few patients make a flat curve. Slices without a position, and series of one
/// slice, get the overall frequency.
///
/// Offers `position_only` and `test_position_only`, which no stage but `evaluate` takes by itself, and writes
/// `predictions/position_only.csv` and `predictions/test_position_only.csv`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PositionOnly {
    /// Standard deviation of the Gaussian, as a share of the head; none: chosen.
    #[schemars(range(min = 0.001, max = 1.0))]
    pub bandwidth: Option<f64>,
    /// Slices of the overall frequency that are added at every place; none: chosen.
    #[schemars(range(min = 1e-6, max = 1e6))]
    pub prior: Option<f64>,
}

impl Stage for PositionOnly {
    const NAME: &'static str = "position-only";
    const FAMILY: Family = Family::Predict;
    const SUMMARY: &'static str = "a baseline that knows where along the head a slice lies, and nothing else";
    const EXAMPLE: &'static str = "[position]\nuse = \"position-only\"\nbandwidth = 0.05\n";

    fn ports() -> Ports {
        with_cohort(Ports::new())
            .wants_labels(input::COHORT)
            .offers(output::POSITION_ONLY)
            .offers(output::TEST_POSITION_ONLY.only_with(optional::TEST_COHORT))
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let parts = Parts::of(inputs)?;
        // Of all slices of a series, whichever side of the split they are on.
        let places = places(&parts.cohort.slices);
        let known: Vec<Vec<Known>> = known(&parts, &places);
        let smoothing = self.smoothing(&known, parts.cohort.labels.weights());
        context.say(format!(
            "frequencies over {:.0} % of the head, drawn to the overall one by {} slices",
            100.0 * smoothing.bandwidth,
            smoothing.prior
        ));
        let curves: Vec<Curve> = known
            .iter()
            .map(|known| Curve::of(known.iter().map(|of| (of.place, of.positive)), smoothing))
            .collect();
        let row = |place: Option<f64>| curves.iter().map(|curve| curve.at(place)).collect();
        let rows = parts.valid.iter().map(|index| row(places[*index])).collect();
        let valid = parts.predictions(parts.slices(&parts.valid), rows);
        let test = parts.test.as_ref().map(|test| {
            let rows = self::places(&test.slices).into_iter().map(row).collect();
            parts.predictions(test.slices.clone(), rows)
        });
        let placeless = parts
            .train
            .iter()
            .filter(|index| places[**index].is_none())
            .count();
        if placeless > 0 {
            context.warn(format!(
                "{placeless} of {} training slices have no place along the head: no position, or no other slice of their \
                 series",
                parts.train.len()
            ));
        }
        offer_as(
            [output::POSITION_ONLY, output::TEST_POSITION_ONLY],
            valid,
            test,
            context,
        )
    }
}

ichflow_api::register!(PositionOnly);

/// Where each slice lies between the lowest and the highest of its series, 0 to 1; `None` without a position, or where
/// all slices have the same.
fn places(slices: &[Slice]) -> Vec<Option<f64>> {
    let mut places = vec![None; slices.len()];
    for series in series_of(slices) {
        let of = |index: &usize| slices[*index].position_mm.filter(|z| z.is_finite());
        let heights = || series.iter().filter_map(of);
        let (low, high) = (
            heights().fold(f64::MAX, f64::min),
            heights().fold(f64::MIN, f64::max),
        );
        // Less than a hundredth of a millimetre is rounding.
        if high - low < 0.01 {
            continue;
        }
        for index in &series {
            places[*index] = of(index).map(|z| (z - low) / (high - low));
        }
    }
    places
}

/// What is known of a label at a training slice.
struct Known {
    place: Option<f64>,
    positive: bool,
    /// The part of the training patients that its patient is in.
    part: usize,
}

/// Parts of the training patients, each predicted by curves of the others.
const PARTS: usize = 10;

/// What is known of each label.
fn known(parts: &Parts, places: &[Option<f64>]) -> Vec<Vec<Known>> {
    let mut numbers: HashMap<Subject<'_>, usize> = HashMap::new();
    let slices = &parts.cohort.slices;
    let part_of: Vec<usize> = parts
        .train
        .iter()
        .map(|index| {
            let next = numbers.len();
            *numbers.entry(Subject::of(&slices[*index])).or_insert(next) % PARTS
        })
        .collect();
    let of_label = |label: usize| {
        let train = parts.train.iter().zip(&part_of);
        train
            .filter_map(|(index, part)| {
                Some(Known {
                    place: places[*index],
                    positive: slices[*index].labels.as_ref()?.positive(label)?,
                    part: *part,
                })
            })
            .collect()
    };
    (0..parts.cohort.labels.len()).map(of_label).collect()
}

/// How a curve is smoothed.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Smoothing {
    bandwidth: f64,
    prior: f64,
}

impl PositionOnly {
    /// What the recipe says, or else what predicts training patients best by curves without them.
    fn smoothing(&self, known: &[Vec<Known>], weights: &[f64]) -> Smoothing {
        let one_of =
            |stated: Option<f64>, all: &[f64]| stated.map_or_else(|| all.to_vec(), |stated| vec![stated]);
        let strengths = one_of(self.prior, &[2.0, 8.0, 32.0, 128.0, 512.0]);
        let mut all: Vec<Smoothing> = Vec::new();
        for bandwidth in one_of(self.bandwidth, &[0.02, 0.05, 0.1, 0.2]) {
            all.extend(strengths.iter().map(|prior| Smoothing {
                bandwidth,
                prior: *prior,
            }));
        }
        let losses: Vec<f64> = all
            .par_iter()
            .map(|smoothing| left_out(known, weights, *smoothing))
            .collect();
        // The flattest where all are alike, as with one patient.
        let best = (0..all.len())
            .rev()
            .min_by(|a, b| losses[*a].total_cmp(&losses[*b]));
        all[best.unwrap_or_default()]
    }
}

/// The weighted sum of log losses of training slices by curves of the other parts.
fn left_out(known: &[Vec<Known>], weights: &[f64], smoothing: Smoothing) -> f64 {
    let of_label = |(known, weight): (&Vec<Known>, &f64)| {
        let of_part = |part: usize| -> f64 {
            let others = known.iter().filter(|of| of.part != part);
            let curve = Curve::of(others.map(|of| (of.place, of.positive)), smoothing);
            let own = known.iter().filter(|of| of.part == part);
            own.map(|of| {
                let probability = curve.at(of.place);
                -(if of.positive {
                    probability
                } else {
                    1.0 - probability
                })
                .ln()
            })
            .sum()
        };
        weight * (0..PARTS).map(of_part).sum::<f64>()
    };
    known.iter().zip(weights).map(of_label).sum()
}

/// How frequent a label is along the head.
struct Curve {
    /// Of all slices.
    overall: f64,
    /// At `PLACES` places, from 0 to 1.
    along: Vec<f64>,
}

impl Curve {
    fn of(known: impl Iterator<Item = (Option<f64>, bool)>, smoothing: Smoothing) -> Self {
        let Smoothing { bandwidth, prior } = smoothing;
        let last = (PLACES - 1) as f64;
        let mut slices = [(0.0, 0.0); PLACES];
        let (mut count, mut positives) = (0.0, 0.0);
        for (place, positive) in known {
            let positive = f64::from(u8::from(positive));
            count += 1.0;
            positives += positive;
            let Some(place) = place else { continue };
            let at = &mut slices[(place.clamp(0.0, 1.0) * last).round() as usize];
            at.0 += 1.0;
            at.1 += positive;
        }
        // As one slice of each class more would have it: what was never seen is not impossible.
        let overall = (positives + 1.0) / (count + 2.0);
        let weight = |steps: usize| (-0.5 * (steps as f64 / last / bandwidth).powi(2)).exp();
        let weights: Vec<f64> = (0..PLACES).map(weight).collect();
        let at = |place: usize| {
            let near = slices.iter().enumerate();
            let (count, positives) = near.fold((0.0, 0.0), |(count, positives), (other, slices)| {
                let weight = weights[place.abs_diff(other)];
                (count + weight * slices.0, positives + weight * slices.1)
            });
            (positives + prior * overall) / (count + prior)
        };
        Self {
            overall,
            along: (0..PLACES).map(at).collect(),
        }
    }

    fn at(&self, place: Option<f64>) -> f64 {
        let Some(place) = place else { return self.overall };
        let exact = place.clamp(0.0, 1.0) * (PLACES - 1) as f64;
        let below = (exact.floor() as usize).min(PLACES - 2);
        let share = exact - below as f64;
        (1.0 - share) * self.along[below] + share * self.along[below + 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::testkit;
    use proptest::prelude::*;

    /// Patients of 20 slices that bleed in the middle third of the head, and know two labels.
    fn cohort(patients: usize) -> Cohort {
        let slices = (0..patients * 20).map(|index| {
            let place = index % 20;
            let bleeds = (7..13).contains(&place) && (index / 20) % 2 == 0;
            let labels = [bleeds, false, bleeds, false, false, false];
            let mut slice = testkit::slice(
                &format!("s{index}"),
                &format!("p{}", index / 20),
                Some(labels.into()),
            );
            // Patients lie where they like on the table.
            slice.position_mm = Some(5.0 * place as f64 - 31.0 * (index / 20) as f64);
            slice
        });
        testkit::cohort(slices.collect())
    }

    fn run(cohort: Cohort, test: Option<Cohort>) -> Outputs {
        let directory = tempfile::tempdir().unwrap();
        let run = testkit::run_context(directory.path());
        let context = Context::new(&run, "position", PositionOnly::NAME, "key");
        let half = cohort.len() / 2;
        let folds = Folds {
            of_slice: (0..cohort.len())
                .map(|index| if index < half { Fold::Train } else { Fold::Valid })
                .collect(),
        };
        let mut inputs = Inputs::default()
            .with(input::COHORT, cohort)
            .with(input::FOLDS, folds);
        let is_tested = test.is_some();
        if let Some(test) = test {
            inputs = inputs.with(optional::TEST_COHORT, test);
        }
        let outputs = PositionOnly::default().run(&inputs, &context).unwrap();
        for (name, expected) in [("position_only", true), ("test_position_only", is_tested)] {
            let path = run.directory.join(format!("predictions/{name}.csv"));
            assert_eq!(path.is_file(), expected, "{name}");
        }
        outputs
    }

    #[test]
    fn frequencies_follow_the_place_and_nothing_else() {
        let mut test = cohort(1);
        test.slices[3].position_mm = None;
        test.slices.truncate(19);
        test.slices.push(testkit::slice("alone", "alone", None));
        let mut outputs = run(cohort(40), Some(test));
        let valid = outputs.take(output::POSITION_ONLY).unwrap();
        let (middle, edge) = (valid.probabilities[10][0], valid.probabilities[0][0]);
        assert!(
            (0.4..0.5).contains(&middle),
            "half of the patients bleed there: {middle}"
        );
        assert!(edge < 0.02, "{edge}");
        // The same place is the same probability, whoever it is of.
        assert_eq!(valid.probabilities[0..20], valid.probabilities[20..40]);
        assert!(
            valid
                .probabilities
                .iter()
                .all(|row| row[1] > 0.0 && row[1] < 0.01)
        );
        let test = outputs.take(output::TEST_POSITION_ONLY).unwrap();
        let overall = (20.0 * 6.0 / 2.0 + 1.0) / 402.0;
        for placeless in [&test.probabilities[3], &test.probabilities[19]] {
            assert!((placeless[0] - overall).abs() < 1e-12, "{placeless:?}");
        }
    }

    #[test]
    fn what_is_by_chance_in_training_patients_makes_a_flat_curve() {
        // Each of eight patients has something else at another place.
        let known = |patients: usize, place_of: fn(usize) -> f64| -> Vec<Vec<Known>> {
            let of = |index: usize| {
                let (patient, place) = (index / 20, (index % 20) as f64 / 19.0);
                Known {
                    place: Some(place),
                    positive: (place - place_of(patient)).abs() < 0.13,
                    part: patient % PARTS,
                }
            };
            vec![(0..patients * 20).map(of).collect()]
        };
        let chosen = |known: &[Vec<Known>]| PositionOnly::default().smoothing(known, &[1.0]);
        assert_eq!(chosen(&known(8, |patient| patient as f64 / 7.0)).prior, 512.0);
        assert_eq!(chosen(&known(8, |_| 0.5)).prior, 2.0);
        let stated = PositionOnly {
            bandwidth: Some(0.3),
            prior: Some(5.0),
        };
        assert_eq!(
            stated.smoothing(&known(8, |_| 0.5), &[1.0]),
            Smoothing {
                bandwidth: 0.3,
                prior: 5.0
            }
        );
    }

    #[test]
    fn few_slices_are_drawn_to_the_overall_frequency() {
        let known = [(Some(0.5), true), (Some(0.1), false)];
        let smoothing = Smoothing {
            bandwidth: 0.05,
            prior: 2.0,
        };
        let curve = Curve::of(known.into_iter(), smoothing);
        assert_eq!(curve.overall, 0.5);
        // One slice beside the two of the prior.
        assert!((curve.at(Some(0.5)) - 2.0 / 3.0).abs() < 1e-6);
        assert!((curve.at(Some(1.0)) - 0.5).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn probabilities_are_strictly_between_0_and_1(
            known in prop::collection::vec((prop::option::of(0.0_f64..=1.0), any::<bool>()), 0..50),
            at in prop::option::of(0.0_f64..=1.0),
        ) {
            let smoothing = Smoothing { bandwidth: 0.05, prior: 2.0 };
            let found = Curve::of(known.into_iter(), smoothing).at(at);
            prop_assert!(found > 0.0 && found < 1.0, "{}", found);
        }
    }
}
