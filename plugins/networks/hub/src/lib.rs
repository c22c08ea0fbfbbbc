//! Models of the Hugging Face hub: found in its cache on this machine, else fetched into it.
//!
//! The cache is the one Python's `huggingface_hub` and timm use: `$HF_HUB_CACHE`, else `$HF_HOME/hub`, else
//! `~/.cache/huggingface/hub`. `HF_ENDPOINT` names another server; with `HF_HUB_OFFLINE=1` nothing is fetched.
//! A model that is in the cache is not asked for again: a branch stays at the commit it was at when it was
//! fetched.
//!
//! Fetching is the feature `download`, through the hub's own client.

mod cache;
#[cfg(feature = "download")]
mod download;

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

/// Where models come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hub {
    /// The cache; nothing where there is no home directory to have it in.
    pub cache: Option<PathBuf>,
    /// Another server than the hub's own.
    pub endpoint: Option<String>,
    /// What models that are not open to all are asked for with.
    pub token: Option<String>,
    /// Whether nothing may be fetched.
    pub offline: bool,
}

impl Hub {
    /// As the environment says.
    pub fn from_env() -> Self {
        Self::from_vars(|name| std::env::var_os(name))
    }

    /// As [`Hub::from_env`], of variables that `get` knows.
    pub fn from_vars(get: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name: &str| get(name).filter(|value| !value.is_empty());
        let text = |name: &str| Some(set(name)?.to_str()?.trim().to_owned());
        let offline = text("HF_HUB_OFFLINE").unwrap_or_default().to_ascii_lowercase();
        Self {
            cache: cache::directory(set),
            endpoint: text("HF_ENDPOINT").map(|endpoint| endpoint.trim_end_matches('/').to_owned()),
            token: text("HF_TOKEN"),
            offline: ["1", "on", "yes", "true"].contains(&offline.as_str()),
        }
    }

    /// The first of these files that a model has in the cache; nothing is fetched.
    pub fn find(&self, model: &Repository, files: &[&str]) -> Option<PathBuf> {
        let cache = self.cache.as_ref()?;
        files.iter().find_map(|file| cache::find(cache, model, file))
    }

    /// Why nothing can be fetched, where that is known without trying.
    pub fn cannot_fetch(&self) -> Option<&'static str> {
        if self.offline {
            Some("HF_HUB_OFFLINE forbids fetching them")
        } else if cfg!(not(feature = "download")) {
            Some("this program was built without fetching")
        } else if self.cache.is_none() {
            Some("there is no place to keep them: the home directory is not known")
        } else {
            None
        }
    }

    /// The first of these files that a model has, on this machine.
    ///
    /// # Errors
    /// When there is none of them in the cache, and none can be fetched.
    pub fn first_of(&self, model: &Repository, files: &[&str]) -> Result<PathBuf, Failure> {
        if Repository::parse(&model.to_string()).as_ref() != Some(model) {
            return Err(Failure {
                message: format!("`{model}` is no model of the hub"),
                help: "write owner/name or owner/name@revision, or the path of a weights file".into(),
            });
        }
        let Some(cache) = &self.cache else {
            return Err(Failure {
                message: format!("there is no place to keep {model}: the home directory is not known"),
                help: "set HF_HOME to a directory".into(),
            });
        };
        if let Some(path) = self.find(model, files) {
            return Ok(path);
        }
        if self.offline {
            return Err(Failure {
                message: format!(
                    "{model} is not in the hub's cache {}, and HF_HUB_OFFLINE forbids fetching it",
                    cache.display()
                ),
                help: "unset HF_HUB_OFFLINE, bring the cache from a machine that has the model, or name a weights \
                       file"
                    .into(),
            });
        }
        for file in files {
            if let Fetched::File(path) = self.fetch(cache, model, file)? {
                return Ok(path);
            }
        }
        Err(Failure {
            message: format!("{model} has none of the files {}", files.join(", ")),
            help: "look on its page for what it holds, download that and name the file".into(),
        })
    }

    #[cfg(feature = "download")]
    fn fetch(&self, cache: &std::path::Path, model: &Repository, file: &str) -> Result<Fetched, Failure> {
        download::fetch(self, cache, model, file)
    }

    #[cfg(not(feature = "download"))]
    fn fetch(&self, cache: &std::path::Path, model: &Repository, _file: &str) -> Result<Fetched, Failure> {
        Err(Failure {
            message: format!(
                "{model} is not in the hub's cache {}, and this program was built without fetching",
                cache.display()
            ),
            help: format!(
                "fetch it with `hf download {} --revision {}`, build with `--features hub`, or name a weights file",
                model.name, model.revision
            ),
        })
    }
}

