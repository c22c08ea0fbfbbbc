//! `intensity-jitter`: random changes of HU, and of the windows they are seen through.

use ichflow_api::prelude::*;
use ichflow_api::tensors::hu_batch::IntensityShift;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Random changes of training slices before windowing, on the device: HU are multiplied by a number from
/// `1 − scale` to `1 + scale`, and the centers and widths of the windows move by some HU. Scanners differ in just this.
///
/// Every slice draws numbers of its own; the slices around it (2.5-D) change as it does. Every scheme takes part:
/// to move a center is to move HU, so formulas and histograms see it too. Widths change in all schemes that have
/// windows (those of file headers, learned ones, and `linear` and `sigmoid` in formulas); no window becomes
/// narrower than half of itself. `frequency-histogram` and a VOI LUT have no width to change.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct IntensityJitter {
    /// Probability that a slice is changed at all.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub probability: f64,
    /// HU are multiplied by a number from 1 − scale to 1 + scale.
    #[schemars(range(min = 0.0, max = 0.9))]
    pub scale: f64,
    /// Least and most HU by which centers move, up or down.
    pub center: [f64; 2],
    /// Least and most HU by which widths change, up or down.
    pub width: [f64; 2],
}

impl Default for IntensityJitter {
    fn default() -> Self {
        Self {
            probability: 1.0,
            scale: 0.06,
            center: [4.0, 7.0],
            width: [5.0, 15.0],
        }
    }
}

impl IntensityJitter {
    fn shift(&self, rng: &mut ChaCha8Rng) -> IntensityShift {
        // All numbers are drawn for every slice, so that one setting does not shift the randomness of others.
        let [chance, scale, center, up, width, wider]: [f64; 6] = std::array::from_fn(|_| rng.random());
        if chance >= self.probability {
            return IntensityShift {
                scale: 1.0,
                center: 0.0,
                width: 0.0,
            };
        }
        let between = |[least, most]: [f64; 2], part: f64, sign: f64| {
            let size = least + (most - least) * part;
            (if sign < 0.5 { -size } else { size }) as f32
        };
        IntensityShift {
            scale: (1.0 + self.scale * (2.0 * scale - 1.0)) as f32,
            center: between(self.center, center, up),
            width: between(self.width, width, wider),
        }
    }
}

impl Augmentation for IntensityJitter {
    fn apply_hu(&self, batch: HuBatch, rng: &mut ChaCha8Rng) -> HuBatch {
        let shifts: Vec<_> = (0..batch.len()).map(|_| self.shift(rng)).collect();
        batch.shifted(&shifts)
    }
}

impl Stage for IntensityJitter {
    const NAME: &'static str = "intensity-jitter";
    const FAMILY: Family = Family::Transform;
    const SUMMARY: &'static str = "random changes of HU, window centers and widths while training";
    const EXAMPLE: &'static str =
        "[jitter]\nuse = \"intensity-jitter\"\nscale = 0.06\ncenter = [4, 7]\nwidth = [5, 15]\n";

    fn ports() -> Ports {
        super::ports()
    }

    fn describe(&self, inputs: &Descriptions) -> Descriptions {
        super::describe(inputs, self.clone())
    }

    fn check(&self) -> Vec<Problem> {
        [("center", self.center), ("width", self.width)]
            .into_iter()
            .filter(|(_, [least, most])| !(0.0 <= *least && least <= most && *most <= 10_000.0))
            .map(|(key, [least, most])| {
                Problem::new(key, format!("nothing can be drawn from {least} to {most} HU"))
                    .help("give the least and the most, for example [4, 7]; both directions are drawn")
            })
            .collect()
    }

    fn run(&self, inputs: &Inputs, _context: &Context) -> Result<Outputs> {
        super::chained(inputs, self.clone())
    }
}

ichflow_api::register!(IntensityJitter);

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn shifts(jitter: &IntensityJitter, count: usize) -> Vec<IntensityShift> {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        (0..count).map(|_| jitter.shift(&mut rng)).collect()
    }

    fn mean(values: impl Iterator<Item = f32>, count: usize) -> f64 {
        values.map(f64::from).sum::<f64>() / count as f64
    }

    #[test]
    fn draws_are_uniform_within_their_limits_and_of_both_signs() {
        let count = 20_000;
        let drawn = shifts(&IntensityJitter::default(), count);
        for shift in &drawn {
            assert!((0.94..=1.06).contains(&shift.scale), "{shift:?}");
            assert!((4.0..=7.0).contains(&shift.center.abs()), "{shift:?}");
            assert!((5.0..=15.0).contains(&shift.width.abs()), "{shift:?}");
        }
        // Means of uniform numbers, six standard errors wide.
        let of = |value: fn(&IntensityShift) -> f32| mean(drawn.iter().map(value), count);
        assert!((of(|shift| shift.scale) - 1.0).abs() < 6.0 * 0.12 / 12f64.sqrt() / 141.0);
        assert!((of(|shift| shift.center.abs()) - 5.5).abs() < 6.0 * 3.0 / 12f64.sqrt() / 141.0);
        assert!((of(|shift| shift.width.abs()) - 10.0).abs() < 6.0 * 10.0 / 12f64.sqrt() / 141.0);
        assert!((of(|shift| shift.center.signum())).abs() < 6.0 / 141.0);
        assert!((of(|shift| shift.width.signum())).abs() < 6.0 / 141.0);
    }

    #[test]
    fn some_slices_stay_as_they_are() {
        let jitter = IntensityJitter {
            probability: 0.25,
            ..IntensityJitter::default()
        };
        let drawn = shifts(&jitter, 10_000);
        let changed = drawn.iter().filter(|shift| shift.width != 0.0).count();
        assert!((2250..2750).contains(&changed), "{changed}");
        // Those that change do so as they would if all did.
        let all = shifts(&IntensityJitter::default(), 10_000);
        let same = drawn.iter().zip(&all).filter(|(one, other)| one == other).count();
        assert_eq!(same, changed);
    }

    #[test]
    fn a_batch_changes_slice_by_slice_and_a_seed_repeats_it() {
        let of = |seed| {
            let hu = vec![0, 100, 0, 100, 0, 100];
            let batch = HuBatch::upload(hu, 1, 2, vec![SliceTags::default(); 3], &Device::flex());
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let jittered = IntensityJitter::default().apply_hu(batch, &mut rng);
            jittered.hu().into_data().try_to_vec::<f32>().unwrap()
        };
        let hu = of(1);
        assert_eq!(hu, of(1));
        assert_ne!(hu, of(2));
        let scales: Vec<f32> = hu.chunks(2).map(|slice| (slice[1] - slice[0]) / 100.0).collect();
        assert!(scales[0] != scales[1] && scales[1] != scales[2], "{scales:?}");
        assert!(
            scales.iter().all(|scale| (0.94..=1.06).contains(scale)),
            "{scales:?}"
        );
        assert!(
            hu.chunks(2).all(|slice| (4.0..=7.0).contains(&slice[0].abs())),
            "{hu:?}"
        );
    }

    #[test]
    fn limits_that_leave_nothing_are_refused() {
        let jitter = IntensityJitter {
            center: [7.0, 4.0],
            width: [-1.0, 4.0],
            ..IntensityJitter::default()
        };
        let keys: Vec<_> = jitter.check().into_iter().map(|problem| problem.key).collect();
        assert_eq!(keys, ["center", "width"]);
        assert!(IntensityJitter::default().check().is_empty());
    }
}
