//! What the viewer is given.

use serde::{Deserialize, Serialize};

use super::{PRESETS, Preset, Sides};

/// Slices to look at, in order, and what is said of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// What they are, for who cannot see the viewer: "Exam 1", "Example slices".
    pub title: String,
    /// The labels, in the order of every list below.
    pub labels: Vec<String>,
    /// The label that is looked at first.
    #[serde(default)]
    pub label: usize,
    /// From which probability on each label is called positive; `None` where nobody chose that.
    #[serde(default)]
    pub thresholds: Vec<Option<f64>>,
    /// Windows to choose from; the first is the one shown first.
    pub windows: Vec<Preset>,
    /// What [`ViewSlice::seen`] is called: "the bundle's window".
    #[serde(default)]
    pub seen: Option<String>,
    /// The slices.
    pub slices: Vec<ViewSlice>,
}

/// One slice.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ViewSlice {
    /// What it is called.
    pub name: String,
    /// Rows of its image.
    pub rows: usize,
    /// Columns of its image.
    pub columns: usize,
    /// Between rows and between columns, in mm, where it is known.
    #[serde(default)]
    pub spacing_mm: Option<[f64; 2]>,
    /// Along the series, in mm, where it is known.
    #[serde(default)]
    pub position_mm: Option<f64>,
    /// What lies at the four sides of the image, where it is known.
    #[serde(default)]
    pub sides: Option<Sides>,
    /// The probability of each label; none of a slice that was not predicted.
    #[serde(default)]
    pub probabilities: Vec<f64>,
    /// Whether each label is true of it, where that is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub truth: Vec<Option<bool>>,
    /// Why it was excluded, where it was.
    #[serde(default)]
    pub excluded: Option<String>,
    /// What else there is to say of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Detail>,
    /// Its HU; `None` where they could not be read.
    #[serde(default)]
    pub hu: Option<Hu>,
    /// The slice as the network's windowing shows it: the address of a picture, or `#` and the id of an `<img>` of the
    /// page.
    #[serde(default)]
    pub seen: Option<String>,
    /// A heat map of each label, or nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heat: Vec<Option<Heat>>,
}

/// A thing said of a slice: "patient", "4f2a…".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// What is said.
    pub what: String,
    /// What it is.
    pub value: String,
}

/// Where a slice's HU come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hu {
    /// An address that answers them as i16, little endian, row by row.
    Url(String),
    /// Inside the page, as [`super::packed`] makes it.
    Packed(String),
}

/// Where a heat map comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Heat {
    /// An address that answers a [`HeatMap`].
    Url(String),
    /// Inside the page.
    Map(HeatMap),
}

/// How much each place of a slice spoke for a label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeatMap {
    /// Its rows, fewer than the image has.
    pub rows: usize,
    /// Its columns.
    pub columns: usize,
    /// From 0, nothing, to 255, the most of the slice; row by row.
    pub values: Vec<u8>,
}

impl View {
    /// A view with the [`PRESETS`] and nothing in it yet.
    pub fn new(title: impl Into<String>, labels: Vec<String>) -> Self {
        Self {
            title: title.into(),
            thresholds: vec![None; labels.len()],
            labels,
            label: 0,
            windows: PRESETS.to_vec(),
            seen: None,
            slices: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_json_and_back() {
        let mut view = View::new("Exam 1", vec!["any".into()]);
        view.slices.push(ViewSlice {
            name: "1".into(),
            rows: 2,
            columns: 2,
            hu: Some(Hu::Url("/v1/exams/a/slices/0/hu".into())),
            heat: vec![Some(Heat::Map(HeatMap {
                rows: 1,
                columns: 1,
                values: vec![255],
            }))],
            ..ViewSlice::default()
        });
        let json = serde_json::to_value(&view).unwrap();
        assert_eq!(json["slices"][0]["hu"]["url"], "/v1/exams/a/slices/0/hu");
        assert_eq!(json["slices"][0]["heat"][0]["map"]["values"][0], 255);
        assert_eq!(serde_json::from_value::<View>(json).unwrap(), view);
    }
}
