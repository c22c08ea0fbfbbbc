//! What README and docs show is true: recipes pass `check`, commands run, code is the code that is tested, links lead
//! somewhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{TINY, ichflow, program, stderr, stdout};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// README and every page of docs, by their paths from the root.
fn pages() -> Vec<(String, String)> {
    let mut names = vec!["README.md".to_owned()];
    for entry in fs::read_dir(root().join("docs")).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".md") {
            names.push(format!("docs/{name}"));
        }
    }
    names.sort();
    let read = |name: String| {
        let text = fs::read_to_string(root().join(&name)).unwrap();
        (name, text)
    };
    names.into_iter().map(read).collect()
}

/// A fenced block of a page.
struct Block {
    page: String,
    line: usize,
    /// The words behind the fence: `toml`, `rust,file=…`.
    info: String,
    text: String,
}

impl Block {
    fn place(&self) -> String {
        format!("{}:{}", self.page, self.line)
    }

    fn language(&self) -> &str {
        self.info.split(',').next().unwrap_or_default()
    }

    /// The value of a word such as `file=…` behind the fence.
    fn word(&self, name: &str) -> Option<&str> {
        let mut words = self.info.split(',').skip(1);
        words.find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
    }
}

fn blocks() -> Vec<Block> {
    let mut found = Vec::new();
    for (page, text) in pages() {
        let mut open: Option<Block> = None;
        for (index, line) in text.lines().enumerate() {
            match (line.strip_prefix("```"), &mut open) {
                (Some(info), None) => {
                    open = Some(Block {
                        page: page.clone(),
                        line: index + 1,
                        info: info.to_owned(),
                        text: String::new(),
                    });
                }
                (Some(_), Some(_)) => found.extend(open.take()),
                (None, Some(block)) => {
                    block.text.push_str(line);
                    block.text.push('\n');
                }
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{page}: a block is not closed");
    }
    found
}

/// Pages whose recipes others test: the wrong ones (tests/it/errors.rs), every stage's example (each plugin).
const TESTED_ELSEWHERE: [&str; 2] = ["docs/errors.md", "docs/recipe-reference.md"];

#[test]
fn recipes_pass_check() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("base.toml"), TINY).unwrap();
    let mut checked = 0;
    for block in blocks() {
        if block.language() != "toml" || TESTED_ELSEWHERE.contains(&block.page.as_str()) {
            continue;
        }
        if let Some(other) = block.word("needs") {
            // A stage of the plugin that is built and run there.
            assert!(root().join("tests").join(other).is_dir(), "{}", block.place());
            continue;
        }
        // What does not say its format is a part of a recipe, and the tiny one is the rest.
        let recipe = if block.text.contains("ichflow = 1") {
            block.text.clone()
        } else {
            format!("ichflow = 1\nextends = \"base.toml\"\n{}", block.text)
        };
        fs::write(home.path().join("recipe.toml"), recipe).unwrap();
        let output = ichflow(home.path(), &["check", "recipe.toml"]);
        assert!(output.status.success(), "{}\n{}", block.place(), stderr(&output));
        checked += 1;
    }
    assert!(checked > 20, "{checked}");
}

/// Commands that cannot run here, and why; each must still be in some page.
const NOT_RUN: [(&str, &str); 4] = [
    (
        "ichflow run recipes/b0_bsb.toml --set vars.data=/data/rsna --device cuda",
        "needs a GPU",
    ),
    ("ichflow run mine.toml --device cuda", "needs a GPU"),
    (
        "ichflow run mine.toml --shard 1/2 &",
        "the shell's; tests/it/shards.rs runs shards at once",
    ),
    (
        "ichflow new plugin my-plugin",
        "a plugin lies beside the sources; tests/it/commands.rs makes one",
    ),
];

/// Commands of shell blocks, without comments.
fn commands() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for block in blocks() {
        if !["sh", "console"].contains(&block.language()) {
            continue;
        }
        let text = block.text.replace("\\\n", " ");
        for line in text.lines() {
            let line = line.trim().trim_start_matches("$ ");
            let command = line.split(" #").next().unwrap_or_default();
            let words: Vec<&str> = command.split_whitespace().collect();
            if words.first() == Some(&"ichflow") {
                found.push((block.place(), words.join(" ")));
            }
        }
    }
    found
}

