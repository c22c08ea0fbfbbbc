//! The page as a whole, made from a run that never happened.
//!
//! `cargo test -p ichflow-reporting --test it report` leaves the pages in `target/tmp/report-*` to look at.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ichflow_pages::viewer::{Hu, View};

use super::made_up::{Made, Plan, make};

fn directory(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("report-{name}"))
}

/// Every number the page marks as one.
fn numbers(html: &str) -> Vec<String> {
    html.split("<data value=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next().map(str::to_owned))
        .collect()
}

/// Every number of a JSON value, as it is written there.
fn numbers_of(value: &serde_json::Value, found: &mut Vec<String>) {
    match value {
        serde_json::Value::Number(number) => found.push(number.to_string()),
        serde_json::Value::Array(items) => items.iter().for_each(|item| numbers_of(item, found)),
        serde_json::Value::Object(members) => members.values().for_each(|member| numbers_of(member, found)),
        _ => {}
    }
}

fn check(made: &Made) {
    let html = &made.html;
    assert!(html.len() < 15 << 20, "{} bytes", html.len());
    for fetch in ["src=\"http", "href=\"http", "url(", "@import", "<link"] {
        assert!(!html.contains(fetch), "{fetch}");
    }
    // The viewer and what it shows, and no other script.
    let viewers = html.matches("<div class=\"viewer\"").count();
    let script = format!(
        "<script type=\"module\">{}</script>",
        ichflow_pages::viewer::SCRIPT
    );
    assert_eq!(html.matches(&script).count(), viewers);
    assert_eq!(html.matches("<script").count(), 2 * viewers);
    let html = html.replace(&script, "");
    let html = &html;
    let addresses = html.matches("http://").count() + html.matches("https://").count();
    assert_eq!(
        addresses,
        html.matches("xmlns=\"http://www.w3.org/2000/svg\"").count()
    );
    assert!(!html.contains("SECRET"), "a patient's identifier is shown");
    assert_eq!(
        html.matches("<img ").count(),
        html.matches(" alt=\"Slice ").count()
    );
    assert_eq!(html.matches("<table").count(), html.matches("<caption").count());
    assert_eq!(
        html.matches("<svg ").count(),
        html.matches("<svg role=\"img\" aria-label=\"").count()
    );
    // What the page shows, metrics.json holds.
    let mut held = Vec::new();
    numbers_of(&made.metrics_json, &mut held);
    let shown = numbers(html);
    assert!(shown.len() > 10);
    for number in &shown {
        assert!(held.contains(number), "{number} is not in metrics.json");
    }
    // And what metrics.json says of the labels, the page shows.
    for part in ["valid", "test"] {
        for label in made.metrics_json[part]["labels"].as_array().into_iter().flatten() {
            for metric in ["log_loss", "auc", "average_precision", "accuracy"] {
                if !label[metric].is_null() {
                    assert!(
                        shown.contains(&label[metric].to_string()),
                        "{part} {metric} {label}"
                    );
                }
            }
        }
        let whole = &made.metrics_json[part]["weighted_log_loss"];
        assert!(whole.is_null() || shown.contains(&whole.to_string()));
        for label in made.metrics_json[part]["labels"].as_array().into_iter().flatten() {
            let at = &label["at_threshold"];
            for number in [
                &label["brier"],
                &label["expected_calibration_error"],
                &at["sensitivity"],
                &at["specificity"],
                &at["precision"],
                &at["f1"],
                &label["at_specificity"]["sensitivity"],
            ] {
                assert!(number.is_null() || shown.contains(&number.to_string()), "{label}");
            }
        }
        let chosen = made.metrics_json[part]["at_chosen"].as_array();
        for at in chosen.into_iter().flatten() {
            for metric in ["threshold", "sensitivity", "specificity", "precision", "f1"] {
                let number = &at[metric];
                assert!(number.is_null() || shown.contains(&number.to_string()), "{at}");
            }
        }
        let groups = &made.metrics_json[part]["groups"];
        if part == "valid" {
            for group in ["by_encoding", "by_position"] {
                for group in groups[group].as_array().unwrap() {
                    assert!(shown.contains(&group["weighted_log_loss"].to_string()), "{group}");
                }
            }
        }
    }
    for label in made.metrics_json["calibration"]["labels"]
        .as_array()
        .into_iter()
        .flatten()
    {
        for side in ["before", "after"] {
            for metric in ["log_loss", "expected_calibration_error"] {
                assert!(shown.contains(&label[side][metric].to_string()), "{label}");
            }
        }
    }
    // Every picture's numbers lie in the page.
    assert_eq!(
        html.matches("<svg ").count(),
        html.matches("href=\"data:text/csv;charset=utf-8;base64,").count()
    );
}

#[test]
fn a_full_run_makes_a_full_page() {
    let made = make(&directory("full"), &Plan::default());
    check(&made);
    let html = &made.html;
    assert!(html.contains("validation: undefined, no slice is positive"));
    assert!(html.contains("data:image/png;base64,"));
    assert!(html.contains("ID_6431af929") && html.contains("2 bytes short"));
    assert!(html.contains("group_by = "));
    assert!(html.contains("12 files have no labels"));
    assert!(html.contains("id=\"along\"") && html.contains("than the baseline&#39;s"));
    assert_eq!(
        made.html,
        make(&directory("full-again"), &Plan::default()).html,
        "the same run makes the same page"
    );
}

/// What the viewer of a page is given.
fn view(html: &str) -> View {
    let (_, rest) = html
        .split_once("<div class=\"viewer\" data-fallback=\"slice-sheet\"><script type=\"application/json\">")
        .unwrap();
    let (json, _) = rest.split_once("</script>").unwrap();
    serde_json::from_str(json).unwrap()
}

#[test]
fn the_viewer_has_the_slices_of_the_sheet_and_their_numbers() {
    let html = make(&directory("viewer"), &Plan::default()).html;
    let view = view(&html);
    assert_eq!(view.labels.len(), 6);
    assert!(view.slices.len() > 10, "{}", view.slices.len());
    for slice in &view.slices {
        assert!(
            html.contains(&format!("<code>{}</code>", slice.name)),
            "{}",
            slice.name
        );
        assert_eq!((slice.probabilities.len(), slice.truth.len()), (6, 6));
        assert!(matches!(&slice.hu, Some(Hu::Packed(_))));
        let seen = slice
            .seen
            .as_deref()
            .and_then(|seen| seen.strip_prefix('#'))
            .unwrap();
        assert_eq!(
            html.matches(&format!("<img id=\"{seen}\" src=")).count(),
            1,
            "{seen}"
        );
    }
    let names: BTreeSet<&str> = view.slices.iter().map(|slice| slice.name.as_str()).collect();
    assert_eq!(names.len(), view.slices.len(), "a slice stands there once");
}

#[test]
fn a_page_without_room_for_hu_has_pictures_alone() {
    let plan = Plan {
        viewer_mb: 0,
        ..Plan::default()
    };
    let made = make(&directory("no-viewer"), &plan);
    check(&made);
    assert!(!made.html.contains("<script") && !made.html.contains("class=\"viewer\""));
    assert!(!made.html.contains("<details id=\"slice-sheet\"") && made.html.contains("class=\"sheet\""));
}

#[test]
fn a_run_with_next_to_nothing_makes_a_page_too() {
    let plan = Plan {
        patients: 2,
        slices_per_patient: 3,
        validation_every: 2,
        epochs: 0,
        channels: 1,
        with_test: false,
        text: "",
        readable: true,
        trained: true,
        rich: false,
        ..Plan::default()
    };
    let made = make(&directory("little"), &plan);
    check(&made);
    for text in [
        "Untitled run",
        "No epoch was recorded",
        "undefined",
        "1 channel at the stored size",
    ] {
        assert!(made.html.contains(text), "{text}");
    }
}

#[test]
fn a_run_without_a_network_makes_a_page_too() {
    let plan = Plan {
        trained: false,
        ..Plan::default()
    };
    let made = make(&directory("untrained"), &plan);
    check(&made);
    assert!(made.html.contains("no network was trained"));
    assert!(made.html.contains("the brain window, 40/80 HU"));
    assert!(!made.html.contains("Loss by epoch"));
}

#[test]
fn what_stages_added_is_shown() {
    let html = make(&directory("rich"), &Plan::default()).html;
    for text in [
        "weighted log loss of the baseline, validation",
        "The baseline on validation slices",
        "chosen on validation slices for a sensitivity of at least 0.9",
        "before and after calibration (platt)",
        "2 patients have slices on both sides of the split",
        "288 20.0 %",
        "as submitted",
        "on stage 2 of the competition it is 0.2311",
        "Loss by pixel encoding",
        "Loss by position in the series",
        "Lowest loss among slices with hemorrhage",
    ] {
        assert!(html.contains(text), "{text}");
    }
}

#[test]
fn a_window_of_one_channel_is_shown_in_grey() {
    let plan = Plan {
        channels: 1,
        patients: 40,
        ..Plan::default()
    };
    let made = make(&directory("grey"), &plan);
    check(&made);
    // A PNG's beginning in base64: 160 × 160 pixels, depth 8, colour type 0 (grey).
    let pictures: Vec<&str> = made.html.split("data:image/png;base64,").skip(1).collect();
    assert!(!pictures.is_empty());
    assert!(
        pictures
            .iter()
            .all(|picture| picture.starts_with("iVBORw0KGgoAAAANSUhEUgAAAKAAAACgCAAAAA"))
    );
}

#[test]
fn unreadable_examples_do_not_cost_the_report() {
    let plan = Plan {
        readable: false,
        epochs: 1,
        ..Plan::default()
    };
    let made = make(&directory("unreadable"), &plan);
    check(&made);
    assert!(made.html.contains("could not be read"));
    assert!(!made.html.contains("<img "));
}

#[test]
fn markup_in_texts_is_text() {
    let plan = Plan {
        text: "<script>alert(\"x\")</script> & <b>bold</b> 'quoted'",
        ..Plan::default()
    };
    let made = make(&directory("markup"), &plan);
    check(&made);
    assert!(!made.html.contains("<script>alert") && !made.html.contains("<b>bold"));
    // The title element, the heading, the architecture, a remark, a reason, the recipe, the command line.
    assert!(
        made.html.matches("&#60;script&#62;alert(").count() >= 7,
        "{}",
        made.html.matches("script").count()
    );
}

#[test]
fn an_example_without_a_heat_map_says_why() {
    let plan = Plan {
        explained: true,
        patients: 20,
        ..Plan::default()
    };
    let html = make(&directory("explained"), &plan).html;
    assert!(html.contains("No heat map: grad-cam did not take this slice."));
    let without = make(
        &directory("unexplained"),
        &Plan {
            explained: false,
            ..plan
        },
    )
    .html;
    let without = without.replace(ichflow_pages::viewer::SCRIPT, "");
    assert!(!without.contains("heat map"));
}
