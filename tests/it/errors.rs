//! The catalogue of problems: every code is triggered by its example, and documented.

use std::fs;

use crate::common::{ichflow, stderr, stdout};

/// Code, recipe and `--set` arguments of every entry, as docs/errors.md shows them.
fn entries() -> Vec<(String, Option<String>, Vec<String>)> {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/errors.md")).unwrap();
    page.split("\n## ")
        .skip(1)
        .map(|section| {
            let code = section[..5].to_owned();
            let recipe = section
                .split_once("```toml\n")
                .and_then(|(_, rest)| rest.split_once("```"))
                .map(|(recipe, _)| recipe.to_owned());
            let sets = section
                .match_indices("with `--set ")
                .filter_map(|(at, found)| section[at + found.len()..].split('`').next())
                .map(str::to_owned)
                .collect();
            (code, recipe, sets)
        })
        .collect()
}

#[test]
fn every_example_triggers_its_code() {
    let entries = entries();
    assert_eq!(entries.len(), 21);
    let mut all = String::new();
    for (code, recipe, sets) in entries {
        let Some(recipe) = recipe else {
            // Needs a weights file beside it: tests/it/diagnostics.rs has it.
            assert_eq!(code, "E0017");
            continue;
        };
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("recipe.toml"), recipe).unwrap();
        let mut arguments = vec!["check".to_owned(), "recipe.toml".to_owned()];
        for set in sets {
            arguments.extend(["--set".to_owned(), set]);
        }
        let output = ichflow(directory.path(), &arguments);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{code}: {said}");
        assert_eq!(said.matches("error[").count(), 1, "{code}: {said}");
        assert!(said.contains(&format!("error[{code}]")), "{code}: {said}");
        all.push_str(&said);
        all.push('\n');
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_code_is_explained() {
    let directory = tempfile::tempdir().unwrap();
    let output = ichflow(directory.path(), &["explain-error", "e0014"]);
    assert_eq!(output.status.code(), Some(0));
    insta::assert_snapshot!(stdout(&output));
    let output = ichflow(directory.path(), &["explain-error", "E0099"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("E0001 to E0021"), "{}", stderr(&output));
}
