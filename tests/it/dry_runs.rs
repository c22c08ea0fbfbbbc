//! What somebody changes who adds a loss, a window, an optimizer, a metric or a loader: a new file, and the line that
//! names it. `tests/dry_runs` holds each as a patch; `tests/dry_runs/run` applies and builds them.

use std::fs;
use std::path::Path;

/// One file of a patch: its path, whether it is new, and the lines it has before the change.
struct Change {
    path: String,
    new: bool,
    before: Vec<String>,
    added: usize,
}

fn changes(patch: &str) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    for line in patch.lines() {
        if let Some(paths) = line.strip_prefix("diff --git a/") {
            let path = paths.split(" b/").next().unwrap().to_owned();
            changes.push(Change {
                path,
                new: false,
                before: Vec::new(),
                added: 0,
            });
            continue;
        }
        let change = changes.last_mut().unwrap();
        match line.split_at_checked(1) {
            _ if line.starts_with("new file") => change.new = true,
            _ if line.starts_with("---") || line.starts_with("+++") => {}
            Some((" ", text)) => change.before.push(text.to_owned()),
            Some(("-", _)) => panic!("{}: nothing is taken away", change.path),
            Some(("+", _)) => change.added += 1,
            _ => {}
        }
    }
    changes
}

#[test]
fn adding_something_is_a_file_and_the_line_that_names_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for what in ["loader", "loss", "metric", "optimizer", "window"] {
        let patch = fs::read_to_string(root.join(format!("tests/dry_runs/{what}.diff"))).unwrap();
        let changes = changes(&patch);
        let (new, old): (Vec<_>, Vec<_>) = changes.iter().partition(|change| change.new);
        assert_eq!((new.len(), old.len()), (1, 1), "{what}");
        assert!(
            !root.join(&new[0].path).exists(),
            "{} is there already",
            new[0].path
        );
        assert_eq!(old[0].added, 1, "{what}");
        // The patch still fits: what it finds around the new line stands there one line after the other.
        let text = fs::read_to_string(root.join(&old[0].path)).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let fits = lines
            .windows(old[0].before.len())
            .any(|window| window == old[0].before);
        assert!(fits, "{} no longer has the lines of {what}.diff", old[0].path);
    }
}
