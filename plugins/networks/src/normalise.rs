//! What images are shifted and scaled by before a network sees them.

use ichflow_api::prelude::*;

/// Choice of a network's normalisation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Normalise {
    /// What the architecture's weights were trained with if there are weights, else nothing.
    #[default]
    Auto,
    /// Nothing: images stay as the window made them.
    None,
    /// Mean 0.485, 0.456, 0.406 and deviation 0.229, 0.224, 0.225: most of timm's weights.
    Imagenet,
    /// Mean 0.5 and deviation 0.5: weights trained on images from -1 to 1, such as AdvProp's.
    Half,
}

/// Mean and standard deviation of ImageNet's red, green and blue.
pub fn imagenet() -> Normalisation {
    Normalisation {
        mean: vec![0.485, 0.456, 0.406],
        std: vec![0.229, 0.224, 0.225],
    }
}

impl Normalise {
    /// The shift and scale, given those of the weights (if there are weights).
    pub fn resolve(self, weights: Option<Normalisation>) -> Normalisation {
        match self {
            Self::Auto => weights.unwrap_or_else(Normalisation::none),
            Self::None => Normalisation::none(),
            Self::Imagenet => imagenet(),
            Self::Half => Normalisation {
                mean: vec![0.5],
                std: vec![0.5],
            },
        }
    }

    /// Whether it insists on three channels.
    pub fn needs_three_channels(self) -> bool {
        self == Self::Imagenet
    }
}
