//! What passes from stage to stage, and what is known of it before it exists.

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::Arc;

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

    /// What the planner may know of it: a window's channels, an image's size.
    fn describe(&self) -> Description {
        Description::new()
    }
}

/// An artifact of any type.
pub type AnyArtifact = Arc<dyn Any + Send + Sync>;

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

/// What is known of an artifact before it exists; what is not known is none.
///
/// Describing fetches nothing and reads nothing: a recipe is planned, drawn and checked where its data are not.
#[derive(Clone, Default)]
pub struct Description {
    /// Channels of the images that a window makes.
    pub channels: Option<usize>,
    /// Rows and columns of images, in pixels.
    pub size: Option<[usize; 2]>,
    /// Whether a network learns a part of it: it has one set of learned windows, so no stage takes two such.
    pub learned: bool,
    /// Whether its slices are known to have no labels.
    pub unlabelled: bool,
    artifact: Option<AnyArtifact>,
}

impl Description {
    /// Nothing known yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// An artifact that parameters alone make, such as a window, a loss or a network: it is there already. A network
    /// has random weights, whatever weights it will start from.
    pub fn of<A: Artifact>(artifact: A) -> Self {
        let known = artifact.describe();
        Self {
            artifact: Some(Arc::new(artifact)),
            ..known
        }
    }

    /// The number of channels.
    #[must_use]
    pub fn channels(mut self, channels: usize) -> Self {
        self.channels = Some(channels);
        self
    }

    /// Rows and columns, in pixels.
    #[must_use]
    pub fn size(mut self, rows: usize, columns: usize) -> Self {
        self.size = Some([rows, columns]);
        self
    }

    /// Says that a network learns a part of it.
    #[must_use]
    pub fn learned(mut self) -> Self {
        self.learned = true;
        self
    }

    /// Says that its slices have no labels.
    #[must_use]
    pub fn unlabelled(mut self) -> Self {
        self.unlabelled = true;
        self
    }

    /// The artifact itself, if parameters alone make it.
    pub fn artifact<A: Artifact>(&self) -> Option<Arc<A>> {
        self.artifact.clone()?.downcast().ok()
    }
}

impl fmt::Debug for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Description")
            .field("channels", &self.channels)
            .field("size", &self.size)
            .field("learned", &self.learned)
            .field("is_made", &self.artifact.is_some())
            .finish()
    }
}
