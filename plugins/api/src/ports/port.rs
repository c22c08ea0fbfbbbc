//! The constants by which a stage declares its ports, and what the planner knows of them.

use std::marker::PhantomData;

use super::artifact::{Artifact, ArtifactType};

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

/// A port of a known type: the constant by which a stage declares it, takes from it or offers on it.
pub trait Port: Copy {
    /// What passes through it.
    type Artifact: Artifact;
    /// Its name.
    fn name(self) -> &'static str;
}

/// A port that takes, whether or not it may be absent.
pub trait AnyInput: Port + Into<InputPort> {}

/// An input that must be there: `const COHORT: Input<Cohort> = Input::required("cohort");`
pub struct Input<A> {
    name: &'static str,
    need: Need,
    artifact: PhantomData<fn() -> A>,
}

impl<A> Input<A> {
    /// From the nearest earlier stage that offers the type: the output with the port's own name if there is one,
    /// else the first of the type.
    pub const fn required(name: &'static str) -> Self {
        Self {
            name,
            need: Need::Required,
            artifact: PhantomData,
        }
    }

    /// Only an output with the port's own name will do.
    pub const fn by_name(name: &'static str) -> Self {
        Self {
            need: Need::RequiredByName,
            ..Self::required(name)
        }
    }
}

/// An input that may be absent: `const TEST: OptionalInput<Cohort> = OptionalInput::new("test");`
pub struct OptionalInput<A> {
    name: &'static str,
    artifact: PhantomData<fn() -> A>,
}

impl<A> OptionalInput<A> {
    /// From the nearest earlier output with the port's own name and type.
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            artifact: PhantomData,
        }
    }

    /// The same input where it must be there, see [`Ports::requires`].
    pub const fn required(self) -> Input<A> {
        Input::by_name(self.name)
    }
}

/// An output: `const FOLDS: Output<Folds> = Output::new("folds");`
pub struct Output<A> {
    name: &'static str,
    only_with: Option<&'static str>,
    artifact: PhantomData<fn() -> A>,
}

impl<A> Output<A> {
    /// An output of that name.
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            only_with: None,
            artifact: PhantomData,
        }
    }

    /// Offered only when the optional input `input` is wired.
    #[must_use]
    pub const fn only_with<B>(self, input: OptionalInput<B>) -> Self {
        Self {
            only_with: Some(input.name),
            ..self
        }
    }
}

macro_rules! port {
    ($($port:ident)*) => {
        $(
            impl<A> Clone for $port<A> {
                fn clone(&self) -> Self {
                    *self
                }
            }

            impl<A> Copy for $port<A> {}

            impl<A> $port<A> {
                /// The port's name.
                pub const fn name(self) -> &'static str {
                    self.name
                }
            }

            impl<A: Artifact> Port for $port<A> {
                type Artifact = A;

                fn name(self) -> &'static str {
                    self.name
                }
            }
        )*
    };
}

port!(Input OptionalInput Output);

impl<A: Artifact> AnyInput for Input<A> {}
impl<A: Artifact> AnyInput for OptionalInput<A> {}

/// What the planner knows of an input.
#[derive(Clone, Debug)]
pub struct InputPort {
    /// Name of the port, also the recipe key that picks its source.
    pub name: &'static str,
    /// What it takes.
    pub artifact: ArtifactType,
    /// How it is found, and whether it may be absent.
    pub need: Need,
    /// Number of channels it insists on.
    pub channels: Option<usize>,
    /// Whether it insists on slices with labels.
    pub labels: bool,
}

impl<A: Artifact> From<Input<A>> for InputPort {
    fn from(port: Input<A>) -> Self {
        Self {
            name: port.name,
            artifact: ArtifactType::of::<A>(),
            need: port.need,
            channels: None,
            labels: false,
        }
    }
}

impl<A: Artifact> From<OptionalInput<A>> for InputPort {
    fn from(port: OptionalInput<A>) -> Self {
        Self {
            name: port.name,
            artifact: ArtifactType::of::<A>(),
            need: Need::Optional,
            channels: None,
            labels: false,
        }
    }
}

