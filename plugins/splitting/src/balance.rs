//! How well a split came out: counts and shares a label, beside the ideal.

use ichflow_api::labels::{COUNT, LABELS, Labels};
use serde::Serialize;

/// One label (or all slices) in both folds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BalanceLine {
    /// Label, or `slices` for all of them.
    pub what: &'static str,
    /// How many are fitted on.
    pub train: usize,
    /// How many are held out.
    pub valid: usize,
    /// How many should be held out, not rounded.
    pub ideal: f64,
}

impl BalanceLine {
    /// Share held out, 0 to 1; nothing for a label that nobody has.
    pub fn share(&self) -> Option<f64> {
        let all = self.train + self.valid;
        (all > 0).then(|| self.valid as f64 / all as f64)
    }
}

/// All slices, then every label. Slices without labels count as slices only.
pub fn balance(truth: &[Option<Labels>], held_out: &[bool], share: f64) -> Vec<BalanceLine> {
    let line = |what, has: &dyn Fn(&Option<Labels>) -> bool| {
        let (mut train, mut valid) = (0, 0);
        for (_, held_out) in truth.iter().zip(held_out).filter(|(truth, _)| has(truth)) {
            *(if *held_out { &mut valid } else { &mut train }) += 1;
        }
        BalanceLine {
            what,
            train,
            valid,
            ideal: share * (train + valid) as f64,
        }
    };
    std::iter::once(line("slices", &|_| true))
        .chain((0..COUNT).map(|label| line(LABELS[label], &|truth| truth.is_some_and(|truth| truth[label]))))
        .collect()
}

/// The lines as an aligned table of text.
pub fn table(lines: &[BalanceLine]) -> String {
    let mut text = format!(
        "{:<17} {:>8} {:>8} {:>10} {:>7}",
        "", "train", "held out", "ideal", "share"
    );
    for line in lines {
        let share = line
            .share()
            .map_or("–".to_owned(), |share| format!("{:.2} %", 100.0 * share));
        text.push_str(&format!(
            "\n{:<17} {:>8} {:>8} {:>10.2} {:>7}",
            line.what, line.train, line.valid, line.ideal, share
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_shares_are_said_label_by_label() {
        let some = Some([true, false, true, false, false, false]);
        let lines = balance(
            &[some, some, Some([false; COUNT]), None],
            &[true, false, false, false],
            0.25,
        );
        assert_eq!(
            table(&lines[..3]),
            "                     train held out      ideal   share\n\
             slices                   3        1       1.00 25.00 %\n\
             any                      1        1       0.50 50.00 %\n\
             epidural                 0        0       0.00       –"
        );
    }
}
