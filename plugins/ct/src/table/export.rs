//! `ichflow cohort export`: the slices of a run with their labels, as a CSV and a recipe that read them back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches, value_parser};
use ichflow_api::counted::counted;
use ichflow_api::digest::sha256;
use ichflow_api::path_text::path_text;
use ichflow_api::prelude::*;
use rayon::prelude::*;

use super::{Key, LabelFile, Table};

fn define() -> clap::Command {
    let path = |name: &'static str, help: &'static str| {
        Arg::new(name).help(help).value_parser(value_parser!(PathBuf))
    };
    clap::Command::new("cohort")
        .about("Hand on the slices of a run with their labels")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            clap::Command::new("export")
                .about("Write which slices a run used, with labels and digests, for the loader `table` to read back")
                .after_help(
                    "Writes labels.csv (paths below the data's directory, SHA-256 of each file, labels), test_labels.csv where \
                     test slices have labels, and manifest.toml: a recipe with the loader alone, which others extend. Whoever \
                     has the same files runs it with `--set vars.data=DIR`; a file of other content is left out and told.",
                )
                .arg(path("run", "A run directory").value_name("RUN").required(true))
                .arg(
                    path("out", "Directory to write into [default: export in the run directory]")
                        .long("out")
                        .value_name("DIR"),
                )
                .arg(
                    Arg::new("no-digests")
                        .long("no-digests")
                        .action(ArgAction::SetTrue)
                        .help("Leave digests out: no file of slices is read"),
                ),
        )
}

fn run(matches: &ArgMatches) -> Result<()> {
    let Some(matches) = matches.subcommand_matches("export") else {
        return Err(Error::new("`ichflow cohort` needs a command"));
    };
    let run = matches
        .get_one::<PathBuf>("run")
        .ok_or_else(|| Error::new("a run directory is needed"))?;
    let out = matches
        .get_one::<PathBuf>("out")
        .cloned()
        .unwrap_or_else(|| run.join("export"));
    for written in export(run, &out, !matches.get_flag("no-digests"))? {
        println!("{written}");
    }
    Ok(())
}

/// A slice of a run.
struct Row {
    file: PathBuf,
    frame: u32,
    /// As written: empty where missing.
    labels: Vec<String>,
}

/// What a run's labels are about.
#[derive(Deserialize)]
struct About {
    labels: LabelSet,
    level: Level,
}

/// Writes the export of a run; gives a line for each file written.
fn export(run: &Path, out: &Path, with_digests: bool) -> Result<Vec<String>> {
    let about = about(run)?;
    let parts = parts(run, &about)?;
    let training = parts.iter().find(|(name, _)| name.as_str() != "test");
    let (_, training) = training.ok_or_else(|| {
        Error::new(format!(
            "{} has no slices but those of a test",
            run.join("cohort.csv").display()
        ))
    })?;
    let test = parts.get("test");
    if !training.iter().any(Row::is_labelled) {
        return Err(Error::new(format!("no slice of {} has a label", run.display()))
            .help("what has no labels needs no export: `dicom-dir` loads it anywhere"));
    }
    fs::create_dir_all(out).at("create the directory", out)?;
    let (mut table, mut written) = (
        Table {
            path: common_directory(training),
            labels: Vec::new(),
            test_path: test.map(|rows| common_directory(rows)),
            test_labels: Vec::new(),
            max_quarantined: None,
            exclude: crate::kinds::Kind::all(),
        },
        Vec::new(),
    );
    let file = write(
        &out.join("labels.csv"),
        training,
        &table.path,
        &about,
        with_digests,
        &mut written,
    )?;
    table.labels.push(file);
    if let (Some(rows), Some(root)) = (test, &table.test_path)
        && rows.iter().any(Row::is_labelled)
    {
        let file = write(
            &out.join("test_labels.csv"),
            rows,
            root,
            &about,
            with_digests,
            &mut written,
        )?;
        table.test_labels.push(file);
    }
    let manifest = out.join("manifest.toml");
    let text = manifest_text(&table, &about)?;
    fs::write(&manifest, text).at("write", &manifest)?;
    written.push(format!("{}: a recipe that loads them", manifest.display()));
    Ok(written)
}

impl Row {
    fn is_labelled(&self) -> bool {
        self.labels.iter().any(|value| !value.is_empty())
    }
}

/// What a run's loader recorded of its labels.
fn about(run: &Path) -> Result<About> {
    let path = run.join("provenance.json");
    let text = fs::read_to_string(&path).at("read", &path)?;
    let record: serde_json::Value = serde_json::from_str(&text).at("read", &path)?;
    let facts = record["facts"].as_object();
    let fact = facts
        .into_iter()
        .flatten()
        .find(|(name, _)| name.ends_with(".cohort_labels"))
        .map(|(_, fact)| fact.clone())
        .ok_or_else(|| {
            Error::new(format!("{} does not say what labels are about", path.display()))
                .help("it is of an older ichflow, or its loader did not end: run the recipe again")
        })?;
    serde_json::from_value(fact).at("read", &path)
}

