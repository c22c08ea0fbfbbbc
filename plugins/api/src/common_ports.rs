//! Ports that stages of several plugins share: what one of them offers, the others find by the same name and type.
//!
//! A stage names its ports by these constants, `input::COHORT`, `optional::TEST`, `output::FOLDS`; a port that only
//! stages of one plugin have is a constant of that plugin.

/// Inputs that must be there.
pub mod input {
    use super::types::*;
    use crate::ports::Input;

    /// The slices to work on.
    pub const COHORT: Input<Cohort> = Input::required("cohort");
    /// The slices with labels, as loaders offer them.
    pub const TRAIN: Input<Cohort> = Input::required("train");
    /// Which slices train, and which validate.
    pub const FOLDS: Input<Folds> = Input::required("folds");
    /// Hounsfield units of slices.
    pub const PIXELS: Input<Pixels> = Input::required("pixels");
    /// Probabilities of the validation slices.
    pub const VALID: Input<Predictions> = Input::by_name("valid");
    /// Probabilities of the test slices.
    pub const TEST: Input<Predictions> = Input::by_name("test");
    /// Probabilities of whole validation exams.
    pub const EXAMS: Input<Predictions> = Input::by_name("exams");
    /// Where on slices findings are.
    pub const ANNOTATIONS: Input<Annotations> = Input::required("annotations");
    /// Everything that was measured.
    pub const METRICS: Input<Metrics> = Input::required("metrics");
    /// From HU to the channels a network sees.
    #[cfg(feature = "tensors")]
    pub const WINDOW: Input<Window> = Input::required("window");
    /// What builds the network.
    #[cfg(feature = "tensors")]
    pub const NETWORK: Input<NetworkSpec> = Input::required("network");
    /// What builds the network over the slices of series.
    #[cfg(feature = "tensors")]
    pub const SERIES_NETWORK: Input<SeriesNetworkSpec> = Input::required("series_network");
    /// What training minimises.
    #[cfg(feature = "tensors")]
    pub const LOSS: Input<Loss> = Input::required("loss");
    /// The trained model.
    #[cfg(feature = "tensors")]
    pub const MODEL: Input<Model> = Input::required("model");
    /// What a network makes of every slice of the cohort.
    #[cfg(feature = "tensors")]
    pub const EMBEDDINGS: Input<Embeddings> = Input::by_name("embeddings");
    /// The trained network over the slices of series.
    #[cfg(feature = "tensors")]
    pub const SERIES_MODEL: Input<SeriesModel> = Input::required("series_model");
}

/// Inputs that may be absent.
pub mod optional {
    use super::types::*;
    use crate::ports::OptionalInput;

