//! Windows by name, and how recipes name or give one.

use std::borrow::Cow;

use ichflow_api::prelude::schemars::{Schema, SchemaGenerator, json_schema};
use ichflow_api::prelude::*;
use serde::de::Error as _;

/// A window that people call by name.
#[derive(Debug, PartialEq)]
pub struct Preset {
    /// What recipes write.
    pub name: &'static str,
    /// Center in HU.
    pub center: f64,
    /// Width in HU.
    pub width: f64,
}

const fn preset(name: &'static str, center: f64, width: f64) -> Preset {
    Preset { name, center, width }
}

/// Every named window. The plain names are those of the RSNA 2019 competition's most used schemes; variants
/// published beside them carry their center and width.
pub const PRESETS: [Preset; 14] = [
    preset("brain", 40.0, 80.0),
    preset("subdural", 80.0, 200.0),
    preset("soft", 40.0, 380.0),
    preset("bone", 600.0, 2800.0),
    preset("stroke", 32.0, 8.0),
    preset("brain-soft", 40.0, 375.0),
    preset("abdomen", 40.0, 400.0),
    // Window setting optimisation (arXiv 1812.00572) starts from these two.
    preset("brain-50-100", 50.0, 100.0),
    preset("subdural-50-130", 50.0, 130.0),
    preset("subdural-50-175", 50.0, 175.0),
    preset("subdural-75-215", 75.0, 215.0),
    preset("subdural-100-254", 100.0, 254.0),
    preset("bone-600-2000", 600.0, 2000.0),
    preset("bone-500-3000", 500.0, 3000.0),
];

/// One of [`PRESETS`], written as its name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Named(&'static Preset);

impl Named {
    /// The preset called `name`.
    pub fn find(name: &str) -> Option<Self> {
        PRESETS.iter().find(|preset| preset.name == name).map(Self)
    }
}

impl Serialize for Named {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name)
    }
}

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::find(&name).ok_or_else(|| {
            let known: Vec<_> = PRESETS.iter().map(|preset| preset.name).collect();
            D::Error::custom(format!(
                "no window is called `{name}`; known are {}",
                known.join(", ")
            ))
        })
    }
}

impl JsonSchema for Named {
    fn schema_name() -> Cow<'static, str> {
        "Named".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
        let names: Vec<_> = PRESETS.iter().map(|preset| preset.name).collect();
        json_schema!({ "type": "string", "enum": names })
    }
}

/// A window, as recipes write one: `"brain"` or `{ center = 40, width = 80 }`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum WindowChoice {
    /// By name.
    Named(Named),
    /// By center and width.
    Given(CenterWidth),
}

impl WindowChoice {
    /// A window of the given center and width, in HU.
    pub const fn given(center: f64, width: f64) -> Self {
        Self::Given(CenterWidth { center, width })
    }

    /// Center, in HU.
    pub fn center(&self) -> f64 {
        match self {
            Self::Named(Named(preset)) => preset.center,
            Self::Given(given) => given.center,
        }
    }

    /// Width, in HU.
    pub fn width(&self) -> f64 {
        match self {
            Self::Named(Named(preset)) => preset.width,
            Self::Given(given) => given.width,
        }
    }

    /// Center and width.
    pub fn center_width(&self) -> CenterWidth {
        match self {
            Self::Named(Named(preset)) => CenterWidth {
                center: preset.center,
                width: preset.width,
            },
            Self::Given(given) => *given,
        }
    }

    /// The window, linear: see [`HuBatch::linear`].
    pub fn linear(&self, batch: &HuBatch) -> Tensor<4> {
        batch.linear(self.center(), self.width())
    }
}

/// Brain (40/80), subdural (80/200) and a third window.
pub fn brain_subdural_and(center: f64, width: f64) -> Vec<WindowChoice> {
    vec![
        WindowChoice::given(40.0, 80.0),
        WindowChoice::given(80.0, 200.0),
        WindowChoice::given(center, width),
    ]
}

/// What is wrong with one window of the parameter `key`.
pub fn check_window(key: &str, window: &WindowChoice) -> Option<Problem> {
    let (center, width) = (window.center(), window.width());
    if !center.is_finite() {
        return Some(Problem::new(
            format!("{key}.center"),
            format!("a window cannot have the center {center}"),
        ));
    }
    if width > 0.0 && width.is_finite() {
        return unlikely(center, width).map(|found| Problem {
            key: key.to_owned(),
            ..found
        });
    }
    Some(
        Problem::new(
            format!("{key}.width"),
            format!("a window of width {width} HU shows nothing"),
        )
        .help("give a width above 0, for example 80 for brain"),
    )
}

/// Advice on a window that can hardly be meant in HU; its key is for the caller to set.
pub fn unlikely(center: f64, width: f64) -> Option<Problem> {
    let help = "Hounsfield units are -1000 for air, 0 for water, 20 to 45 for brain, 50 to 100 for fresh blood, above 300 for \
                bone; windows of the head are 40/80 for brain, 80/200 for subdural, 600/2800 for bone";
    let (low, high) = (center - width / 2.0, center + width / 2.0);
    let message = if width < 1.0 {
        format!("a window of width {width} HU tells black from white alone: were shares of 1 meant?")
    } else if center > 1000.0 && (0.0..500.0).contains(&(center - 1024.0)) {
        format!(
            "the center {center} HU is that of dense bone and metal: was a stored value meant, before its rescale by \
             -1024 ({} HU)?",
            center - 1024.0
        )
    } else if low >= 500.0 {
        format!("a window from {low} to {high} HU shows bone and metal alone: all soft tissue is black")
    } else if high <= -200.0 {
        format!("a window from {low} to {high} HU shows air alone: all tissue is white")
    } else {
        return None;
    };
    Some(Problem::advice("", message).help(help))
}

