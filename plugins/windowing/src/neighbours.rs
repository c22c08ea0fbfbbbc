//! `neighbours`: slices of the series around each slice, side by side (2.5-D).

use ichflow_api::prelude::*;

/// Another scheme applied to slices of the series around each slice, side by side as channels (2.5-D):
/// with offsets −1, 0, 1 and a window of three channels there are nine.
///
/// Slices are counted along the series by position, and are of the same time where perfusion or phases repeat positions;
/// without positions SliceLocation orders them, then InstanceNumber. Beyond the ends of a series, and where a slice names
/// none, the slice itself is taken. Bleeds extend
/// over several slices and artefacts seldom do, which is what a network gains from it. With `means`, each set of
/// channels shows the mean of several slices: `means = [[-3, -2, -1], [0], [1, 2, 3]]`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Neighbours {
    /// Places along the series relative to the slice itself, in the order of the channels.
    #[schemars(length(min = 1, max = 16))]
    pub offsets: Vec<i32>,
    /// In place of `offsets`: groups of places; the HU of each group's slices are averaged, then windowed.
    #[schemars(length(min = 1, max = 16))]
    pub means: Option<Vec<Vec<i32>>>,
}

impl Default for Neighbours {
    fn default() -> Self {
        Self {
            offsets: vec![-1, 0, 1],
            means: None,
        }
    }
}

/// The scheme that is applied to each slice.
pub const INNER: Input<Window> = Input::required("inner");

impl Neighbours {
    /// Groups of places, one for each set of channels.
    fn groups(&self) -> Vec<Vec<i32>> {
        let one = |offset: &i32| vec![*offset];
        self.means
            .clone()
            .unwrap_or_else(|| self.offsets.iter().map(one).collect())
    }
}

/// The parameters with the scheme they apply to.
struct Scheme {
    /// Each becomes one set of channels.
    groups: Vec<Vec<i32>>,
    inner: Window,
}

impl Scheme {
    /// Every slice through the same windows, learned ones too.
    fn side_by_side(&self, batch: &HuBatch, learned: Option<&LearnedWindow>) -> Tensor<4> {
        let channels = self
            .groups
            .iter()
            .map(|group| self.inner.apply_with(&mean(batch, group), learned))
            .collect();
        Tensor::cat(channels, 1)
    }
}

/// The mean of the slices at the given places, with the tags of the first of them; of one place its slices.
fn mean(batch: &HuBatch, group: &[i32]) -> HuBatch {
    let [first, rest @ ..] = group else {
        return batch.clone();
    };
    let first = batch.neighbours(*first);
    if rest.is_empty() {
        return first.clone();
    }
    let sum = rest
        .iter()
        .fold(first.hu(), |sum, offset| sum + batch.neighbours(*offset).hu());
    first.with_hu(sum.div_scalar(group.len() as f64))
}

impl WindowScheme for Scheme {
    fn channels(&self) -> usize {
        self.groups.len() * self.inner.channels()
    }

    fn apply(&self, batch: &HuBatch) -> Tensor<4> {
        self.side_by_side(batch, None)
    }

    fn learned(&self, device: &Device) -> Option<LearnedWindow> {
        self.inner.learned(device)
    }

    fn apply_learned(&self, batch: &HuBatch, windows: &LearnedWindow) -> Tensor<4> {
        self.side_by_side(batch, Some(windows))
    }

    fn offsets(&self) -> Vec<i32> {
        let mut offsets = self.groups.concat();
        offsets.sort_unstable();
        offsets.dedup();
        offsets
    }
}

impl Stage for Neighbours {
    const NAME: &'static str = "neighbours";
    const FAMILY: Family = Family::Window;
    const SUMMARY: &'static str = "another scheme on the slices around, side by side (2.5-D)";
    const EXAMPLE: &'static str = "[window]\nuse = \"neighbours\"\noffsets = [-1, 0, 1]\n";

    fn ports() -> Ports {
        Ports::new().takes(INNER).offers(output::WINDOW)
    }

    fn describe(&self, inputs: &Descriptions) -> Descriptions {
        let groups = self.groups();
        let inner = inputs.of(INNER);
        let window = match inner.artifact::<Window>() {
            Some(inner) => Description::of(Window::new(Scheme {
                groups,
                inner: (*inner).clone(),
            })),
            None => inner.channels.map_or_else(Description::new, |channels| {
                Description::new().channels(groups.len() * channels)
            }),
        };
        Descriptions::new().with(output::WINDOW, window)
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if repeats(&self.offsets) {
            problems.push(Problem::new("offsets", "an offset stands twice"));
        }
        for (index, group) in self.means.iter().flatten().enumerate() {
            let key = format!("means[{index}]");
            if group.is_empty() {
                problems.push(Problem::new(key, "nothing has no mean; name at least one offset"));
            } else if repeats(group) {
                problems.push(Problem::new(key, "an offset stands twice"));
            }
        }
        problems
    }

