//! The comparison as a person reads it on a terminal.

use std::fmt::Write;

use ichflow_api::data::comparison::{Comparison, Ranked, Versus};
use ichflow_api::data::labels::Level;
use ichflow_api::metrics::Interval;

/// Lines for a terminal.
pub(super) fn of(comparison: &Comparison) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write_all(&mut text, comparison);
    text
}

fn write_all(text: &mut String, comparison: &Comparison) -> std::fmt::Result {
    table(text, comparison)?;
    labels(text, comparison)?;
    if let Some(level) = comparison.exam_level() {
        exams(text, comparison, level)?;
    }
    if comparison.has_repeats() {
        variants(text, comparison)?;
    }
    if !comparison.others.is_empty() {
        writeln!(text, "\nnot compared")?;
        for run in &comparison.others {
            writeln!(
                text,
                "  {}: {}",
                run.name,
                run.stopped.as_deref().unwrap_or("no score")
            )?;
        }
    }
    for remark in &comparison.remarks {
        writeln!(text, "note: {remark}")?;
    }
    Ok(())
}

fn table(text: &mut String, comparison: &Comparison) -> std::fmt::Result {
    let against = match comparison.ranked.get(comparison.baseline) {
        Some(_) => format!("Δ vs {}", comparison.called(comparison.baseline)),
        None => String::new(),
    };
    let mut rows = vec![[
        String::new(),
        "run".into(),
        "weighted log loss".into(),
        against,
        "better in".into(),
        "AUROC any".into(),
        "time".into(),
        "device".into(),
        "slices/s".into(),
        "parameters".into(),
    ]];
    rows.extend(
        comparison
            .ranked
            .iter()
            .enumerate()
            .map(|(place, one)| cells(place, one)),
    );
    let widths: Vec<usize> = (0..rows[0].len())
        .map(|column| {
            rows.iter()
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    for (index, row) in rows.iter().enumerate() {
        let line: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        writeln!(text, "{}", line.join("  ").trim_end())?;
        let Some(one) = index
            .checked_sub(1)
            .and_then(|place| comparison.ranked.get(place))
        else {
            continue;
        };
        for line in folded(&own(comparison, one)) {
            writeln!(text, "{:w$}  {line}", "", w = widths[0])?;
        }
    }
    Ok(())
}

/// What sets a run apart: the baseline's values of all settings that differ, and of another run what is not
/// as in the baseline.
fn own(comparison: &Comparison, one: &Ranked) -> Vec<String> {
    let baseline = comparison.ranked.get(comparison.baseline);
    let is_baseline = one.versus.is_none();
    let of_baseline = |key: &str| baseline?.run.setting(key);
    comparison
        .keys
        .iter()
        .filter_map(|key| {
            let value = one.run.setting(key);
            match value {
                Some(value) if is_baseline || of_baseline(key) != Some(value) => {
                    Some(format!("{key} = {value}"))
                }
                None if !is_baseline && of_baseline(key).is_some() => Some(format!("no {key}")),
                _ => None,
            }
        })
        .chain(one.run.seed.map(|seed| format!("seed = {seed}")))
        .collect()
}

/// Parts joined into lines of about a hundred characters.
fn folded(parts: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(line) if line.chars().count() + part.chars().count() < 100 => {
                *line += " · ";
                *line += part;
            }
            _ => lines.push(part.clone()),
        }
    }
    lines
}

fn cells(place: usize, one: &Ranked) -> [String; 10] {
    let measured = one.run.measured.as_ref().map(|measured| &measured.valid);
    let interval_of = measured.and_then(|valid| valid.weighted_log_loss_interval);
    let auc = measured.and_then(|valid| valid.auc_any());
    [
        (place + 1).to_string(),
        one.run.name.clone(),
        with_interval(format!("{:.4}", one.score), interval_of),
        one.versus.as_ref().map_or("–".into(), difference),
        one.versus
            .as_ref()
            .and_then(|versus| versus.lower_in)
            .map_or(String::new(), |share| format!("{:.0} %", 100.0 * share)),
        auc.map_or("–".into(), |auc| format!("{auc:.4}")),
        one.run.time_in_words(),
        one.run.device.clone().unwrap_or_else(|| "–".into()),
        one.run
            .slices_per_second()
            .map_or("–".into(), |rate| format!("{rate:.0}")),
        one.run.parameters.map_or("–".into(), |count| count.to_string()),
    ]
}

