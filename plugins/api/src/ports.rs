//! Ports: the named, typed inputs and outputs by which stages are wired together.

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::{Error, Result};

/// Something one stage hands to another.
///
/// Artifacts are shared, never changed: a stage that refines one offers a new one.
pub trait Artifact: Any + Send + Sync {
    /// The type's name in messages and documentation.
    const NAME: &'static str;

    /// A digest of the content, where it has one that is cheap to compute and says all: stages that were
    /// given the same content have nothing new to compute, however it came about. Without one, an artifact
    /// is known by what made it.
    fn digest(&self) -> Option<String> {
        None
    }
}

/// An artifact's type, known before any artifact exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArtifactType {
    /// The type's name in messages and documentation.
    pub name: &'static str,
    id: TypeId,
}

impl ArtifactType {
    /// The type of `A`.
    pub fn of<A: Artifact>() -> Self {
        Self {
            name: A::NAME,
            id: TypeId::of::<A>(),
        }
    }
}

/// How an input finds its artifact when the recipe does not name one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// From the nearest earlier stage that offers the type: the output with the port's own name if
    /// there is one, else the first of the type.
    Required,
    /// As `Required`, but only an output with the port's own name will do.
    RequiredByName,
    /// From the nearest earlier output with the port's own name and type; may be absent.
    Optional,
}

/// An input port.
#[derive(Clone, Debug)]
pub struct Input {
    /// Name of the port, also the recipe key that picks its source.
    pub name: &'static str,
    /// What it takes.
    pub artifact: ArtifactType,
    /// How it is found, and whether it may be absent.
    pub need: Need,
    /// Number of channels it insists on, where that is known before running.
    pub channels: Option<usize>,
}

impl Input {
    /// An input that must be there.
    pub fn of<A: Artifact>(name: &'static str) -> Self {
        Self {
            name,
            artifact: ArtifactType::of::<A>(),
            need: Need::Required,
            channels: None,
        }
    }

    /// Only an output with the port's own name will do.
    #[must_use]
    pub fn by_name(mut self) -> Self {
        self.need = Need::RequiredByName;
        self
    }

    /// The input may be absent.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.need = Need::Optional;
        self
    }

    /// The number of channels insisted on.
    #[must_use]
    pub fn channels(mut self, channels: usize) -> Self {
        self.channels = Some(channels);
        self
    }
}

/// An output port.
#[derive(Clone, Debug)]
pub struct Output {
    /// Name of the port.
    pub name: &'static str,
    /// What it offers.
    pub artifact: ArtifactType,
    /// Number of channels of what it offers, where that is known before running.
    pub channels: Option<usize>,
    /// The optional input without which this output does not exist.
    pub only_with: Option<&'static str>,
    /// Whether a network learns a part of it: of such, a stage takes one at most.
    pub learned: bool,
}

impl Output {
    /// An output of the given type.
    pub fn of<A: Artifact>(name: &'static str) -> Self {
        Self {
            name,
            artifact: ArtifactType::of::<A>(),
            channels: None,
            only_with: None,
            learned: false,
        }
    }

    /// Says that a network learns a part of it: it has one set of learned windows, so no stage takes two.
    #[must_use]
    pub fn learned(mut self) -> Self {
        self.learned = true;
        self
    }

    /// The number of channels offered.
    #[must_use]
    pub fn channels(mut self, channels: usize) -> Self {
        self.channels = Some(channels);
        self
    }

    /// Offered only when the optional input `input` is wired.
    #[must_use]
    pub fn only_with(mut self, input: &'static str) -> Self {
        self.only_with = Some(input);
        self
    }
}

/// All ports of a stage, given its parameters.
#[derive(Clone, Debug, Default)]
pub struct Ports {
    /// What the stage takes.
    pub inputs: Vec<Input>,
    /// What the stage offers; the first of a type is the one that nameless inputs take.
    pub outputs: Vec<Output>,
}

impl Ports {
    /// No ports yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an input.
    #[must_use]
    pub fn input(mut self, input: Input) -> Self {
        self.inputs.push(input);
        self
    }

    /// Adds an output.
    #[must_use]
    pub fn output(mut self, output: Output) -> Self {
        self.outputs.push(output);
        self
    }

    /// Adds an output if `condition` holds: a loader offers test slices only when told where they are.
    #[must_use]
    pub fn output_if(self, condition: bool, output: Output) -> Self {
        if condition { self.output(output) } else { self }
    }
}

/// An artifact of any type.
pub type AnyArtifact = Arc<dyn Any + Send + Sync>;

/// The artifacts wired to a stage's inputs.
#[derive(Default)]
pub struct Inputs {
    artifacts: BTreeMap<String, AnyArtifact>,
}

impl Inputs {
    /// Puts an artifact on a port. The executor and tests do this.
    #[must_use]
    pub fn with<A: Artifact>(self, port: &str, artifact: A) -> Self {
        self.with_any(port, Arc::new(artifact))
    }

    /// Puts an artifact whose type is known only at run time on a port.
    #[must_use]
    pub fn with_any(mut self, port: &str, artifact: AnyArtifact) -> Self {
        self.artifacts.insert(port.to_owned(), artifact);
        self
    }

    /// The artifact on a required port.
    pub fn get<A: Artifact>(&self, port: &str) -> Result<Arc<A>> {
        self.find(port)?
            .ok_or_else(|| Error::new(format!("nothing is wired to the input `{port}` ({})", A::NAME)))
    }

    /// The artifact on an optional port.
    pub fn find<A: Artifact>(&self, port: &str) -> Result<Option<Arc<A>>> {
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
    artifact_type: ArtifactType,
    artifact: AnyArtifact,
    digest: Option<String>,
}

impl Outputs {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an artifact.
    #[must_use]
    pub fn with<A: Artifact>(self, port: &str, artifact: A) -> Self {
        self.with_shared(port, Arc::new(artifact))
    }

    /// Adds an artifact that others hold too.
    #[must_use]
    pub fn with_shared<A: Artifact>(mut self, port: &str, artifact: Arc<A>) -> Self {
        let made = Made {
            artifact_type: ArtifactType::of::<A>(),
            digest: artifact.digest(),
            artifact,
        };
        self.artifacts.insert(port.to_owned(), made);
        self
    }

    /// Adds an artifact if there is one.
    #[must_use]
    pub fn with_some<A: Artifact>(self, port: &str, artifact: Option<A>) -> Self {
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

    /// Takes an artifact out, with its type. The executor and tests do this.
    pub fn take(&mut self, port: &str) -> Option<(ArtifactType, AnyArtifact)> {
        let made = self.artifacts.remove(port)?;
        Some((made.artifact_type, made.artifact))
    }

    /// The digest of an artifact's content, see [`Artifact::digest`].
    pub fn digest(&self, port: &str) -> Option<&str> {
        self.artifacts.get(port)?.digest.as_deref()
    }

    /// Takes an artifact of a known type out.
    pub fn take_as<A: Artifact>(&mut self, port: &str) -> Option<Arc<A>> {
        self.take(port).and_then(|(_, any)| any.downcast::<A>().ok())
    }
}
