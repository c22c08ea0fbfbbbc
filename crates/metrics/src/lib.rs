#![doc = include_str!("../README.md")]

mod accuracy;
mod auroc_variance;
mod bootstrap;
mod brier;
mod calibration_curve;
mod calibration_error;
mod checks;
mod confidence;
mod confusion;
mod covariance;
mod decision_curve;
mod error;
mod kolmogorov_smirnov;
mod label_errors;
mod likelihood_ratio;
mod localization;
mod log_loss;
mod logistic;
mod mcnemar;
mod multiplicity;
mod operating_point;
mod partial_auroc;
mod predictive_value;
mod proportion;
mod ranked;
mod ranking;
mod recalibration;
mod score_decomposition;
mod special;
mod stability;
mod triage;
mod workload;

pub use accuracy::accuracy;
pub use auroc_variance::{
    AurocDifference, AurocEstimate, auroc_clustered, auroc_delong, auroc_difference_clustered,
    auroc_difference_delong,
};
pub use bootstrap::{Interval, PairedDifference, cluster_bootstrap, cluster_bootstrap_of, paired_bootstrap};
pub use brier::brier;
pub use calibration_curve::{CalibrationCurve, CalibrationErrors};
pub use calibration_error::{ReliabilityBin, expected_calibration_error, reliability};
pub use confidence::{Confidence, Estimate};
pub use confusion::Confusion;
pub use covariance::{FeatureGaussian, Moments};
pub use decision_curve::{NetBenefit, decision_curve};
pub use error::MetricsError;
pub use kolmogorov_smirnov::{KolmogorovSmirnov, kolmogorov_smirnov};
pub use label_errors::{DoubtedLabel, LabelErrors};
pub use likelihood_ratio::{LikelihoodRatios, likelihood_ratios};
pub use localization::{centred_map, energy_inside, pointing_game};
pub use log_loss::{DEFAULT_EPS, Truth, label_log_loss, prevalence, prevalence_log_loss, weighted_log_loss};
pub use mcnemar::{McNemar, mcnemar};
pub use multiplicity::{benjamini_hochberg, holm};
pub use operating_point::{OperatingPoint, Target, operating_point, sensitivity_at_specificity};
pub use partial_auroc::{PartialAuroc, partial_auroc};
pub use predictive_value::{PredictiveValues, predictive_values};
pub use proportion::Proportion;
pub use ranked::Ranked;
pub use ranking::{CurvePoint, auroc, average_precision, precision_recall_curve, roc_curve};
pub use recalibration::{CalibrationLine, Coefficient, calibration_in_the_large, calibration_line};
pub use score_decomposition::{ScoreDecomposition, isotonic_reliability, score_decomposition};
pub use stability::{StabilityTest, stability_index, stability_test};
pub use triage::{
    Conformal, ConformalCut, Cuts, ErrorLimit, LearnThenTest, MondrianP, TestedThreshold, TriageClass,
    conformal, fixed_sequence_high, fixed_sequence_low, learn_then_test, mondrian_p,
};
pub use workload::{DailyWorkload, daily_workload};
