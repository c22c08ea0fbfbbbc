//! `ichflow eda PATH`: the report of a directory, without writing a recipe.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches, value_parser};
use ichflow_api::command::Application;
use ichflow_api::path_text::path_text;
use ichflow_api::prelude::*;

fn define() -> clap::Command {
    let path = |name: &'static str, help: &'static str| {
        Arg::new(name).help(help).value_parser(value_parser!(PathBuf))
    };
    clap::Command::new("eda")
        .about("Look over a directory of DICOM: counts, headers, HU, duplicates, slices, a window explorer")
        .after_help(
            "Runs a recipe of three stages (load, store, report) and leaves a run directory like any other. \
             With --labels, PATH is a directory of the competition's images.",
        )
        .arg(
            path("path", "A directory of DICOM files")
                .value_name("PATH")
                .required(true),
        )
        .arg(
            path("labels", "Labels in the competition's form (`ID,Label`)")
                .long("labels")
                .value_name("CSV"),
        )
        .arg(
            path("out", "Directory that holds runs and the cache [default: runs]")
                .long("out")
                .value_name("DIR"),
        )
        .arg(
            Arg::new("sample")
                .long("sample")
                .value_name("N")
                .help("Slices whose pixels are looked at [default: 20000]")
                .value_parser(value_parser!(u64).range(1..=100_000)),
        )
        .arg(
            Arg::new("identify")
                .long("identify")
                .action(ArgAction::SetTrue)
                .help("Show identifiers as they are instead of hashed"),
        )
}

fn run(matches: &ArgMatches, application: &dyn Application) -> Result<()> {
    let absolute = |name: &str| -> Result<Option<PathBuf>> {
        matches
            .get_one::<PathBuf>(name)
            .map(|path| std::path::absolute(path).at("find", path))
            .transpose()
    };
    let data = absolute("path")?.ok_or_else(|| Error::new("a directory is needed"))?;
    if !data.is_dir() {
        return Err(Error::new(format!("{} is not a directory", data.display()))
            .help("name a directory of DICOM files; all below it are looked at"));
    }
    let labels = absolute("labels")?;
    let recipe = recipe(
        &data,
        labels.as_deref(),
        matches.get_one::<u64>("sample").copied(),
        matches.get_flag("identify"),
    )?;
    // The recipe's file names the run, so it is called after the command.
    let directory = std::env::temp_dir().join(format!("ichflow-eda-{}", std::process::id()));
    fs::create_dir_all(&directory).at("create the directory", &directory)?;
    let file = directory.join("eda.toml");
    let outcome = fs::write(&file, recipe).at("write", &file).and_then(|()| {
        let out = matches.get_one::<PathBuf>("out");
        application.run(&file, out.map_or(Path::new("runs"), PathBuf::as_path))
    });
    let _ = fs::remove_dir_all(&directory);
    outcome
}

/// The recipe that looks over `data`.
fn recipe(data: &Path, labels: Option<&Path>, sample: Option<u64>, identify: bool) -> Result<String> {
    let text = |path: &Path| -> Result<toml::Value> {
        let text = path.to_str().ok_or_else(|| {
            Error::new(format!(
                "the name {} is not UTF-8, and a recipe is",
                path_text(path)
            ))
            .help("give a link to it whose name is: `ln -s PATH plain`; names of files below it may be any")
        })?;
        Ok(toml::Value::String(text.to_owned()))
    };
    let table = |entries: Vec<(&str, toml::Value)>| {
        toml::Value::Table(
            entries
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect(),
        )
    };
    let load = match labels {
        Some(labels) => table(vec![
            ("use", "rsna".into()),
            ("labels", text(labels)?),
            ("images", text(data)?),
        ]),
        None => table(vec![("use", "dicom-dir".into()), ("path", text(data)?)]),
    };
    let mut report = vec![("use", "eda-report".into()), ("identify", identify.into())];
    if let Some(sample) = sample {
        report.push(("sample", toml::Value::Integer(sample as i64)));
    }
    let recipe = table(vec![
        ("ichflow", 1.into()),
        ("title", "A first look at the data".into()),
        ("seed", 42.into()),
        ("load", load),
        ("store", table(vec![("use", "hu-store".into())])),
        ("report", table(report)),
    ]);
    toml::to_string(&recipe).doing("cannot write the recipe")
}

ichflow_api::register_command!(define, with run);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        define().debug_assert();
    }

    #[test]
    fn paths_stay_values() {
        let text = recipe(
            Path::new("/data/a \"b\"\n[x]"),
            Some(Path::new("/l.csv")),
            Some(5),
            true,
        )
        .unwrap();
        let back: toml::Table = toml::from_str(&text).unwrap();
        assert_eq!(back["load"]["images"].as_str(), Some("/data/a \"b\"\n[x]"));
        assert_eq!(back["load"]["use"].as_str(), Some("rsna"));
        assert_eq!(back["report"]["sample"].as_integer(), Some(5));
        let keys: Vec<&String> = back.keys().collect();
        assert_eq!(keys, ["ichflow", "title", "seed", "load", "store", "report"]);
    }
}
