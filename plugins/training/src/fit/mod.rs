//! `fit`: trains a network in phases.
//!
//! The loop is ichflow's own rather than `burn::train`'s: phases change what learns, every epoch's
//! metrics come from all predictions at once, windows run inside the step, and a stop must be possible
//! between any two steps.

mod losses;
mod own_window;
mod phase;
mod schedule;
mod step;
mod trainable;
mod trainer;

use burn::module::Module;
use ichflow_api::labels::COUNT;
use ichflow_api::model::{Preparation, Resize};
use ichflow_api::prelude::*;

pub use phase::Phase;
use trainable::Trainable;
use trainer::Trainer;

/// Trains a network on the training fold, and keeps the weights of the epoch with the lowest weighted log
/// loss on the held-out fold.
///
/// Writes `history.csv` and `checkpoints/best.bpk`. Each phase starts Adam anew.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fit {
    /// Phases of training, one after the other.
    #[schemars(length(min = 1))]
    pub phases: Vec<Phase>,
    /// Slices in a step.
    #[serde(default = "default_batch")]
    #[schemars(range(min = 2, max = 4096))]
    pub batch: usize,
    /// Adam's decay rates of the mean and of the uncentred variance of gradients.
    #[serde(default = "default_betas")]
    pub betas: [f64; 2],
    /// Added to Adam's denominator.
    #[serde(default = "default_epsilon")]
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub epsilon: f64,
}

fn default_batch() -> usize {
    32
}

fn default_betas() -> [f64; 2] {
    [0.9, 0.999]
}

fn default_epsilon() -> f64 {
    1e-8
}

impl Stage for Fit {
    const NAME: &'static str = "fit";
    const FAMILY: Family = Family::Train;
    const SUMMARY: &'static str = "trains a network in phases, keeps the best epoch";
    const EXAMPLE: &'static str = r#"[train]
use = "fit"
batch = 32
phases = [
  { epochs = 1, lr = 1e-4, trainable = "last 5" },
  { epochs = 10, lr = 4e-4, fraction = 0.1667 },
]
"#;
    const SEEDED: bool = true;

    fn ports(&self) -> Ports {
        Ports::new()
            .input(Input::of::<Cohort>("cohort"))
            .input(Input::of::<Folds>("folds"))
            .input(Input::of::<Pixels>("pixels"))
            .input(Input::of::<Window>("window"))
            .input(Input::of::<Resize>("resize").optional())
            .input(Input::of::<Augment>("augment").optional())
            .input(Input::of::<NetworkSpec>("network"))
            .input(Input::of::<Loss>("loss"))
            .output(Output::of::<Model>("model"))
            .output(Output::of::<History>("history"))
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (index, phase) in self.phases.iter().enumerate() {
            if let Err(message) = Trainable::parse(&phase.trainable) {
                problems.push(
                    Problem::new(
                        format!("phases[{index}].trainable"),
                        format!("`trainable` is not understood: {message}"),
                    )
                    .help("write \"all\", \"head\", \"last N\" or paths such as \"backbone.blocks.6, head\""),
                );
            }
        }
        if self.betas.iter().any(|beta| !(0.0..1.0).contains(beta)) {
            problems.push(Problem::new(
                "betas",
                "each of `betas` must be at least 0 and below 1",
            ));
        }
        problems
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let spec = inputs.get::<NetworkSpec>("network")?;
        let preparation = Preparation {
            window: (*inputs.get::<Window>("window")?).clone(),
            resize: inputs.find::<Resize>("resize")?.map(|resize| *resize),
            normalisation: spec.normalisation(),
        };
        let cohort = inputs.get::<Cohort>("cohort")?;
        let folds = inputs.get::<Folds>("folds")?;
        let (train, valid) = (folds.indices(Fold::Train), folds.indices(Fold::Valid));
        if train.len() < 2 {
            return Err(
                Error::new(format!("there are {} slices to train on", train.len()))
                    .help("lower the share held out, or use more data"),
            );
        }
        if let Some(slice) = train
            .iter()
            .map(|i| &cohort.slices[*i])
            .find(|slice| slice.labels.is_none())
        {
            return Err(Error::new(format!(
                "the slice {} has no labels to train on",
                slice.id
            )));
        }
        let trainer = Trainer {
            fit: self,
            context,
            device: context.device().clone().autodiff(),
            cohort,
            pixels: (*inputs.get::<Pixels>("pixels")?).clone(),
            preparation,
            augment: inputs.find::<Augment>("augment")?,
            augment_rng: context.rng("augment"),
            loss: inputs.get::<Loss>("loss")?,
            description: spec.describe(),
            valid,
            history: History::default(),
            best: None,
        };
        // Weights, then dropout: each from a seed of its own, so that one does not shift the other.
        trainer.device.seed(context.seed_for("weights"));
        let window = &trainer.preparation.window;
        let network = spec
            .build(window.channels(), COUNT, &trainer.device)?
            .with_window_of(window, &trainer.device);
        trainer.device.seed(context.seed_for("dropout"));
        context.record_fact("parameters", network.num_params().into());
        context.say(format!(
            "{}, {} parameters; {} slices to train on, {} held out",
            trainer.description,
            network.num_params(),
            train.len(),
            trainer.valid.len()
        ));
        trainer.train(network, &train)
    }
}

ichflow_api::register!(Fit);