/// What the planner knows of an output.
#[derive(Clone, Debug)]
pub struct OutputPort {
    /// Name of the port.
    pub name: &'static str,
    /// What it offers.
    pub artifact: ArtifactType,
    /// The optional input without which this output does not exist.
    pub only_with: Option<&'static str>,
}

/// The ports of a stage: all it may have, or those it has with certain parameters.
#[derive(Clone, Debug, Default)]
pub struct Ports {
    /// What the stage takes.
    pub inputs: Vec<InputPort>,
    /// What the stage offers; the first of a type is the one that nameless inputs take.
    pub outputs: Vec<OutputPort>,
}

impl Ports {
    /// No ports yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an input.
    #[must_use]
    pub fn takes(mut self, input: impl AnyInput) -> Self {
        self.inputs.push(input.into());
        self
    }

    /// Adds an output.
    #[must_use]
    pub fn offers<A: Artifact>(mut self, output: Output<A>) -> Self {
        self.outputs.push(OutputPort {
            name: output.name,
            artifact: ArtifactType::of::<A>(),
            only_with: output.only_with,
        });
        self
    }

    /// Leaves an input out unless `condition` holds: with its values given, nothing is measured in a cohort.
    #[must_use]
    pub fn takes_only_if(mut self, condition: bool, input: impl AnyInput) -> Self {
        self.inputs
            .retain(|known| condition || known.name != input.name());
        self
    }

    /// Leaves an output out unless `condition` holds: a loader offers test slices only when told where they are.
    #[must_use]
    pub fn offers_only_if<A>(mut self, condition: bool, output: Output<A>) -> Self {
        self.outputs
            .retain(|known| condition || known.name != output.name);
        self
    }

    /// Says how many channels an input insists on.
    #[must_use]
    pub fn wants_channels(mut self, input: impl AnyInput, channels: usize) -> Self {
        for known in self.inputs.iter_mut().filter(|known| known.name == input.name()) {
            known.channels = Some(channels);
        }
        self
    }

    /// Says that an input insists on slices with labels.
    #[must_use]
    pub fn wants_labels(mut self, input: impl AnyInput) -> Self {
        for known in self.inputs.iter_mut().filter(|known| known.name == input.name()) {
            known.labels = true;
        }
        self
    }

    /// Makes an optional input one that must be there; only an output of its own name will do.
    #[must_use]
    pub fn requires<A>(mut self, input: OptionalInput<A>) -> Self {
        for known in self.inputs.iter_mut().filter(|known| known.name == input.name) {
            known.need = Need::RequiredByName;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Note;

    impl Artifact for Note {
        const NAME: &'static str = "note";
    }

    const SCORE: Input<Note> = Input::required("score");
    const WORDS: OptionalInput<Note> = OptionalInput::new("words");
    const SONG: Output<Note> = Output::new("song").only_with(WORDS);
    const TUNE: Output<Note> = Output::new("tune");

    fn names(ports: &Ports) -> (Vec<&str>, Vec<&str>) {
        (
            ports.inputs.iter().map(|input| input.name).collect(),
            ports.outputs.iter().map(|output| output.name).collect(),
        )
    }

    #[test]
    fn constants_say_all_that_the_planner_knows() {
        let all = Ports::new().takes(SCORE).takes(WORDS).offers(TUNE).offers(SONG);
        let needs: Vec<_> = all.inputs.iter().map(|input| input.need).collect();
        assert_eq!(needs, [Need::Required, Need::Optional]);
        assert_eq!(all.outputs[1].only_with, Some("words"));
        assert_eq!(names(&all), (vec!["score", "words"], vec!["tune", "song"]));
    }

    #[test]
    fn parameters_leave_ports_out_and_insist() {
        let all = || Ports::new().takes(SCORE).takes(WORDS).offers(TUNE).offers(SONG);
        let fewer = all().takes_only_if(false, WORDS).offers_only_if(false, SONG);
        assert_eq!(names(&fewer), (vec!["score"], vec!["tune"]));
        let same = all().takes_only_if(true, WORDS).offers_only_if(true, SONG);
        assert_eq!(names(&same), names(&all()));
        let insists = all().requires(WORDS).wants_channels(SCORE, 3);
        assert_eq!(insists.inputs[1].need, Need::RequiredByName);
        assert_eq!(insists.inputs[0].channels, Some(3));
    }
}
