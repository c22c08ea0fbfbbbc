//! What images are shifted and scaled by before a network sees them.

use ichflow_api::prelude::*;

/// Choice of a network's normalisation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Normalise {
    /// What the weights were trained with if there are weights, else nothing. For one channel the mean over
    /// red, green and blue; for more than three, these in turn.
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

/// Values for `channels` channels of those for red, green and blue: in turn, as the first convolution's weights are
/// repeated; for one channel their mean.
pub fn for_channels(normalisation: Normalisation, channels: usize) -> Normalisation {
    let fit = |values: Vec<f32>| {
        if values.len() <= 1 || values.len() == channels {
            values
        } else if channels == 1 {
            vec![values.iter().sum::<f32>() / values.len() as f32]
        } else {
            values.iter().copied().cycle().take(channels).collect()
        }
    };
    Normalisation {
        mean: fit(normalisation.mean),
        std: fit(normalisation.std),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_take_red_green_and_blue_in_turn() {
        let of = |channels| for_channels(imagenet(), channels);
        assert_eq!(of(3), imagenet());
        assert!((of(1).mean[0] - 0.449).abs() < 1e-6 && (of(1).std[0] - 0.226).abs() < 1e-6);
        assert_eq!(of(5).mean, [0.485, 0.456, 0.406, 0.485, 0.456]);
        assert_eq!(for_channels(Normalisation::none(), 5), Normalisation::none());
    }
}
