//! The bundles of a server and what waits for them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ichflow_api::bundle::Bundle;
use ichflow_api::device::DeviceId;
use ichflow_api::prelude::*;

use super::limits::Limits;

/// A bundle that is served.
pub(crate) struct ServedBundle {
    /// By what clients name it: the recipe's directory of runs, or that of the bundle.
    pub name: String,
    /// The bundle.
    pub bundle: Arc<Bundle>,
}

/// Opened bundles and their uploads.
pub(crate) struct Service {
    bundles: Vec<ServedBundle>,
    limits: Limits,
}

impl Service {
    /// Opens the bundles and starts their workers.
    ///
    /// # Errors
    /// Where a directory is no bundle.
    pub(crate) fn open(
        directories: &[PathBuf],
        limits: Limits,
        _device: DeviceId,
        _scratch: &Path,
    ) -> Result<Self> {
        let mut bundles: Vec<ServedBundle> = Vec::new();
        for directory in directories {
            let bundle = Arc::new(Bundle::open(directory)?);
            let taken: Vec<&str> = bundles.iter().map(|bundle| bundle.name.as_str()).collect();
            let name = name_of(directory, &taken);
            bundles.push(ServedBundle { name, bundle });
        }
        Ok(Self { bundles, limits })
    }

    /// In the order of the command line.
    pub(crate) fn bundles(&self) -> &[ServedBundle] {
        &self.bundles
    }

    /// Ends the workers when they have done what they are at.
    pub(crate) fn stop(&self) {}

    /// See [`Limits`].
    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }
}

/// `runs/b0_bsb/latest/model` is called b0_bsb, `some/model_a` model_a; a second one of a name has a number.
fn name_of(directory: &Path, taken: &[&str]) -> String {
    let full = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
    let text = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let plain = |c: char| {
            if c.is_ascii_alphanumeric() || "-_.".contains(c) {
                c
            } else {
                '_'
            }
        };
        name.chars().map(plain).collect::<String>()
    };
    let own = text(&full);
    // The run's directory is named by time; its parent by the recipe.
    let of_recipe = full.parent().and_then(Path::parent).map(text);
    let name = match of_recipe {
        Some(recipe) if own == "model" && !recipe.is_empty() => recipe,
        _ if own.is_empty() => "model".to_owned(),
        _ => own,
    };
    let numbered = (2..).map(|number| format!("{name}_{number}"));
    std::iter::once(name.clone())
        .chain(numbered)
        .find(|name| !taken.contains(&name.as_str()))
        .unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundles_have_names_of_their_own() {
        let name = |path: &str, taken: &[&str]| name_of(Path::new(path), taken);
        assert_eq!(name("runs/b0_bsb/2026-12-01/model", &[]), "b0_bsb");
        assert_eq!(name("runs/b0_bsb/2026-12-02/model", &["b0_bsb"]), "b0_bsb_2");
        assert_eq!(name("some/model a", &[]), "model_a");
    }
}
