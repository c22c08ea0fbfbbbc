//! `predefined`: the split that a CSV says.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use ichflow_api::prelude::*;
use ichflow_api::text_table::TextTable;

use crate::groups::GroupBy;
use crate::leak::{Leak, listed};
use crate::split::{Dealt, Split, groups_of, ports, reject_empty};

/// Takes the validation slices from a CSV: someone else's split, or the `folds.csv` of an earlier run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Predefined {
    /// A CSV with the columns `id` and `fold`, one row for each slice of the cohort; other columns and
    /// rows of other slices are left alone.
    pub file: PathBuf,
    /// The validation fold, as the file calls it; all others are for training.
    #[serde(default = "valid")]
    pub validation: String,
    /// What to do when a patient, a study or an image stands on both sides or in a labelled test set too, be it under
    /// another name, or a slice is listed twice: `error` or `warn`.
    #[serde(default)]
    pub leak: Leak,
}

fn valid() -> String {
    Fold::Valid.name().to_owned()
}

impl Stage for Predefined {
    const NAME: &'static str = "predefined";
    const FAMILY: Family = Family::Split;
    const SUMMARY: &'static str = "the split that a CSV of ids and folds says";
    const EXAMPLE: &'static str = "[split]\nuse = \"predefined\"\nfile = \"folds.csv\"\nvalidation = \"0\"\n";

    const RENAMED: &'static [(&'static str, &'static str)] = &[("held_out", "`validation = …`")];

    fn ports() -> Ports {
        ports()
    }

    fn reads(&self) -> Vec<ExternalPath> {
        vec![ExternalPath::file("file", &self.file)]
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let cohort = inputs.take(input::COHORT)?;
        reject_empty(&cohort)?;
        let fold_of = read(&self.file)?;
        let dealt = self.dealt(&cohort, &fold_of, context)?;
        let groups = groups_of(&cohort, GroupBy::Patient, context);
        let split = Split {
            cohort: &cohort,
            test: inputs.get(optional::TEST_COHORT)?,
            pixels: inputs.get(optional::PIXELS)?,
            dealt,
            group_by: GroupBy::Patient,
            leak: self.leak,
        };
        split.offer(&groups, context)
    }
}

impl Predefined {
    /// The file's folds, as they are: the ideal of each is its own share of the slices.
    fn dealt(&self, cohort: &Cohort, fold_of: &HashMap<String, String>, context: &Context) -> Result<Dealt> {
        let place = self.file.display();
        let missing: Vec<&str> = cohort
            .slices
            .iter()
            .map(|slice| slice.id.as_str())
            .filter(|id| !fold_of.contains_key(*id))
            .collect();
        if !missing.is_empty() {
            return Err(Error::new(format!(
                "{} of {} slices of the cohort are not in {place}: {}",
                missing.len(),
                cohort.len(),
                listed(&missing)
            ))
            .help("every slice needs a row that says its fold"));
        }
        let ids: BTreeSet<&str> = cohort.slices.iter().map(|slice| slice.id.as_str()).collect();
        if fold_of.len() > ids.len() {
            context.say(format!(
                "{} rows of {place} are of slices that are not in the cohort",
                fold_of.len() - ids.len()
            ));
        }
        let names: BTreeSet<&str> = ids
            .iter()
            .filter_map(|id| fold_of.get(*id))
            .map(String::as_str)
            .collect();
        let names: Vec<&str> = names.into_iter().collect();
        let Some(validation) = names
            .iter()
            .position(|name| *name == self.validation)
            .filter(|_| names.len() > 1)
        else {
            return Err(Error::new(format!(
                "with {:?} of {place} as the validation fold, one side of the split is empty: its folds are {}",
                self.validation,
                listed(&names)
            ))
            .help("name one of several folds with `validation`"));
        };
        let fold_of: Vec<usize> = cohort
            .slices
            .iter()
            .filter_map(|slice| names.binary_search(&fold_of.get(&slice.id)?.as_str()).ok())
            .collect();
        let share =
            |fold: usize| fold_of.iter().filter(|of| **of == fold).count() as f64 / cohort.len() as f64;
        Ok(Dealt {
            ratios: (0..names.len()).map(share).collect(),
            names: names.into_iter().map(str::to_owned).collect(),
            fold_of,
            validation,
        })
    }
}