/// A model of the hub, at one of its revisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// `owner/name`.
    pub name: String,
    /// A branch, tag or commit.
    pub revision: String,
}

/// Why there is no file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// What fetching a file came to.
#[cfg_attr(not(feature = "download"), expect(dead_code, reason = "nothing is fetched"))]
enum Fetched {
    File(PathBuf),
    /// The model has no such file.
    None,
}

impl Repository {
    /// Reads `owner/name` or `owner/name@revision`; nothing if it is not of that form.
    pub fn parse(text: &str) -> Option<Self> {
        let repository = Self::parse_loosely(text);
        let (owner, name) = repository.name.split_once('/')?;
        let fine = |part: &str| {
            !part.is_empty()
                && !part.contains("..")
                && part
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c))
        };
        (fine(owner) && fine(name) && !repository.revision.is_empty()).then_some(repository)
    }

    /// As [`Repository::parse`], of any text: what is wrong with it shows when it is looked for.
    pub fn parse_loosely(text: &str) -> Self {
        let (name, revision) = text.split_once('@').unwrap_or((text, "main"));
        Self {
            name: name.to_owned(),
            revision: revision.to_owned(),
        }
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.revision == "main" {
            f.write_str(&self.name)
        } else {
            write!(f, "{}@{}", self.name, self.revision)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_revisions() {
        for (text, shown) in [
            ("timm/resnet18.a1_in1k", Some("timm/resnet18.a1_in1k")),
            ("timm/resnet18.a1_in1k@main", Some("timm/resnet18.a1_in1k")),
            (
                "timm/resnet18.a1_in1k@refs/pr/1",
                Some("timm/resnet18.a1_in1k@refs/pr/1"),
            ),
            ("timm", None),
            ("timm/", None),
            ("timm/a/b", None),
            ("timm/a b", None),
            ("timm/..", None),
            ("timm/a@", None),
        ] {
            let repository = Repository::parse(text);
            assert_eq!(repository.map(|r| r.to_string()).as_deref(), shown, "{text}");
        }
    }

    #[test]
    fn the_environment_says_where() {
        let of = |pairs: &[(&str, &str)]| {
            let get = |name: &str| {
                let pair = pairs.iter().find(|(key, _)| *key == name);
                pair.map(|(_, value)| OsString::from(value))
            };
            Hub::from_vars(get)
        };
        let cache = |pairs: &[(&str, &str)]| of(pairs).cache.unwrap().display().to_string();
        let home = ("HOME", "/home/me");
        assert_eq!(cache(&[home]), "/home/me/.cache/huggingface/hub");
        assert_eq!(cache(&[home, ("XDG_CACHE_HOME", "/c")]), "/c/huggingface/hub");
        assert_eq!(cache(&[home, ("HF_HOME", "/hf")]), "/hf/hub");
        assert_eq!(cache(&[("HF_HUB_CACHE", "/hub"), ("HF_HOME", "/hf")]), "/hub");
        assert_eq!(of(&[]).cache, None);
        assert!(of(&[("HF_HUB_OFFLINE", "1")]).offline && of(&[("HF_HUB_OFFLINE", "True")]).offline);
        assert!(!of(&[("HF_HUB_OFFLINE", "0")]).offline && !of(&[("HF_HUB_OFFLINE", "")]).offline);
        let endpoint = of(&[("HF_ENDPOINT", "http://localhost:8080/")]).endpoint;
        assert_eq!(endpoint.as_deref(), Some("http://localhost:8080"));
    }
}
