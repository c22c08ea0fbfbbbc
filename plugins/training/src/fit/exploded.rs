//! What training says when its loss is NaN or too large.

use ichflow_api::prelude::*;
use serde_json::{Value, json};

use super::epoch_label::EpochLabel;
use super::readings::Exploded;

/// Slices named in the message; all are in the event.
const NAMED: usize = 5;

/// For `events.jsonl`; `ids` are those of the batch's units.
pub(super) fn details(found: &Exploded, ids: &[String]) -> Value {
    json!({
        "loss": found.loss.to_string(),
        "batch": found.batch,
        "lr": found.lr,
        "gradient_norm": found.norm.map(|norm| norm.to_string()),
        "gradient_norm_before": found.norm_before,
        "slices": ids,
    })
}

/// What, where, and what to try.
pub(super) fn error(
    found: &Exploded,
    label: &EpochLabel,
    phase: usize,
    steps: usize,
    ids: &[String],
    units: &str,
) -> Error {
    let named = ids[..ids.len().min(NAMED)].join(", ");
    let more = ids.len().saturating_sub(NAMED);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    let what = if found.loss.is_finite() {
        format!("grew to {:.3e}", found.loss)
    } else {
        format!("is {}", found.loss)
    };
    let before = match found.norm_before {
        Some(norm) => format!("the gradient norm before it was {norm:.3}"),
        None => "it was the first step that was looked at".into(),
    };
    Error::new(format!(
        "the training loss {what} in {label}, phase {}, batch {} (an epoch has {steps} steps), learning \
         rate {:.1e}; {before}; the batch's {units} are {named}{more}",
        phase + 1,
        found.batch,
        found.lr,
    ))
    .help(
        "try a lower `lr`, `warmup = { epochs = 1 }` or `clip_norm = 1.0`; if it stops here again, look at these \
         slices: odd values spoil a whole batch",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_the_place_and_the_slices() {
        let ids: Vec<String> = (0..7).map(|index| format!("ID_{index}")).collect();
        let found = Exploded {
            loss: f64::NAN,
            batch: 3,
            lr: 0.1,
            indices: (0..7).collect(),
            norm_before: Some(2.0),
            norm: None,
        };
        let said = error(&found, &EpochLabel::new(4, 9), 1, 20, &ids, "slices").chain();
        for expected in [
            "is NaN in epoch 5/9, phase 2, batch 3",
            "ID_4 and 2 more",
            "norm before it was 2.000",
        ] {
            assert!(said.contains(expected), "{said}");
        }
        assert_eq!(details(&found, &ids)["slices"].as_array().map(Vec::len), Some(7));
    }
}