/// The fold of every id.
fn read(path: &Path) -> Result<HashMap<String, String>> {
    let mut reader = TextTable::open(path)?.into_csv(false);
    let head = reader.headers().at("read", path)?;
    let column = |name: &str| {
        head.iter()
            .position(|title| title.trim_start_matches('\u{feff}').trim() == name)
            .ok_or_else(|| {
                Error::new(format!("{} has no column `{name}`", path.display()))
                    .help("its first line should be `id,fold`")
            })
    };
    let (id, fold) = (column("id")?, column("fold")?);
    let mut fold_of = HashMap::new();
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).at("read", path)? {
        let line = record.position().map_or(0, csv::Position::line);
        let field = |column: usize| record.get(column).map(str::trim).unwrap_or_default();
        let (id, fold) = (field(id), field(fold));
        let wrong = match () {
            () if id.is_empty() => "the id is empty".to_owned(),
            () if fold.is_empty() => format!("the fold of {id} is empty"),
            () => match fold_of.insert(id.to_owned(), fold.to_owned()) {
                Some(_) => format!("{id} is there twice"),
                None => continue,
            },
        };
        return Err(Error::new(format!("{}:{line}: {wrong}", path.display())));
    }
    Ok(fold_of)
}

ichflow_api::register!(Predefined);

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::testkit;

    fn split(csv: &str, validation: &str) -> Result<Folds> {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("given.csv");
        std::fs::write(&file, csv).unwrap();
        let run = testkit::run_context(directory.path());
        let context = Context::new(&run, "split", Predefined::NAME, "key");
        let slices = ["a", "b", "c"].map(|id| testkit::slice(id, &format!("of {id}"), None));
        let stage = Predefined {
            file,
            validation: validation.into(),
            leak: Leak::Error,
        };
        let inputs = Inputs::default().with(input::COHORT, testkit::cohort(slices.to_vec()));
        let mut outputs = stage.run(&inputs, &context)?;
        Ok((*outputs.take(output::FOLDS).unwrap()).clone())
    }

    fn refused(csv: &str, validation: &str) -> String {
        split(csv, validation).unwrap_err().to_string()
    }

    #[test]
    fn the_file_decides_in_any_order() {
        let folds = split("note,fold,id\nx,1,c\nx,0,a\nx,1,b\nx,0,elsewhere\n", "1").unwrap();
        assert_eq!(folds.of_slice, [Fold::Train, Fold::Valid, Fold::Valid]);
        let folds = split("\u{feff}id,fold\na,valid\nb,train\nc,train\n", "valid").unwrap();
        assert_eq!(folds.indices(Fold::Valid), [0]);
    }

    #[test]
    fn mistakes_are_found_where_they_are() {
        assert!(refused("id,fold\na,0\nb,\nc,1\n", "0").ends_with("given.csv:3: the fold of b is empty"));
        assert!(refused("id,fold\na,0\nb,0\na,1\n", "0").ends_with("given.csv:4: a is there twice"));
        assert!(refused("id,fold\n,0\n", "0").ends_with(":2: the id is empty"));
        assert!(refused("id,part\na,0\n", "0").ends_with("has no column `fold`"));
        let missing = refused("id,fold\na,0\n", "0");
        assert!(
            missing.starts_with("2 of 3 slices") && missing.ends_with(": b, c"),
            "{missing}"
        );
        let other = refused("id,fold\na,0\nb,0\nc,1\n", "valid");
        assert!(
            other.contains("\"valid\"") && other.ends_with("its folds are 0, 1"),
            "{other}"
        );
        assert!(refused("id,fold\na,0,7\n", "0").starts_with("cannot read"));
    }
}
