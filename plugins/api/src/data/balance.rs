//! How a split came out: every label's slices in every fold, beside the ideal.

use serde::{Deserialize, Serialize};

use crate::data::labels::{LabelSet, Labels};
use crate::digest::sha256;
use crate::ports::Artifact;

/// A split in numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Balance {
    /// What was kept together, in the plural: "patients".
    pub grouped: String,
    /// The folds. All but the validation fold are trained on.
    pub folds: Vec<FoldSize>,
    /// All slices, then every label.
    pub lines: Vec<BalanceLine>,
    /// What stands on both sides, in words that name nobody; empty where nothing does.
    pub leaks: Vec<String>,
}

/// One fold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FoldSize {
    /// What it is called: "train", "validation", "fold 3".
    pub name: String,
    /// Patients (studies, slices) in it.
    pub groups: usize,
    /// Whether it is the validation fold.
    #[serde(alias = "held_out")]
    pub validation: bool,
}

/// One label (or all slices) in every fold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BalanceLine {
    /// The label, or `slices` for all of them.
    pub what: String,
    /// How many slices each fold has.
    pub counts: Vec<usize>,
    /// How many each should have, not rounded.
    pub ideal: Vec<f64>,
}

impl Artifact for Balance {
    const NAME: &'static str = "balance";

    fn digest(&self) -> Option<String> {
        serde_json::to_vec(self).ok().map(|bytes| sha256(&bytes))
    }
}

impl BalanceLine {
    /// All of them.
    pub fn total(&self) -> usize {
        self.counts.iter().sum()
    }

    /// Share in a fold, 0 to 1; nothing for a label that nobody has.
    pub fn share(&self, fold: usize) -> Option<f64> {
        let all = self.total();
        let count = *self.counts.get(fold)?;
        (all > 0).then(|| count as f64 / all as f64)
    }
}

/// All slices, then every label. `fold_of` is each slice's fold, an index into `ratios`, the shares the
/// folds should have. Slices without labels count as slices only.
pub fn lines(
    labels: &LabelSet,
    truth: &[Option<&Labels>],
    fold_of: &[usize],
    ratios: &[f64],
) -> Vec<BalanceLine> {
    let line = |what: &str, has: &dyn Fn(&Option<&Labels>) -> bool| {
        let mut counts = vec![0; ratios.len()];
        for (_, fold) in truth.iter().zip(fold_of).filter(|(truth, _)| has(truth)) {
            counts[*fold] += 1;
        }
        let total: usize = counts.iter().sum();
        BalanceLine {
            what: what.to_owned(),
            ideal: ratios.iter().map(|ratio| ratio * total as f64).collect(),
            counts,
        }
    };
    std::iter::once(line("slices", &|_| true))
        .chain(
            labels.names().iter().enumerate().map(|(label, name)| {
                line(name, &|truth| truth.is_some_and(|truth| truth.is_positive(label)))
            }),
        )
        .collect()
}

impl Balance {
    /// An aligned table of text: each fold's count with its share, and the ideal count (of the validation
    /// fold, where folds differ in size). Of many folds the first are shown.
    pub fn table(&self) -> String {
        const MOST: usize = 8;
        let shown = self.folds.len().min(MOST);
        let judged = self.folds.iter().position(|fold| fold.validation).unwrap_or(0);
        let mut text = format!("{:<17}", "");
        for fold in &self.folds[..shown] {
            text += &format!(" {:>16}", fold.name);
        }
        text += &format!(" {:>10}", "ideal");
        for line in &self.lines {
            text += &format!("\n{:<17}", line.what);
            for fold in 0..shown {
                let share = line
                    .share(fold)
                    .map_or("–".to_owned(), |share| format!("{:.2} %", 100.0 * share));
                text += &format!(" {:>8} {share:>7}", line.counts[fold]);
            }
            text += &format!(" {:>10.2}", line.ideal.get(judged).copied().unwrap_or(0.0));
        }
        if shown < self.folds.len() {
            text += &format!(
                "\n… and {} more folds: all are in events.jsonl",
                self.folds.len() - shown
            );
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_shares_are_said_label_by_label() {
        let some = Labels::from([true, false, true, false, false, false]);
        let (some, none) = (Some(&some), Labels::negative(6));
        let fold = |name: &str, validation| FoldSize {
            name: name.into(),
            groups: 1,
            validation,
        };
        let balance = Balance {
            folds: vec![fold("train", false), fold("validation", true)],
            lines: lines(
                &LabelSet::rsna(),
                &[some, some, Some(&none), None],
                &[1, 0, 0, 0],
                &[0.75, 0.25],
            )[..3]
                .to_vec(),
            ..Balance::default()
        };
        assert_eq!(
            balance.table(),
            "                             train       validation      ideal\n\
             slices                   3 75.00 %        1 25.00 %       1.00\n\
             any                      1 50.00 %        1 50.00 %       0.50\n\
             epidural                 0       –        0       –       0.00"
        );
        assert_eq!(balance.lines[1].ideal, [1.5, 0.5]);
    }
}
