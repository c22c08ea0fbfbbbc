//! A step of a whole network: every parameter by its rule.

use std::collections::HashMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::store::{ModuleRecord, RecordError};
use ichflow_api::prelude::*;

use super::{Rate, Rule, Step};

/// The rules of parameters, and what their optimizers remember of earlier steps.
pub struct Stepper {
    rules: HashMap<ParamId, Rule>,
    steps: u32,
    /// Flat, in the order the optimizer has them; a parameter that is not there has taken no step.
    memory: HashMap<ParamId, Vec<Tensor<1>>>,
}

impl Stepper {
    /// One that has taken no step. A parameter without a rule stays as it is.
    pub fn new(rules: HashMap<ParamId, Rule>) -> Self {
        Self {
            rules,
            steps: 0,
            memory: HashMap::new(),
        }
    }

    /// How a parameter is trained.
    pub fn rule(&self, id: ParamId) -> Option<&Rule> {
        self.rules.get(&id)
    }

    /// Moves every parameter that has a gradient.
    pub fn step<M: Module>(&mut self, network: M, gradients: GradientsParams, rate: Rate) -> M {
        self.steps += 1;
        network.map(&mut Move {
            stepper: self,
            gradients,
            rate,
        })
    }

    /// Number of steps so far.
    pub fn steps(&self) -> u32 {
        self.steps
    }

    /// Number of tensors that a parameter's optimizer remembers, at most.
    fn slots(&self) -> usize {
        let memory = self.rules.values().map(|rule| rule.optimizer.memory());
        memory.max().unwrap_or(0)
    }

    /// What is remembered, as records in the shape of `network`, with zeros where nothing is.
    ///
    /// The shape is a copy made by `valid`: clones share running statistics, and what is put in their place
    /// would be seen in the network itself.
    pub fn records<M: Module>(&self, network: &M) -> Vec<ModuleRecord> {
        let record = |slot| {
            let mut replaced = Replaced {
                memory: &self.memory,
                slot,
            };
            network.valid().map(&mut replaced).into_record()
        };
        (0..self.slots()).map(record).collect()
    }

    /// Remembers what [`Stepper::records`] gave after `steps` steps.
    ///
    /// # Errors
    /// Where the records are of another network.
    pub fn restore<M: Module>(
        &mut self,
        steps: u32,
        records: Vec<ModuleRecord>,
        network: &M,
    ) -> Result<(), RecordError> {
        self.steps = steps;
        self.memory.clear();
        for (slot, record) in records.into_iter().enumerate() {
            let remembered = network.valid().try_load_record(record)?;
            remembered.visit(&mut Collector { stepper: self, slot });
        }
        Ok(())
    }
}

struct Move<'a> {
    stepper: &'a mut Stepper,
    gradients: GradientsParams,
    rate: Rate,
}

impl ModuleMapper for Move<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, weights, mapper) = param.consume();
        let gradient = self.gradients.remove::<D>(id);
        let (Some(gradient), Some(rule)) = (gradient, self.stepper.rules.get(&id)) else {
            return Param::from_mapped_value(id, weights, mapper);
        };
        let (learns, strategy) = (
            weights.is_require_grad(),
            weights.gradient_checkpointing_strategy(),
        );
        let step = Step {
            lr: rule.lr.at(self.rate),
            decay: rule.decay,
            number: self.stepper.steps,
        };
        let memory = self.stepper.memory.entry(id).or_default();
        let shape = weights.dims();
        let new = rule
            .optimizer
            .update(flat(weights.inner()), flat(gradient), memory, step);
        // On the tape again, as it was before.
        let mut new = Tensor::from_inner(new.reshape(shape));
        if let Some(strategy) = strategy {
            new = new.with_gradient_checkpointing_strategy(strategy);
        }
        if learns {
            new = new.require_grad();
        }
        Param::from_mapped_value(id, new, mapper)
    }
}

fn flat<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    let values = tensor.dims().iter().product::<usize>();
    tensor.reshape([values])
}

/// Every parameter replaced by one of the tensors remembered for it, or by zeros.
struct Replaced<'a> {
    memory: &'a HashMap<ParamId, Vec<Tensor<1>>>,
    slot: usize,
}

impl ModuleMapper for Replaced<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, old, mapper) = param.consume();
        let remembered = self.memory.get(&id).and_then(|tensors| tensors.get(self.slot));
        let new = match remembered {
            Some(tensor) => tensor.clone().reshape(old.dims()),
            None => old.zeros_like(),
        };
        Param::from_mapped_value(id, new, mapper)
    }
}

/// Takes every parameter as what is remembered for it, as far as its optimizer remembers so much.
struct Collector<'a> {
    stepper: &'a mut Stepper,
    slot: usize,
}

impl ModuleVisitor for Collector<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let rule = self.stepper.rules.get(&param.id);
        if rule.is_some_and(|rule| self.slot < rule.optimizer.memory()) {
            let memory = self.stepper.memory.entry(param.id).or_default();
            memory.push(flat(param.val()));
        }
    }
}
