//! Labels and readers, told by what people call them.

use std::collections::BTreeMap;

use ichflow_api::prelude::*;

use super::super::LabelFile;
use super::super::words::plain;

/// What people call the six labels, in small letters and digits alone.
const SYNONYMS: [(&str, &[&str]); 6] = [
    (
        "any",
        &[
            "any",
            "ich",
            "hemorrhage",
            "haemorrhage",
            "intracranialhemorrhage",
            "intracranialhaemorrhage",
            "bleed",
            "bleeding",
            "anyhemorrhage",
            "anyich",
            "ichpresent",
            "hemorrhagepresent",
        ],
    ),
    (
        "epidural",
        &[
            "epidural",
            "edh",
            "extradural",
            "epiduralhematoma",
            "epiduralhemorrhage",
        ],
    ),
    (
        "intraparenchymal",
        &[
            "intraparenchymal",
            "iph",
            "intracerebral",
            "parenchymal",
            "intraparenchymalhemorrhage",
        ],
    ),
    (
        "intraventricular",
        &["intraventricular", "ivh", "intraventricularhemorrhage"],
    ),
    ("subarachnoid", &["subarachnoid", "sah", "subarachnoidhemorrhage"]),
    (
        "subdural",
        &["subdural", "sdh", "subduralhematoma", "subduralhemorrhage"],
    ),
];
/// What a column is called that is positive where there is none of them.
const OPPOSITES: [&str; 5] = ["nohemorrhage", "nohaemorrhage", "noich", "normal", "nobleed"];
/// What readers are called, in columns and as columns.
pub(super) const READER_NAMES: [&str; 7] = [
    "reader",
    "rater",
    "radiologist",
    "annotator",
    "observer",
    "expert",
    "labeler",
];

/// The labels that some names stand for: the six if one of them is among the names, else the names themselves.
pub(super) fn labels_of<'a>(
    names: impl Iterator<Item = &'a str>,
    file: &mut LabelFile,
    guessed: &mut Vec<String>,
) -> Vec<String> {
    let names: Vec<&str> = names.collect();
    let mut rename: BTreeMap<String, String> = BTreeMap::new();
    let (mut others, mut known) = (Vec::new(), 0);
    for name in &names {
        let bare = plain(name);
        let label = SYNONYMS
            .iter()
            .find(|(_, called)| called.contains(&bare.as_str()));
        match label {
            Some((label, _)) => {
                known += 1;
                if plain(label) != bare {
                    rename.insert((*name).to_owned(), (*label).to_owned());
                }
            }
            None if OPPOSITES.contains(&bare.as_str()) => {
                rename.insert((*name).to_owned(), "!any".to_owned());
            }
            None => others.push(*name),
        }
    }
    if known == 0 {
        return names.into_iter().map(str::to_owned).collect();
    }
    for (name, label) in &rename {
        guessed.push(format!("`{name}` stands for {label}"));
    }
    if file.label_column.is_some() {
        // What a row names has to mean something.
        rename.extend(others.iter().map(|name| ((*name).to_owned(), String::new())));
    }
    file.rename.clone_from(&rename);
    if !others.is_empty() {
        guessed.push(format!(
            "these are left out: {}; [labels] may declare them, too",
            others.join(", ")
        ));
    }
    let is_there = |label: &&str| {
        names.iter().any(|name| {
            plain(name) == plain(label)
                || rename
                    .get(*name)
                    .is_some_and(|to| to.trim_start_matches('!') == *label)
        })
    };
    let labels = SYNONYMS.iter().map(|(label, _)| *label);
    labels.filter(is_there).map(str::to_owned).collect()
}

/// The label set of some labels: of the six those that are there, with `any` as their union; of others without a union.
///
/// # Errors
/// Where a label has no name.
pub(crate) fn set_of(labels: &[String]) -> Result<LabelSet> {
    let six = LabelSet::rsna();
    let places: Vec<usize> = (0..six.len())
        .filter(|place| labels.iter().any(|label| label == six.name(*place)))
        .collect();
    if places.len() < labels.len() {
        return LabelSet::new(labels.to_vec(), None, vec![1.0; labels.len()]);
    }
    if places.len() == six.len() {
        return Ok(six);
    }
    let union = six
        .union()
        .filter(|union| places.len() > 1 && places.contains(union));
    LabelSet::new(
        places.iter().map(|place| six.name(*place).to_owned()).collect(),
        union.map(|union| six.name(union)),
        places.iter().map(|place| six.weights()[*place]).collect(),
    )
}

/// Readers, how their columns are called, and the labels, where two readers at least have the same columns.
pub(super) fn readers_of<'a>(names: &[&'a str]) -> Option<(Vec<String>, String, Vec<&'a str>)> {
    for between in [":", "_", ".", " ", "-"] {
        let mut of_reader: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for name in names {
            if let Some((reader, label)) = name.split_once(between)
                && is_reader(reader)
            {
                of_reader.entry(reader).or_default().push(label);
            }
        }
        let mut all = of_reader.values();
        let Some(labels) = all.next().filter(|_| of_reader.len() > 1) else {
            continue;
        };
        if all.all(|other| other == labels) {
            let readers = of_reader.keys().map(|reader| (*reader).to_owned()).collect();
            return Some((readers, format!("{{reader}}{between}{{label}}"), labels.clone()));
        }
    }
    None
}

/// `R1`, `reader 2`, `rad3`.
fn is_reader(name: &str) -> bool {
    let bare = plain(name);
    let word = bare.trim_end_matches(|letter: char| letter.is_ascii_digit());
    word.len() < bare.len() && (["r", "rad"].contains(&word) || READER_NAMES.contains(&word))
}
