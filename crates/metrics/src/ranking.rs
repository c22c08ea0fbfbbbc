//! Metrics of order: ROC, precision and recall. Ties share one threshold.

/// A point of a ROC curve (x: false positive rate, y: sensitivity) or of a precision–recall curve
/// (x: recall, y: precision).
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct CurvePoint {
    /// Scores at or above it count as positive.
    pub threshold: f64,
    /// Horizontal coordinate, 0 to 1.
    pub x: f64,
    /// Vertical coordinate, 0 to 1.
    pub y: f64,
}

/// True and false positives at every distinct score, highest first.
struct Counts {
    threshold: f64,
    true_positives: u64,
    false_positives: u64,
}

fn counts(truth: &[bool], scores: &[f64]) -> Vec<Counts> {
    let mut order: Vec<usize> = (0..truth.len().min(scores.len())).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    let (mut true_positives, mut false_positives) = (0, 0);
    let mut result: Vec<Counts> = Vec::new();
    for (rank, index) in order.iter().enumerate() {
        if truth[*index] {
            true_positives += 1;
        } else {
            false_positives += 1;
        }
        let last_of_tie = order
            .get(rank + 1)
            .is_none_or(|next| scores[*next] != scores[*index]);
        if last_of_tie {
            result.push(Counts {
                threshold: scores[*index],
                true_positives,
                false_positives,
            });
        }
    }
    result
}

/// Area under the ROC curve, 0 to 1, by trapezoids: the probability that a positive slice scores above a negative one,
/// ties counting half (Hanley and McNeil 1982); `None` when all slices are of one class.
pub fn auroc(truth: &[bool], scores: &[f64]) -> Option<f64> {
    let curve = roc_curve(truth, scores)?;
    Some(
        curve
            .windows(2)
            .map(|pair| (pair[1].x - pair[0].x) * (pair[1].y + pair[0].y) / 2.0)
            .sum(),
    )
}

/// ROC curve, sensitivity over the false positive rate, one point for each distinct score, from (0, 0) to (1, 1); `None` when all slices are of one class.
pub fn roc_curve(truth: &[bool], scores: &[f64]) -> Option<Vec<CurvePoint>> {
    let counts = counts(truth, scores);
    let last = counts.last()?;
    let (positives, negatives) = (last.true_positives as f64, last.false_positives as f64);
    if positives == 0.0 || negatives == 0.0 {
        return None;
    }
    let start = CurvePoint {
        threshold: f64::INFINITY,
        x: 0.0,
        y: 0.0,
    };
    Some(
        std::iter::once(start)
            .chain(counts.iter().map(|count| CurvePoint {
                threshold: count.threshold,
                x: count.false_positives as f64 / negatives,
                y: count.true_positives as f64 / positives,
            }))
            .collect(),
    )
}

/// Precision over recall, one point for each distinct score, recall ascending; `None` without positives.
pub fn precision_recall_curve(truth: &[bool], scores: &[f64]) -> Option<Vec<CurvePoint>> {
    let counts = counts(truth, scores);
    let positives = counts.last()?.true_positives as f64;
    (positives > 0.0).then(|| {
        counts
            .iter()
            .map(|count| CurvePoint {
                threshold: count.threshold,
                x: count.true_positives as f64 / positives,
                y: count.true_positives as f64 / (count.true_positives + count.false_positives) as f64,
            })
            .collect()
    })
}

/// Average precision `Σ (R_k − R_{k−1})·P_k`, 0 to 1, not interpolated (as scikit-learn's `average_precision_score`);
/// `None` without positives.
pub fn average_precision(truth: &[bool], scores: &[f64]) -> Option<f64> {
    let curve = precision_recall_curve(truth, scores)?;
    let mut recall = 0.0;
    let mut area = 0.0;
    for point in curve {
        area += (point.x - recall) * point.y;
        recall = point.x;
    }
    Some(area)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn perfect_reversed_and_tied_orders() {
        let truth = [false, false, true, true];
        assert_eq!(auroc(&truth, &[0.1, 0.2, 0.8, 0.9]), Some(1.0));
        assert_eq!(auroc(&truth, &[0.9, 0.8, 0.2, 0.1]), Some(0.0));
        assert_eq!(auroc(&truth, &[0.5; 4]), Some(0.5));
    }

    #[test]
    fn one_class_is_undefined_and_not_one_half() {
        assert_eq!(auroc(&[true, true], &[0.1, 0.9]), None);
        assert_eq!(auroc(&[false, false], &[0.1, 0.9]), None);
        assert_eq!(average_precision(&[false, false], &[0.1, 0.9]), None);
        assert_eq!(auroc(&[], &[]), None);
    }
}
