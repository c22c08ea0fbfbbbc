//! The stage every network over series has.

use std::collections::HashSet;

use ichflow_api::nn::series::{AnySeriesNetwork, Features, SeriesFeature, SeriesNetwork, SeriesShape};
use ichflow_api::prelude::*;

use crate::architecture::initialise;
use crate::parts::check_dropout;

/// Whether a network tells of a series as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ExamLogits {
    /// It tells of slices alone.
    #[default]
    None,
    /// By gated attention (Ilse et al., 2018, arXiv 1802.04712): every slice has a learned weight, those of a series add
    /// up to 1, and the weighed states make the series' logits. For labels that exist per exam only.
    Attention,
}

/// What the networks over series have in common.
#[derive(Clone, Debug)]
pub(crate) struct Common {
    pub(crate) inputs: Vec<SeriesFeature>,
    pub(crate) dropout: f64,
    /// Hidden values of the attention that tells of the series as a whole, if it does.
    pub(crate) exam: Option<usize>,
}

/// A network's sizes, beside those of its own parameters.
pub(crate) struct Sizes {
    /// Finds what goes into it.
    pub(crate) features: Features,
    /// How many numbers of a slice go into it.
    pub(crate) inputs: usize,
    pub(crate) shape: SeriesShape,
    pub(crate) dropout: f64,
    /// See [`Common::exam`].
    pub(crate) exam: Option<usize>,
}

/// The little that differs from one network to the next.
pub(crate) trait SeriesArchitecture: Stage + Clone {
    /// The module it builds.
    type Network: SeriesNetwork;

    /// What all have in common, of its parameters.
    fn common(&self) -> Common;

    /// Its size in words: "2 layers of 96".
    fn size(&self) -> String;

    /// A network with random weights.
    fn network(&self, sizes: Sizes, device: &Device) -> Self::Network;

    /// Mistakes in parameters of its own.
    fn own_problems(&self) -> Vec<Problem> {
        Vec::new()
    }
}

/// Defines a series network's stage: its type, what the recipe may say of it, and the registration.
///
/// Parameters of its own stand before those that all such networks share.
macro_rules! series_network {
    (
        $(#[$about:meta])*
        $stage:ident, $name:literal: $summary:literal,
        example = $example:literal,
        { $( $(#[$doc:meta])* $field:ident: $type:ty = $default:expr, )* },
        dropout = $dropout:expr, exam = $exam:expr
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(default, deny_unknown_fields)]
        pub struct $stage {
            /// What of each slice goes in, side by side.
            pub inputs: Vec<ichflow_api::nn::series::SeriesFeature>,
            $( $(#[$doc])* pub $field: $type, )*
            /// Share of values dropped while training, 0 to below 1: between layers and before the logits.
            #[schemars(range(min = 0.0, max = 1.0))]
            pub dropout: f64,
            /// Whether it tells of the exam as a whole beside its slices.
            pub exam: crate::series::ExamLogits,
            /// Hidden values of the attention that does, with `exam = "attention"`.
            #[schemars(range(min = 1, max = 4096))]
            pub attention: usize,
        }

        impl Default for $stage {
            fn default() -> Self {
                use ichflow_api::nn::series::SeriesFeature;
                Self {
                    inputs: vec![SeriesFeature::Embedding, SeriesFeature::Gap, SeriesFeature::Position],
                    $( $field: $default, )*
                    dropout: $dropout,
                    exam: $exam,
                    attention: 128,
                }
            }
        }

        impl $stage {
            fn shared(&self) -> crate::series::stage::Common {
                crate::series::stage::Common {
                    inputs: self.inputs.clone(),
                    dropout: self.dropout,
                    exam: (self.exam == crate::series::ExamLogits::Attention).then_some(self.attention),
                }
            }
        }

        impl Stage for $stage {
            const NAME: &'static str = $name;
            const FAMILY: Family = Family::Network;
            const SUMMARY: &'static str = $summary;
            const EXAMPLE: &'static str = $example;

            fn ports() -> Ports {
                Ports::new().offers(output::SERIES_NETWORK)
            }

            fn describe(&self, _inputs: &Descriptions) -> Descriptions {
                let spec = crate::series::stage::spec(self.clone());
                Descriptions::new().with(output::SERIES_NETWORK, Description::of(spec))
            }

            fn check(&self) -> Vec<Problem> {
                crate::series::stage::check(self)
            }

            fn run(&self, _inputs: &Inputs, _context: &Context) -> Result<Outputs> {
                let spec = crate::series::stage::spec(self.clone());
                Ok(Outputs::new().with(output::SERIES_NETWORK, spec))
            }
        }

        ichflow_api::register!($stage);
    };
}
pub(crate) use series_network;

/// What a series network's stage hands on.
pub(crate) fn spec<A: SeriesArchitecture>(architecture: A) -> SeriesNetworkSpec {
    SeriesNetworkSpec::new(Factory(architecture))
}

/// Mistakes in a series network's parameters.
pub(crate) fn check<A: SeriesArchitecture>(architecture: &A) -> Vec<Problem> {
    let Common { inputs, dropout, .. } = architecture.common();
    let mut problems = check_dropout(dropout);
    let of_images = [
        SeriesFeature::Embedding,
        SeriesFeature::Differences,
        SeriesFeature::Logits,
    ];
    if !inputs.iter().any(|input| of_images.contains(input)) {
        problems.push(
            Problem::new("inputs", "nothing of what the image network saw goes in")
                .help("name \"embedding\", \"differences\" or \"logits\" among them"),
        );
    }
    let mut seen = HashSet::new();
    if let Some(twice) = inputs.iter().position(|input| !seen.insert(format!("{input:?}"))) {
        problems.push(
            Problem::new(format!("inputs[{twice}]"), "it goes in already").help("leave one of the two out"),
        );
    }
    problems.extend(architecture.own_problems());
    problems
}

/// Builds networks of one architecture.
struct Factory<A>(A);

impl<A: SeriesArchitecture> SeriesNetworkFactory for Factory<A> {
    fn build(&self, shape: SeriesShape, device: &Device) -> Result<AnySeriesNetwork> {
        let Common {
            inputs,
            dropout,
            exam,
        } = self.0.common();
        if shape.logits == 0 && inputs.contains(&SeriesFeature::Logits) {
            return Err(Error::new(format!(
                "`{}` is to look at the image network's logits, and the embeddings come without",
                A::NAME
            ))
            .help("take \"logits\" out of `inputs`, or embed with them"));
        }
        let features = Features::new(&inputs);
        let sizes = Sizes {
            inputs: features.width(shape),
            features,
            shape,
            dropout,
            exam,
        };
        let network = self.0.network(sizes, device);
        // As with backbones: drawn now and in order, the weights depend on the device's seed alone.
        initialise(&network);
        Ok(AnySeriesNetwork::new(network))
    }

    fn describe(&self) -> String {
        format!("{}, {}", A::NAME, self.0.size())
    }

    fn reads_logits(&self) -> bool {
        self.0.common().inputs.contains(&SeriesFeature::Logits)
    }

    fn tells_exams(&self) -> bool {
        self.0.common().exam.is_some()
    }
}
