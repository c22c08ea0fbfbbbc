//! What is on a stage's ports while a recipe is planned: descriptions in place of artifacts.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::artifact::Description;
use super::port::{AnyInput, Output};

/// Descriptions of what is on a stage's ports, by their names.
#[derive(Clone, Debug, Default)]
pub struct Descriptions {
    by_port: BTreeMap<&'static str, Description>,
}

impl Descriptions {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says what an output will be.
    #[must_use]
    pub fn with<A>(self, port: Output<A>, description: Description) -> Self {
        self.with_any(port.name(), description)
    }

    /// Says what the port of that name will be. The planner does this.
    #[must_use]
    pub fn with_any(mut self, port: &'static str, description: Description) -> Self {
        self.by_port.insert(port, description);
        self
    }

    /// What is known of what is on an input; nothing, where nothing is wired to it.
    pub fn of<P: AnyInput>(&self, port: P) -> Description {
        self.wired(port).cloned().unwrap_or_default()
    }

    /// What is known of what is wired to an input, if anything is.
    pub fn wired<P: AnyInput>(&self, port: P) -> Option<&Description> {
        self.any(port.name())
    }

    /// The artifact on an input, if parameters alone make it.
    pub fn artifact<P: AnyInput>(&self, port: P) -> Option<Arc<P::Artifact>> {
        self.wired(port)?.artifact()
    }

    /// What is known of what is on the port of that name. The planner asks this.
    pub fn any(&self, port: &str) -> Option<&Description> {
        self.by_port.get(port)
    }

    /// The names of the ports of which something is said.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.by_port.keys().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Artifact, Input, OptionalInput};
    use super::*;

    struct Picture(usize);

    impl Artifact for Picture {
        const NAME: &'static str = "picture";

        fn describe(&self) -> Description {
            Description::new().channels(self.0)
        }
    }

    const FIRST: Input<Picture> = Input::required("first");
    const SECOND: OptionalInput<Picture> = OptionalInput::new("second");
    const OUT: Output<Picture> = Output::new("first");

    #[test]
    fn an_artifact_that_is_there_already_tells_of_itself() {
        let known = Descriptions::new().with(OUT, Description::of(Picture(3)).size(4, 5).learned());
        let first = known.of(FIRST);
        assert_eq!(
            (first.channels, first.size, first.learned),
            (Some(3), Some([4, 5]), true)
        );
        assert_eq!(known.artifact(FIRST).map(|picture| picture.0), Some(3));
        assert!(known.artifact(SECOND).is_none());
        assert_eq!(known.of(SECOND).channels, None);
    }
}
