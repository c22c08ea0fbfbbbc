//! `channel-statistics`: the cohort's own mean and standard deviation in place of the network's.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use ichflow_api::prelude::*;
use ichflow_api::tensors::feed::{Feed, batches_of};
use ichflow_api::tensors::model::Preparation;
use rand::seq::SliceRandom;
use serde_json::json;

/// Slices computed at once; does not change the result but for rounding.
const BATCH: usize = 16;

/// Least standard deviation: a channel of one value is only shifted.
const FLAT: f64 = 1e-6;

/// Shifts and scales the network's input by the mean and standard deviation of each channel over the training fold,
/// in place of what the network brings (those of ImageNet with pretrained weights).
///
/// They are computed once, from windowed and resized images without augmentation, all pixels of all slices
/// alike, and kept for later runs. It stands after the network it refines: `mean = Σx/n`,
/// `std = √(Σ(x − mean)²/n)`. Learned windows count as they start.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelStatistics {
    /// Most slices of the training fold to look at, drawn by the recipe's seed; without it, all of them.
    #[schemars(range(min = 1))]
    pub slices: Option<usize>,
    /// Means as an earlier run has found them, one per channel; with `std`, in place of looking at slices.
    #[schemars(length(min = 1))]
    pub mean: Option<Vec<f32>>,
    /// Standard deviations that go with `mean`, one per channel, above 0.
    #[schemars(length(min = 1))]
    pub std: Option<Vec<f32>>,
}

impl Default for ChannelStatistics {
    fn default() -> Self {
        Self {
            slices: Some(2000),
            mean: None,
            std: None,
        }
    }
}

/// Sums over the pixels of some slices, one number per channel.
#[derive(Clone, Debug, Default, PartialEq)]
struct Sums {
    pixels: u64,
    values: Vec<f64>,
    squares: Vec<f64>,
}

impl Sums {
    /// Adds images `[batch, channels, height, width]`. Rows are added up on the device, the rest in f64.
    fn add(&mut self, images: Tensor<4>) -> Result<()> {
        let [count, channels, height, width] = images.dims();
        self.values.resize(channels, 0.0);
        self.squares.resize(channels, 0.0);
        let rows = |images: Tensor<4>| {
            images
                .sum_dim(3)
                .into_data()
                .convert::<f32>()
                .try_to_vec::<f32>()
                .map_err(|error| Error::new(format!("the images cannot be read: {error:?}")))
        };
        for (sums, rows) in [
            (&mut self.values, rows(images.clone())?),
            (&mut self.squares, rows(images.clone() * images)?),
        ] {
            for (index, row) in rows.iter().enumerate() {
                sums[index / height % channels] += f64::from(*row);
            }
        }
        self.pixels += (count * height * width) as u64;
        Ok(())
    }

    fn normalisation(&self) -> Normalisation {
        let mean: Vec<f64> = self.values.iter().map(|sum| sum / self.pixels as f64).collect();
        let std = self.squares.iter().zip(&mean).map(|(squares, mean)| {
            let variance = squares / self.pixels as f64 - mean * mean;
            let std = variance.max(0.0).sqrt();
            if std > FLAT { std as f32 } else { 1.0 }
        });
        Normalisation {
            std: std.collect(),
            mean: mean.iter().map(|mean| *mean as f32).collect(),
        }
    }
}

impl ChannelStatistics {
    /// What the recipe gives in place of a measurement.
    fn given(&self) -> Option<Normalisation> {
        Some(Normalisation {
            mean: self.mean.clone()?,
            std: self.std.clone()?,
        })
    }

    fn measure(&self, inputs: &Inputs, context: &Context) -> Result<Normalisation> {
        let cohort = inputs.take(input::COHORT)?;
        let pixels = (*inputs.take(input::PIXELS)?).clone();
        let preparation = Preparation {
            window: (*inputs.take(input::WINDOW)?).clone(),
            resize: inputs.get(optional::RESIZE)?.map(|resize| *resize),
            normalisation: Normalisation::none(),
        };
        let mut chosen = inputs.take(input::FOLDS)?.indices(Fold::Train);
        if let Some(most) = self.slices.filter(|most| *most < chosen.len()) {
            chosen.shuffle(&mut context.rng("slices"));
            chosen.truncate(most);
            // Neighbours in the store are read together.
            chosen.sort_unstable();
        }
        if chosen.is_empty() {
            return Err(Error::new(
                "there are no slices to train on, so there is nothing to measure",
            ));
        }
        let progress = context.progress("measuring channels", chosen.len(), "slices");
        let offsets = preparation.window.offsets();
        let mut sums = Sums::default();
        for host in Feed::start(pixels, cohort.clone(), batches_of(&chosen, BATCH), offsets) {
            context.checkpoint()?;
            let host = host?;
            host.exclude_unread(&cohort, context);
            let count = host.indices.len() + host.unread.len();
            if !host.is_empty() {
                sums.add(preparation.images(&host.upload(&cohort, &context.device()), None))?;
            }
            progress.advance(count as u64);
        }
        if sums.pixels == 0 {
            return Err(Error::new(
                "not one slice of the training fold can be read, so there is nothing to measure",
            )
            .help("the reasons are listed among the excluded slices of this run"));
        }
        Ok(sums.normalisation())
    }
}

