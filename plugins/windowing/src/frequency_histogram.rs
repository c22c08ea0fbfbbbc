//! `frequency-histogram`: greys that are equally frequent.

use std::fs;
use std::path::Path;

use ichflow_api::prelude::*;

use crate::histogram::{Equaliser, Fitting, check_breaks};

/// One channel in which every grey is about as frequent as any other: HU are mapped piecewise linearly, from 0 at
/// the first break to 1 at the last, by equal steps between breaks.
///
/// The breaks are the quantiles 0.001, k/n + 1/(2n) and 0.999 of all pixels of slices drawn from the
/// cohort, each value once; or `breaks`, as an earlier run has found them. Use it where no window is to be chosen: contrast
/// lies where the pixels are. From fastai's medical imaging (the histogram scaling of RSNA 2019).
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FrequencyHistogram {
    /// Rising breaks in whole HU; without them they are found in the cohort.
    #[schemars(length(min = 2, max = 65536))]
    pub breaks: Option<Vec<i16>>,
    /// Number of quantiles, n.
    #[schemars(range(min = 2, max = 10000))]
    pub bins: usize,
    /// Most slices to look at for breaks; drawn by the recipe's seed.
    #[schemars(range(min = 1))]
    pub slices: usize,
    /// Slices with a smaller share of pixels inside the brain window (0 to 80 HU) carry nothing, and are passed
    /// over when breaks are found; 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub min_brain: f64,
    /// How many equal channels to make.
    #[schemars(range(min = 1, max = 16))]
    pub channels: usize,
}

impl Default for FrequencyHistogram {
    fn default() -> Self {
        Self {
            breaks: None,
            bins: 100,
            slices: 200,
            min_brain: 0.02,
            channels: 3,
        }
    }
}

/// [`FrequencyHistogram`] once its breaks are known.
pub struct Fitted {
    equaliser: Equaliser,
    channels: usize,
}

impl FrequencyHistogram {
    /// The scheme of the given breaks.
    ///
    /// # Errors
    /// Where breaks are too few or do not rise.
    pub fn with_breaks(&self, breaks: &[i16]) -> Result<Fitted> {
        Ok(Fitted {
            equaliser: equaliser_of(breaks)?,
            channels: self.channels,
        })
    }
}

/// The function of breaks that were checked or found.
pub(crate) fn equaliser_of(breaks: &[i16]) -> Result<Equaliser> {
    Equaliser::new(breaks).ok_or_else(|| Error::new("the breaks of the histogram do not rise"))
}

/// The ports of a scheme that looks at the cohort if it has no breaks.
pub(crate) fn fitting_ports() -> Ports {
    Ports::new()
        .takes(input::COHORT)
        .takes(input::PIXELS)
        .offers(output::WINDOW)
}

/// Those of its ports that such a scheme has.
pub(crate) fn narrow_fitting(all: Ports, breaks: Option<&Vec<i16>>) -> Ports {
    all.takes_only_if(breaks.is_none(), input::COHORT)
        .takes_only_if(breaks.is_none(), input::PIXELS)
}

/// What such a scheme makes: with breaks it is there already, else so many channels are known.
pub(crate) fn describe_fitting<F: WindowScheme + 'static>(
    breaks: Option<&Vec<i16>>,
    fitted: impl Fn(&[i16]) -> Result<F>,
    channels: usize,
) -> Descriptions {
    let window = match breaks.and_then(|breaks| fitted(breaks).ok()) {
        Some(fitted) => Description::of(Window::new(fitted)),
        None => Description::new().channels(channels),
    };
    Descriptions::new().with(output::WINDOW, window)
}

/// What keeps the breaks for later runs.
const BREAKS: &str = "breaks.json";

fn read_breaks(path: &Path) -> Result<Vec<i16>> {
    let text = fs::read_to_string(path).at("read", path)?;
    serde_json::from_str(&text).at("read", path)
}

/// The breaks given, or those found in the cohort, which are shown and recorded.
pub(crate) fn breaks_of(
    given: Option<&Vec<i16>>,
    fitting: &Fitting,
    inputs: &Inputs,
    context: &Context,
) -> Result<Vec<i16>> {
    if let Some(breaks) = given {
        return Ok(breaks.clone());
    }
    let breaks = context.keep(
        |directory| read_breaks(&directory.join(BREAKS)),
        |directory| {
            let breaks = fitting.run(inputs, context)?;
            let path = directory.join(BREAKS);
            let text = serde_json::to_string(&breaks).doing("cannot write breaks as JSON")?;
            fs::write(&path, text).at("write", &path)?;
            Ok(breaks)
        },
    )?;
    if let (Some(first), Some(last)) = (breaks.first(), breaks.last()) {
        context.say(format!(
            "{} breaks from {first} to {last} HU, found in the cohort",
            breaks.len()
        ));
    }
    context.record_fact("histogram_breaks", breaks.clone().into());
    Ok(breaks)
}