#[test]
fn commands_run() {
    let home = tempfile::tempdir().unwrap();
    let place = home.path();
    let succeeds = |arguments: &[&str], at: &str| {
        let output = ichflow(place, arguments);
        let said = format!("{}{}", stdout(&output), stderr(&output));
        assert!(
            output.status.success(),
            "{at}: ichflow {}\n{said}",
            arguments.join(" ")
        );
    };
    // What the pages take for granted: recipes, a recipe of one's own, data, a slice. Recipes that would train for
    // long are the tiny one here.
    fs::create_dir_all(place.join("recipes/base")).unwrap();
    for directory in ["recipes", "recipes/base"] {
        for entry in fs::read_dir(root().join(directory)).unwrap().flatten() {
            if entry.path().is_file() {
                fs::copy(entry.path(), place.join(directory).join(entry.file_name())).unwrap();
            }
        }
    }
    fs::write(place.join("recipes/quickstart.toml"), TINY).unwrap();
    succeeds(
        &[
            "phantom",
            "rsna",
            "--patients",
            "6",
            "--test-patients",
            "2",
            "--slices",
            "6",
            "--size",
            "64",
        ],
        "setting up",
    );
    let slice = fs::read_dir(place.join("rsna/stage_2_train"))
        .unwrap()
        .flatten()
        .next()
        .unwrap();
    fs::copy(slice.path(), place.join("slice.dcm")).unwrap();
    succeeds(&["new", "recipe", "mine"], "setting up");
    // It trains longer than a test should.
    succeeds(&["check", "mine.toml"], "setting up");
    fs::write(place.join("mine.toml"), TINY).unwrap();

    // What was done above is not done again.
    let mut ran = BTreeSet::from(["ichflow new recipe mine".to_owned()]);
    for (at, command) in commands() {
        if NOT_RUN.iter().any(|(other, _)| *other == command) {
            continue;
        }
        let command = command
            .replace("/data/rsna", "rsna")
            .replace("DIR", "rsna/stage_2_train")
            .replace("CSV", "rsna/stage_2_train.csv");
        if ran.insert(command.clone()) {
            let words: Vec<&str> = command.split_whitespace().skip(1).collect();
            succeeds(&words, &at);
        }
    }
    assert!(ran.len() >= 7, "{ran:?}");
    for (command, reason) in NOT_RUN {
        let there = commands().iter().any(|(_, other)| other == command);
        assert!(there, "`{command}` ({reason}) is in no page any more");
    }
}

/// Commands in the tables of pages, such as `ichflow gc`, are commands of the program.
#[test]
fn commands_that_are_named_exist() {
    let output = program(&root()).arg("--help").output().unwrap();
    let help = stdout(&output);
    let known: BTreeSet<&str> = help
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next())
        .collect();
    for (page, text) in pages() {
        for (at, found) in text.match_indices("`ichflow ") {
            let rest = &text[at + found.len()..];
            let word: String = rest
                .chars()
                .take_while(|c| c.is_ascii_lowercase() || *c == '-')
                .collect();
            assert!(
                word.is_empty() || word.starts_with('-') || known.contains(word.as_str()),
                "{page}: `ichflow {word}` is no command"
            );
        }
    }
}

#[test]
fn code_is_the_code_that_is_tested() {
    let mut compared = 0;
    for block in blocks() {
        let Some(file) = block.word("file") else { continue };
        let source = fs::read_to_string(root().join(file)).unwrap();
        assert!(source.contains(&block.text), "{} is not in {file}", block.place());
        compared += 1;
    }
    assert!(compared >= 4, "{compared}");
}

/// The name that a heading can be linked by: lower case, spaces as hyphens, no other signs.
fn anchor(heading: &str) -> String {
    heading
        .trim()
        .to_lowercase()
        .chars()
        .filter_map(|c| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
            _ => None,
        })
        .collect()
}

fn anchors(text: &str) -> BTreeSet<String> {
    let mut code = false;
    let mut found = BTreeSet::new();
    for line in text.lines() {
        code ^= line.starts_with("```");
        if !code && line.starts_with('#') {
            found.insert(anchor(line.trim_start_matches('#')));
        }
    }
    found
}

/// Targets of the links and pictures of a page, code left out.
fn links(text: &str) -> Vec<String> {
    let mut code = false;
    let mut found = Vec::new();
    for line in text.lines() {
        code ^= line.starts_with("```");
        if code {
            continue;
        }
        for (at, sign) in line.match_indices("](") {
            let rest = &line[at + sign.len()..];
            if let Some(end) = rest.find(')') {
                found.push(rest[..end].to_owned());
            }
        }
    }
    found
}

#[test]
fn links_lead_somewhere() {
    let mut followed = 0;
    for (page, text) in pages() {
        let here = root().join(&page);
        for link in links(&text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (path, name) = match link.split_once('#') {
                Some((path, name)) => (path, Some(name)),
                None => (link.as_str(), None),
            };
            let target = if path.is_empty() {
                here.clone()
            } else {
                here.parent().unwrap_or(Path::new(".")).join(path)
            };
            assert!(target.exists(), "{page}: {link} leads nowhere");
            if let Some(name) = name {
                let text = fs::read_to_string(&target).unwrap();
                assert!(anchors(&text).contains(name), "{page}: {link}: no such heading");
            }
            followed += 1;
        }
    }
    assert!(followed > 20, "{followed}");
}
