//! `to-3-channels`: two windows, and greys that are equally frequent.

use ichflow_api::prelude::*;

use crate::frequency_histogram::{breaks_of, describe_fitting, equaliser_of, fitting_ports, narrow_fitting};
use crate::histogram::{Equaliser, Fitting, check_breaks};
use crate::presets::{WindowChoice, check_windows};

/// Two windows and, as the third channel, what `frequency-histogram` makes. Use it for contrast where it matters in two,
/// and a little everywhere in the third.
///
/// `to_3chan` of fastai's medical imaging; its brain is 40/80 and its subdural window 100/254.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct To3Channels {
    /// The windows of the first two channels: names of presets, or `{ center = …, width = … }` in HU.
    #[schemars(length(min = 2, max = 2))]
    pub windows: Vec<WindowChoice>,
    /// Rising breaks of the histogram in whole HU; without them they are found in the cohort.
    #[schemars(length(min = 2, max = 65536))]
    pub breaks: Option<Vec<i16>>,
    /// Number of quantiles, n.
    #[schemars(range(min = 2, max = 10000))]
    pub bins: usize,
    /// Most slices to look at for breaks; drawn by the recipe's seed.
    #[schemars(range(min = 1))]
    pub slices: usize,
    /// Slices with a smaller share of pixels inside the brain window (0 to 80 HU) are passed over when breaks are
    /// found; 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub min_brain: f64,
}

impl Default for To3Channels {
    fn default() -> Self {
        Self {
            windows: vec![WindowChoice::given(40.0, 80.0), WindowChoice::given(100.0, 254.0)],
            breaks: None,
            bins: 100,
            slices: 200,
            min_brain: 0.02,
        }
    }
}

/// [`To3Channels`] once its breaks are known.
pub struct Fitted {
    windows: Vec<WindowChoice>,
    equaliser: Equaliser,
}

impl To3Channels {
    /// The scheme of the given breaks.
    ///
    /// # Errors
    /// Where breaks are too few or do not rise.
    pub fn with_breaks(&self, breaks: &[i16]) -> Result<Fitted> {
        Ok(Fitted {
            windows: self.windows.clone(),
            equaliser: equaliser_of(breaks)?,
        })
    }
}

impl WindowScheme for Fitted {
    fn channels(&self) -> usize {
        self.windows.len() + 1
    }

    fn pointwise(&self) -> bool {
        true
    }

    fn apply(&self, batch: &HuBatch) -> Tensor<4> {
        let windows = self.windows.iter().map(|window| window.linear(batch));
        let histogram = std::iter::once(self.equaliser.apply(batch));
        Tensor::cat(windows.chain(histogram).collect(), 1)
    }
}

impl Stage for To3Channels {
    const NAME: &'static str = "to-3-channels";
    const FAMILY: Family = Family::Window;
    const SUMMARY: &'static str = "two windows, and greys that are equally frequent in the cohort";
    const EXAMPLE: &'static str =
        "[window]\nuse = \"to-3-channels\"\nwindows = [\"brain\", \"subdural-100-254\"]\n";
    const SEEDED: bool = true;

    fn ports() -> Ports {
        fitting_ports()
    }

    fn narrow(&self, all: Ports) -> Ports {
        narrow_fitting(all, self.breaks.as_ref())
    }

    fn describe(&self, _inputs: &Descriptions) -> Descriptions {
        describe_fitting(self.breaks.as_ref(), |breaks| self.with_breaks(breaks), 3)
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = check_windows("windows", &self.windows);
        if self.windows.len() != 2 {
            problems.push(Problem::new(
                "windows",
                format!(
                    "the third channel is the histogram: two windows, not {}",
                    self.windows.len()
                ),
            ));
        }
        problems.extend(check_breaks(self.breaks.as_deref()));
        problems
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let fitting = Fitting {
            n: self.bins,
            slices: self.slices,
            min_brain: self.min_brain,
        };
        let breaks = breaks_of(self.breaks.as_ref(), &fitting, inputs, context)?;
        context.settle(&Self {
            breaks: Some(breaks.clone()),
            ..self.clone()
        })?;
        Ok(Outputs::new().with(output::WINDOW, Window::new(self.with_breaks(&breaks)?)))
    }
}

ichflow_api::register!(To3Channels);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn two_windows_stand_before_the_histogram() {
        let fitted = To3Channels::default().with_breaks(&[-1000, 0, 100]).unwrap();
        let got = applied(&fitted, &[-500, 40, 227]);
        let brain = [0.0, 0.5, 1.0];
        let subdural = [0.0, 67.0 / 254.0, 1.0];
        let histogram = [0.25, 0.7, 1.0];
        assert_near(&got, &[brain, subdural, histogram].concat());
        assert_edges(&fitted);
    }

    #[test]
    fn empty_windows_and_a_third_one_are_refused() {
        let scheme = |windows: Vec<WindowChoice>| To3Channels {
            windows,
            ..To3Channels::default()
        };
        let brain = WindowChoice::given(40.0, 80.0);
        assert_eq!(scheme(vec![brain; 3]).check()[0].key, "windows");
        let empty = WindowChoice::given(40.0, -1.0);
        assert_eq!(scheme(vec![brain, empty]).check()[0].key, "windows[1].width");
    }
}
