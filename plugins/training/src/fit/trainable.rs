//! Which parts of a network a phase trains.

use burn::module::{ParamGroup, ParamId};
use ichflow_api::error::Result;
use ichflow_api::nn::parameters::{self, Layer};

use super::task::Trained;
use super::unknown_part::no_such_part;

/// The parts of a network that learn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trainable {
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
    pub(super) fn parse(text: &str) -> Result<Self, String> {
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
        match paths.iter().find(|path| {
            !path.contains('.') && !["window", "backbone", "head", "image", "series"].contains(&path.as_str())
        }) {
            Some(path) => Err(format!("`{path}` is no part of a network")),
            None => Ok(Self::Named(paths)),
        }
    }

    /// Freezes what the phase does not train. Frozen normalisation layers keep their statistics, frozen
    /// dropout is off; what stands after the first trained layer (the head's dropout) stays active.
    ///
    /// With `frozen_norm` every normalisation layer stays as it is, whatever else learns: it normalises by
    /// its running statistics, and its scale and shift do not change.
    pub(super) fn apply<N: Trained>(&self, network: N, frozen_norm: bool) -> Result<N> {
        let layers = parameters::walk(&network);
        let network = match self.chosen(&layers)? {
            None => network.unfreeze(),
            Some(ids) => network.freeze().unfreeze_group(ParamGroup::from_ids(ids)),
        };
        if !frozen_norm {
            return Ok(network);
        }
        let norms = ids(&layers, Layer::is_norm);
        Ok(network.freeze_group(ParamGroup::from_ids(norms)))
    }

    /// What learns; nothing for everything.
    fn chosen(&self, layers: &[Layer]) -> Result<Option<Vec<ParamId>>> {
        Ok(match self {
            Self::All => None,
            Self::Head if !layers.iter().any(|layer| layer.is_below("head")) => {
                return Err(no_such_part("trainable", "head", layers));
            }
            Self::Head => Some(ids(layers, |layer| layer.is_below("head"))),
            Self::Named(paths) => {
                if let Some(path) = paths
                    .iter()
                    .find(|path| !layers.iter().any(|layer| layer.is_below(path)))
                {
                    return Err(no_such_part("trainable", path, layers));
                }
                Some(ids(layers, |layer| paths.iter().any(|path| layer.is_below(path))))
            }
            Self::Last(count) => {
                let with_weights: Vec<usize> = (0..layers.len())
                    .filter(|index| layers[*index].has_weights())
                    .collect();
                let first = with_weights[with_weights.len().saturating_sub(*count)..]
                    .first()
                    .copied()
                    .unwrap_or(0);
                Some(ids(&layers[first..], |_| true))
            }
        })
    }
}

fn ids(layers: &[Layer], keep: impl Fn(&Layer) -> bool) -> Vec<ParamId> {
    layers
        .iter()
        .filter(|layer| keep(layer))
        .flat_map(|layer| layer.parameters.iter().map(|parameter| parameter.id))
        .collect()
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
}