    fn run(&self, inputs: &Inputs, _context: &Context) -> Result<Outputs> {
        let inner = inputs.take(INNER)?;
        if !inner.offsets().is_empty() {
            return Err(Error::new("the inner scheme looks at neighbours itself")
                .help("give one `neighbours` all the offsets"));
        }
        let scheme = Scheme {
            groups: self.groups(),
            inner: (*inner).clone(),
        };
        Ok(Outputs::new().with(output::WINDOW, Window::new(scheme)))
    }
}

fn repeats(offsets: &[i32]) -> bool {
    let unique: std::collections::BTreeSet<_> = offsets.iter().collect();
    unique.len() < offsets.len()
}

ichflow_api::register!(Neighbours);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bsb::Bsb;
    use ichflow_api::data::identity::SeriesOrder;
    use ichflow_api::tensors::feed::HostBatch;
    use ichflow_api::testkit::{MadePixels, cohort, slice};

    /// A series of `count` slices of one pixel: 0, 20, 40 … HU.
    fn series(count: u8) -> (Cohort, Pixels) {
        let at = |z: u8| Slice {
            position_mm: Some(f64::from(z)),
            ..slice(&format!("z{z}"), "p", None)
        };
        let pixels = Pixels::new(MadePixels::new(|slice| {
            Some(HuImage {
                rows: 1,
                columns: 1,
                hu: vec![20 * slice.position_mm? as i16],
            })
        }));
        (cohort((0..count).map(at).collect()), pixels)
    }

    fn applied(stage: &Neighbours, inner: Window, count: u8, of: Vec<usize>) -> Vec<f32> {
        let (cohort, pixels) = series(count);
        let scheme = Scheme {
            groups: stage.groups(),
            inner,
        };
        let order = SeriesOrder::of(&cohort.slices);
        let host = HostBatch::read(&pixels, &cohort, &order, of, &scheme.offsets()).unwrap();
        let images = scheme.apply(&host.upload(&cohort, &Device::flex()));
        assert_eq!(images.dims()[1], scheme.channels());
        images.into_data().try_to_vec().unwrap()
    }

    #[test]
    fn channels_come_from_the_slices_around_and_ends_repeat() {
        let values = applied(&Neighbours::default(), Window::new(Bsb {}), 3, vec![0, 1]);
        assert_eq!(values.len(), 2 * 9);
        // The brain channel (0 to 80 HU) of each offset: 0, 20 and 40 HU are 0, 1/4 and 1/2.
        let brain = |slice: usize| [0, 3, 6].map(|channel| values[slice * 9 + channel]);
        assert_eq!(brain(0), [0.0, 0.0, 0.25], "the first slice repeats itself");
        assert_eq!(brain(1), [0.0, 0.25, 0.5]);
    }

    #[test]
    fn every_published_set_of_offsets_can_be_had() {
        struct Hu;
        impl WindowScheme for Hu {
            fn channels(&self) -> usize {
                1
            }
            fn apply(&self, batch: &HuBatch) -> Tensor<4> {
                batch.hu()
            }
        }
        let of = |offsets: Vec<i32>, means: Option<Vec<Vec<i32>>>, slice: usize| {
            let stage = Neighbours { offsets, means };
            assert!(stage.check().is_empty());
            applied(&stage, Window::new(Hu), 9, vec![slice])
        };
        assert_eq!(of(vec![-2, 0, 2], None, 4), [40.0, 80.0, 120.0]);
        assert_eq!(of(vec![-2, 0, 2], None, 8), [120.0, 160.0, 160.0]);
        let means = Some(vec![vec![-3, -2, -1], vec![0], vec![1, 2, 3]]);
        // Slices 1, 2, 3 and 5, 6, 7 around slice 4.
        assert_eq!(of(Vec::new(), means.clone(), 4), [40.0, 80.0, 120.0]);
        // Slices 3, 2 and 1 places before slice 2: itself (beyond the end), 0, 20 HU.
        assert_eq!(of(Vec::new(), means, 2), [20.0, 40.0, 80.0]);
    }

    #[test]
    fn groups_without_slices_and_repetitions_are_refused() {
        let stage = Neighbours {
            offsets: vec![1, 1],
            means: Some(vec![vec![0], Vec::new(), vec![2, 2]]),
        };
        let keys: Vec<_> = stage.check().into_iter().map(|problem| problem.key).collect();
        assert_eq!(keys, ["offsets", "means[1]", "means[2]"]);
    }
}
