//! Whether heat maps lie where findings are, as `metrics.json` holds it.

use serde::Serialize;

use crate::ports::Artifact;

/// What heat maps of annotated slices score, label by label.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Localization {
    /// Labels with annotated slices.
    pub labels: Vec<LabelLocalization>,
}

/// One label's heat maps.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabelLocalization {
    /// The label.
    pub label: String,
    /// Annotated slices whose heat maps were looked at, one map each.
    pub maps: usize,
    /// Annotated slices among those predicted; there are more than maps where a limit was set.
    pub annotated: usize,
    /// Patients whose slices these are.
    pub patients: usize,
    /// Maps in which nothing speaks for the label: they score 0.
    pub empty: usize,
    /// What the network's maps score.
    pub heat_maps: LocalizationScore,
    /// What one value everywhere would score: the findings' share of the images.
    pub uniform: LocalizationScore,
    /// What a Gaussian in the middle of the image would score ([`centred_map`](ichflow_metrics::centred_map)).
    pub centred: LocalizationScore,
}

/// Means over maps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct LocalizationScore {
    /// Share of maps whose highest value lies in the finding ([`pointing_game`](ichflow_metrics::pointing_game)).
    pub pointing: f64,
    /// Share of a map's positive values in the finding ([`energy_inside`](ichflow_metrics::energy_inside)), its mean.
    pub energy: f64,
}

impl Artifact for Localization {
    const NAME: &'static str = "localization";
}
