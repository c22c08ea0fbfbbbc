//! How each parameter of a network is trained: its optimizer, its learning rate, its weight decay.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use burn::module::ParamId;
use ichflow_api::nn::parameters;
use ichflow_api::prelude::*;

use super::Optimizer;
use crate::fit::task::Trained;
use crate::fit::unknown_part::no_such_part;

/// How one parameter is trained.
#[derive(Clone, Debug)]
pub struct Rule {
    /// What moves it.
    pub optimizer: Arc<dyn Optimizer>,
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
    /// The parameter's own learning rate in a step.
    pub fn at(self, rate: Rate) -> f64 {
        match self {
            Self::Times(times) => times * rate.lr,
            Self::Own { held, .. } if rate.epoch <= held => 0.0,
            Self::Own { lr, .. } => lr * rate.lr / rate.highest,
        }
    }
}

/// Rules for every parameter of `network`. `multipliers` are learning rates of parts by their path, as multiples of
/// the phase's.
///
/// # Errors
/// Where `multipliers` names a part that the network does not have.
pub fn rules(
    optimizer: &Arc<dyn Optimizer>,
    multipliers: &BTreeMap<String, f64>,
    network: &impl Trained,
) -> Result<HashMap<ParamId, Rule>> {
    let layers = parameters::walk(network);
    let unknown = |part: &&String| !layers.iter().any(|layer| layer.is_below(part));
    if let Some(part) = multipliers.keys().find(unknown) {
        return Err(no_such_part("lr_multipliers", part, &layers));
    }
    let mut rules = HashMap::new();
    for layer in &layers {
        // The longest path that fits: a part within a part has its own say.
        let times = multipliers
            .iter()
            .filter(|(part, _)| layer.is_below(part))
            .max_by_key(|(part, _)| part.len())
            .map_or(1.0, |(_, times)| *times);
        for parameter in &layer.parameters {
            let rule = Rule {
                optimizer: Arc::clone(optimizer),
                lr: Lr::Times(times),
                decay: optimizer.weight_decay(parameter.rank()),
            };
            rules.insert(parameter.id, rule);
        }
    }
    rules.extend(network.own_rules(optimizer));
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_of_its_own_waits_and_follows_the_phases() {
        let rate = |lr, epoch| Rate {
            lr,
            highest: 0.4,
            epoch,
        };
        let own = Lr::Own { lr: 2.0, held: 1 };
        assert_eq!(own.at(rate(0.4, 1)), 0.0);
        assert_eq!(own.at(rate(0.4, 2)), 2.0);
        assert_eq!(own.at(rate(0.1, 2)), 0.5);
        assert_eq!(Lr::Times(0.5).at(rate(0.1, 1)), 0.05);
    }
}
