//! The scores: headlines, the table of every metric, the curves.

use ichflow_api::labels::{COUNT, LABELS};
use ichflow_api::metrics::{self, CurvePoint, Interval};
use ichflow_api::prelude::*;

use super::{Material, Number, counted};
use crate::measures::{Judged, LabelMetrics, Metrics, PartMetrics};
use crate::plots::{self, Curve, Figure};

/// One number at the top of the page.
pub(crate) struct Headline {
    /// What it is.
    pub what: String,
    /// The number; `None` where it is undefined.
    pub value: Option<Number>,
    /// What to hold it against.
    pub beside: String,
}

/// What the held-out score means, in a sentence.
pub(crate) struct Verdict {
    /// The sentence.
    pub text: String,
    /// `good`, `bad` or `open`; the style sheet gives each a mark.
    pub kind: &'static str,
}

/// All metrics of one part.
pub(crate) struct PartScores {
    /// "Held-out fold", "Test".
    pub title: &'static str,
    /// Slices and patients.
    pub size: String,
    /// Metrics of the part as a whole.
    pub whole: Vec<(&'static str, Number, String)>,
    /// Metrics label by label.
    pub labels: Vec<LabelScores>,
    /// Why numbers are missing.
    pub notes: Vec<String>,
}

/// One line of the table of metrics.
pub(crate) struct LabelScores {
    /// The label.
    pub label: &'static str,
    /// How many slices have it.
    pub positives: String,
    /// Mean log loss.
    pub log_loss: Number,
    /// Area under the ROC curve.
    pub auc: Option<Number>,
    /// Average precision.
    pub average_precision: Option<Number>,
    /// Share right at 0.5.
    pub accuracy: Number,
}

/// Curves of one kind.
pub(crate) struct CurveSet {
    /// What they are.
    pub title: &'static str,
    /// One picture a label.
    pub figures: Vec<Figure>,
}

fn interval(interval: Option<Interval>) -> String {
    crate::evaluate::interval(interval).unwrap_or_else(|| "no interval".into())
}

pub(crate) fn headlines(metrics: &Metrics) -> Vec<Headline> {
    let of = |part: &PartMetrics, name: &str| {
        let any_note = || "undefined: all slices are of one class".to_owned();
        vec![
            Headline {
                what: format!("weighted log loss, {name}"),
                value: Some(Number::metric(part.weighted_log_loss)),
                beside: format!("{}; lower is better", interval(part.weighted_log_loss_interval)),
            },
            Headline {
                what: format!("loss of predicting the training shares, {name}"),
                value: Some(Number::metric(part.priors_log_loss)),
                beside: "what a model that learned nothing scores".into(),
            },
            Headline {
                what: format!("AUC of any hemorrhage, {name}"),
                value: part.auc_any().map(Number::metric),
                beside: part.auc_any().map_or_else(any_note, |_| {
                    format!("{}; chance is 0.5", interval(part.auc_any_interval))
                }),
            },
        ]
    };
    let mut headlines = of(&metrics.valid, "held out");
    if let Some(test) = &metrics.test {
        headlines.extend(of(test, "test"));
    }
    headlines
}

pub(crate) fn verdict(part: &PartMetrics) -> Verdict {
    let of = format!(
        "on {} of {}",
        counted(part.slices, "held-out slice", "held-out slices"),
        counted(part.patients, "patient", "patients")
    );
    let priors = part.priors_log_loss;
    let (kind, text) = match part.weighted_log_loss_interval {
        Some(Interval { high, .. }) if high < priors => {
            ("good", "The model is better than predicting the training shares")
        }
        Some(Interval { low, .. }) if low > priors => {
            ("bad", "The model is worse than predicting the training shares")
        }
        Some(_) => (
            "open",
            "The model is not shown to be better than predicting the training shares",
        ),
        None if part.weighted_log_loss < priors => (
            "open",
            "The model scores better than the training shares; without an interval this may be chance",
        ),
        None => (
            "bad",
            "The model scores no better than predicting the training shares",
        ),
    };
    Verdict {
        text: format!("{text} ({of})."),
        kind,
    }
}

pub(crate) fn parts(metrics: &Metrics) -> Vec<PartScores> {
    let mut parts = vec![part("Held-out fold", &metrics.valid)];
    parts.extend(metrics.test.iter().map(|test| part("Test", test)));
    parts
}

fn part(title: &'static str, measured: &PartMetrics) -> PartScores {
    PartScores {
        title,
        size: format!(
            "{} of {}",
            counted(measured.slices, "slice", "slices"),
            counted(measured.patients, "patient", "patients")
        ),
        whole: vec![
            (
                "weighted log loss",
                Number::metric(measured.weighted_log_loss),
                interval(measured.weighted_log_loss_interval),
            ),
            (
                "weighted log loss of the training shares",
                Number::metric(measured.priors_log_loss),
                String::new(),
            ),
        ],
        labels: measured
            .labels
            .iter()
            .map(|label| LabelScores {
                label: label.label,
                positives: super::thousands(label.positives),
                log_loss: Number::metric(label.log_loss),
                auc: label.auc.map(Number::metric),
                average_precision: label.average_precision.map(Number::metric),
                accuracy: Number::metric(label.accuracy),
            })
            .collect(),
        notes: measured
            .labels
            .iter()
            .filter_map(|label| {
                label
                    .note
                    .as_ref()
                    .map(|note| format!("{}: {note}.", label.label))
            })
            .collect(),
    }
}

/// One part's predictions with its metrics.
struct Measured<'a> {
    name: &'static str,
    judged: Judged,
    metrics: &'a PartMetrics,
}