    /// Slices to predict that have no part in training.
    pub const TEST_COHORT: OptionalInput<Cohort> = OptionalInput::new("test");
    /// Hounsfield units of slices.
    pub const PIXELS: OptionalInput<Pixels> = OptionalInput::new("pixels");
    /// The rows that a submission must have.
    pub const SAMPLE: OptionalInput<SampleSubmission> = OptionalInput::new("sample");
    /// Probabilities of the test slices.
    pub const TEST: OptionalInput<Predictions> = OptionalInput::new("test");
    /// Probabilities of whole validation exams.
    pub const EXAMS: OptionalInput<Predictions> = OptionalInput::new("exams");
    /// Probabilities of whole test exams.
    pub const TEST_EXAMS: OptionalInput<Predictions> = OptionalInput::new("test_exams");
    /// Probabilities to compare with.
    pub const BASELINE: OptionalInput<Predictions> = OptionalInput::new("baseline");
    /// What a slice's place along the head says of it, to compare with.
    pub const POSITION_ONLY: OptionalInput<Predictions> = OptionalInput::new("position_only");
    /// The same of test slices.
    pub const TEST_POSITION_ONLY: OptionalInput<Predictions> = OptionalInput::new("test_position_only");
    /// What a slice's header says of it, to compare with.
    pub const HEADER_ONLY: OptionalInput<Predictions> = OptionalInput::new("header_only");
    /// The same of test slices.
    pub const TEST_HEADER_ONLY: OptionalInput<Predictions> = OptionalInput::new("test_header_only");
    /// From which probability on a slice is called positive.
    pub const THRESHOLDS: OptionalInput<Thresholds> = OptionalInput::new("thresholds");
    /// From which probability on a whole exam is called positive.
    pub const EXAM_THRESHOLDS: OptionalInput<Thresholds> = OptionalInput::new("exam_thresholds");
    /// How exams are sorted into high, low and uncertain.
    pub const TRIAGE: OptionalInput<Triage> = OptionalInput::new("triage");
    /// How probabilities were calibrated.
    pub const CALIBRATION: OptionalInput<Calibration> = OptionalInput::new("calibration");
    /// Which slices train, and which validate.
    pub const FOLDS: OptionalInput<Folds> = OptionalInput::new("folds");
    /// A bundle on another cohort, as it was frozen and refitted.
    pub const EXTERNAL: OptionalInput<ExternalValidation> = OptionalInput::new("external");
    /// How labels are spread over the folds.
    pub const BALANCE: OptionalInput<Balance> = OptionalInput::new("balance");
    /// Whether heat maps lie where findings are.
    pub const LOCALIZATION: OptionalInput<Localization> = OptionalInput::new("localization");
    /// What `metrics.json` says.
    pub const SCORES: OptionalInput<Scores> = OptionalInput::new("scores");
    /// Which series were chosen.
    pub const SELECTION: OptionalInput<Selection> = OptionalInput::new("selection");
    /// What training data looked like.
    pub const PROFILE: OptionalInput<DataProfile> = OptionalInput::new("profile");
    /// How slices compare with what training data looked like.
    pub const NOVELTY: OptionalInput<Novelty> = OptionalInput::new("novelty");
    /// From HU to the channels a network sees.
    #[cfg(feature = "tensors")]
    pub const WINDOW: OptionalInput<Window> = OptionalInput::new("window");
    /// The size of the network's images.
    #[cfg(feature = "tensors")]
    pub const RESIZE: OptionalInput<Resize> = OptionalInput::new("resize");
    /// Random changes of training data.
    #[cfg(feature = "tensors")]
    pub const AUGMENT: OptionalInput<Augment> = OptionalInput::new("augment");
    /// The trained model.
    #[cfg(feature = "tensors")]
    pub const MODEL: OptionalInput<Model> = OptionalInput::new("model");
    /// How training went.
    #[cfg(feature = "tensors")]
    pub const HISTORY: OptionalInput<History> = OptionalInput::new("history");
    /// What a network makes of every test slice.
    #[cfg(feature = "tensors")]
    pub const TEST_EMBEDDINGS: OptionalInput<Embeddings> = OptionalInput::new("test");
    /// The trained network over the slices of series.
    #[cfg(feature = "tensors")]
    pub const SERIES_MODEL: OptionalInput<SeriesModel> = OptionalInput::new("series_model");
    /// How the training of a series model went.
    #[cfg(feature = "tensors")]
    pub const SERIES_HISTORY: OptionalInput<History> = OptionalInput::new("series_history");
}

/// Outputs.
pub mod output {
    use super::types::*;
    use crate::ports::Output;