impl WindowScheme for Fitted {
    fn channels(&self) -> usize {
        self.channels
    }

    fn pointwise(&self) -> bool {
        true
    }

    fn apply(&self, batch: &HuBatch) -> Tensor<4> {
        self.equaliser.apply(batch).repeat_dim(1, self.channels)
    }
}

impl Stage for FrequencyHistogram {
    const NAME: &'static str = "frequency-histogram";
    const FAMILY: Family = Family::Window;
    const SUMMARY: &'static str = "greys that are equally frequent in the cohort";
    const EXAMPLE: &'static str = "[window]\nuse = \"frequency-histogram\"\nbins = 100\nslices = 200\n";
    const SEEDED: bool = true;

    fn ports() -> Ports {
        fitting_ports()
    }

    fn narrow(&self, all: Ports) -> Ports {
        narrow_fitting(all, self.breaks.as_ref())
    }

    fn describe(&self, _inputs: &Descriptions) -> Descriptions {
        describe_fitting(
            self.breaks.as_ref(),
            |breaks| self.with_breaks(breaks),
            self.channels,
        )
    }

    fn check(&self) -> Vec<Problem> {
        check_breaks(self.breaks.as_deref()).into_iter().collect()
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

ichflow_api::register!(FrequencyHistogram);

#[cfg(test)]
mod tests {
    use ichflow_api::testkit::{MadePixels, cohort, run_context, slice};

    use super::*;
    use crate::testing::*;

    fn fit(scheme: &FrequencyHistogram, seed: u64) -> Result<Vec<f32>> {
        let directory = tempfile::tempdir().unwrap();
        let mut run = run_context(directory.path());
        run.seed = seed;
        let context = Context::new(&run, "window", "frequency-histogram", "key");
        let slices = (0..40)
            .map(|index| slice(&index.to_string(), "p", None))
            .collect();
        let pixels = MadePixels::new(|slice: &Slice| {
            let index: i16 = slice.id.parse().ok()?;
            let hu = match index {
                0..10 => return None,
                10..20 => vec![-3024; 100],
                _ => (0..100).map(|pixel| pixel + index).collect(),
            };
            Some(HuImage {
                rows: 10,
                columns: 10,
                hu,
            })
        });
        let inputs = Inputs::default()
            .with(input::COHORT, cohort(slices))
            .with(input::PIXELS, Pixels::new(pixels));
        let window = scheme.run(&inputs, &context)?.take(output::WINDOW).unwrap();
        let ramp: Vec<i16> = (-20..160).collect();
        Ok(values(window.apply(&batch_of(&[&ramp], SliceTags::default()))))
    }

    #[test]
    fn breaks_are_found_in_slices_that_show_brain_and_depend_on_the_seed_alone() {
        let scheme = FrequencyHistogram {
            slices: 5,
            channels: 1,
            ..FrequencyHistogram::default()
        };
        let first = fit(&scheme, 1).unwrap();
        assert_eq!(first, fit(&scheme, 1).unwrap());
        assert_ne!(first, fit(&scheme, 2).unwrap());
        // Had padding been counted, −20 HU would not be black.
        assert_eq!(first[0], 0.0);
        assert_eq!(first.last(), Some(&1.0));
        assert!(first.windows(2).all(|pair| pair[0] <= pair[1]));
    }

    #[test]
    fn a_cohort_without_brain_is_an_error_with_advice() {
        let scheme = FrequencyHistogram {
            min_brain: 1.0,
            ..FrequencyHistogram::default()
        };
        let error = fit(&scheme, 1).unwrap_err();
        assert!(error.to_string().contains("10 cannot be read"), "{error}");
    }

    #[test]
    fn given_breaks_need_no_cohort() {
        let scheme = FrequencyHistogram {
            breaks: Some(vec![-1000, 0, 40, 80, 1000]),
            ..FrequencyHistogram::default()
        };
        assert!(scheme.narrow(FrequencyHistogram::ports()).inputs.is_empty());
        assert_eq!(FrequencyHistogram::ports().inputs.len(), 2);
        let fitted = scheme.with_breaks(&[-1000, 0, 40, 80, 1000]).unwrap();
        assert_near(&applied(&fitted, &[-500, 40])[..2], &[0.125, 0.5]);
        assert_edges(&fitted);
    }

    #[test]
    fn falling_breaks_are_refused() {
        let scheme = FrequencyHistogram {
            breaks: Some(vec![0, 80, 40]),
            ..FrequencyHistogram::default()
        };
        assert_eq!(scheme.check()[0].key, "breaks[2]");
        assert!(scheme.with_breaks(&[0, 80, 40]).is_err());
    }
}
