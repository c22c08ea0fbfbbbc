//! How training went, epoch by epoch.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Result, ResultExt};
use crate::ports::Artifact;
use ichflow_nn::CenterWidth;

/// One epoch of training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Counted from 1 over all phases.
    pub epoch: usize,
    /// Counted from 1.
    pub phase: usize,
    /// Learning rate of its first step.
    pub lr: f64,
    /// Mean training loss over the epoch's slices.
    pub train_loss: f64,
    /// Weighted log loss of the validation slices, from all predictions at once; NaN when there are none.
    #[serde(deserialize_with = "nan_for_null")]
    pub valid_loss: f64,
    /// AUROC of the label that stands for all on the validation slices; absent when they are of one class.
    pub valid_auc_any: Option<f64>,
    /// Whether this epoch's weights are the best so far.
    pub best: bool,
    /// Slices trained on per second.
    pub slices_per_second: f64,
    /// Share of the time training waited for data, 0 to 1.
    #[serde(alias = "waiting")]
    pub data_loading_wait: f64,
    /// Learning rate of its last step.
    #[serde(default)]
    pub lr_end: f64,
    /// Largest norm of a step's gradients, before clipping by norm.
    #[serde(default)]
    pub gradient_norm: Option<f64>,
    /// Seconds of training, without validation.
    #[serde(default)]
    pub seconds: f64,
    /// What early stopping looks at.
    #[serde(default, alias = "watched")]
    pub monitored: Option<f64>,
    /// The most memory the process had held by its end, in MiB, where the system says so.
    #[serde(default)]
    pub memory_mib: Option<f64>,
    /// Where learned windows stand after the epoch, one per channel; empty if none are learned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<CenterWidth>,
}

/// JSON has no NaN.
fn nan_for_null<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

/// How training went.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// Every epoch.
    pub epochs: Vec<Epoch>,
    /// Where learned windows stood before the first epoch, one per channel; empty if none are learned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub first_windows: Vec<CenterWidth>,
}

impl Artifact for History {
    const NAME: &'static str = "history";
}

impl History {
    /// Writes one row per epoch; the AUROC's column is named after `headline`, the label that it is of, and learned windows
    /// are columns `window_1_center`, `window_1_width` and so on.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn write_csv(&self, path: &Path, headline: &str) -> Result<()> {
        let mut writer = csv::Writer::from_path(path).at("write", path)?;
        for (index, epoch) in self.epochs.iter().enumerate() {
            let row = epoch.fields(headline).at("write", path)?;
            if index == 0 {
                let head = row.iter().map(|(name, _)| name);
                writer.write_record(head).at("write", path)?;
            }
            let values = row.iter().map(|(_, value)| value);
            writer.write_record(values).at("write", path)?;
        }
        writer.flush().at("write", path)
    }
}

impl Epoch {
    /// Names and values of the columns, in order.
    fn fields(&self, headline: &str) -> Result<Vec<(String, String)>, serde_json::Error> {
        let fields = match serde_json::to_value(self)? {
            Value::Object(fields) => fields,
            other => serde_json::Map::from_iter([("epoch".to_owned(), other)]),
        };
        let plain = fields.into_iter().filter(|(name, _)| name != "windows");
        let text = |value| match value {
            Value::Null => String::new(),
            Value::String(text) => text,
            other => other.to_string(),
        };
        let named = |name: String| match name.as_str() {
            "valid_auc_any" => format!("valid_auc_{headline}"),
            _ => name,
        };
        let mut row: Vec<_> = plain.map(|(name, value)| (named(name), text(value))).collect();
        for (index, window) in self.windows.iter().enumerate() {
            let number = index + 1;
            row.push((format!("window_{number}_center"), window.center.to_string()));
            row.push((format!("window_{number}_width"), window.width.to_string()));
        }
        Ok(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(windows: Vec<CenterWidth>) -> Epoch {
        Epoch {
            epoch: 1,
            phase: 1,
            lr: 4e-4,
            train_loss: 0.25,
            valid_loss: 0.5,
            valid_auc_any: None,
            best: true,
            slices_per_second: 10.5,
            data_loading_wait: 0.0,
            lr_end: 1e-4,
            gradient_norm: Some(2.5),
            seconds: 3.5,
            monitored: Some(0.5),
            memory_mib: None,
            windows,
        }
    }

    fn written(epochs: Vec<Epoch>, headline: &str) -> String {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("history.csv");
        let history = History {
            epochs,
            ..History::default()
        };
        history.write_csv(&path, headline).unwrap();
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn a_row_has_the_epoch_and_then_the_windows() {
        let plain = "epoch,phase,lr,train_loss,valid_loss,valid_auc_any,best,slices_per_second,data_loading_wait,\
                     lr_end,gradient_norm,seconds,monitored,memory_mib";
        let row = "1,1,0.0004,0.25,0.5,,true,10.5,0.0,0.0001,2.5,3.5,0.5,";
        let (head, first) = (
            written(vec![epoch(Vec::new())], "any"),
            written(Vec::new(), "any"),
        );
        assert_eq!((head, first), (format!("{plain}\n{row}\n"), String::new()));
        let windows = vec![
            CenterWidth {
                center: 40.5,
                width: 80.0,
            },
            CenterWidth {
                center: -600.0,
                width: 1500.0,
            },
        ];
        let own = written(vec![epoch(Vec::new())], "bleed");
        assert_eq!(own, format!("{plain}\n{row}\n").replace("auc_any", "auc_bleed"));
        let windows = written(vec![epoch(windows)], "any");
        let more = "window_1_center,window_1_width,window_2_center,window_2_width";
        assert_eq!(windows, format!("{plain},{more}\n{row},40.5,80,-600,1500\n"));
    }
}
