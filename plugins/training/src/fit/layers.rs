//! The layers of a network, by their paths.

use burn::module::{Flag, Module, ModuleVisitor, Param, ParamId};
use burn::tensor::Tensor;
use ichflow_api::nn::Network;

/// A parameter, running statistic or flag of a layer.
pub struct Value {
    /// What optimizers and groups know it by.
    pub id: ParamId,
    /// Its own name: `weight`.
    pub name: String,
    /// Number of dimensions; `None` for a flag.
    pub rank: Option<usize>,
}

/// A module that holds parameters or flags of its own.
pub struct Layer {
    /// Where it stands in the network: `backbone.blocks.6.conv`.
    pub path: String,
    /// What it holds.
    pub values: Vec<Value>,
}

impl Layer {
    /// Whether it holds tensors, and not flags alone as dropout does.
    pub fn has_weights(&self) -> bool {
        self.values.iter().any(|value| value.rank.is_some())
    }

    /// Whether it normalises by running statistics.
    pub fn is_norm(&self) -> bool {
        self.values.iter().any(|value| value.name == "running_mean")
    }

    /// Whether it is `part` or stands below it: `backbone.blocks.6.conv` is below `backbone.blocks.6`.
    pub fn is_below(&self, part: &str) -> bool {
        below(&self.path, part)
    }
}

fn below(path: &str, part: &str) -> bool {
    path.strip_prefix(part)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The layers in the order of their definition, which is the order data passes them.
pub fn layers(network: &Network) -> Vec<Layer> {
    #[derive(Default)]
    struct Collector {
        path: Vec<String>,
        layers: Vec<Layer>,
    }

    impl Collector {
        fn add(&mut self, id: ParamId, rank: Option<usize>) {
            // The last step of the path is the parameter's own name.
            let (name, above) = match self.path.split_last() {
                Some((name, above)) => (name.clone(), above.join(".")),
                None => (String::new(), String::new()),
            };
            let value = Value { id, name, rank };
            match self.layers.last_mut() {
                Some(layer) if layer.path == above => layer.values.push(value),
                _ => self.layers.push(Layer {
                    path: above,
                    values: vec![value],
                }),
            }
        }
    }

    impl ModuleVisitor for Collector {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.add(param.id, Some(D));
        }
        fn visit_flag(&mut self, flag: &Param<Flag>) {
            self.add(flag.id, None);
        }
        fn enter_module(&mut self, name: &str, _container_type: &str) {
            self.path.push(name.to_owned());
        }
        fn exit_module(&mut self, _name: &str, _container_type: &str) {
            self.path.pop();
        }
    }

    let mut collector = Collector::default();
    network.visit(&mut collector);
    collector.layers
}

/// Says that a parameter names a part which the network does not have.
pub fn no_such_part(parameter: &str, part: &str, layers: &[Layer]) -> ichflow_api::error::Error {
    let known: Vec<&str> = layers.iter().map(|layer| layer.path.as_str()).collect();
    ichflow_api::error::Error::new(format!(
        "`{parameter}` names `{part}`, which this network does not have"
    ))
    .help(format!("its layers are {}", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_compared_step_by_step() {
        assert!(below("backbone.blocks.6.conv", "backbone.blocks.6"));
        assert!(!below("backbone.blocks.61", "backbone.blocks.6"));
    }
}