/// The difference in words; one that is not paired says so.
fn difference(versus: &Versus) -> String {
    let mark = if versus.paired { "" } else { " unpaired" };
    let number = format!("{:+.4}", versus.difference);
    format!("{}{mark}", with_interval(number, versus.interval))
}

fn with_interval(number: String, interval: Option<Interval>) -> String {
    match interval {
        Some(Interval { low, high }) => format!("{number} ({low:.4} to {high:.4})"),
        None => number,
    }
}

/// The loss of every label.
fn labels(text: &mut String, comparison: &Comparison) -> std::fmt::Result {
    writeln!(text, "\nlog loss of each label")?;
    write!(text, "   ")?;
    let names = comparison.labels();
    for label in names.names() {
        write!(text, "{label:>18}")?;
    }
    writeln!(text)?;
    for (place, one) in comparison.ranked.iter().enumerate() {
        write!(text, "{:>3}", place + 1)?;
        for label in names.names() {
            let measured = one
                .run
                .measured
                .as_ref()
                .and_then(|measured| measured.valid.label(label));
            let loss = measured.map_or("–".into(), |measured| format!("{:.4}", measured.log_loss));
            write!(text, "{loss:>18}")?;
        }
        writeln!(text)?;
    }
    Ok(())
}

/// Whole exams: how well runs order and call them.
fn exams(text: &mut String, comparison: &Comparison, level: Level) -> std::fmt::Result {
    let headline = comparison.labels();
    let headline = headline.name(headline.headline());
    writeln!(text, "\nwhole {}, {headline}", level.plural())?;
    let mut rows = vec![
        [
            "",
            "log loss",
            "Δ",
            "AUROC",
            "Δ AUROC",
            "p (Holm)",
            "sensitivity p",
            "specificity p",
        ]
        .map(str::to_owned),
    ];
    for (place, one) in comparison.ranked.iter().enumerate() {
        let part = one
            .run
            .measured
            .as_ref()
            .and_then(|measured| measured.of_exams())
            .map(|(_, part)| part);
        let versus = one.exams_versus.as_ref();
        let label = versus.and_then(|versus| versus.label(headline));
        let auroc = label.and_then(|label| label.auroc);
        let calls = label.and_then(|label| label.calls);
        let p = |p: Option<f64>| p.map_or("–".into(), |p| format!("{p:.3}"));
        rows.push([
            (place + 1).to_string(),
            part.map_or("–".into(), |part| {
                with_interval(
                    format!("{:.4}", part.weighted_log_loss),
                    part.weighted_log_loss_interval,
                )
            }),
            versus.map_or("–".into(), difference),
            part.and_then(|part| part.auroc()).map_or("–".into(), |auroc| {
                with_interval(format!("{:.4}", auroc.value), auroc.interval)
            }),
            auroc.map_or("–".into(), |auroc| {
                with_interval(format!("{:+.4}", auroc.difference), auroc.interval)
            }),
            p(auroc.and_then(|auroc| auroc.holm_p)),
            p(calls.map(|calls| calls.sensitivity.mid_p)),
            p(calls.map(|calls| calls.specificity.mid_p)),
        ]);
    }
    write_table(text, &rows)?;
    writeln!(
        text,
        "Δ AUROC by DeLong's test, or Obuchowski's where patients have several; sensitivity and specificity by McNemar's mid-p"
    )
}

/// Columns as wide as their widest cell.
fn write_table<const N: usize>(text: &mut String, rows: &[[String; N]]) -> std::fmt::Result {
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    for row in rows {
        let cells = row.iter().zip(&widths);
        let line: Vec<String> = cells.map(|(cell, width)| format!("{cell:width$}")).collect();
        writeln!(text, "{}", line.join("  ").trim_end())?;
    }
    Ok(())
}

/// Repeated seeds, put together.
fn variants(text: &mut String, comparison: &Comparison) -> std::fmt::Result {
    let names: Vec<String> = comparison
        .variants
        .iter()
        .map(|variant| comparison.variant_called(variant))
        .collect();
    let width = names
        .iter()
        .map(|name| name.chars().count())
        .max()
        .unwrap_or(0)
        .max(18);
    writeln!(text, "\n{:<width$}  mean    sd       from    to", "over seeds")?;
    for (variant, name) in comparison.variants.iter().zip(&names) {
        let spread = variant
            .standard_deviation
            .map_or("–".into(), |deviation| format!("{deviation:.4}"));
        writeln!(
            text,
            "{name:<width$}  {:.4}  {spread:<7}  {:.4}  {:.4}",
            variant.mean, variant.low, variant.high
        )?;
    }
    Ok(())
}
