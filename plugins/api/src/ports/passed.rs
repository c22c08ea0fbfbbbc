//! What is on a stage's ports while a recipe runs: artifacts.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::artifact::{AnyArtifact, Artifact};
use super::port::{AnyInput, Input, OptionalInput, Output};
use crate::error::{Error, Result};

/// The artifacts wired to a stage's inputs.
#[derive(Default)]
pub struct Inputs {
    artifacts: BTreeMap<String, AnyArtifact>,
}

impl Inputs {
    /// Puts an artifact on a port. Tests do this.
    #[must_use]
    pub fn with<P: AnyInput>(self, port: P, artifact: P::Artifact) -> Self {
        self.with_any(port.name(), Arc::new(artifact))
    }

    /// Puts an artifact whose type is known only at run time on a port. The executor does this.
    #[must_use]
    pub fn with_any(mut self, port: &str, artifact: AnyArtifact) -> Self {
        self.artifacts.insert(port.to_owned(), artifact);
        self
    }

    /// The artifact on an input that must be there.
    ///
    /// # Errors
    /// When nothing is wired to it, or something of another type.
    pub fn take<A: Artifact>(&self, port: Input<A>) -> Result<Arc<A>> {
        let port = port.name();
        self.on(port)?
            .ok_or_else(|| Error::new(format!("nothing is wired to the input `{port}` ({})", A::NAME)))
    }

    /// The artifact on an input that may be absent.
    ///
    /// # Errors
    /// When something of another type is wired to it.
    pub fn get<A: Artifact>(&self, port: OptionalInput<A>) -> Result<Option<Arc<A>>> {
        self.on(port.name())
    }

    fn on<A: Artifact>(&self, port: &str) -> Result<Option<Arc<A>>> {
        match self.artifacts.get(port) {
            None => Ok(None),
            Some(any) => any.clone().downcast::<A>().map(Some).map_err(|_| {
                Error::new(format!(
                    "the input `{port}` is not a {}; its port is declared with another type",
                    A::NAME
                ))
            }),
        }
    }
}

/// The artifacts a stage made, by the names of its outputs.
#[derive(Default)]
pub struct Outputs {
    artifacts: BTreeMap<String, Made>,
    part: bool,
}

/// An artifact on an output.
struct Made {
    artifact: AnyArtifact,
    digest: Option<String>,
}

impl Outputs {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Offers an artifact.
    #[must_use]
    pub fn with<A: Artifact>(self, port: Output<A>, artifact: A) -> Self {
        self.with_shared(port, Arc::new(artifact))
    }

    /// Offers an artifact that others hold too.
    #[must_use]
    pub fn with_shared<A: Artifact>(mut self, port: Output<A>, artifact: Arc<A>) -> Self {
        let made = Made {
            digest: artifact.digest(),
            artifact,
        };
        self.artifacts.insert(port.name().to_owned(), made);
        self
    }

    /// Offers an artifact if there is one.
    #[must_use]
    pub fn with_some<A: Artifact>(self, port: Output<A>, artifact: Option<A>) -> Self {
        match artifact {
            Some(artifact) => self.with(port, artifact),
            None => self,
        }
    }

    /// Says that these are a shard's part of what the stage makes, and of use only to stages that can be split.
    #[must_use]
    pub fn part(mut self) -> Self {
        self.part = true;
        self
    }

    /// Whether these are only a shard's part.
    pub fn is_part(&self) -> bool {
        self.part
    }

    /// The digest of an artifact's content, see [`Artifact::digest`].
    pub fn digest(&self, port: &str) -> Option<&str> {
        self.artifacts.get(port)?.digest.as_deref()
    }

    /// Takes an artifact out. Tests do this.
    pub fn take<A: Artifact>(&mut self, port: Output<A>) -> Option<Arc<A>> {
        self.take_any(port.name())?.downcast().ok()
    }

    /// Takes an artifact out whose type is known only at run time. The executor does this.
    pub fn take_any(&mut self, port: &str) -> Option<AnyArtifact> {
        self.artifacts.remove(port).map(|made| made.artifact)
    }
}
