//! `neighbours`: slices of the series around each slice, side by side (2.5-D).

use ichflow_api::prelude::*;

/// Another scheme applied to slices of the series around each slice, side by side as channels (2.5-D):
/// with offsets −1, 0, 1 and a window of three channels there are nine.
///
/// Slices are counted along the series by position; beyond its ends the slice itself is taken. Bleeds extend
/// over several slices and artefacts seldom do, which is what a network gains from it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Neighbours {
    /// Places along the series relative to the slice itself, in the order of the channels.
    #[schemars(length(min = 1, max = 16))]
    pub offsets: Vec<i32>,
}

impl Default for Neighbours {
    fn default() -> Self {
        Self {
            offsets: vec![-1, 0, 1],
        }
    }
}

/// The parameters with the scheme they apply to.
struct Scheme {
    offsets: Vec<i32>,
    inner: Window,
}

impl Scheme {
    /// Every slice through the same windows, learned ones too.
    fn side_by_side(&self, batch: &HuBatch, learned: Option<&LearnedWindow>) -> Tensor<4> {
        let channels = self
            .offsets
            .iter()
            .map(|offset| self.inner.apply_with(batch.neighbours(*offset), learned))
            .collect();
        Tensor::cat(channels, 1)
    }
}

impl WindowScheme for Scheme {
    fn channels(&self) -> usize {
        self.offsets.len() * self.inner.channels()
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
        self.offsets.clone()
    }
}

impl Stage for Neighbours {
    const NAME: &'static str = "neighbours";
    const FAMILY: Family = Family::Window;
    const SUMMARY: &'static str = "another scheme on the slices around, side by side (2.5-D)";
    const EXAMPLE: &'static str = "[window]\nuse = \"neighbours\"\noffsets = [-1, 0, 1]\n";

    fn ports(&self) -> Ports {
        Ports::new()
            .input(Input::of::<Window>("inner"))
            .output(Output::of::<Window>("window"))
    }

    fn check(&self) -> Vec<Problem> {
        let mut seen = self.offsets.clone();
        seen.sort_unstable();
        seen.dedup();
        if seen.len() < self.offsets.len() {
            return vec![Problem::new("offsets", "an offset stands twice")];
        }
        Vec::new()
    }

    fn run(&self, inputs: &Inputs, _context: &Context) -> Result<Outputs> {
        let inner = inputs.get::<Window>("inner")?;
        if !inner.offsets().is_empty() {
            return Err(Error::new("the inner scheme looks at neighbours itself")
                .help("give one `neighbours` all the offsets"));
        }
        let scheme = Scheme {
            offsets: self.offsets.clone(),
            inner: (*inner).clone(),
        };
        Ok(Outputs::new().with("window", Window::new(scheme)))
    }
}

ichflow_api::register!(Neighbours);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bsb::Bsb;
    use ichflow_api::cohort::SeriesOrder;
    use ichflow_api::feed::HostBatch;
    use ichflow_api::testkit::{MadePixels, cohort, slice};

    #[test]
    fn channels_come_from_the_slices_around_and_ends_repeat() {
        let at = |z: u8| Slice {
            position_mm: Some(f64::from(z)),
            ..slice(&format!("z{z}"), "p", None)
        };
        let cohort = cohort((0..3).map(at).collect());
        let pixels = Pixels::new(MadePixels::new(|slice| {
            Some(HuImage {
                rows: 1,
                columns: 1,
                hu: vec![20 * slice.position_mm? as i16],
            })
        }));
        let scheme = Scheme {
            offsets: vec![-1, 0, 1],
            inner: Window::new(Bsb {}),
        };
        assert_eq!(scheme.channels(), 9);
        let order = SeriesOrder::of(&cohort);
        let host = HostBatch::read(&pixels, &cohort, &order, vec![0, 1], &scheme.offsets()).unwrap();
        let values: Vec<f32> = scheme
            .apply(&host.upload(&cohort, &Device::flex()))
            .into_data()
            .try_to_vec()
            .unwrap();
        // The brain channel (0 to 80 HU) of each offset: 0, 20 and 40 HU are 0, 1/4 and 1/2.
        let brain = |slice: usize| [0, 3, 6].map(|channel| values[slice * 9 + channel]);
        assert_eq!(brain(0), [0.0, 0.0, 0.25], "the first slice repeats itself");
        assert_eq!(brain(1), [0.0, 0.25, 0.5]);
    }
}