pub(crate) fn curves(material: &Material<'_>) -> Result<Vec<CurveSet>> {
    let mut parts = vec![Measured {
        name: "held out",
        judged: Judged::of(material.valid),
        metrics: &material.metrics.valid,
    }];
    if let (Some(test), Some(metrics)) = (material.test, &material.metrics.test) {
        parts.push(Measured {
            name: "test",
            judged: Judged::of(test),
            metrics,
        });
    }
    let all = |of: fn(&[Measured<'_>], usize) -> Result<Figure>| -> Result<Vec<Figure>> {
        (0..COUNT).map(|label| of(&parts, label)).collect()
    };
    Ok(vec![
        CurveSet {
            title: "ROC: sensitivity at each rate of false alarms",
            figures: all(roc)?,
        },
        CurveSet {
            title: "Precision and recall",
            figures: all(precision_recall)?,
        },
    ])
}

/// A kind of curve, from truth and probabilities.
type Trace = fn(&[bool], &[f64]) -> Option<Vec<CurvePoint>>;

/// The curves of the parts where they are defined, with a sentence on each part.
fn trace(
    parts: &[Measured<'_>],
    label: usize,
    trace: Trace,
    area: &dyn Fn(&LabelMetrics) -> Option<f64>,
    area_name: &str,
) -> (Vec<Curve>, String) {
    let mut curves = Vec::new();
    let mut said = Vec::new();
    for part in parts {
        let Some(measured) = part.metrics.labels.get(label) else {
            continue;
        };
        let (truth, probabilities) = part.judged.label(label);
        match (area(measured), trace(&truth, &probabilities)) {
            (Some(area), Some(points)) => {
                // An absent curve keeps its place, so that the colours keep their meaning.
                let points = points.iter().map(|point| (point.x, point.y)).collect();
                curves.push(Curve::new(points));
                said.push(format!(
                    "{}: {area_name} {area:.4}, {}",
                    part.name,
                    counted(measured.positives, "positive", "positives")
                ));
            }
            _ => {
                curves.push(Curve::new(Vec::new()));
                let why = if measured.positives == 0 {
                    "no slice is positive"
                } else {
                    "every slice is positive"
                };
                said.push(format!("{}: undefined, {why}", part.name));
            }
        }
    }
    (curves, said.join("; ") + ".")
}

fn roc(parts: &[Measured<'_>], label: usize) -> Result<Figure> {
    let (curves, description) = trace(parts, label, metrics::roc_curve, &|measured| measured.auc, "AUC");
    if curves.iter().all(|curve| curve.points.is_empty()) {
        return Ok(Figure::absent(
            format!("ROC curve, {}", LABELS[label]),
            description,
        ));
    }
    plots::roc(LABELS[label], description, &curves)
}

fn precision_recall(parts: &[Measured<'_>], label: usize) -> Result<Figure> {
    let (curves, description) = trace(
        parts,
        label,
        metrics::precision_recall_curve,
        &|measured| measured.average_precision,
        "average precision",
    );
    if curves.iter().all(|curve| curve.points.is_empty()) {
        return Ok(Figure::absent(
            format!("Precision and recall, {}", LABELS[label]),
            description,
        ));
    }
    let prevalence = parts.first().map_or(0.0, |part| {
        let positives = part
            .metrics
            .labels
            .get(label)
            .map_or(0, |measured| measured.positives);
        positives as f64 / part.metrics.slices.max(1) as f64
    });
    plots::precision_recall(
        LABELS[label],
        format!("{description} Chance: {prevalence:.2}."),
        &curves,
        prevalence,
    )
}
