//! The model card: what a person should know before they use the model.
//!
//! Its parts follow Mitchell et al., "Model Cards for Model Reporting" (2019).

use std::fmt::Write;

use ichflow_api::prelude::*;
use serde_json::Value;

use ichflow_api::bundle::format::{BundledExams, Index};

/// What a card tells beside the index.
pub(super) struct Material<'a> {
    /// What the model is called: the recipe's title, with the network that ran.
    pub title: String,
    /// The bundle's index.
    pub index: &'a Index,
    /// Trainable numbers of the network.
    pub parameters: usize,
    /// The cohort trained and measured on.
    pub cohort: &'a Cohort,
    /// Its split.
    pub folds: &'a Folds,
    /// What was measured, if anything was.
    pub scores: Option<&'a Scores>,
    /// The stages of the chain, in order, as `name (use)`.
    pub steps: Vec<String>,
}

/// The card, as Markdown.
pub(super) fn card(material: &Material) -> String {
    let index = material.index;
    let mut text = format!(
        "# {}\n\nA model that gives each slice of a non-contrast head CT six probabilities: {}. Made by ichflow {} \
         from the recipe beside this file.\n",
        markdown(&material.title),
        index.labels.join(", "),
        index.ichflow.as_str().unwrap_or("of an unknown version"),
    );
    let size = index
        .image_size_px
        .map_or("as stored".to_owned(), |size| format!("{size} × {size} pixels"));
    section(&mut text, "Use");
    let _ = writeln!(
        text,
        "```sh\nichflow predict THIS_DIRECTORY slices/ --out predictions.csv\n```\n\n\
         Input: DICOM slices of CT, in Hounsfield units after their rescale. Steps: {}. Network: {}, {} parameters, \
         {} channels, {size}.",
        material.steps.join(" → "),
        markdown(&index.network),
        material.parameters,
        index.channels,
    );
    if let Some(series) = &index.series {
        let _ = writeln!(
            text,
            "\nOver the slices of each series: {}. Give whole series: what is said of a slice depends on the others.",
            markdown(&series.network)
        );
    }
    data(&mut text, material);
    section(&mut text, "Measured");
    match material.scores {
        None => text.push_str("Nothing was measured in the run that made it.\n"),
        Some(scores) => measured(&mut text, &scores.0),
    }
    if let Some(thresholds) = &index.thresholds {
        section(&mut text, "Decision thresholds");
        let _ = writeln!(
            text,
            "Chosen on the validation slices for {}:\n",
            markdown(&thresholds.target)
        );
        text.push_str("| label | positive from |\n| --- | --- |\n");
        for (label, threshold) in index.labels.iter().zip(&thresholds.of_label) {
            let shown = threshold.map_or("none found".to_owned(), |value| format!("{value:.4}"));
            let _ = writeln!(text, "| {label} | {shown} |");
        }
    }
    if let Some(exams) = &index.exams {
        of_exams(&mut text, exams);
    }
    section(&mut text, "Limits");
    text.push_str(
        "- For research. It is not a medical device, and nobody has tested it in a clinic.\n\
         - It knows the scanners, protocols and labels of its training data. Measure it on data of your own before you \
         trust a number above.\n\
         - A slice is one sample of a patient: intervals above resample patients, and small cohorts have wide ones.\n\
         - It says nothing of any finding other than its labels.\n",
    );
    section(&mut text, "Files");
    let _ = writeln!(
        text,
        "`{}` (timm's names, SHA-256 `{}`), `{}` (the steps above), `{}` (the whole recipe), `bundle.json` (all of \
         this for programs).",
        index.weights.file, index.weights.sha256, index.chain.file, index.recipe.file
    );
    if let Some(profile) = &index.profile {
        let _ = writeln!(
            text,
            "\n`{}` and `{}`: what the training data looked like, without anything that says whose it was. `ichflow predict` \
             flags exams that are unlike it, `ichflow drift` compares periods.",
            profile.facts.file, profile.features.file
        );
    }
    text
}

/// What is said of whole exams.
fn of_exams(text: &mut String, exams: &BundledExams) {
    section(text, "Exams");
    let _ = writeln!(
        text,
        "`ichflow predict … --exams exams.csv` writes a row for every {} too.",
        exams.unit
    );
    let Some(triage) = &exams.triage else { return };
    let cut = |cut: Option<f64>| cut.map_or("none".to_owned(), |cut| format!("{cut:.4}"));
    let _ = writeln!(
        text,
        "\nTriage by {}: high from {}, low up to {}, else uncertain. What was promised holds for exams like those of \
         calibration, at their prevalence:\n",
        markdown(&triage.label),
        cut(triage.cuts.high_from),
        cut(triage.cuts.low_to)
    );
    for promise in &triage.promises {
        let _ = writeln!(text, "- {}", markdown(promise));
    }
}

