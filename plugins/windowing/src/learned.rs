//! `learned`: windows that the network learns (WSO).

use ichflow_api::nn::learned_window::{Activation, Curve};
use ichflow_api::prelude::*;

use crate::math::SIGMOID_EPS;
use crate::presets::{WindowChoice, check_windows};
use crate::sigmoid::check_rise;

/// Windows that are trained with the network, one channel each: window setting optimisation (WSO,
/// arXiv 1812.00572). `windows` are where they start; where they end is in the report, in `history.csv` and in the
/// model bundle.
///
/// Each is the paper's 1×1 convolution and bounded activation: `upbound · σ(w·hu + b)` with
/// `w = 2·ln(upbound/eps − 1) / width` and `b = −w · center`, or `min(max(w·hu + b, 0), upbound)` with
/// `w = upbound / width` and `b = −w · (center − width/2)`. What is trained are the center and the width, in HU,
/// by an Adam of their own without weight decay: these are the same functions, and a learning rate is a number of
/// HU. Widths below 1 HU count as 1.
///
/// `relu` has no gradient outside the window; start it wide. `trainable = "all"` trains windows too, and they can
/// be named: `trainable = "window, head"`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Learned {
    /// Windows to start from, one channel each: names of presets, or `{ center = …, width = … }` in HU.
    #[schemars(length(min = 1, max = 16))]
    pub windows: Vec<WindowChoice>,
    /// The bounded function after the convolution.
    pub activation: Activation,
    /// What a window rises to.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub upbound: f64,
    /// For `sigmoid`: how far from 0 and from `upbound` the edges of a window are; below half of `upbound`.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub eps: f64,
    /// Learning rate in HU: about as far as one step moves a center. It falls as the network's own rate falls
    /// below the highest of the recipe.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 1000.0))]
    pub lr: f64,
    /// Epochs at the beginning in which windows stay where they are, so that a fresh network does not pull
    /// at them.
    #[schemars(range(min = 0, max = 10000))]
    pub freeze_epochs: usize,
}

impl Default for Learned {
    fn default() -> Self {
        Self {
            windows: vec![
                WindowChoice::given(40.0, 80.0),
                WindowChoice::given(80.0, 200.0),
                WindowChoice::given(40.0, 380.0),
            ],
            activation: Activation::Sigmoid,
            upbound: 1.0,
            eps: SIGMOID_EPS,
            lr: 0.1,
            freeze_epochs: 0,
        }
    }
}

impl Learned {
    /// The windows to start from.
    fn start(&self, device: &Device) -> LearnedWindow {
        let windows: Vec<_> = self.windows.iter().map(WindowChoice::center_width).collect();
        let curve = Curve {
            activation: self.activation,
            upbound: self.upbound,
            eps: self.eps,
        };
        LearnedWindow::new(&windows, curve, device).with_rate(self.lr, self.freeze_epochs)
    }
}

impl WindowScheme for Learned {
    fn channels(&self) -> usize {
        self.windows.len()
    }

    fn apply(&self, batch: &HuBatch) -> Tensor<4> {
        self.start(&batch.hu().device())
            .forward(batch.hu(), batch.widening())
    }

    fn learned(&self, device: &Device) -> Option<LearnedWindow> {
        Some(self.start(device))
    }

    fn apply_learned(&self, batch: &HuBatch, windows: &LearnedWindow) -> Tensor<4> {
        windows.forward(batch.hu(), batch.widening())
    }
}

impl Stage for Learned {
    const NAME: &'static str = "learned";
    const FAMILY: Family = Family::Window;
    const SUMMARY: &'static str = "windows that are trained with the network (WSO)";
    const EXAMPLE: &'static str =
        "[window]\nuse = \"learned\"\nwindows = [\"brain\", \"subdural\", \"bone\"]\nlr = 0.2\n";

    fn ports() -> Ports {
        Ports::new().offers(output::WINDOW)
    }

    fn describe(&self, _inputs: &Descriptions) -> Descriptions {
        Descriptions::new().with(
            output::WINDOW,
            Description::of(Window::new(self.clone())).learned(),
        )
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = check_windows("windows", &self.windows);
        if self.activation == Activation::Sigmoid {
            problems.extend(check_rise(self.eps, self.upbound));
        }
        problems
    }