/// What is wrong with the windows of the parameter `key`.
pub fn check_windows(key: &str, windows: &[WindowChoice]) -> Vec<Problem> {
    if windows.is_empty() {
        return vec![
            Problem::new(key, "no window is given, so there would be no channel")
                .help("name one, for example \"brain\""),
        ];
    }
    windows
        .iter()
        .enumerate()
        .filter_map(|(index, window)| check_window(&format!("{key}[{index}]"), window))
        .collect()
}

/// What is wrong with the parameters `windows` and `weights` of a weighted sum.
pub fn check_weighted(windows: &[WindowChoice], weights: &[f64]) -> Vec<Problem> {
    let mut problems = check_windows("windows", windows);
    problems.extend(check_weights(windows, weights));
    problems
}

/// `Σ weight · part(window)`, `[batch, 1, height, width]`.
pub fn weighted_sum(
    windows: &[WindowChoice],
    weights: &[f64],
    batch: &HuBatch,
    part: impl Fn(&WindowChoice) -> Tensor<4>,
) -> Tensor<4> {
    windows
        .iter()
        .zip(weights)
        .map(|(window, weight)| part(window).mul_scalar(*weight))
        .reduce(|sum, part| sum + part)
        .unwrap_or_else(|| batch.hu().zeros_like())
}

/// What is wrong with `weights`, one for each of `windows`.
fn check_weights(windows: &[WindowChoice], weights: &[f64]) -> Vec<Problem> {
    if windows.len() != weights.len() {
        return vec![Problem::new(
            "weights",
            format!(
                "there are {} weights for {} windows; each window has one",
                weights.len(),
                windows.len()
            ),
        )];
    }
    weights
        .iter()
        .enumerate()
        .filter(|(_, weight)| !(weight.is_finite() && **weight >= 0.0))
        .map(|(index, weight)| {
            Problem::new(
                format!("weights[{index}]"),
                format!("a weight of {weight} is not a number of at least 0"),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_that_are_hardly_hounsfield_units_are_advised_of() {
        for (center, width, said) in [
            (0.04, 0.08, "width 0.08"),
            (1064.0, 80.0, "(40 HU)"),
            (1064.0, 2000.0, "(40 HU)"),
            (2000.0, 200.0, "from 1900 to 2100"),
            (-900.0, 100.0, "air alone"),
        ] {
            let found = unlikely(center, width).unwrap();
            assert!(found.is_advice && found.message.contains(said), "{found:?}");
        }
        for (center, width) in PRESETS.iter().map(|preset| (preset.center, preset.width)) {
            assert_eq!(unlikely(center, width), None, "{center} {width}");
        }
        assert_eq!(unlikely(-600.0, 1500.0), None);
        let windows = [WindowChoice::given(1064.0, 80.0)];
        assert_eq!(check_windows("windows", &windows)[0].key, "windows[0]");
    }

    #[derive(Debug, Serialize, Deserialize)]
    struct Holder {
        windows: Vec<WindowChoice>,
    }

    #[test]
    fn windows_are_named_or_given_and_read_back() {
        let holder: Holder = toml::from_str("windows = [\"brain\", { center = 80, width = 200.5 }]").unwrap();
        assert_eq!(
            (holder.windows[0].center(), holder.windows[0].width()),
            (40.0, 80.0)
        );
        assert_eq!(holder.windows[1], WindowChoice::given(80.0, 200.5));
        let again: Holder = toml::from_str(&toml::to_string(&holder).unwrap()).unwrap();
        assert_eq!(again.windows, holder.windows);
    }

    #[test]
    fn names_are_unique_and_widths_are_above_zero() {
        for (index, preset) in PRESETS.iter().enumerate() {
            assert!(preset.width > 0.0);
            assert!(PRESETS[..index].iter().all(|other| other.name != preset.name));
        }
        assert!(Named::find("brian").is_none());
    }

    #[test]
    fn empty_and_impossible_windows_are_refused_where_they_stand() {
        let problems = check_windows(
            "windows",
            &[
                WindowChoice::given(40.0, 80.0),
                WindowChoice::given(40.0, 0.0),
                WindowChoice::given(40.0, -80.0),
                WindowChoice::given(f64::INFINITY, 80.0),
                WindowChoice::given(40.0, f64::NAN),
            ],
        );
        let keys: Vec<_> = problems.iter().map(|problem| problem.key.as_str()).collect();
        assert_eq!(
            keys,
            [
                "windows[1].width",
                "windows[2].width",
                "windows[3].center",
                "windows[4].width"
            ]
        );
        assert_eq!(check_windows("windows", &[]).len(), 1);
    }

    #[test]
    fn every_window_has_one_weight_of_at_least_zero() {
        let windows = brain_subdural_and(600.0, 2000.0);
        assert!(check_weights(&windows, &[0.3, 0.5, 0.2]).is_empty());
        assert_eq!(check_weights(&windows, &[0.3])[0].key, "weights");
        assert_eq!(check_weights(&windows, &[0.3, -0.5, 0.2])[0].key, "weights[1]");
    }
}
