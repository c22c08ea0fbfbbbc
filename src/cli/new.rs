//! `ichflow new`: a recipe or a plugin to start from.
//!
//! The plugin's template is a member of this workspace, so that it always builds and passes its tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use ichflow_api::error::{Error, Result, ResultExt};

use super::{WRONG_CALL, fail};

const RECIPE: &str = include_str!("../../templates/recipe.toml");
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
    },
    /// A plugin: a crate NAME/ with a window of its own, a test, and a program that has it
    Plugin {
        /// Its name; may have a directory before it
        name: PathBuf,
    },
}

pub(super) fn main(arguments: &NewArguments) -> ExitCode {
    let made = match &arguments.what {
        What::Recipe { name } => recipe(name),
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

fn recipe(path: &Path) -> Result<String> {
    let name = plain_name(path)?;
    let file = path.with_file_name(format!("{name}.toml"));
    refuse_existing(&file)?;
    if let Some(parent) = file.parent() {
        fs::create_dir_all(parent).at("create the directory", parent)?;
    }
    fs::write(&file, RECIPE.replace("NAME", &name)).at("write", &file)?;
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
