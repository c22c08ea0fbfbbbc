//! When a phase ends before its last epoch.

use ichflow_api::prelude::*;

use super::metric::Metric;

/// A phase ends when `patience` epochs in a row were no better than the best of the phase before them (Prechelt
/// 1998, "Early stopping – but when?").
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct EarlyStopping {
    /// Epochs without a better one after which a phase ends.
    #[schemars(range(min = 1))]
    pub patience: usize,
    /// What compares epochs. None: the checkpoint's metric.
    #[serde(default)]
    pub monitor: Option<Metric>,
}

impl EarlyStopping {
    /// How many epochs have gone by since the best, if they are too many. `values` are those of `metric` in the epochs
    /// of a phase so far.
    pub fn stalled(&self, metric: &Metric, values: impl IntoIterator<Item = Option<f64>>) -> Option<usize> {
        let (mut best, mut since) = (None, 0);
        for (index, value) in values.into_iter().enumerate() {
            if index == 0 || metric.improves(value, best) {
                (best, since) = (value, 0);
            } else {
                since += 1;
            }
        }
        (since >= self.patience).then_some(since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auc() -> Metric {
        "auc_any".parse().unwrap()
    }

    fn stalled(patience: usize, metric: Metric, values: &[f64]) -> Option<usize> {
        let stopping = EarlyStopping {
            patience,
            monitor: None,
        };
        stopping.stalled(&metric, values.iter().copied().map(Some))
    }

    #[test]
    fn it_counts_from_the_best_epoch() {
        assert_eq!(stalled(2, Metric::ValidLoss, &[0.5, 0.3, 0.4]), None);
        assert_eq!(stalled(2, Metric::ValidLoss, &[0.5, 0.3, 0.4, 0.3]), Some(2));
        assert_eq!(stalled(2, Metric::ValidLoss, &[0.5, 0.6, 0.4, 0.5]), None);
        assert_eq!(stalled(1, auc(), &[0.5, 0.6]), None);
        assert_eq!(stalled(1, auc(), &[0.6, 0.5]), Some(1));
        assert_eq!(stalled(1, auc(), &[]), None);
    }

    #[test]
    fn epochs_without_a_value_never_stop_it() {
        let stopping = EarlyStopping {
            patience: 1,
            monitor: None,
        };
        assert_eq!(stopping.stalled(&auc(), [None, None, None]), None);
    }
}