fn path(directory: &Path) -> std::path::PathBuf {
    directory.join("channels.json")
}

fn read(directory: &Path) -> Result<Normalisation> {
    let path = path(directory);
    let text = fs::read_to_string(&path).at("read", &path)?;
    let [mean, std]: [Vec<f32>; 2] = serde_json::from_str(&text).at("read", &path)?;
    Ok(Normalisation { mean, std })
}

fn write(directory: &Path, normalisation: &Normalisation) -> Result<()> {
    let path = path(directory);
    let text = json!([normalisation.mean, normalisation.std]).to_string();
    fs::write(&path, text).at("write", &path)
}

/// A network with another shift and scale.
struct Normalised {
    network: Arc<NetworkSpec>,
    normalisation: Normalisation,
}

impl NetworkFactory for Normalised {
    fn build(&self, channels: usize, outputs: usize, device: &Device) -> Result<Network> {
        self.network.build(channels, outputs, device)
    }

    fn normalisation(&self) -> Normalisation {
        self.normalisation.clone()
    }

    fn describe(&self) -> String {
        self.network.describe()
    }
}

impl Stage for ChannelStatistics {
    const NAME: &'static str = "channel-statistics";
    const FAMILY: Family = Family::Network;
    const SUMMARY: &'static str = "the cohort's own mean and standard deviation in place of the network's";
    const EXAMPLE: &'static str = "[normalise]\nuse = \"channel-statistics\"\nslices = 2000\n";
    const SEEDED: bool = true;

    fn check(&self) -> Vec<Problem> {
        match (&self.mean, &self.std) {
            (None, None) => Vec::new(),
            (Some(mean), Some(std)) if mean.len() != std.len() => vec![
                Problem::new("std", "there are not as many deviations as means")
                    .help("give one of each a channel"),
            ],
            (Some(_), Some(std)) if !std.iter().all(|std| *std > 0.0) => {
                vec![Problem::new("std", "a standard deviation is not above 0")]
            }
            (Some(_), Some(_)) => Vec::new(),
            (Some(_), None) => {
                vec![Problem::new("mean", "`mean` goes with `std`").help("give both, or neither")]
            }
            (None, Some(_)) => {
                vec![Problem::new("std", "`std` goes with `mean`").help("give both, or neither")]
            }
        }
    }

    fn ports() -> Ports {
        Ports::new()
            .takes(input::NETWORK)
            .takes(input::WINDOW)
            .takes(optional::RESIZE)
            .takes(input::COHORT)
            .takes(input::FOLDS)
            .takes(input::PIXELS)
            .offers(output::NETWORK)
    }

    fn narrow(&self, all: Ports) -> Ports {
        let measures = self.given().is_none();
        all.takes_only_if(measures, input::WINDOW)
            .takes_only_if(measures, optional::RESIZE)
            .takes_only_if(measures, input::COHORT)
            .takes_only_if(measures, input::FOLDS)
            .takes_only_if(measures, input::PIXELS)
    }

    fn describe(&self, inputs: &Descriptions) -> Descriptions {
        // Another shift and scale before the first layer leave the layers as they are.
        Descriptions::new().with(output::NETWORK, inputs.of(input::NETWORK))
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let normalisation = match self.given() {
            Some(given) => given,
            None => context.keep(read, |directory| {
                let measured = self.measure(inputs, context)?;
                write(directory, &measured)?;
                Ok(measured)
            })?,
        };
        context.settle(&Self {
            mean: Some(normalisation.mean.clone()),
            std: Some(normalisation.std.clone()),
            ..self.clone()
        })?;
        let rounded = |values: &[f32]| {
            let texts: Vec<String> = values.iter().map(|value| format!("{value:.4}")).collect();
            texts.join(", ")
        };
        context.say(format!(
            "mean {} · standard deviation {}",
            rounded(&normalisation.mean),
            rounded(&normalisation.std)
        ));
        context.record_fact(
            "channels",
            json!({"mean": normalisation.mean, "std": normalisation.std}),
        );
        let network = NetworkSpec::new(Normalised {
            network: inputs.take(input::NETWORK)?,
            normalisation,
        });
        Ok(Outputs::new().with(output::NETWORK, network))
    }
}

