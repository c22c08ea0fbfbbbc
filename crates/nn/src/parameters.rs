//! The parameters of a network, layer by layer: the one walk over a module that counts, names and groups them.

use burn::module::{Flag, Module, ModuleVisitor, Param, ParamId};
use burn::tensor::Tensor;

/// A parameter, running statistic or flag of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// What optimizers, groups and records know it by.
    pub id: ParamId,
    /// Its own name: "weight".
    pub name: String,
    /// Its sizes; `None` for a flag.
    pub shape: Option<Vec<usize>>,
}

impl Parameter {
    /// How many numbers it holds; none for a flag.
    pub fn count(&self) -> usize {
        self.shape.as_ref().map_or(0, |shape| shape.iter().product())
    }

    /// Its number of dimensions; 0 for a flag.
    pub fn rank(&self) -> usize {
        self.shape.as_ref().map_or(0, Vec::len)
    }

    /// Whether it is a running statistic of a normalisation, which follows the data and is not trained. burn walks
    /// through these as through parameters.
    pub fn is_running(&self) -> bool {
        self.name.starts_with("running_")
    }

    /// Whether training may change it: neither a flag nor a running statistic.
    pub fn is_trained(&self) -> bool {
        self.shape.is_some() && !self.is_running()
    }
}

/// A module that holds parameters or flags of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Where it stands: "backbone.blocks.6.conv".
    pub path: String,
    /// Its type: "Conv2d".
    pub kind: String,
    /// What it holds, in the order of its definition.
    pub parameters: Vec<Parameter>,
}

impl Layer {
    /// Whether it holds tensors, and not flags alone as dropout does.
    pub fn has_weights(&self) -> bool {
        self.parameters.iter().any(|parameter| parameter.shape.is_some())
    }

    /// Whether it normalises by running statistics.
    pub fn is_norm(&self) -> bool {
        self.parameters
            .iter()
            .any(|parameter| parameter.name == "running_mean")
    }

    /// Whether it is `part` or stands below it: `backbone.blocks.6.conv` is below `backbone.blocks.6`.
    pub fn is_below(&self, part: &str) -> bool {
        self.path
            .strip_prefix(part)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

/// The layers of a module in the order of their definition, which is the order data passes them. Tensors of floats
/// and flags are listed.
pub fn walk(module: &impl Module) -> Vec<Layer> {
    let mut walker = Walker::default();
    module.visit(&mut walker);
    walker.layers
}

/// How many numbers of a module are trained; running statistics of normalisations are none.
pub fn count(module: &impl Module) -> usize {
    walk(module)
        .iter()
        .flat_map(|layer| &layer.parameters)
        .filter(|parameter| parameter.is_trained())
        .map(Parameter::count)
        .sum()
}

#[derive(Default)]
struct Walker {
    /// Names and types on the way down.
    path: Vec<(String, String)>,
    layers: Vec<Layer>,
}

impl Walker {
    fn add(&mut self, id: ParamId, shape: Option<Vec<usize>>) {
        // The last step of the path is the parameter's own name, beside the type of what holds it.
        let Some(((name, kind), above)) = self.path.split_last() else {
            return;
        };
        let parameter = Parameter {
            id,
            name: name.clone(),
            shape,
        };
        let above: Vec<&str> = above.iter().map(|(name, _)| name.as_str()).collect();
        let path = above.join(".");
        match self.layers.last_mut() {
            Some(layer) if layer.path == path => layer.parameters.push(parameter),
            _ => self.layers.push(Layer {
                path,
                kind: kind.rsplit(':').next().unwrap_or(kind).to_owned(),
                parameters: vec![parameter],
            }),
        }
    }
}

impl ModuleVisitor for Walker {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.add(param.id, Some(param.lazy_shape().to_vec()));
    }

    fn visit_flag(&mut self, flag: &Param<Flag>) {
        self.add(flag.id, None);
    }

    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.push((name.to_owned(), container_type.to_owned()));
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::{BatchNormConfig, DropoutConfig, LinearConfig};
    use burn::tensor::Device;

    #[derive(Module, Debug)]
    struct Three {
        linear: burn::nn::Linear,
        dropout: burn::nn::Dropout,
        norm: burn::nn::BatchNorm,
    }

    #[test]
    fn layers_come_in_order_with_what_they_hold() {
        let device = Device::flex();
        let three = Three {
            linear: LinearConfig::new(3, 2).init(&device),
            dropout: DropoutConfig::new(0.5).init(),
            norm: BatchNormConfig::new(2).init(&device),
        };
        let layers: Vec<_> = walk(&three).into_iter().filter(Layer::has_weights).collect();
        let paths: Vec<_> = layers.iter().map(|layer| layer.path.as_str()).collect();
        assert_eq!(paths, ["linear", "norm"]);
        assert_eq!(layers[0].kind, "Linear");
        assert_eq!(layers[0].parameters[0].shape.as_deref(), Some(&[3, 2][..]));
        assert!(!layers[0].is_norm() && layers[1].is_norm());
        assert_eq!(count(&three), 3 * 2 + 2 + 2 + 2);
    }

    #[test]
    fn paths_are_compared_step_by_step() {
        let layer = |path: &str| Layer {
            path: path.into(),
            kind: String::new(),
            parameters: Vec::new(),
        };
        assert!(layer("backbone.blocks.6.conv").is_below("backbone.blocks.6"));
        assert!(!layer("backbone.blocks.61").is_below("backbone.blocks.6"));
    }
}
