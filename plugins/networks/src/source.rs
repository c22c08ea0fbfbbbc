//! Where starting weights come from: a file, or a model of the Hugging Face hub.

use std::path::{Path, PathBuf};

use ichflow_api::prelude::*;
use ichflow_hub::{Hub, Repository};

/// Names of weight files end in one of these.
const EXTENSIONS: [&str; 6] = ["safetensors", "pth", "pt", "bin", "ckpt", "tar"];
/// Files of a model with its weights, the better one first.
const WEIGHTS: [&str; 2] = ["model.safetensors", "pytorch_model.bin"];

/// What a recipe's `weights` means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// A model of the hub.
    Hub(Repository),
    /// Random weights, asked for by that name.
    Random,
}

/// What a recipe calls random weights.
const RANDOM: &str = "random";

impl Source {
    /// Reads `weights`. `random` means random weights. With the prefix `hf-hub:` it is a model of the hub. Else it is a file if it ends like a
    /// weights file (`.safetensors`, `.pth`, `.pt`, `.bin`, `.ckpt`, `.tar`), begins with `/`, `.` or `~`, or is
    /// there; else a model of the hub if it is `owner/name` or `owner/name@revision`; else a file.
    pub fn parse(text: &str) -> Self {
        if text == RANDOM {
            return Self::Random;
        }
        let prefix = ["hf-hub:", "hf_hub:"].into_iter();
        if let Some(name) = prefix.filter_map(|prefix| text.strip_prefix(prefix)).next() {
            return Self::Hub(Repository::parse_loosely(name));
        }
        let path = Path::new(text);
        let extension = path.extension().and_then(|extension| extension.to_str());
        let is_file = extension.is_some_and(|extension| EXTENSIONS.contains(&extension))
            || text.starts_with(['/', '.', '~'])
            || path.exists();
        match Repository::parse(text) {
            Some(repository) if !is_file => Self::Hub(repository),
            _ => Self::File(path.to_owned()),
        }
    }

    /// Finds the weights; what is not in the cache of `hub` is fetched.
    ///
    /// # Errors
    /// When a model cannot be fetched.
    pub fn find(&self, hub: &Hub) -> Result<Option<Found>> {
        Ok(match self {
            Self::Random => None,
            Self::File(path) => Some(Found {
                path: path.clone(),
                description: path.display().to_string(),
                name: path
                    .file_name()
                    .map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
                config: None,
            }),
            Self::Hub(repository) => {
                let error = |error: ichflow_hub::Failure| Error::new(error.message).help(error.help);
                let path = hub.first_of(repository, &WEIGHTS).map_err(error)?;
                // A model without one goes by what is known of its architecture.
                let config = hub.first_of(repository, &["config.json"]).ok();
                Some(Found {
                    path,
                    description: repository.to_string(),
                    name: repository.to_string(),
                    config: config.as_deref().map(Config::read).transpose()?,
                })
            }
        })
    }

    /// What can be said before anything is fetched of weights for timm's architecture `wanted`: that they are of another
    /// one, or not on this machine.
    pub fn check(&self, wanted: &str, hub: &Hub) -> Option<Problem> {
        let Self::Hub(repository) = self else { return None };
        if let Some(theirs) = of_timm(&repository.name).filter(|theirs| *theirs != wanted) {
            return Some(
                Problem::new(
                    "weights",
                    format!("the weights {repository} are of timm's {theirs}, and this network is timm's {wanted}"),
                )
                .help(format!(
                    "set `weights` along with the network's `use`: a model of the hub such as timm/{wanted}.…, a file, or \
                     \"{RANDOM}\""
                )),
            );
        }
        let place = match hub.find(repository, &WEIGHTS) {
            Some(_) => return None,
            None => hub
                .cache
                .as_ref()
                .map_or_else(String::new, |cache| format!(" {}", cache.display())),
        };
        let what_then = match hub.cannot_fetch() {
            None => "a run fetches them before it begins".to_owned(),
            Some(why) => format!("a run would end before it begins, as {why}"),
        };
        Some(
            Problem::advice(
                "weights",
                format!("the weights {repository} are not in the hub's cache{place}: {what_then}"),
            )
            .help(format!(
                "without a network: bring the cache from a machine that has them (HF_HUB_CACHE names another place), name a \
                 weights file, or write \"{RANDOM}\" for random weights"
            )),
        )
    }
}

/// timm's architecture of a model that timm has put on the hub: `timm/efficientnet_b0.ra_in1k`.
fn of_timm(repository: &str) -> Option<&str> {
    let name = repository.strip_prefix("timm/")?;
    Some(
        name.split_once('.')
            .map_or(name, |(architecture, _)| architecture),
    )
}