ichflow_api::register!(ChannelStatistics);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear::Linear;
    use crate::presets::WindowChoice;
    use ichflow_api::testkit::{MadePixels, cohort, run_context, slice};

    struct NoNetwork;

    impl NetworkFactory for NoNetwork {
        fn build(&self, _channels: usize, _outputs: usize, _device: &Device) -> Result<Network> {
            Err(Error::new("not needed"))
        }
        fn normalisation(&self) -> Normalisation {
            Normalisation {
                mean: vec![0.485],
                std: vec![0.229],
            }
        }
        fn describe(&self) -> String {
            "none".into()
        }
    }

    /// Pixels of the slice called `index`, as in `tests/reference/windowing.py`.
    fn hu_of(index: i32) -> Vec<i16> {
        let (rows, columns) = (24, 20);
        (0..rows * columns)
            .map(|pixel| ((pixel * 7919 + index * 104_729) % 1601 - 1000) as i16)
            .collect()
    }

    fn inputs(count: usize, validation: &[usize]) -> Inputs {
        let slices = (0..count).map(|index| slice(&index.to_string(), "p", None));
        let pixels = MadePixels::new(|slice: &Slice| {
            Some(HuImage {
                rows: 24,
                columns: 20,
                hu: hu_of(slice.id.parse().ok()?),
            })
        });
        let window = Linear {
            windows: vec![
                WindowChoice::given(40.0, 80.0),
                WindowChoice::given(40.0, 380.0),
                WindowChoice::given(-3000.0, 10.0),
            ],
        };
        let fold = |index: usize| {
            if validation.contains(&index) {
                Fold::Valid
            } else {
                Fold::Train
            }
        };
        Inputs::default()
            .with(input::NETWORK, NetworkSpec::new(NoNetwork))
            .with(input::WINDOW, Window::new(window))
            .with(input::COHORT, cohort(slices.collect()))
            .with(
                input::FOLDS,
                Folds {
                    of_slice: (0..count).map(fold).collect(),
                },
            )
            .with(input::PIXELS, Pixels::new(pixels))
    }

    fn run(stage: &ChannelStatistics, inputs: &Inputs, directory: &Path) -> Normalisation {
        let mut run = run_context(directory);
        run.seed = 3;
        let context = Context::new(&run, "normalise", "channel-statistics", "key");
        let mut outputs = stage.run(inputs, &context).unwrap();
        outputs.take(output::NETWORK).unwrap().normalisation()
    }

    /// Computed by NumPy in float64 over the slices 0 to 19 without 4 and 11: `tests/reference/windowing.py`
    /// prints them.
    const EXPECTED: [[f64; 2]; 2] = [
        [0.350_692_997_685_185_2, 0.468_359_645_418_725_9],
        [0.350_613_121_345_029_25, 0.433_665_493_921_083_1],
    ];

    #[test]
    fn they_are_numpys_over_the_training_fold() {
        let directory = tempfile::tempdir().unwrap();
        let found = run(
            &ChannelStatistics::default(),
            &inputs(20, &[4, 11]),
            directory.path(),
        );
        for (channel, [mean, std]) in EXPECTED.into_iter().enumerate() {
            assert!((f64::from(found.mean[channel]) - mean).abs() < 1e-6, "{found:?}");
            assert!((f64::from(found.std[channel]) - std).abs() < 1e-6, "{found:?}");
        }
        // A channel of one value is shifted only.
        assert_eq!((found.mean[2], found.std[2]), (1.0, 1.0));
        let images = Tensor::<4>::ones([1, 3, 2, 2], &Device::flex());
        let normal: Vec<f32> = found.apply(images).into_data().try_to_vec().unwrap();
        assert_eq!(normal[8..], [0.0; 4]);
    }

    #[test]
    fn a_later_run_finds_them_and_reads_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let found = run(&ChannelStatistics::default(), &inputs(20, &[]), directory.path());
        let unreadable = Pixels::new(MadePixels::new(|_: &Slice| None));
        let again = inputs(20, &[]).with(input::PIXELS, unreadable);
        assert_eq!(
            run(&ChannelStatistics::default(), &again, directory.path()),
            found
        );
    }

    #[test]
    fn a_sample_depends_on_the_seed_alone() {
        let few = ChannelStatistics {
            slices: Some(3),
            ..ChannelStatistics::default()
        };
        let of = || {
            let directory = tempfile::tempdir().unwrap();
            run(&few, &inputs(40, &[]), directory.path())
        };
        let all = run(
            &ChannelStatistics {
                slices: None,
                ..ChannelStatistics::default()
            },
            &inputs(40, &[]),
            tempfile::tempdir().unwrap().path(),
        );
        assert_eq!(of(), of());
        assert_ne!(of(), all);
    }
}
