//! Any directory with CSVs in it or beside it, recognised.

use std::fs;
use std::path::{Path, PathBuf};

use ichflow_api::context::{RunContext, Silent};
use ichflow_api::counted::counted;
use ichflow_api::device::DeviceId;
use ichflow_api::layouts::{Certainty, Recognised};
use ichflow_api::prelude::*;
use ichflow_api::slice_files::visit;

use super::guess::{Guess, guess, set_of};
use super::recipe_text::{self, quoted};
use super::{LabelTable, matched};
use crate::headers::{Files, Wanted};
use crate::kinds::Kind;

/// CSVs looked at.
const CSVS: usize = 20;
/// Files of one directory whose headers are read; beyond them the first ones tell.
const HEADERS: usize = 20_000;

/// A directory of slices, with labels for them or without.
fn recognise(directory: &Path) -> Result<Option<Recognised>> {
    let scratch = Scratch::new()?;
    let run = RunContext::new(
        scratch.0.join("run"),
        scratch.0.join("cache"),
        DeviceId::Cpu,
        Box::new(Silent),
    );
    let context = Context::new(&run, "load", "table", "recognise");
    let mut files = Files::default();
    files.add_first_below(directory, HEADERS, &context)?;
    let wanted = Wanted {
        max_quarantined: None,
        exclude: &Kind::all(),
        single_frames: false,
    };
    let slices = files.load(&context, &wanted)?.slices;
    if slices.is_empty() {
        return Ok(None);
    }
    let excluded = run.quarantined().len();
    let mut found = vec![format!(
        "{} of {} that can be used below {}",
        counted(slices.len(), "slice", "slices"),
        counted(patients(&slices), "patient", "patients"),
        directory.display()
    )];
    if excluded > 0 {
        found.push(format!(
            "{} that cannot be used, or no axial CT in HU",
            counted(excluded, "image", "images")
        ));
    }
    let mut guesses = Vec::new();
    for csv in csvs(directory)? {
        // What is no table of labels lies beside many data sets.
        if let Ok(Some(one)) = guess(&csv, &slices, directory) {
            guesses.push(one);
        }
    }
    // Tables that name nobody here are about something else.
    if guesses.iter().any(|one| one.hits > 0) {
        guesses.retain(|one| one.hits > 0);
    }
    guesses.sort_by_key(|one| std::cmp::Reverse(one.hits));
    let mut refused = Vec::new();
    let known: Vec<&Guess> = guesses.iter().filter(|one| one.hits > 0).collect();
    for (place, best) in known.iter().enumerate() {
        match labelled(directory, &slices, best, &known[place + 1..], found.clone()) {
            Ok(mut recognised) => {
                recognised.guessed.extend(refused);
                return Ok(Some(recognised));
            }
            Err(error) => refused.push(format!(
                "{} is left out: {}",
                best.file.csv.display(),
                error.chain()
            )),
        }
    }
    let mut recognised = unlabelled(directory, found, &guesses);
    recognised.guessed.extend(refused);
    Ok(Some(recognised))
}

ichflow_api::register_layout!("table", recognise);

/// A directory that goes when it is no longer needed.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("ichflow-new-{}", std::process::id()));
        fs::create_dir_all(&path).at("create the directory", &path)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left behind lies where the system clears up.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn patients(slices: &[Slice]) -> usize {
    ichflow_api::data::identity::subjects_of(slices).len()
}

/// The CSVs below a directory and right beside it, those nearest to it first.
fn csvs(directory: &Path) -> Result<Vec<PathBuf>> {
    let is_table = |path: &Path| {
        let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
        ending.is_some_and(|ending| ["csv", "tsv", "txt"].iter().any(|known| ending == *known))
    };
    let mut found = Vec::new();
    visit(directory, |entry| {
        if entry.problem.is_none() && is_table(&entry.path) {
            found.push(entry.path);
        }
        Ok::<_, Error>(())
    })?;
    found.sort_by_key(|path| path.components().count());
    let beside = directory.parent().filter(|parent| !parent.as_os_str().is_empty());
    let beside = beside.map_or_else(|| PathBuf::from("."), Path::to_owned);
    if let Ok(entries) = fs::read_dir(beside) {
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.is_file() && is_table(path));
        paths.sort();
        found.extend(paths);
    }
    found.truncate(CSVS);
    Ok(found)
}

fn unlabelled(directory: &Path, found: Vec<String>, tables: &[Guess]) -> Recognised {
    let mut guessed: Vec<String> = tables
        .iter()
        .filter(|one| one.hits == 0)
        .map(|one| {
            format!(
                "{} names none of these slices and is left out",
                one.file.csv.display()
            )
        })
        .collect();
    guessed.push("there are no labels: this recipe looks over the data and trains nothing".to_owned());
    Recognised {
        certainty: Certainty::Images,
        found,
        guessed,
        stages: format!(
            "[load]                              # any directory, without labels\nuse = \"dicom-dir\"\npath = {}\n",
            quoted(&directory.display().to_string())
        ),
        level: None,
    }
}

fn labelled(
    directory: &Path,
    slices: &[Slice],
    best: &Guess,
    others: &[&Guess],
    mut found: Vec<String>,
) -> Result<Recognised> {
    let csv = best.file.csv.display();
    found.push(format!("labels in {csv}: {}", best.labels.join(", ")));
    found.extend(best.found.iter().map(|text| format!("{csv}: {text}")));
    let mut guessed: Vec<String> = best.guessed.iter().map(|text| format!("{csv}: {text}")).collect();
    guessed.extend(others.iter().map(|one| {
        let name = one.file.csv.display();
        format!("{name} has labels of these slices too, and is left out")
    }));
    let set = set_of(&best.labels)?;
    // What was guessed is tried.
    let table = LabelTable::read(&best.file, &set)?;
    let matches = matched(&[table], slices, directory, &set)?;
    let labelled = matches.labels.iter().flatten().count();
    found.push(format!(
        "{csv}: labels of a {}; {labelled} of {} with a label",
        matches.level,
        counted(slices.len(), "slice", "slices")
    ));
    let mut stages = String::new();
    if !set.is_rsna() {
        stages += &recipe_text::labels(&set);
        if set.union().is_none() && set.len() > 1 {
            guessed.push("no label is the union of the others; `union` in [labels] names one".to_owned());
        }
    }
    stages +=
        "[load]                              # any directory, with labels from a CSV\nuse = \"table\"\n";
    stages += &format!("path = {}\n", quoted(&directory.display().to_string()));
    stages += &recipe_text::files("labels", std::slice::from_ref(&best.file))?;
    Ok(Recognised {
        certainty: Certainty::Labels,
        found,
        guessed,
        stages,
        level: Some(matches.level),
    })
}