    /// The slices to work on.
    pub const COHORT: Output<Cohort> = Output::new("cohort");
    /// The slices with labels.
    pub const TRAIN: Output<Cohort> = Output::new("train");
    /// Slices to predict that have no part in training.
    pub const TEST_COHORT: Output<Cohort> = Output::new("test");
    /// The rows that a submission must have.
    pub const SAMPLE: Output<SampleSubmission> = Output::new("sample");
    /// Hounsfield units of slices.
    pub const PIXELS: Output<Pixels> = Output::new("pixels");
    /// Which slices train, and which validate.
    pub const FOLDS: Output<Folds> = Output::new("folds");
    /// A bundle on another cohort, as it was frozen and refitted.
    pub const EXTERNAL: Output<ExternalValidation> = Output::new("external");
    /// How labels are spread over the folds.
    pub const BALANCE: Output<Balance> = Output::new("balance");
    /// Probabilities of the validation slices.
    pub const VALID: Output<Predictions> = Output::new("valid");
    /// Probabilities of the test slices.
    pub const TEST: Output<Predictions> = Output::new("test");
    /// Probabilities of whole validation exams.
    pub const EXAMS: Output<Predictions> = Output::new("exams");
    /// Probabilities of whole test exams.
    pub const TEST_EXAMS: Output<Predictions> = Output::new("test_exams");
    /// What a validation slice's place along the head says of it.
    pub const POSITION_ONLY: Output<Predictions> = Output::new("position_only");
    /// What a test slice's place along the head says of it.
    pub const TEST_POSITION_ONLY: Output<Predictions> = Output::new("test_position_only");
    /// What a validation slice's header says of it.
    pub const HEADER_ONLY: Output<Predictions> = Output::new("header_only");
    /// What a test slice's header says of it.
    pub const TEST_HEADER_ONLY: Output<Predictions> = Output::new("test_header_only");
    /// From which probability on a slice is called positive.
    pub const THRESHOLDS: Output<Thresholds> = Output::new("thresholds");
    /// How exams are sorted into high, low and uncertain.
    pub const TRIAGE: Output<Triage> = Output::new("triage");
    /// How probabilities were calibrated.
    pub const CALIBRATION: Output<Calibration> = Output::new("calibration");
    /// Where on slices findings are.
    pub const ANNOTATIONS: Output<Annotations> = Output::new("annotations");
    /// Whether heat maps lie where findings are.
    pub const LOCALIZATION: Output<Localization> = Output::new("localization");
    /// Everything that was measured.
    pub const METRICS: Output<Metrics> = Output::new("metrics");
    /// What `metrics.json` says.
    pub const SCORES: Output<Scores> = Output::new("scores");
    /// Which series were chosen.
    pub const SELECTION: Output<Selection> = Output::new("selection");
    /// What training data looked like.
    pub const PROFILE: Output<DataProfile> = Output::new("profile");
    /// How slices compare with what training data looked like.
    pub const NOVELTY: Output<Novelty> = Output::new("novelty");
    /// From HU to the channels a network sees.
    #[cfg(feature = "tensors")]
    pub const WINDOW: Output<Window> = Output::new("window");
    /// The size of the network's images.
    #[cfg(feature = "tensors")]
    pub const RESIZE: Output<Resize> = Output::new("resize");
    /// Random changes of training data.
    #[cfg(feature = "tensors")]
    pub const AUGMENT: Output<Augment> = Output::new("augment");
    /// What builds the network.
    #[cfg(feature = "tensors")]
    pub const NETWORK: Output<NetworkSpec> = Output::new("network");
    /// What builds the network over the slices of series.
    #[cfg(feature = "tensors")]
    pub const SERIES_NETWORK: Output<SeriesNetworkSpec> = Output::new("series_network");
    /// What training minimises.
    #[cfg(feature = "tensors")]
    pub const LOSS: Output<Loss> = Output::new("loss");
    /// The trained model.
    #[cfg(feature = "tensors")]
    pub const MODEL: Output<Model> = Output::new("model");
    /// How training went.
    #[cfg(feature = "tensors")]
    pub const HISTORY: Output<History> = Output::new("history");
    /// What a network makes of every slice of the cohort.
    #[cfg(feature = "tensors")]
    pub const EMBEDDINGS: Output<Embeddings> = Output::new("embeddings");
    /// What a network makes of every test slice.
    #[cfg(feature = "tensors")]
    pub const TEST_EMBEDDINGS: Output<Embeddings> = Output::new("test");
    /// The trained network over the slices of series.
    #[cfg(feature = "tensors")]
    pub const SERIES_MODEL: Output<SeriesModel> = Output::new("series_model");
    /// How the training of a series model went.
    #[cfg(feature = "tensors")]
    pub const SERIES_HISTORY: Output<History> = Output::new("series_history");
}

mod types {
    pub(super) use crate::data::annotations::Annotations;
    pub(super) use crate::data::balance::Balance;
    pub(super) use crate::data::calibration::Calibration;
    pub(super) use crate::data::cohort::Cohort;
    pub(super) use crate::data::external::ExternalValidation;
    pub(super) use crate::data::folds::Folds;
    pub(super) use crate::data::localization::Localization;
    pub(super) use crate::data::measures::Metrics;
    pub(super) use crate::data::pixels::Pixels;
    pub(super) use crate::data::predictions::Predictions;
    pub(super) use crate::data::profile::{DataProfile, Novelty};
    pub(super) use crate::data::scores::Scores;
    pub(super) use crate::data::selection::Selection;
    pub(super) use crate::data::submission::SampleSubmission;
    pub(super) use crate::data::thresholds::Thresholds;
    pub(super) use crate::data::triage::Triage;
    #[cfg(feature = "tensors")]
    pub(super) use crate::tensors::{
        augmentation::Augment,
        embeddings::Embeddings,
        history::History,
        loss::Loss,
        model::{Model, Resize},
        network::NetworkSpec,
        series::SeriesNetworkSpec,
        series_model::SeriesModel,
        window::Window,
    };
}
