//! Names of ConvNeXt's parameters in weight files.

/// timm's name of a tensor called `name` in a file, which may be torchvision's: there, layers are counted
/// (`features.1.0.block.3.weight`), the normalisation before the classifier is `classifier.0`. What is not known
/// keeps its name, and is reported as unexpected under it.
pub(super) fn rename(name: &str) -> String {
    let renamed = match name.split_once('.') {
        Some(("features", rest)) => of_features(rest),
        Some(("classifier", rest)) => match rest.split_once('.') {
            Some(("0", tensor)) => Some(format!("head.norm.{tensor}")),
            Some(("2", tensor)) => Some(format!("head.fc.{tensor}")),
            _ => None,
        },
        _ => None,
    };
    renamed.unwrap_or_else(|| name.to_owned())
}

/// Stem, then stages and what stands between them in turn.
fn of_features(rest: &str) -> Option<String> {
    let (place, rest) = rest.split_once('.')?;
    let place: usize = place.parse().ok()?;
    if place == 0 {
        return Some(format!("stem.{rest}"));
    }
    if place.is_multiple_of(2) {
        return Some(format!("stages.{}.downsample.{rest}", place / 2));
    }
    let (index, rest) = rest.split_once('.')?;
    let block = format!("stages.{}.blocks.{index}", place / 2);
    if rest == "layer_scale" {
        return Some(format!("{block}.gamma"));
    }
    let (layer, tensor) = rest.strip_prefix("block.")?.split_once('.')?;
    let layer = match layer {
        "0" => "conv_dw",
        "2" => "norm",
        "3" => "mlp.fc1",
        "5" => "mlp.fc2",
        _ => return None,
    };
    Some(format!("{block}.{layer}.{tensor}"))
}

#[cfg(test)]
mod tests {
    use super::rename;

    #[test]
    fn torchvisions_names_become_timms() {
        for (name, timm) in [
            ("features.0.0.weight", "stem.0.weight"),
            ("features.0.1.bias", "stem.1.bias"),
            ("features.1.2.block.0.weight", "stages.0.blocks.2.conv_dw.weight"),
            ("features.3.0.block.2.weight", "stages.1.blocks.0.norm.weight"),
            ("features.5.8.block.3.bias", "stages.2.blocks.8.mlp.fc1.bias"),
            ("features.7.0.block.5.weight", "stages.3.blocks.0.mlp.fc2.weight"),
            ("features.7.0.layer_scale", "stages.3.blocks.0.gamma"),
            ("features.6.1.weight", "stages.3.downsample.1.weight"),
            ("classifier.0.weight", "head.norm.weight"),
            ("classifier.2.bias", "head.fc.bias"),
            ("stages.3.blocks.0.gamma", "stages.3.blocks.0.gamma"),
            ("features.1.2.block.9.weight", "features.1.2.block.9.weight"),
        ] {
            assert_eq!(rename(name), timm);
        }
    }
}
