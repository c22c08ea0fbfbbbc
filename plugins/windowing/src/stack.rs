//! `stack`: schemes side by side.

use std::sync::Arc;

use ichflow_api::prelude::*;

/// Schemes side by side: the channels of `first`, then those of `second`, and of `third` and `fourth` if the recipe
/// names them. The inputs are windows of earlier stages, always named: `first = "brain"`.
///
/// Use it to give a network more than one view of a slice, or to try which channel of two schemes helps.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Stack {}

// By name, so that a recipe says what it stacks: the nearest window twice is never meant.
/// The scheme whose channels come first.
pub const FIRST: Input<Window> = Input::by_name("first");
/// The one after it.
pub const SECOND: Input<Window> = Input::by_name("second");
/// A third one.
pub const THIRD: OptionalInput<Window> = OptionalInput::new("third");
/// A fourth one.
pub const FOURTH: OptionalInput<Window> = OptionalInput::new("fourth");

/// [`Stack`] once its parts are known.
pub struct Stacked {
    parts: Vec<Window>,
}

impl Stacked {
    /// The given schemes side by side; at least one.
    pub fn new(parts: Vec<Window>) -> Self {
        Self { parts }
    }

    /// A part whose windows are fixed does not look at learned ones.
    fn side_by_side(&self, batch: &HuBatch, learned: Option<&LearnedWindow>) -> Tensor<4> {
        let channels = self.parts.iter().map(|part| part.apply_with(batch, learned));
        Tensor::cat(channels.collect(), 1)
    }
}

impl WindowScheme for Stacked {
    fn channels(&self) -> usize {
        self.parts.iter().map(Window::channels).sum()
    }

    fn pointwise(&self) -> bool {
        self.parts
            .iter()
            .all(|part| part.pointwise() && part.offsets().is_empty())
    }

    fn apply(&self, batch: &HuBatch) -> Tensor<4> {
        self.side_by_side(batch, None)
    }

    fn learned(&self, device: &Device) -> Option<LearnedWindow> {
        self.parts.iter().find_map(|part| part.learned(device))
    }

    fn apply_learned(&self, batch: &HuBatch, windows: &LearnedWindow) -> Tensor<4> {
        self.side_by_side(batch, Some(windows))
    }

    fn offsets(&self) -> Vec<i32> {
        let mut offsets: Vec<i32> = self.parts.iter().flat_map(Window::offsets).collect();
        offsets.sort_unstable();
        offsets.dedup();
        offsets
    }
}

impl Stage for Stack {
    const NAME: &'static str = "stack";
    const FAMILY: Family = Family::Window;
    const SUMMARY: &'static str = "schemes side by side";
    // An example holds parameters only, and what is stacked are inputs.
    const EXAMPLE: &'static str = "[window]\nuse = \"stack\"\n# and the names of windows before it:\n# first = \"brain\"\n# second = \"rainbow\"\n";

    fn ports() -> Ports {
        Ports::new()
            .takes(FIRST)
            .takes(SECOND)
            .takes(THIRD)
            .takes(FOURTH)
            .offers(output::WINDOW)
    }

    fn describe(&self, inputs: &Descriptions) -> Descriptions {
        let wired = [
            inputs.wired(FIRST),
            inputs.wired(SECOND),
            inputs.wired(THIRD),
            inputs.wired(FOURTH),
        ];
        let parts: Vec<&Description> = wired.into_iter().flatten().collect();
        let windows: Option<Vec<Window>> = parts
            .iter()
            .map(|part| part.artifact::<Window>().map(|window| (*window).clone()))
            .collect();
        let stacked = match windows {
            Some(windows) => Description::of(Window::new(Stacked::new(windows))),
            None => {
                let channels: Option<usize> = parts.iter().map(|part| part.channels).sum();
                channels.map_or_else(Description::new, |channels| Description::new().channels(channels))
            }
        };
        Descriptions::new().with(output::WINDOW, stacked)
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let mut parts = vec![inputs.take(FIRST)?, inputs.take(SECOND)?];
        parts.extend(inputs.get(THIRD)?);
        parts.extend(inputs.get(FOURTH)?);
        let learn = |part: &&Arc<Window>| part.learned(&context.device()).is_some();
        if parts.iter().filter(learn).count() > 1 {
            return Err(Error::new(
                "two of the schemes side by side learn their windows, and a network has one set",
            )
            .help("give one `learned` all the windows"));
        }
        let parts = parts.iter().map(|part| part.as_ref().clone()).collect();
        Ok(Outputs::new().with(output::WINDOW, Window::new(Stacked::new(parts))))
    }
}

ichflow_api::register!(Stack);

#[cfg(test)]
mod tests {
    use ichflow_api::testkit::run_context;

    use super::*;
    use crate::all_channels::AllChannels;
    use crate::bsb::Bsb;
    use crate::metadata::Metadata;
    use crate::testing::*;

    #[test]
    fn channels_stand_in_the_order_of_the_inputs() {
        let directory = tempfile::tempdir().unwrap();
        let run = run_context(directory.path());
        let context = Context::new(&run, "window", "stack", "key");
        let grey = Metadata {
            channels: 1,
            ..Metadata::default()
        };
        let inputs = Inputs::default()
            .with(FIRST, Window::new(Bsb {}))
            .with(SECOND, Window::new(AllChannels::default()))
            .with(FOURTH, Window::new(grey.clone()));
        let window = Stack {}
            .run(&inputs, &context)
            .unwrap()
            .take(output::WINDOW)
            .unwrap();
        assert_eq!(window.channels(), 7);
        let hu = [-1000, 20, 40, 300];
        let got = values(window.apply(&batch_of(&[&hu], SliceTags::default())));
        let expected = [
            applied(&Bsb {}, &hu),
            applied(&AllChannels::default(), &hu),
            applied(&grey, &hu),
        ];
        assert_eq!(got, expected.concat());
    }

    #[test]
    fn slices_around_are_read_for_every_part_that_looks_at_them() {
        struct Around(Vec<i32>);

        impl WindowScheme for Around {
            fn channels(&self) -> usize {
                1
            }

            fn apply(&self, batch: &HuBatch) -> Tensor<4> {
                batch.hu()
            }

            fn offsets(&self) -> Vec<i32> {
                self.0.clone()
            }
        }

        let stacked = Stacked::new(vec![
            Window::new(Around(vec![-1, 0, 1])),
            Window::new(Bsb {}),
            Window::new(Around(vec![2, 1])),
        ]);
        assert_eq!(stacked.offsets(), [-1, 0, 1, 2]);
    }

    #[test]
    fn edge_cases_stay_within_range() {
        assert_edges(&Stacked::new(vec![
            Window::new(Bsb {}),
            Window::new(Metadata::default()),
        ]));
    }
}
