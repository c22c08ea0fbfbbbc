//! Names of EfficientNet's parameters in weight files.

use super::Row;

/// The path in [`EfficientNet`](super::EfficientNet) of a tensor called `name` in a file.
///
/// timm's names are the paths themselves. The other naming in circulation is that of the
/// EfficientNet-PyTorch package (`_blocks.3._depthwise_conv.weight`), which counts blocks through and
/// names layers by what they do; it is told by the leading underscore. The classifier is left out.
pub fn parameter(name: &str, rows: &[Row]) -> Option<String> {
    let path = if name.starts_with('_') {
        // What the rule does not know keeps its name, and is reported as unexpected under it.
        translate(name, rows).unwrap_or_else(|| name.to_owned())
    } else {
        name.to_owned()
    };
    (!path.starts_with("classifier.")).then_some(path)
}

fn translate(name: &str, rows: &[Row]) -> Option<String> {
    let (module, rest) = name.split_once('.')?;
    if module != "_blocks" {
        let module = match module {
            "_conv_stem" => "conv_stem",
            "_bn0" => "bn1",
            "_conv_head" => "conv_head",
            "_bn1" => "bn2",
            "_fc" => "classifier",
            _ => return None,
        };
        return Some(format!("{module}.{rest}"));
    }
    let (count, rest) = rest.split_once('.')?;
    let (layer, tensor) = rest.split_once('.')?;
    let (row, index) = place(count.parse().ok()?, rows)?;
    // The first normalisation follows the expansion, so that without one the others move up.
    let layer = if rows[row].expand == 1 {
        match layer {
            "_depthwise_conv" => "conv_dw",
            "_bn1" => "bn1",
            "_se_reduce" => "se.conv_reduce",
            "_se_expand" => "se.conv_expand",
            "_project_conv" => "conv_pw",
            "_bn2" => "bn2",
            _ => return None,
        }
    } else {
        match layer {
            "_expand_conv" => "conv_pw",
            "_bn0" => "bn1",
            "_depthwise_conv" => "conv_dw",
            "_bn1" => "bn2",
            "_se_reduce" => "se.conv_reduce",
            "_se_expand" => "se.conv_expand",
            "_project_conv" => "conv_pwl",
            "_bn2" => "bn3",
            _ => return None,
        }
    };
    Some(format!("blocks.{row}.{index}.{layer}.{tensor}"))
}

/// Row of the block counted through as `count`, and its place in the row.
fn place(mut count: usize, rows: &[Row]) -> Option<(usize, usize)> {
    for (number, row) in rows.iter().enumerate() {
        if count < row.repeat {
            return Some((number, count));
        }
        count -= row.repeat;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::{Activation, Style};
    use crate::efficientnet::Plan;

    #[test]
    fn both_namings_lead_to_the_same_paths() {
        let rows = Plan::b0(true, Style::pytorch(Activation::Silu)).rows;
        for (name, path) in [
            ("_conv_stem.weight", Some("conv_stem.weight")),
            ("_bn0.running_mean", Some("bn1.running_mean")),
            (
                "_blocks.0._depthwise_conv.weight",
                Some("blocks.0.0.conv_dw.weight"),
            ),
            (
                "_blocks.0._project_conv.weight",
                Some("blocks.0.0.conv_pw.weight"),
            ),
            ("_blocks.0._bn2.bias", Some("blocks.0.0.bn2.bias")),
            ("_blocks.1._expand_conv.weight", Some("blocks.1.0.conv_pw.weight")),
            ("_blocks.2._bn0.weight", Some("blocks.1.1.bn1.weight")),
            ("_blocks.15._bn2.weight", Some("blocks.6.0.bn3.weight")),
            (
                "_blocks.8._se_reduce.bias",
                Some("blocks.4.0.se.conv_reduce.bias"),
            ),
            ("_bn1.weight", Some("bn2.weight")),
            ("_fc.weight", None),
            ("classifier.bias", None),
            (
                "blocks.4.0.se.conv_reduce.bias",
                Some("blocks.4.0.se.conv_reduce.bias"),
            ),
            ("_blocks.16._bn2.weight", Some("_blocks.16._bn2.weight")),
            ("_what.weight", Some("_what.weight")),
        ] {
            assert_eq!(parameter(name, &rows).as_deref(), path, "{name}");
        }
    }
}