fn section(text: &mut String, title: &str) {
    let _ = write!(text, "\n## {title}\n\n");
}

/// Training data and split.
fn data(text: &mut String, material: &Material) {
    section(text, "Data");
    text.push_str("| part | slices | patients |");
    let labels = material.cohort.labels.names();
    for label in labels {
        let _ = write!(text, " {label} |");
    }
    text.push_str("\n| --- | --- | --- |");
    text.push_str(&" --- |".repeat(labels.len()));
    text.push('\n');
    for (fold, name) in [(Fold::Train, "training"), (Fold::Valid, "validation")] {
        let indices = material.folds.indices(fold).into_iter();
        let slices = indices.filter_map(|index| material.cohort.slices.get(index).cloned());
        let part = material.cohort.with_slices(slices.collect());
        let _ = write!(text, "| {name} | {} | {} |", part.len(), part.patients());
        for positives in part.positives() {
            let _ = write!(text, " {positives} |");
        }
        text.push('\n');
    }
    text.push_str("\nNo slice stands on both sides; columns of labels count positive slices.\n");
    let digests = material.index.data.as_object().into_iter().flatten();
    for (fact, value) in digests.filter(|(fact, _)| fact.ends_with(".cohort_sha256")) {
        let _ = writeln!(
            text,
            "The cohort of `{}` has the SHA-256 `{}`.",
            stage_of_fact(fact),
            value.as_str().unwrap_or_default()
        );
    }
}

fn stage_of_fact(fact: &str) -> &str {
    fact.split('.').next().unwrap_or(fact)
}

/// The scores of every part, with intervals.
fn measured(text: &mut String, scores: &Value) {
    text.push_str("95 % intervals in brackets, from resampled patients.\n");
    for (part, name) in [("valid", "Validation slices"), ("test", "Test slices")] {
        let Some(part) = scores.get(part).filter(|part| part.is_object()) else {
            continue;
        };
        let _ = writeln!(
            text,
            "\n{name}: {} of {} patients. Weighted log loss {}{}; the prevalence baseline has {}.\n",
            part["slices"],
            part["patients"],
            number(&part["weighted_log_loss"]),
            interval(&part["weighted_log_loss_interval"]),
            number(&part["prevalence_log_loss"]),
        );
        text.push_str(
            "| label | positives | log loss | AUROC | average precision | sensitivity | specificity |\n",
        );
        text.push_str("| --- | --- | --- | --- | --- | --- | --- |\n");
        let none = Vec::new();
        let rows = |key: &str| part[key].as_array().unwrap_or(&none).iter();
        for label in rows("labels") {
            let same = |other: &&Value| other["label"] == label["label"];
            let intervals = rows("label_intervals").find(same);
            let within = |measure: &str| intervals.map_or(String::new(), |found| interval(&found[measure]));
            let decided = rows("at_chosen").find(same).unwrap_or(&label["at_threshold"]);
            let _ = writeln!(
                text,
                "| {} | {} | {}{} | {}{} | {}{} | {} | {} |",
                label["label"].as_str().unwrap_or_default(),
                label["positives"],
                number(&label["log_loss"]),
                within("log_loss"),
                number(&label["auc"]),
                within("auc"),
                number(&label["average_precision"]),
                within("average_precision"),
                number(&decided["sensitivity"]),
                number(&decided["specificity"]),
            );
        }
    }
    text.push_str(
        "\nSensitivity and specificity are at the chosen thresholds, else at 0.5 or the recipe's own.\n",
    );
}

fn number(value: &Value) -> String {
    value
        .as_f64()
        .map_or("–".to_owned(), |value| format!("{value:.4}"))
}

fn interval(value: &Value) -> String {
    match (value["low"].as_f64(), value["high"].as_f64()) {
        (Some(low), Some(high)) => format!(" [{low:.4}, {high:.4}]"),
        _ => String::new(),
    }
}

/// A text from a recipe, without what Markdown would take for its own.
fn markdown(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        if "\\`*_{}[]<>#|".contains(letter) {
            safe.push('\\');
        }
        safe.push(if letter.is_control() { ' ' } else { letter });
    }
    safe
}
