//! The stage every backbone with published weights has.

use ichflow_api::nn::HeadPlan;
use ichflow_api::prelude::*;
use ichflow_hub::Hub;

use crate::architecture::{Architecture, Factory};
use crate::normalise::Normalise;
use crate::source::Source;

/// Defines a backbone's stage: its type, what the recipe may say of it, and the registration.
///
/// Parameters of its own stand before those that all backbones share.
macro_rules! backbone {
    (
        $(#[$about:meta])*
        $stage:ident, $name:literal: $summary:literal,
        example = $example:literal,
        $( { $( $(#[$doc:meta])* $field:ident: $type:ty = $default:expr, )* }, )?
        architecture = $architecture:expr
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(default, deny_unknown_fields)]
        pub struct $stage {
            /// Starting weights: a file, `.safetensors` or `.pth`, or a model of the Hugging Face hub such as
            /// `timm/…`, after `@` a revision of it; `random` or nothing for random weights. A classifier in them is
            /// replaced by a fresh one, and the first convolution adapted to the window's channels.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub weights: Option<String>,
            $( $( $(#[$doc])* pub $field: $type, )* )?
            /// Share of the pooled features dropped while training, 0 to below 1.
            #[schemars(range(min = 0.0, max = 1.0))]
            pub dropout: f64,
            /// What becomes of a feature map's values, one number a map.
            pub pool: ichflow_api::nn::Pool,
            /// What makes the labels' logits of the pooled features.
            pub head: ichflow_api::nn::HeadKind,
            /// Values in each label's own hidden layer, with `head = "per-label"`.
            #[schemars(range(min = 1, max = 4096))]
            pub hidden: usize,
            /// What images are shifted and scaled by before the first layer.
            pub normalise: crate::normalise::Normalise,
        }

        impl Default for $stage {
            fn default() -> Self {
                Self {
                    weights: None,
                    $( $( $field: $default, )* )?
                    dropout: crate::parts::DROPOUT,
                    pool: Default::default(),
                    head: Default::default(),
                    hidden: crate::parts::HIDDEN,
                    normalise: Default::default(),
                }
            }
        }

        impl Stage for $stage {
            const NAME: &'static str = $name;
            const FAMILY: Family = Family::Network;
            const SUMMARY: &'static str = $summary;
            const EXAMPLE: &'static str = $example;

            fn ports() -> Ports {
                crate::parts::ports()
            }

            fn narrow(&self, all: Ports) -> Ports {
                crate::parts::narrow(all, self.normalise)
            }

            fn describe(&self, inputs: &Descriptions) -> Descriptions {
                let plan = crate::parts::head_plan(self.pool, self.head, self.hidden, self.dropout);
                crate::stage::describe(($architecture)(self), plan, self.normalise, inputs)
            }

            fn check(&self) -> Vec<Problem> {
                let mut problems = crate::parts::check_dropout(self.dropout);
                let architecture = crate::architecture::Architecture::timm_name(&($architecture)(self));
                problems.extend(crate::parts::check_weights(self.weights.as_deref(), &architecture));
                problems
            }

            fn fetch(&self) -> Result<()> {
                crate::parts::fetch(self.weights.as_deref())
            }

            fn reads(&self) -> Vec<ExternalPath> {
                crate::parts::reads(self.weights.as_deref())
            }

            fn run(&self, inputs: &Inputs, _context: &Context) -> Result<Outputs> {
                let architecture = ($architecture)(self);
                let plan = crate::parts::head_plan(self.pool, self.head, self.hidden, self.dropout);
                let start = self.weights.as_deref().map(crate::source::Source::parse);
                crate::stage::hand_on(architecture, start, plan, self.normalise, inputs)
            }
        }

        ichflow_api::register!($stage);
    };
}
pub(crate) use backbone;

/// What a network's stage will offer: the network it hands on, with random weights in place of those to find.
pub(crate) fn describe<A: Architecture>(
    architecture: A,
    head: HeadPlan,
    normalise: Normalise,
    inputs: &Descriptions,
) -> Descriptions {
    let channels = inputs.of(input::WINDOW).channels.unwrap_or(3);
    match Factory::new(architecture, None, head, normalise, channels) {
        Ok(factory) => Descriptions::new().with(output::NETWORK, Description::of(NetworkSpec::new(factory))),
        Err(_) => Descriptions::new(),
    }
}

/// The work of a network's stage: finds the weights, and hands on what builds networks from them.
pub(crate) fn hand_on<A: Architecture>(
    architecture: A,
    start: Option<Source>,
    head: HeadPlan,
    normalise: Normalise,
    inputs: &Inputs,
) -> Result<Outputs> {
    let channels = inputs
        .get(optional::WINDOW)?
        .map_or(3, |window| window.channels());
    let start = match start {
        Some(source) => source.find(&Hub::from_env())?,
        None => None,
    };
    let factory = Factory::new(architecture, start, head, normalise, channels)?;
    Ok(Outputs::new().with(output::NETWORK, NetworkSpec::new(factory)))
}
