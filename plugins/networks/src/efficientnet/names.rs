//! Names of EfficientNet's parameters in weight files.

use super::Row;

/// timm's name of a tensor called `name` in a file of an EfficientNet with these rows.
///
/// Two other namings are in circulation. That of the EfficientNet-PyTorch package
/// (`_blocks.3._depthwise_conv.weight`) counts blocks through and names layers by what they do; it is told by the
/// leading underscore. That of torchvision (`features.3.0.block.1.0.weight`) counts layers; it is told by
/// `features`. What their rules do not know keeps its name, and is reported as unexpected under it.
pub(super) fn rename(name: &str, rows: &[Row]) -> String {
    let renamed = if name.starts_with('_') {
        translate(name, rows)
    } else if let Some(rest) = name.strip_prefix("features.") {
        of_torchvision(rest, rows)
    } else {
        None
    };
    renamed.unwrap_or_else(|| name.to_owned())
}

/// torchvision's `features`: the stem, the rows, the last convolution.
fn of_torchvision(rest: &str, rows: &[Row]) -> Option<String> {
    let (place, rest) = number(rest)?;
    if place == 0 || place == rows.len() + 1 {
        let names = if place == 0 {
            ["conv_stem", "bn1"]
        } else {
            ["conv_head", "bn2"]
        };
        let (layer, tensor) = number(rest)?;
        return Some(format!("{}.{tensor}", names.get(layer)?));
    }
    let row = place - 1;
    let (index, rest) = number(rest)?;
    let (part, rest) = number(rest.strip_prefix("block.")?)?;
    // Without an expansion the parts move up.
    let first = usize::from(rows.get(row)?.expand == 1);
    let names = [
        ["conv_pw", "bn1"],
        ["conv_dw", "bn2"],
        ["", ""],
        ["conv_pwl", "bn3"],
    ];
    let alone = [["conv_dw", "bn1"], ["", ""], ["conv_pw", "bn2"]];
    if part + first == 2 {
        let (layer, tensor) = rest.split_once('.')?;
        let layer = match layer {
            "fc1" => "conv_reduce",
            "fc2" => "conv_expand",
            _ => return None,
        };
        return Some(format!("blocks.{row}.{index}.se.{layer}.{tensor}"));
    }
    let (layer, tensor) = number(rest)?;
    let names = if first == 1 {
        alone.get(part)?
    } else {
        names.get(part)?
    };
    Some(format!("blocks.{row}.{index}.{}.{tensor}", names.get(layer)?))
}

/// The number before the first dot, and what follows the dot.
fn number(name: &str) -> Option<(usize, &str)> {
    let (first, rest) = name.split_once('.')?;
    Some((first.parse().ok()?, rest))
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
    use crate::efficientnet::base_rows;

    #[test]
    fn every_naming_leads_to_timms() {
        let rows = base_rows();
        for (name, path) in [
            ("_conv_stem.weight", "conv_stem.weight"),
            ("_bn0.running_mean", "bn1.running_mean"),
            ("_blocks.0._depthwise_conv.weight", "blocks.0.0.conv_dw.weight"),
            ("_blocks.0._project_conv.weight", "blocks.0.0.conv_pw.weight"),
            ("_blocks.0._bn2.bias", "blocks.0.0.bn2.bias"),
            ("_blocks.1._expand_conv.weight", "blocks.1.0.conv_pw.weight"),
            ("_blocks.2._bn0.weight", "blocks.1.1.bn1.weight"),
            ("_blocks.15._bn2.weight", "blocks.6.0.bn3.weight"),
            ("_blocks.8._se_reduce.bias", "blocks.4.0.se.conv_reduce.bias"),
            ("_bn1.weight", "bn2.weight"),
            ("_fc.weight", "classifier.weight"),
            ("classifier.bias", "classifier.bias"),
            ("blocks.4.0.se.conv_reduce.bias", "blocks.4.0.se.conv_reduce.bias"),
            ("_blocks.16._bn2.weight", "_blocks.16._bn2.weight"),
            ("_what.weight", "_what.weight"),
            ("features.0.0.weight", "conv_stem.weight"),
            ("features.0.1.running_var", "bn1.running_var"),
            ("features.1.0.block.0.0.weight", "blocks.0.0.conv_dw.weight"),
            ("features.1.0.block.1.fc1.bias", "blocks.0.0.se.conv_reduce.bias"),
            ("features.1.0.block.2.1.weight", "blocks.0.0.bn2.weight"),
            ("features.2.1.block.0.0.weight", "blocks.1.1.conv_pw.weight"),
            (
                "features.5.0.block.2.fc2.weight",
                "blocks.4.0.se.conv_expand.weight",
            ),
            ("features.7.0.block.3.1.bias", "blocks.6.0.bn3.bias"),
            ("features.8.0.weight", "conv_head.weight"),
            ("features.9.0.weight", "features.9.0.weight"),
        ] {
            assert_eq!(rename(name, &rows), path, "{name}");
        }
    }
}
