//! Public data sets, recognised by the files that they alone have.

use std::fs;
use std::path::Path;

use ichflow_api::layouts::{Certainty, Recognised};
use ichflow_api::prelude::*;

use crate::table::recipe_text::quoted;

/// CQ500: its table of reads, and a directory for an exam.
fn cq500(directory: &Path) -> Result<Option<Recognised>> {
    let reads = directory.join("reads.csv");
    let begin = fs::read(&reads).unwrap_or_default();
    let first = begin.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let has = |column: &str| first.windows(column.len()).any(|part| part == column.as_bytes());
    if !(has("R1:ICH") && has("R3:ICH")) {
        return Ok(None);
    }
    let found = format!("{}, with the reads of three readers", reads.display());
    let guessed =
        "labels are of exams, and all series of an exam have them: `select-series` keeps one of each";
    let mut recognised = named("cq500", directory, found, Level::Study);
    recognised.guessed.push(guessed.to_owned());
    Ok(Some(recognised))
}

/// CT-ICH of PhysioNet, 1.3.1.
fn ct_ich(directory: &Path) -> Result<Option<Recognised>> {
    let table = directory.join("hemorrhage_diagnosis_raw_ct.csv");
    let is_it = table.is_file() && directory.join("ct_scans").is_dir();
    let found = || format!("{} and the volumes of ct_scans", table.display());
    Ok(is_it.then(|| named("ct-ich", directory, found(), Level::Slice)))
}

fn named(loader: &str, directory: &Path, found: String, level: Level) -> Recognised {
    Recognised {
        certainty: Certainty::Named,
        found: vec![found],
        guessed: Vec::new(),
        stages: format!(
            "[load]                              # as it is unpacked\nuse = \"{loader}\"\npath = {}\n",
            quoted(&directory.display().to_string())
        ),
        level: Some(level),
    }
}

ichflow_api::register_layout!("cq500", cq500);
ichflow_api::register_layout!("ct-ich", ct_ich);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_sets_are_known_by_their_own_files() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        assert_eq!((cq500(root).unwrap(), ct_ich(root).unwrap()), (None, None));
        fs::write(root.join("reads.csv"), "name,Category,R1:ICH,R2:ICH,R3:ICH\n").unwrap();
        let found = cq500(root).unwrap().unwrap();
        assert_eq!(
            (found.certainty, found.level),
            (Certainty::Named, Some(Level::Study))
        );
        assert!(
            found.stages.contains("use = \"cq500\"\npath = "),
            "{}",
            found.stages
        );
        fs::create_dir(root.join("ct_scans")).unwrap();
        fs::write(root.join("hemorrhage_diagnosis_raw_ct.csv"), "PatientNumber\n").unwrap();
        let found = ct_ich(root).unwrap().unwrap();
        assert_eq!(found.level, Some(Level::Slice));
    }
}
