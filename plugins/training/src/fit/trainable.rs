//! Which parts of a network a phase trains.

use burn::module::{Flag, Module, ModuleVisitor, Param, ParamGroup, ParamId};
use burn::tensor::Tensor;
use ichflow_api::error::{Error, Result};
use ichflow_api::network::Network;

/// The parts of a network that learn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trainable {
    /// Everything.
    All,
    /// The head alone.
    Head,
    /// The last so many layers that have parameters, the head's among them.
    Last(usize),
    /// Parts by their path, with all that is below: `backbone.blocks.6`.
    Named(Vec<String>),
}

impl Trainable {
    /// Reads `all`, `head`, `last N` or a list of paths separated by commas.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        match text {
            "all" => return Ok(Self::All),
            "head" => return Ok(Self::Head),
            "" => return Err("it names nothing".into()),
            _ => {}
        }
        if let Some(number) = text.strip_prefix("last ") {
            return match number.trim().parse() {
                Ok(number) if number > 0 => Ok(Self::Last(number)),
                _ => Err(format!("`{number}` is not a number of layers")),
            };
        }
        let paths: Vec<String> = text.split(',').map(|path| path.trim().to_owned()).collect();
        match paths
            .iter()
            .find(|path| !path.contains('.') && !["head", "backbone"].contains(&path.as_str()))
        {
            Some(path) => Err(format!("`{path}` is no part of a network")),
            None => Ok(Self::Named(paths)),
        }
    }

    /// Freezes what the phase does not train. Frozen normalisation layers keep their statistics, frozen
    /// dropout is off; what stands after the first trained layer (the head's dropout) stays active.
    pub fn apply(&self, network: Network) -> Result<Network> {
        if *self == Self::All {
            return Ok(network.unfreeze());
        }
        let layers = layers(&network);
        let chosen: Vec<ParamId> = match self {
            Self::All => Vec::new(),
            Self::Head => ids(&layers, |layer| below(&layer.path, "head")),
            Self::Named(paths) => {
                if let Some(path) = paths
                    .iter()
                    .find(|path| !layers.iter().any(|layer| below(&layer.path, path)))
                {
                    let known: Vec<&str> = layers.iter().map(|layer| layer.path.as_str()).collect();
                    return Err(Error::new(format!(
                        "`trainable` names `{path}`, which this network does not have"
                    ))
                    .help(format!("its layers are {}", known.join(", "))));
                }
                ids(&layers, |layer| paths.iter().any(|path| below(&layer.path, path)))
            }
            Self::Last(count) => {
                let with_weights: Vec<usize> = (0..layers.len())
                    .filter(|index| layers[*index].has_weights)
                    .collect();
                let first = with_weights[with_weights.len().saturating_sub(*count)..]
                    .first()
                    .copied()
                    .unwrap_or(0);
                layers[first..]
                    .iter()
                    .flat_map(|layer| layer.ids.clone())
                    .collect()
            }
        };
        Ok(network.freeze().unfreeze_group(ParamGroup::from_ids(chosen)))
    }
}

fn below(path: &str, part: &str) -> bool {
    path.strip_prefix(part)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn ids(layers: &[Layer], keep: impl Fn(&Layer) -> bool) -> Vec<ParamId> {
    layers
        .iter()
        .filter(|layer| keep(layer))
        .flat_map(|layer| layer.ids.clone())
        .collect()
}

/// A module that holds parameters or flags of its own.
struct Layer {
    path: String,
    ids: Vec<ParamId>,
    has_weights: bool,
}

/// The layers in the order of their definition, which is the order data passes them.
fn layers(network: &Network) -> Vec<Layer> {
    #[derive(Default)]
    struct Collector {
        path: Vec<String>,
        layers: Vec<Layer>,
    }

    impl Collector {
        fn add(&mut self, id: ParamId, has_weights: bool) {
            // The last step of the path is the parameter's own name.
            let path = self.path[..self.path.len().saturating_sub(1)].join(".");
            match self.layers.last_mut() {
                Some(layer) if layer.path == path => {
                    layer.ids.push(id);
                    layer.has_weights |= has_weights;
                }
                _ => self.layers.push(Layer {
                    path,
                    ids: vec![id],
                    has_weights,
                }),
            }
        }
    }

    impl ModuleVisitor for Collector {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.add(param.id, true);
        }
        fn visit_flag(&mut self, flag: &Param<Flag>) {
            self.add(flag.id, false);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_understood_and_slips_are_not() {
        assert_eq!(Trainable::parse("all"), Ok(Trainable::All));
        assert_eq!(Trainable::parse("last 5"), Ok(Trainable::Last(5)));
        assert_eq!(
            Trainable::parse("backbone.blocks.6, head"),
            Ok(Trainable::Named(vec!["backbone.blocks.6".into(), "head".into()]))
        );
        for bad in ["", "last", "last 0", "last five", "al"] {
            assert!(Trainable::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn paths_are_compared_step_by_step() {
        assert!(below("backbone.blocks.6.conv", "backbone.blocks.6"));
        assert!(!below("backbone.blocks.61", "backbone.blocks.6"));
    }
}