/// The slices of every part of a run, by its `cohort.csv`.
fn parts(run: &Path, about: &About) -> Result<BTreeMap<String, Vec<Row>>> {
    let path = run.join("cohort.csv");
    let mut reader = csv::Reader::from_path(&path).at("read", &path)?;
    let names = reader.headers().at("read", &path)?.clone();
    let column = |wanted: &str| {
        let found = names.iter().position(|name| name == wanted);
        found.ok_or_else(|| Error::new(format!("{} has no column `{wanted}`", path.display())))
    };
    let (part, file, frame) = (column("part")?, column("file")?, column("frame")?);
    let labels = about.labels.names().iter().map(|name| column(name));
    let labels = labels.collect::<Result<Vec<usize>>>()?;
    let mut parts: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for record in reader.records() {
        let record = record.at("read", &path)?;
        let cell = |column: usize| record.get(column).unwrap_or_default().to_owned();
        parts.entry(cell(part)).or_default().push(Row {
            file: PathBuf::from(cell(file)),
            frame: cell(frame).parse().unwrap_or(0),
            labels: labels.iter().map(|column| cell(*column)).collect(),
        });
    }
    Ok(parts)
}

/// The deepest directory that holds all files.
fn common_directory(rows: &[Row]) -> PathBuf {
    let mut directories = rows.iter().filter_map(|row| row.file.parent());
    let Some(first) = directories.next() else {
        return PathBuf::new();
    };
    let mut common = first.to_owned();
    for directory in directories {
        while !directory.starts_with(&common) && common.pop() {}
    }
    common
}

/// Writes one CSV and says how it is read.
fn write(
    path: &Path,
    rows: &[Row],
    root: &Path,
    about: &About,
    with_digests: bool,
    written: &mut Vec<String>,
) -> Result<LabelFile> {
    let files: BTreeSet<&Path> = rows.iter().map(|row| row.file.as_path()).collect();
    let of_several = files.len() < rows.len();
    let mut digests: BTreeMap<&Path, String> = BTreeMap::new();
    if with_digests {
        let digest = |file: &&Path| fs::read(file).map(|bytes| sha256(&bytes)).at("read", file);
        let files: Vec<&Path> = files.iter().copied().collect();
        let all = files.par_iter().map(digest).collect::<Result<Vec<String>>>()?;
        digests = files.into_iter().zip(all).collect();
    }
    let mut writer = csv::Writer::from_path(path).at("write", path)?;
    let mut head = vec!["path"];
    head.extend(of_several.then_some("slice"));
    head.extend(with_digests.then_some("sha256"));
    head.extend(about.labels.names().iter().map(String::as_str));
    writer.write_record(&head).at("write", path)?;
    let labelled: Vec<&Row> = rows.iter().filter(|row| row.is_labelled()).collect();
    for row in &labelled {
        let below = row.file.strip_prefix(root).unwrap_or(&row.file);
        let mut cells = vec![path_text(below)];
        cells.extend(of_several.then(|| row.frame.to_string()));
        cells.extend(digests.get(row.file.as_path()).cloned());
        cells.extend(row.labels.iter().cloned());
        writer.write_record(&cells).at("write", path)?;
    }
    writer.flush().at("write", path)?;
    written.push(format!(
        "{}: {}",
        path.display(),
        counted(labelled.len(), "slice", "slices")
    ));
    let mut file = LabelFile::new(path, Key::Path);
    file.level = Some(about.level);
    file.soft = labelled
        .iter()
        .flat_map(|row| &row.labels)
        .any(|value| !matches!(value.as_str(), "" | "0" | "1"));
    if of_several {
        file.slice_column = Some("slice".to_owned());
        file.first_slice = 0;
    }
    Ok(file)
}

/// The recipe that loads what was exported.
fn manifest_text(table: &Table, about: &About) -> Result<String> {
    let mut text = "# The slices of a run of ichflow, their labels and the SHA-256 of each file. A recipe with further stages\n\
                    # extends this one (`extends = \"manifest.toml\"`); where the files lie elsewhere, --set vars.data=DIR.\n\
                    ichflow = 1\n\n"
        .to_owned();
    let value = |path: &Path| {
        let text = path.to_str().ok_or_else(|| {
            Error::new(format!(
                "the name {} is not UTF-8, and a recipe is",
                path_text(path)
            ))
        })?;
        Ok::<_, Error>(toml_text(text))
    };
    text += &format!("[vars]\ndata = {}\n", value(&table.path)?);
    if let Some(test) = &table.test_path {
        text += &format!("test_data = {}\n", value(test)?);
    }
    text += "\n";
    if !about.labels.is_rsna() {
        text += &super::recipe_text::labels(&about.labels);
    }
    text += "[load]\nuse = \"table\"\npath = \"${data}\"\n";
    text += &super::recipe_text::files("labels", &table.labels)?;
    if table.test_path.is_some() {
        text += "test_path = \"${test_data}\"\n";
    }
    text += &super::recipe_text::files("test_labels", &table.test_labels)?;
    Ok(text)
}

fn toml_text(text: &str) -> String {
    super::recipe_text::quoted(text)
}

ichflow_api::register_command!(define, run);

#[cfg(test)]
mod command_tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        define().debug_assert();
    }

    #[test]
    fn the_directory_of_all_files_is_found() {
        let row = |file: &str| Row {
            file: file.into(),
            frame: 0,
            labels: Vec::new(),
        };
        let common =
            |files: &[&str]| common_directory(&files.iter().map(|file| row(file)).collect::<Vec<_>>());
        assert_eq!(common(&["/a/b/1", "/a/b/c/2", "/a/b/3"]), Path::new("/a/b"));
        assert_eq!(common(&["/a/b/1", "/a/bc/2"]), Path::new("/a"));
        assert_eq!(common(&["a/1"]), Path::new("a"));
    }
}
