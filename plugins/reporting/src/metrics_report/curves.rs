//! The curves of every label: ROC, precision and recall, reliability, score histograms, calibration.

use ichflow_api::data::labelled::LabelledPredictions;
use ichflow_api::data::measures::{LabelMetrics, PartMetrics};
use ichflow_api::metrics::{self, CurvePoint};
use ichflow_api::prelude::*;

use super::material::Material;
use crate::render::numbers::counted;
use crate::render::plots::{self, Curve, Figure, Ink, Reliability, Steps};

/// Curves of one kind.
pub(crate) struct CurveSet {
    /// What they are.
    pub title: &'static str,
    /// Class of the key and what it stands for.
    pub legend: Vec<(&'static str, &'static str)>,
    /// One picture per label.
    pub figures: Vec<Figure>,
}

/// One part's predictions with its metrics.
struct Measured<'a> {
    name: &'static str,
    labelled: LabelledPredictions,
    metrics: &'a PartMetrics,
}

pub(crate) fn sets(material: &Material<'_>) -> Result<Vec<CurveSet>> {
    let mut parts = vec![Measured {
        name: "validation",
        labelled: LabelledPredictions::of(material.valid),
        metrics: &material.metrics.valid,
    }];
    if let (Some(test), Some(metrics)) = (material.test, &material.metrics.test) {
        parts.push(Measured {
            name: "test",
            labelled: LabelledPredictions::of(test),
            metrics,
        });
    }
    let bins = material.metrics.computed.calibration_bins;
    let labels = material.valid.labels.len();
    let all = |of: &dyn Fn(&[Measured<'_>], usize) -> Result<Figure>| -> Result<Vec<Figure>> {
        (0..labels).map(|label| of(&parts, label)).collect()
    };
    let legend = |reference| {
        let parts = [("first", "validation"), ("second", "test")];
        let shown = if material.metrics.test.is_some() { 2 } else { 1 };
        parts
            .into_iter()
            .take(shown)
            .chain([("reference", reference)])
            .collect()
    };
    Ok(vec![
        CurveSet {
            title: "ROC: sensitivity against the false positive rate",
            legend: legend("chance"),
            figures: all(&roc)?,
        },
        CurveSet {
            title: "Precision and recall",
            legend: legend("chance"),
            figures: all(&precision_recall)?,
        },
        CurveSet {
            title: "Reliability: predicted against observed frequency",
            legend: legend("perfect"),
            figures: all(&|parts, label| reliability(parts, label, bins))?,
        },
        CurveSet {
            title: "Predicted probabilities, validation",
            legend: vec![("first", "without the label"), ("second", "with the label")],
            figures: all(&scores)?,
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
        let (truth, probabilities) = part.labelled.label(label);
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
                let which = if measured.positives == 0 { "no" } else { "every" };
                let unit = part.labelled.unit;
                said.push(format!("{}: undefined, {which} {unit} is positive", part.name));
            }
        }
    }
    (curves, said.join("; ") + ".")
}

/// The name of a label.
fn named<'a>(parts: &'a [Measured<'_>], label: usize) -> &'a str {
    parts.first().map_or("", |part| part.labelled.labels.name(label))
}

fn names(parts: &[Measured<'_>]) -> Vec<&'static str> {
    parts.iter().map(|part| part.name).collect()
}

fn roc(parts: &[Measured<'_>], label: usize) -> Result<Figure> {
    let (curves, description) = trace(
        parts,
        label,
        metrics::roc_curve,
        &|measured| measured.auc,
        "AUROC",
    );
    if curves.iter().all(|curve| curve.points.is_empty()) {
        return Ok(Figure::absent(
            format!("ROC curve, {}", named(parts, label)),
            description,
        ));
    }
    plots::roc(named(parts, label), description, &names(parts), &curves)
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
            format!("Precision and recall, {}", named(parts, label)),
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
        named(parts, label),
        format!("{description} Chance: {prevalence:.2}."),
        &names(parts),
        &curves,
        prevalence,
    )
}

fn reliability(parts: &[Measured<'_>], label: usize, bins: usize) -> Result<Figure> {
    let found: Vec<Vec<_>> = parts
        .iter()
        .map(|part| {
            let (truth, probabilities) = part.labelled.label(label);
            metrics::reliability(&truth, &probabilities, bins)
        })
        .collect();
    let kinds: Vec<Reliability<'_>> = parts
        .iter()
        .zip(&found)
        .map(|(part, bins)| Reliability {
            name: part.name,
            bins,
        })
        .collect();
    let said: Vec<String> = parts
        .iter()
        .filter_map(|part| {
            let error = part.metrics.labels.get(label)?.expected_calibration_error;
            Some(format!("{}: expected calibration error {error:.4}", part.name))
        })
        .collect();
    plots::reliability(named(parts, label), said.join("; ") + ".", &kinds)
}

fn scores(parts: &[Measured<'_>], label: usize) -> Result<Figure> {
    const BINS: usize = 25;
    let title = format!("Probabilities, {}", named(parts, label));
    let Some(part) = parts.first() else {
        return Ok(Figure::absent(title, "There is nothing to count."));
    };
    let (truth, probabilities) = part.labelled.label(label);
    let of = |name, wanted: bool, ink| {
        let values = truth
            .iter()
            .zip(&probabilities)
            .filter(move |(truth, _)| **truth == wanted);
        Steps::of(name, values.map(|(_, p)| *p), &(0.0..1.0), BINS, ink)
    };
    let positives = truth.iter().filter(|positive| **positive).count();
    let unit = part.labelled.unit;
    plots::histogram(
        title,
        format!(
            "{} with the label, {} without; the scale of counts is logarithmic.",
            counted(positives, unit.name(), unit.plural()),
            counted(truth.len() - positives, unit.name(), unit.plural()),
        ),
        ("predicted probability", unit.plural()),
        0.0..1.0,
        true,
        (350, 280),
        &[
            of("without the label", false, Ink::First),
            of("with the label", true, Ink::Second),
        ],
    )
}

/// Reliability before and after calibration.
pub(crate) fn calibration(calibration: &Calibration) -> Result<CurveSet> {
    let figures = calibration.labels.iter().map(|label| {
        plots::reliability(
            &format!("{} before and after calibration", label.label),
            format!(
                "Expected calibration error {:.4}, before {:.4}.",
                label.after.expected_calibration_error, label.before.expected_calibration_error
            ),
            &[
                Reliability {
                    name: "after",
                    bins: &label.after.bins,
                },
                Reliability {
                    name: "before",
                    bins: &label.before.bins,
                },
            ],
        )
    });
    Ok(CurveSet {
        title: "Reliability before and after calibration",
        legend: vec![("first", "after"), ("second", "before"), ("reference", "perfect")],
        figures: figures.collect::<Result<_>>()?,
    })
}
