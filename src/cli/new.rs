//! `ichflow new`: a recipe or a plugin to start from.
//!
//! The plugin's template is a member of this workspace, so that it always builds and passes its tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use ichflow_api::data::labels::Level;
use ichflow_api::error::{Error, Result, ResultExt};
use ichflow_api::layouts;

use super::{WRONG_CALL, fail};

const RECIPE: &str = include_str!("../../templates/recipe.toml");
/// The end of a recipe whose labels are of a level above slices.
const EXAMS: &str = include_str!("../../templates/exams.toml");
/// A recipe for slices without labels.
const UNLABELLED: &str = include_str!("../../templates/unlabelled.toml");
const PLUGIN: [(&str, &str); 4] = [
    ("Cargo.toml", include_str!("../../templates/plugin/Cargo.toml")),
    ("src/lib.rs", include_str!("../../templates/plugin/src/lib.rs")),
    ("src/main.rs", include_str!("../../templates/plugin/src/main.rs")),
    (
        "src/my_window.rs",
        include_str!("../../templates/plugin/src/my_window.rs"),
    ),
];

/// Arguments of `ichflow new`.
#[derive(Args, Debug)]
pub(super) struct NewArguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// A recipe NAME.toml that runs as it is, with comments
    Recipe {
        /// Its name; may have a directory before it
        name: PathBuf,
        /// A directory of slices, for which it is written: labels in CSVs there or beside it are found
        #[arg(long, value_name = "DIR")]
        from: Option<PathBuf>,
    },
    /// A plugin: a crate NAME/ with a window of its own, a test, and a program that has it
    Plugin {
        /// Its name; may have a directory before it
        name: PathBuf,
    },
}

pub(super) fn main(arguments: &NewArguments) -> ExitCode {
    let made = match &arguments.what {
        What::Recipe { name, from } => recipe(name, from.as_deref()),
        What::Plugin { name } => plugin(name),
    };
    match made {
        Ok(next) => {
            println!("{next}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            fail(&error);
            ExitCode::from(WRONG_CALL)
        }
    }
}

/// The last part of a path, if it can be the name of a recipe or a crate.
fn plain_name(path: &Path) -> Result<String> {
    let name = path
        .file_name()
        .map_or(String::new(), |name| name.to_string_lossy().into_owned());
    let name = name.strip_suffix(".toml").unwrap_or(&name).to_owned();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || !name.chars().all(plain) || !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Err(Error::new(format!("\"{name}\" cannot be its name"))
            .help("a name begins with a letter and is made of letters, digits, `-` and `_`"));
    }
    Ok(name)
}

fn refuse_existing(path: &Path) -> Result<()> {
    if path.exists() {
        return Err(Error::new(format!("{} is there already", path.display()))
            .help("choose another name; nothing was changed"));
    }
    Ok(())
}

/// The template for the data of a directory: its own loader, and above it what was found there.
fn recipe_for(directory: &Path, name: &str) -> Result<String> {
    if !directory.is_dir() {
        return Err(Error::new(format!("{} is not a directory", directory.display()))
            .help("name the directory that holds the slices, at any depth"));
    }
    let (layout, found) = layouts::recognise(directory)?.ok_or_else(|| {
        Error::new(format!("nothing below {} can be used", directory.display()))
            .help("it should hold CT slices, at any depth; `ichflow inspect` says what a file is")
    })?;
    let template = if found.level.is_some() { RECIPE } else { UNLABELLED };
    let template = template.replace("NAME", name);
    let mut text = String::new();
    let mut lines = template.lines().peekable();
    while let Some(line) = lines.next() {
        match line.starts_with("[load]") {
            false if line.contains("on a synthetic cohort") => {
                lines.next();
                text += &format!("# {name}: a recipe for {}.\n#\n", directory.display());
            }
            false => text += &format!("{line}\n"),
            true => {
                text += &comment(&format!("Found ({layout}):"), &found.found);
                text += &comment("Guessed; look whether it is right:", &found.guessed);
                text += &found.stages;
                // The template's own loader ends at the next stage.
                while lines.peek().is_some_and(|line| !line.starts_with('[')) {
                    lines.next();
                }
                text += "\n";
            }
        }
    }
    if let Some(level) = found.level.filter(|level| *level > Level::Slice)
        && let Some(end) = text.find("[score]")
    {
        text.truncate(end);
        text += &EXAMS.replace("LEVEL", level.name());
    }
    Ok(text)
}

fn comment(title: &str, lines: &[String]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let plain = |line: &String| line.replace(char::is_control, " ");
    let lines: Vec<String> = lines
        .iter()
        .map(|line| format!("#   {}\n", plain(line)))
        .collect();
    format!("# {title}\n{}", lines.concat())
}

fn recipe(path: &Path, from: Option<&Path>) -> Result<String> {
    let name = plain_name(path)?;
    let file = path.with_file_name(format!("{name}.toml"));
    refuse_existing(&file)?;
    let text = match from {
        Some(directory) => recipe_for(directory, &name)?,
        None => RECIPE.replace("NAME", &name),
    };
    if let Some(parent) = file.parent() {
        fs::create_dir_all(parent).at("create the directory", parent)?;
    }
    fs::write(&file, text).at("write", &file)?;
    let shown = file.display();
    Ok(format!(
        "{shown}\nnext: ichflow check {shown}, then ichflow run {shown}"
    ))
}

fn plugin(path: &Path) -> Result<String> {
    let name = plain_name(path)?;
    refuse_existing(path)?;
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (file, text) in PLUGIN {
        let text = text
            .replace("my-plugin", &name)
            .replace("my_plugin", &name.replace('-', "_"));
        let text = if file == "Cargo.toml" {
            let at = |below: &str| format!("path = {:?}", source.join(below).display().to_string());
            // The crate stands by itself, outside the workspace of the template.
            text.lines()
                .map(|line| match line.split_once("path = \"../../") {
                    Some((before, rest)) => {
                        format!("{before}{}{}\n", at(rest.trim_end_matches("\" }")), " }")
                    }
                    None => format!("{}\n", line.replace("path = \"../..\"", &at(""))),
                })
                .collect::<String>()
                + "\n[workspace]\n"
        } else {
            text
        };
        let file = path.join(file);
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent).at("create the directory", parent)?;
        }
        fs::write(&file, text).at("write", &file)?;
    }
    // The versions that ichflow was built and tested with; cargo adds what the plugin needs beside them.
    let lock = source.join("Cargo.lock");
    if lock.is_file() {
        let file = path.join("Cargo.lock");
        fs::copy(&lock, &file).at("write", &file)?;
    }
    let shown = path.display();
    Ok(format!(
        "{shown}/\nnext: cd {shown}, then cargo test --release, then cargo run --release -- describe my-window"
    ))
}
