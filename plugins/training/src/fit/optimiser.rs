//! Optimisers: Adam, AdamW and SGD as PyTorch computes them, with a rule for every parameter.
//!
//! burn's own optimisers are not used for three reasons: they compute Adam's bias corrections and decay rates
//! in f32, they put a restored state on the process's default device (which a machine without a GPU does not
//! have in a build with CUDA), and they look each parameter's path up anew in every step.

use std::collections::HashMap;

use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::optim::GradientsParams;
use burn::store::{ModuleRecord, RecordError};
use burn::tensor::Tensor;
use ichflow_api::nn::optimizer::{AdamStep, adam};
use ichflow_api::nn::Network;
use ichflow_api::prelude::*;

use super::Fit;
use super::layers::{layers, no_such_part};
use super::tensors::{Tensors, tensors};

/// How weights follow their gradients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Method {
    /// Adam (arXiv 1412.6980); weight decay is added to the gradient.
    #[default]
    Adam,
    /// Adam with weight decay taken from the weights themselves (arXiv 1711.05101).
    AdamW,
    /// Stochastic gradient descent with momentum.
    Sgd,
}

/// Numbers that all parameters share.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Adam's decay rates.
    pub betas: [f64; 2],
    /// Added to Adam's denominator.
    pub epsilon: f64,
    /// Share of the last step in SGD's next.
    pub momentum: f64,
    /// Whether SGD looks ahead along its momentum.
    pub nesterov: bool,
}

/// How one parameter is trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// Its optimiser.
    pub method: Method,
    /// Its learning rate.
    pub lr: Lr,
    /// Its weight decay.
    pub decay: f64,
}

/// A parameter's learning rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Lr {
    /// So many times the phase's.
    Times(f64),
    /// One of its own: `lr`, lowered as the step's rate is below the recipe's highest; 0 for `held` epochs.
    Own {
        /// The learning rate at the recipe's highest.
        lr: f64,
        /// Number of epochs at the beginning in which the parameter stays as it is.
        held: usize,
    },
}

/// The learning rate of a step.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// The learning rate.
    pub lr: f64,
    /// The highest of all phases.
    pub highest: f64,
    /// Counted from 1 over all phases.
    pub epoch: usize,
}

impl Lr {
    fn at(self, rate: Rate) -> f64 {
        match self {
            Self::Times(times) => times * rate.lr,
            Self::Own { held, .. } if rate.epoch <= held => 0.0,
            Self::Own { lr, .. } => lr * rate.lr / rate.highest,
        }
    }
}

/// Weights' rules and what the optimiser remembers of earlier steps.
pub struct Optimiser {
    settings: Settings,
    rules: HashMap<ParamId, Rule>,
    steps: u32,
    /// Adam's mean of gradients, SGD's velocity; a tensor that is not there is zero.
    first: Tensors,
    /// Adam's uncentred variance.
    second: Tensors,
}

/// Weight decay is meant for tensors of at least so many dimensions: those of one are shifts, and the scales
/// of normalisation.
const DECAYED_RANK: usize = 2;

impl Optimiser {
    /// Rules for every parameter of `network`, by what the recipe says.
    pub fn new(fit: &Fit, network: &Network) -> Result<Self> {
        let layers = layers(network);
        if let Some(part) = fit
            .lr_of
            .keys()
            .find(|part| !layers.iter().any(|layer| layer.is_below(part)))
        {
            return Err(no_such_part("lr_of", part, &layers));
        }
        let mut rules = HashMap::new();
        for layer in &layers {
            // The longest path that fits: a part within a part has its own say.
            let times = fit
                .lr_of
                .iter()
                .filter(|(part, _)| layer.is_below(part))
                .max_by_key(|(part, _)| part.len())
                .map_or(1.0, |(_, times)| *times);
            for value in &layer.values {
                let decays = fit.decay_all || value.rank.is_some_and(|rank| rank >= DECAYED_RANK);
                let rule = Rule {
                    method: fit.optimiser,
                    lr: Lr::Times(times),
                    decay: if decays { fit.weight_decay } else { 0.0 },
                };
                rules.insert(value.id, rule);
            }
        }
        if let Some(window) = &network.window {
            // Its rate is a number of HU under Adam alone, and a width that decays would say nothing about
            // the images.
            let rule = Rule {
                method: Method::Adam,
                lr: Lr::Own {
                    lr: window.lr,
                    held: window.freeze_epochs,
                },
                decay: 0.0,
            };
            rules.extend([window.center.id, window.width.id].map(|id| (id, rule)));
        }
        Ok(Self::with_rules(fit.settings(), rules))
    }

    /// An optimiser that has taken no step. A parameter without a rule stays as it is.
    pub fn with_rules(settings: Settings, rules: HashMap<ParamId, Rule>) -> Self {
        Self {
            settings,
            rules,
            steps: 0,
            first: Tensors::new(),
            second: Tensors::new(),
        }
    }

