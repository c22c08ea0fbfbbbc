//! The stage of a windowing scheme that its parameters alone make.

/// Makes a [`WindowScheme`](crate::tensors::window::WindowScheme) a stage and registers it: its name in recipes, a
/// line about it, an example, and, where types and ranges do not say all,
/// [what is wrong](crate::stage::Stage::check) with its parameters.
///
/// ```
/// use ichflow_api::prelude::*;
///
/// /// One window.
/// #[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
/// #[serde(default, deny_unknown_fields)]
/// pub struct One {
///     /// Window center, in HU.
///     pub center: f64,
/// }
///
/// impl WindowScheme for One {
///     fn channels(&self) -> usize {
///         1
///     }
///     fn apply(&self, batch: &HuBatch) -> Tensor<4> {
///         linear_window(batch.hu(), self.center, 80.0)
///     }
/// }
///
/// ichflow_api::window_stage!(
///     One, "one": "one window",
///     example = "[window]\nuse = \"one\"\n",
///     check = |window| match window.center.is_finite() {
///         true => Vec::new(),
///         false => vec![Problem::new("center", "a center is a number")],
///     },
/// );
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! window_stage {
    (
        $stage:ident, $name:literal: $summary:literal,
        example = $example:expr
        $(, check = $check:expr)?
        $(,)?
    ) => {
        impl $crate::stage::Stage for $stage {
            const NAME: &'static str = $name;
            const FAMILY: $crate::stage::Family = $crate::stage::Family::Window;
            const SUMMARY: &'static str = $summary;
            const EXAMPLE: &'static str = $example;

            fn ports() -> $crate::ports::Ports {
                $crate::ports::Ports::new().offers($crate::common_ports::output::WINDOW)
            }

            fn describe(&self, _inputs: &$crate::ports::Descriptions) -> $crate::ports::Descriptions {
                let window = $crate::tensors::window::Window::new(self.clone());
                $crate::ports::Descriptions::new().with(
                    $crate::common_ports::output::WINDOW,
                    $crate::ports::Description::of(window),
                )
            }

            $(
                fn check(&self) -> Vec<$crate::stage::Problem> {
                    let check: fn(&Self) -> Vec<$crate::stage::Problem> = $check;
                    check(self)
                }
            )?

            fn run(
                &self,
                _inputs: &$crate::ports::Inputs,
                _context: &$crate::context::Context,
            ) -> $crate::error::Result<$crate::ports::Outputs> {
                let window = $crate::tensors::window::Window::new(self.clone());
                Ok($crate::ports::Outputs::new().with($crate::common_ports::output::WINDOW, window))
            }
        }

        $crate::register!($stage);
    };
}
