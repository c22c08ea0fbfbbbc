use std::collections::BTreeSet;

use ichflow_api::data::measures::{Computed, Metrics, PartMetrics, Submitted};
use ichflow_api::testkit::{self, slice};

use super::*;

fn unmeasured(labels: &LabelSet) -> Metrics {
    Metrics {
        computed: Computed {
            eps: 1e-15,
            bootstrap: 200,
            calibration_bins: 15,
            specificity: 0.9,
        },
        label_set: labels.clone(),
        unit: Level::Slice,
        training_prevalence: Vec::new(),
        valid: PartMetrics {
            slices: 0,
            patients: 0,
            weighted_log_loss: 0.0,
            weighted_log_loss_interval: None,
            prevalence_log_loss: 0.0,
            submitted: Submitted {
                clip: 1e-6,
                weighted_log_loss: 0.0,
            },
            headline: None,
            auc_any_interval: None,
            labels: Vec::new(),
            label_intervals: Vec::new(),
            at_chosen: Vec::new(),
            statistics: Vec::new(),
            groups: None,
            subgroups: None,
        },
        test: None,
        versus_baseline: None,
        baseline: None,
        baselines: Vec::new(),
        thresholds_for: None,
        calibration: None,
        split: None,
        localization: None,
        exams: None,
        novelty: None,
        external: None,
        triage: None,
    }
}

/// A run of a recipe on a few slices, of which nothing was measured.
fn written(recipe: &str, which: Checklist, slices: Vec<Slice>) -> Vec<Written> {
    let directory = tempfile::tempdir().unwrap();
    let mut run = testkit::run_context(directory.path());
    run.title = "A <b>study</b>".into();
    run.resolved_recipe = recipe.into();
    run.provenance = serde_json::json!({"ichflow": "0.1.0", "seed": 7, "recipe_key": "abc", "git": null});
    let cohort = testkit::cohort(slices);
    let folds = Folds {
        of_slice: (0..cohort.len())
            .map(|index| if index % 2 == 0 { Fold::Train } else { Fold::Valid })
            .collect(),
    };
    let valid = Predictions::none_of(&cohort);
    let metrics = unmeasured(&cohort.labels);
    which.written(&Sources {
        cohort: &cohort,
        folds: &folds,
        valid: &valid,
        test: None,
        history: None,
        model: None,
        network: None,
        selection: None,
        metrics: &metrics,
        run: &run,
        // Other plugins are not linked into this test.
        family: |uses| match uses {
            "table" | "phantom" => Some(Family::Load),
            "random" => Some(Family::Split),
            _ => None,
        },
    })
}

fn slices() -> Vec<Slice> {
    let labels = || Some(Labels::negative(6));
    vec![slice("a", "SECRET", labels()), slice("b", "SECRET^B", labels())]
}

fn numbers(text: &str) -> Vec<String> {
    let headings = text.lines().filter_map(|line| line.strip_prefix("### "));
    headings
        .filter_map(|heading| Some(heading.split_once(". ")?.0.to_owned()))
        .collect()
}

#[test]
fn every_published_item_is_there_once_and_in_order() {
    let both = written("", Checklist::Both, slices());
    let claim: Vec<String> = (1..=44).map(|number: usize| number.to_string()).collect();
    assert_eq!(numbers(&both[0].markdown), claim);
    // Collins and others 2024: 27 items, 52 with their subitems.
    let letters: [(usize, &str); 12] = [
        (3, "abc"),
        (5, "ab"),
        (6, "abc"),
        (8, "abc"),
        (9, "abc"),
        (12, "abcdefg"),
        (18, "abcdef"),
        (20, "abc"),
        (23, "ab"),
        (27, "abc"),
        (0, ""),
        (0, ""),
    ];
    let tripod: Vec<String> = (1..=27)
        .flat_map(
            |number| match letters.iter().find(|(with_letters, _)| *with_letters == number) {
                None => vec![number.to_string()],
                Some((_, letters)) => letters
                    .chars()
                    .map(|letter| format!("{number}{letter}"))
                    .collect(),
            },
        )
        .collect();
    assert_eq!(tripod.len(), 52);
    assert_eq!(numbers(&both[1].markdown), tripod);
    for one in &both {
        assert_eq!(
            one.counts.items,
            one.counts.answered + one.counts.in_part + one.counts.open
        );
        assert_eq!(one.open.len(), one.counts.open);
    }
    assert_eq!(written("", Checklist::TripodAi, slices()).len(), 1);
}

#[test]
fn an_item_has_an_answer_with_its_place_or_a_blank() {
    let recipe = "[load]\nuse = \"table\"\npath = \"d\"\n[[load.labels]]\ncsv = \"reads.csv\"\nkey = \
                  \"accession_number\"\nreaders = [\"R1\", \"R2\"]\n[split]\nuse = \"random\"\ngroup_by = \"study\"\n";
    for one in written(recipe, Checklist::Both, slices()) {
        for item in one.markdown.split("### ").skip(1) {
            assert!(item.lines().any(|line| line.starts_with("- ")), "{item}");
            for line in item.lines().filter(|line| line.starts_with("- **To be")) {
                assert!(line.ends_with(": ______") && line.len() > 40, "{line}");
            }
        }
        assert!(
            one.markdown.contains("2 readers' labels are put together"),
            "{}",
            one.markdown
        );
        assert!(
            one.markdown.contains("at the level of the study"),
            "{}",
            one.markdown
        );
        assert!(
            !one.markdown.contains("SECRET") && !one.markdown.contains("<b>"),
            "{}",
            one.markdown
        );
    }
}

#[test]
fn nothing_is_claimed_that_no_run_knows() {
    let phantom =
        "[load]\nuse = \"phantom\"\npatients = 60\n[split]\nuse = \"random\"\ngroup_by = \"patient\"\n";
    for one in written(phantom, Checklist::Both, slices()) {
        assert!(one.markdown.contains("there are no patients"), "{}", one.markdown);
        let said: BTreeSet<&str> = one
            .markdown
            .lines()
            .filter(|line| line.starts_with("- ") && !line.starts_with("- **To be"))
            .collect();
        for line in said {
            for claim in [
                "etrospective",
                "rospective",
                "approv",
                "consent",
                "funded",
                "blinded",
                "de-identif",
            ] {
                assert!(!line.contains(claim), "{line}");
            }
            // An external test is denied, not claimed.
            assert!(
                !line.contains("xternal") || line.starts_with("- No external test in this run"),
                "{line}"
            );
        }
    }
}