    /// How a parameter is trained.
    pub fn rule(&self, id: ParamId) -> Option<&Rule> {
        self.rules.get(&id)
    }

    /// Moves every parameter that has a gradient.
    pub fn step<M: Module>(&mut self, network: M, gradients: GradientsParams, rate: Rate) -> M {
        self.steps += 1;
        network.map(&mut Step {
            optimiser: self,
            gradients,
            rate,
        })
    }

    /// Number of steps so far.
    pub fn steps(&self) -> u32 {
        self.steps
    }

    /// What is remembered, as two records in the shape of `network`.
    ///
    /// The shape is a copy made by `valid`: clones share running statistics, and what is put in their place
    /// would be seen in the network itself.
    pub fn records<M: Module>(&self, network: &M) -> [ModuleRecord; 2] {
        [&self.first, &self.second].map(|values| network.valid().map(&mut Replaced(values)).into_record())
    }

    /// Remembers what [`Optimiser::records`] gave.
    pub fn restore<M: Module>(
        &mut self,
        steps: u32,
        records: [ModuleRecord; 2],
        network: &M,
    ) -> Result<(), RecordError> {
        let [first, second] = records;
        self.steps = steps;
        self.first = tensors(&network.valid().try_load_record(first)?);
        self.second = tensors(&network.valid().try_load_record(second)?);
        Ok(())
    }

    /// The new value of one parameter.
    fn update<const D: usize>(
        &mut self,
        id: ParamId,
        rule: Rule,
        weight: Tensor<D>,
        gradient: Tensor<D>,
        rate: Rate,
    ) -> Tensor<D> {
        let lr = rule.lr.at(rate);
        let coupled = rule.decay != 0.0 && rule.method != Method::AdamW;
        let gradient = if coupled {
            gradient + weight.clone().mul_scalar(rule.decay)
        } else {
            gradient
        };
        match rule.method {
            Method::Adam | Method::AdamW => {
                let old = self.first.remove::<D>(id).zip(self.second.remove::<D>(id));
                let step = AdamStep {
                    betas: self.settings.betas,
                    epsilon: self.settings.epsilon,
                    lr,
                    decay: if coupled { 0.0 } else { rule.decay },
                    step: self.steps,
                };
                let (weight, state) = adam(step, weight, gradient, old.map(<[_; 2]>::from));
                if let Some([mean, variance]) = state {
                    self.first.register(id, mean);
                    self.second.register(id, variance);
                }
                weight
            }
            Method::Sgd => weight - self.sgd(id, gradient).mul_scalar(lr),
        }
    }

    fn sgd<const D: usize>(&mut self, id: ParamId, gradient: Tensor<D>) -> Tensor<D> {
        let Settings {
            momentum, nesterov, ..
        } = self.settings;
        if momentum == 0.0 {
            return gradient;
        }
        let velocity = moved(self.first.remove::<D>(id), momentum, gradient.clone(), 1.0);
        self.first.register(id, velocity.clone());
        if nesterov {
            gradient + velocity.mul_scalar(momentum)
        } else {
            velocity
        }
    }
}

/// `old · keep + new · take`, where a missing `old` is zero.
fn moved<const D: usize>(old: Option<Tensor<D>>, keep: f64, new: Tensor<D>, take: f64) -> Tensor<D> {
    let new = if take == 1.0 { new } else { new.mul_scalar(take) };
    match old {
        Some(old) => old.mul_scalar(keep) + new,
        None => new,
    }
}

struct Step<'a> {
    optimiser: &'a mut Optimiser,
    gradients: GradientsParams,
    rate: Rate,
}

impl ModuleMapper for Step<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, weight, mapper) = param.consume();
        let gradient = self.gradients.remove::<D>(id);
        let (Some(gradient), Some(rule)) = (gradient, self.optimiser.rules.get(&id).copied()) else {
            return Param::from_mapped_value(id, weight, mapper);
        };
        let (learns, strategy) = (weight.is_require_grad(), weight.gradient_checkpointing_strategy());
        let new = self
            .optimiser
            .update(id, rule, weight.inner(), gradient, self.rate);
        // On the tape again, as it was before.
        let mut new = Tensor::from_inner(new);
        if let Some(strategy) = strategy {
            new = new.with_gradient_checkpointing_strategy(strategy);
        }
        if learns {
            new = new.require_grad();
        }
        Param::from_mapped_value(id, new, mapper)
    }
}

/// Every parameter replaced by what is remembered for it, or zeros.
struct Replaced<'a>(&'a Tensors);

impl ModuleMapper for Replaced<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, old, mapper) = param.consume();
        let new = self.0.get::<D>(id).unwrap_or_else(|| old.zeros_like());
        Param::from_mapped_value(id, new, mapper)
    }
}
