//! One glossary: the words that radiologists and machine-learning engineers use, in all that people read.
//!
//! The left column is what this project once called things; none of it may come back, in docs, recipes, templates,
//! comments or messages. Words that also mean something else, as "found" or "norm", are left to the reader.

use std::fs;
use std::path::{Path, PathBuf};

/// What is not said, and what is.
const PHRASES: &[(&str, &str)] = &[
    ("cost most", "highest loss"),
    ("costs most", "highest loss"),
    ("cost least", "lowest loss"),
    ("costs least", "lowest loss"),
    ("distance of slices", "slice spacing"),
    ("false alarm", "false positive"),
    ("false alarms", "false positives"),
    ("gaze", "receptive-field offset"),
    ("hold out", "validation"),
    ("holds out", "validation"),
    ("held out", "validation"),
    ("held-out", "validation"),
    ("holding out", "validation"),
    ("header group", "pixel encoding"),
    ("header groups", "pixel encodings"),
    ("labels come together", "label co-occurrence"),
    ("less run 1", "Δ vs run 1"),
    ("made anew", "recomputed"),
    ("map of the slices", "feature embedding"),
    ("mean of maps", "global average pooling"),
    ("predicting the training shares", "prevalence baseline"),
    ("training shares alone", "prevalence baseline"),
    ("training shares", "prevalence baseline"),
    ("priors", "prevalence baseline"),
    ("rightly left", "true negatives"),
    ("scanner style", "pixel encoding"),
    ("scanner styles", "pixel encodings"),
    ("style of storage", "pixel encoding"),
    ("styles of storage", "pixel encoding"),
    ("set aside", "excluded"),
    ("sets aside", "excludes"),
    ("ways of storing", "pixel encoding"),
    ("way of storing", "pixel encoding"),
    ("weigh by mean", "squeeze-and-excitation"),
    ("what is not a number", "NaN"),
    ("what a threshold does", "operating point"),
    ("what thresholds do", "operating points"),
    ("which labels come", "label co-occurrence"),
    ("wrap-around", "12-bit unsigned overflow"),
    ("wrapped around", "12-bit unsigned overflow"),
    ("wrong alarm", "false positive"),
    ("wrong alarms", "false positives"),
];

/// Names in code, recipes and files that a run writes; their case counts.
const NAMES: &[(&str, &str)] = &[
    ("HeldOut", "Split"),
    ("StorageStyle", "PixelEncoding"),
    ("by_style", "by_encoding"),
    ("false_alarms", "false_positives"),
    ("held_out", "validation"),
    ("lr_of", "lr_multipliers"),
    ("map_slices", "embedding_slices"),
    ("mean_of_maps", "global_avg_pool"),
    ("nonsense", "what it tells"),
    ("priors_log_loss", "prevalence_log_loss"),
    ("set_aside", "excluded"),
    ("silent", "zero_init_residual"),
    ("training_priors", "training_prevalence"),
    ("true_alarms", "true_positives"),
    ("weigh_by_mean", "squeeze_excite"),
];

/// Files that quote the old words, to say what became of them.
const QUOTES: &[&str] = &["tests/it/words.rs", "CHANGELOG.md"];

/// Names that a file must know: what a recipe or an earlier run may still hold, and what is read or said then.
const KNOWN: &[(&str, &str)] = &[
    ("plugins/api/src/data/balance.rs", "held_out"),
    ("plugins/api/src/data/comparison/run.rs", "priors_log_loss"),
    ("plugins/exporting/src/kaggle_submission.rs", "priors"),
    ("plugins/reporting/src/explore/mod.rs", "map_slices"),
    ("plugins/splitting/src/predefined.rs", "held_out"),
    ("plugins/training/src/fit/stage.rs", "lr_of"),
];

const FOLDERS: &[&str] = &[
    "benches",
    "crates",
    "docs",
    "kernels",
    "plugins",
    "recipes",
    "src",
    "templates",
    "tests",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below `folder` that people read or that speaks to them.
fn texts(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() {
            if !["fixtures", "node_modules", "target", "images"].contains(&name.as_str()) {
                texts(&path, found);
            }
        } else if [".rs", ".md", ".toml", ".html", ".js", ".py", ".snap"]
            .iter()
            .any(|ending| name.ends_with(ending))
        {
            found.push(path);
        }
    }
}

/// The text on one line, without what opens a line of a comment: a phrase may cross lines.
fn flattened(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let line = line.trim_start();
        let line = line.trim_start_matches(['/', '!', '#', '*', '|', '>']);
        line.trim()
    });
    let joined = lines.collect::<Vec<_>>().join(" ").replace("\\n", " ");
    joined.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How often `phrase` stands in `text` as whole words.
fn count(text: &str, phrase: &str) -> usize {
    let part_of_word =
        |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    let whole = |at: &usize| {
        !part_of_word(text[..*at].chars().next_back())
            && !part_of_word(text[at + phrase.len()..].chars().next())
    };
    text.match_indices(phrase).map(|(at, _)| at).filter(whole).count()
}

#[test]
fn whole_words_are_counted_across_lines_of_a_comment() {
    let text = flattened(
        "/// Slices that are held\n    /// out, upheld outside.\nlet held_out = \"Held out\\nset aside\";",
    );
    assert_eq!(count(&text.to_lowercase(), "held out"), 2);
    assert_eq!(count(&text, "held_out"), 1);
    assert_eq!(count(&text, "set aside"), 1);
    assert_eq!(count(&text, "Held"), 1);
}

#[test]
fn nothing_people_read_has_words_of_its_own() {
    let mut paths = vec![root().join("README.md"), root().join("CONTRIBUTING.md")];
    for folder in FOLDERS {
        texts(&root().join(folder), &mut paths);
    }
    paths.sort();
    let (mut report, mut total) = (String::new(), 0);
    for path in paths {
        let name = path
            .strip_prefix(root())
            .unwrap()
            .to_string_lossy()
            .replace('\\', "/");
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        if QUOTES.contains(&name.as_str()) {
            continue;
        }
        let text = flattened(&text);
        let lower = text.to_lowercase();
        let phrases = PHRASES.iter().map(|pair| (&lower, pair));
        let names = NAMES.iter().map(|pair| (&text, pair));
        for (text, (said, better)) in phrases.chain(names) {
            let times = count(text, said);
            if times > 0 && !KNOWN.contains(&(name.as_str(), *said)) {
                total += times;
                report += &format!("{name}: {times} × {said:?}, say {better:?}\n");
            }
        }
    }
    assert!(total == 0, "{total} places:\n{report}");
}