    fn run(&self, _inputs: &Inputs, _context: &Context) -> Result<Outputs> {
        Ok(Outputs::new().with(output::WINDOW, Window::new(self.clone())))
    }
}

ichflow_api::register!(Learned);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear::Linear;
    use crate::neighbours::{INNER, Neighbours};
    use crate::sigmoid::Sigmoid;
    use crate::stack::{FIRST, SECOND, Stack};
    use crate::testing::*;
    use ichflow_api::testkit::run_context;

    fn window(stage: &impl Stage, inputs: Inputs) -> Result<Window> {
        let directory = tempfile::tempdir().unwrap();
        let run = run_context(directory.path());
        let context = Context::new(&run, "window", "any", "key");
        let mut outputs = stage.run(&inputs, &context)?;
        Ok((*outputs.take(output::WINDOW).unwrap()).clone())
    }

    #[test]
    fn it_starts_as_the_scheme_of_the_same_windows() {
        let hu = [-3024, -20, 0, 13, 40, 61, 80, 2000];
        let windows = Learned::default().windows;
        let sigmoid = Sigmoid {
            windows: windows.clone(),
            stretch: false,
            ..Sigmoid::default()
        };
        assert_near(&applied(&Learned::default(), &hu), &applied(&sigmoid, &hu));
        let relu = Learned {
            activation: Activation::Relu,
            ..Learned::default()
        };
        assert_near(&applied(&relu, &hu), &applied(&Linear { windows }, &hu));
    }

    #[test]
    fn edge_cases_stay_within_range() {
        for activation in [Activation::Sigmoid, Activation::Relu] {
            assert_edges(&Learned {
                activation,
                ..Learned::default()
            });
        }
    }

    /// One window, learned away from where it started.
    fn moved() -> (Learned, LearnedWindow) {
        let stage = Learned {
            windows: vec![WindowChoice::given(40.0, 80.0)],
            activation: Activation::Relu,
            ..Learned::default()
        };
        let elsewhere = Learned {
            windows: vec![WindowChoice::given(100.0, 100.0)],
            ..stage.clone()
        };
        (stage, elsewhere.start(&Device::flex()))
    }

    #[test]
    fn neighbours_and_stacks_take_what_was_learned() {
        let (stage, learned) = moved();
        let before = batch_of(&[&[60]], SliceTags::default());
        let batch = batch_of(&[&[110]], SliceTags::default()).with_neighbours(-1, before);
        let inputs = Inputs::default().with(INNER, Window::new(stage.clone()));
        let around = Neighbours {
            offsets: vec![-1, 0],
            ..Neighbours::default()
        };
        let around = window(&around, inputs).unwrap();
        assert!(around.learned(&Device::flex()).is_some());
        assert_near(&values(around.apply_with(&batch, Some(&learned))), &[0.1, 0.6]);
        assert_near(&values(around.apply_with(&batch, None)), &[0.75, 1.0]);

        let inputs = Inputs::default()
            .with(
                FIRST,
                Window::new(Linear {
                    windows: vec![WindowChoice::given(110.0, 40.0)],
                }),
            )
            .with(SECOND, Window::new(stage.clone()));
        let stacked = window(&Stack {}, inputs).unwrap();
        assert!(stacked.learned(&Device::flex()).is_some());
        assert_near(&values(stacked.apply_with(&batch, Some(&learned))), &[0.5, 0.6]);

        let inputs = Inputs::default()
            .with(FIRST, Window::new(stage.clone()))
            .with(SECOND, Window::new(stage));
        let error = window(&Stack {}, inputs).err().unwrap();
        assert!(error.to_string().contains("learn their windows"), "{error}");
    }

    #[test]
    fn windows_and_eps_are_checked() {
        let empty = Learned {
            windows: vec![WindowChoice::given(40.0, 0.0)],
            ..Learned::default()
        };
        assert_eq!(empty.check()[0].key, "windows[0].width");
        let flat = Learned {
            eps: 0.5,
            ..Learned::default()
        };
        assert_eq!(flat.check()[0].key, "eps");
    }
}
