//! Windows that radiologists choose head CT with.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// A window with a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preset {
    /// Its name.
    pub name: Cow<'static, str>,
    /// Its center (level), in HU.
    pub center: f64,
    /// Its width, in HU.
    pub width: f64,
}

impl Preset {
    /// A window.
    pub const fn new(name: &'static str, center: f64, width: f64) -> Self {
        Self {
            name: Cow::Borrowed(name),
            center,
            width,
        }
    }
}

/// Those of the viewer, in the order of its number keys.
pub const PRESETS: [Preset; 5] = [
    Preset::new("brain", 40.0, 80.0),
    Preset::new("subdural", 75.0, 215.0),
    Preset::new("stroke", 32.0, 8.0),
    Preset::new("bone", 600.0, 2800.0),
    Preset::new("soft tissue", 40.0, 380.0),
];