/// Weights on this machine.
#[derive(Clone, Debug)]
pub struct Found {
    /// The file.
    pub path: PathBuf,
    /// What a person calls it.
    pub description: String,
    /// What reports and model cards call it, which leave this machine: a file's name without its path.
    pub name: String,
    /// What the hub says about it.
    pub config: Option<Config>,
}

/// What timm's `config.json` says about weights.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// timm's name of the architecture.
    pub architecture: Option<String>,
    /// What images were shifted and scaled by.
    pub normalisation: Option<Normalisation>,
}

impl Config {
    fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).at("read", path)?;
        let value: serde_json::Value = serde_json::from_str(&text).at("read", path)?;
        // Older models of the hub have everything at the top.
        let weights = value.get("pretrained_cfg").unwrap_or(&value);
        let numbers = |key: &str| -> Option<Vec<f32>> {
            let values = weights.get(key)?.as_array()?;
            values
                .iter()
                .map(|value| value.as_f64().map(|value| value as f32))
                .collect()
        };
        let normalisation = match (numbers("mean"), numbers("std")) {
            (Some(mean), Some(std)) if !mean.is_empty() && mean.len() == std.len() => {
                if std.iter().any(|&deviation| deviation <= 0.0) {
                    return Err(Error::new(format!(
                        "{}: `std` holds a value that is not positive",
                        path.display()
                    ))
                    .help("set `normalise` in the recipe, and name the weights by their file"));
                }
                Some(Normalisation { mean, std })
            }
            _ => None,
        };
        let architecture = value.get("architecture").and_then(|name| name.as_str());
        Ok(Self {
            architecture: architecture.map(str::to_owned),
            normalisation,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_from_models_of_the_hub() {
        for (text, hub) in [
            ("weights/efficientnet_b0.safetensors", false),
            ("timm/efficientnet_b0.pth", false),
            ("./timm/efficientnet_b0.ra_in1k", false),
            ("/data/weights/b0", false),
            ("~/weights/b0", false),
            ("b0", false),
            ("some/long/path", false),
            // It is there.
            ("src/lib.rs", false),
            ("random", false),
            ("timm/efficientnet_b0.ra_in1k", true),
            ("timm/efficientnet_b0.ra_in1k@main", true),
            ("hf-hub:timm/resnet18.a1_in1k", true),
        ] {
            assert_eq!(matches!(Source::parse(text), Source::Hub(_)), hub, "{text}");
        }
    }

    #[test]
    fn weights_of_the_hub_are_known_before_they_are_fetched() {
        let cache = tempfile::tempdir().unwrap();
        let hub = |offline| Hub {
            cache: Some(cache.path().to_owned()),
            offline,
            ..Hub::default()
        };
        let check = |text: &str, offline| Source::parse(text).check("efficientnet_b0", &hub(offline));
        assert_eq!(check("random", true), None);
        assert_eq!(check("weights/b0.pth", true), None);
        let other = check("timm/tf_efficientnet_lite0.in1k", false).unwrap();
        assert!(
            !other.is_advice && other.message.contains("tf_efficientnet_lite0"),
            "{other:?}"
        );
        let fitting = "timm/efficientnet_b0.ra_in1k";
        let offline = check(fitting, true).unwrap();
        assert!(
            offline.is_advice && offline.message.contains("HF_HUB_OFFLINE"),
            "{offline:?}"
        );
        assert!(check("someone/else", false).unwrap().is_advice);
        let commit = cache.path().join("models--timm--efficientnet_b0.ra_in1k");
        let files = commit.join("snapshots/0123456789012345678901234567890123456789");
        std::fs::create_dir_all(&files).unwrap();
        std::fs::create_dir_all(commit.join("refs")).unwrap();
        std::fs::write(
            commit.join("refs/main"),
            "0123456789012345678901234567890123456789",
        )
        .unwrap();
        std::fs::write(files.join("model.safetensors"), "").unwrap();
        assert_eq!(check(fitting, true), None);
    }

    #[test]
    fn the_hubs_own_words_about_weights() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.json");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Config::read(&path)
        };
        let timm = r#"{"architecture": "tf_efficientnet_b0", "num_classes": 1000,
            "pretrained_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.25, 0.5, 1]}}"#;
        let config = read(timm).unwrap();
        assert_eq!(config.architecture.as_deref(), Some("tf_efficientnet_b0"));
        assert_eq!(config.normalisation.unwrap().std, [0.25, 0.5, 1.0]);
        assert_eq!(read("{}").unwrap(), Config::default());
        assert!(
            read(r#"{"mean": [0], "std": [0]}"#)
                .unwrap_err()
                .to_string()
                .contains("std")
        );
        assert!(read("{").is_err());
    }
}
