//! What programs put around a network's names when they save it.

use std::collections::BTreeMap;

/// Keys of checkpoints, and modules that training programs wrap around a network.
const WRAPPERS: [&str; 13] = [
    "_orig_mod",
    "backbone",
    "ema",
    "encoder",
    "model",
    "model_ema",
    "model_state_dict",
    "module",
    "net",
    "network",
    "state_dict",
    "state_dict_ema",
    "weights",
];

/// The name without wrappers, and the wrappers.
fn unwrap(name: &str) -> (&str, &str) {
    let mut rest = name;
    while let Some((first, after)) = rest.split_once('.')
        && WRAPPERS.contains(&first)
    {
        rest = after;
    }
    (rest, &name[..name.len() - rest.len()])
}

/// The wrappers a network's tensors are inside of, if they are: those around most tensors, and rather not an
/// average that was saved beside the network. What is outside of them (an optimiser's state, a loss's) does not
/// belong to the network.
pub(crate) fn around<'a>(names: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut counts = BTreeMap::new();
    for name in names {
        let (_, wrappers) = unwrap(name);
        if !wrappers.is_empty() {
            *counts.entry(wrappers).or_insert(0usize) += 1;
        }
    }
    let best = counts.into_iter().max_by_key(|&(wrappers, count)| {
        let average = wrappers.contains("ema");
        (count, !average, std::cmp::Reverse(wrappers.len()))
    });
    best.map(|(wrappers, _)| wrappers.to_owned())
}

#[cfg(test)]
mod tests {
    use super::around;

    fn of(names: &[&str]) -> Option<String> {
        around(names.iter().copied())
    }

    #[test]
    fn checkpoints_are_unwrapped() {
        for (names, wrappers) in [
            (vec!["conv1.weight", "layer1.0.conv1.weight"], None),
            (vec!["module.conv1.weight", "module.fc.bias"], Some("module.")),
            (
                vec![
                    "state_dict.model.conv1.weight",
                    "state_dict.model.fc.bias",
                    "state_dict.loss.pos_weight",
                ],
                Some("state_dict.model."),
            ),
            (
                vec![
                    "model.conv1.weight",
                    "model_ema.conv1.weight",
                    "optimizer.state.0.exp_avg",
                    "optimizer.state.0.exp_avg_sq",
                ],
                Some("model."),
            ),
        ] {
            assert_eq!(of(&names).as_deref(), wrappers, "{names:?}");
        }
    }
}
