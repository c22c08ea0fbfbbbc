//! What the columns of a CSV seem to mean, told by the slices that its cells name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ichflow_api::counted::counted;
use ichflow_api::prelude::*;
use ichflow_api::text_table::TextTable;

use super::units::{Hit, Units};
use super::values::Values;
use super::words::plain;
use super::{Key, LabelFile, RowName};

/// Rows looked at.
const ROWS: usize = 5000;
/// Different names of one column looked for among the slices.
const NAMES: usize = 300;

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
/// What columns with numbers of slices are called.
const SLICE_NUMBERS: [&str; 7] = [
    "slicenumber",
    "sliceindex",
    "sliceno",
    "slice",
    "frame",
    "framenumber",
    "instancenumber",
];
/// What columns of single labels are called, of their values, and of readers.
const LABEL_NAMES: [&str; 10] = [
    "label",
    "labelname",
    "labels",
    "finding",
    "findings",
    "diagnosis",
    "class",
    "category",
    "subtype",
    "type",
];
const VALUE_NAMES: [&str; 7] = [
    "value",
    "present",
    "truth",
    "positive",
    "answer",
    "probability",
    "score",
];
const READER_NAMES: [&str; 7] = [
    "reader",
    "rater",
    "radiologist",
    "annotator",
    "observer",
    "expert",
    "labeler",
];

/// What a CSV seems to be.
pub(crate) struct Guess {
    /// The parameters by which it would be read.
    pub file: LabelFile,
    /// The labels it has.
    pub labels: Vec<String>,
    /// What was found, in words.
    pub found: Vec<String>,
    /// What was guessed, in words.
    pub guessed: Vec<String>,
    /// Number of names of slices that were found among the slices, of those looked for.
    pub hits: usize,
}

/// A CSV's columns.
struct Cells {
    names: Vec<String>,
    /// Column by column.
    columns: Vec<Vec<String>>,
}

/// Looks at a CSV beside slices below `root`. Nothing where it has no column that could be a label.
///
/// # Errors
/// When it cannot be read, or is no table.
pub(crate) fn guess(csv: &Path, slices: &[Slice], root: &Path) -> Result<Option<Guess>> {
    let cells = Cells::read(csv)?;
    let Some((key, column, hits, looked)) = key_of(&cells, slices, root) else {
        return Ok(None);
    };
    let mut file = LabelFile::new(csv, key);
    let (mut found, mut guessed) = (Vec::new(), Vec::new());
    let column_name = cells.names[column].trim().to_owned();
    if key.column_in(&cells.names) != Some(column) {
        file.key_column = Some(column_name.clone());
    }
    found.push(format!(
        "`{column_name}` holds a {key} of the slices: {hits} of {} were found",
        counted(looked, "name that was looked for", "names that were looked for")
    ));
    let named = |known: &[&str]| {
        let is_it = |name: &String| known.contains(&plain(name).as_str());
        (0..cells.names.len()).find(|place| *place != column && is_it(&cells.names[*place]))
    };
    let repeats = cells.distinct(column).len() < cells.columns[column].len();
    if let Some(slice) = named(&SLICE_NUMBERS).filter(|slice| repeats && cells.are_numbers(*slice)) {
        let from = cells.least(slice);
        file.slice_column = Some(cells.names[slice].trim().to_owned());
        file.first_slice = u32::from(from != Some(0));
        guessed.push(format!(
            "`{}` is the number of a slice, from {} on",
            cells.names[slice].trim(),
            file.first_slice
        ));
    }
    if let Some(reader) = named(&READER_NAMES) {
        file.reader_column = Some(cells.names[reader].trim().to_owned());
        guessed.push("readers are of one weight, and more than half of them decide".to_owned());
    }
    let labels = match long_or_names(
        &cells,
        named(&LABEL_NAMES),
        named(&VALUE_NAMES),
        &mut file,
        &mut guessed,
    ) {
        Some(labels) => labels,
        None => wide(&cells, column, &mut file, &mut found, &mut guessed),
    };
    if labels.is_empty() {
        return Ok(None);
    }
    Ok(Some(Guess {
        file,
        labels,
        found,
        guessed,
        hits,
    }))
}

impl Cells {
    fn read(csv: &Path) -> Result<Self> {
        let mut reader = TextTable::open(csv)?.into_csv(true);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let names: Vec<String> = reader.byte_headers().at("read", csv)?.iter().map(text).collect();
        let mut columns = vec![Vec::new(); names.len()];
        for record in reader.into_byte_records().take(ROWS) {
            let record = record.at("read", csv)?;
            for (column, cells) in columns.iter_mut().enumerate() {
                cells.push(text(record.get(column).unwrap_or_default()).trim().to_owned());
            }
        }
        Ok(Self { names, columns })
    }

    fn distinct(&self, column: usize) -> BTreeSet<&str> {
        let cells = self.columns[column].iter().map(String::as_str);
        cells.filter(|cell| !cell.is_empty()).collect()
    }

    fn are_numbers(&self, column: usize) -> bool {
        let known = self.distinct(column);
        !known.is_empty()
            && known
                .iter()
                .all(|cell| cell.strip_suffix(".0").unwrap_or(cell).parse::<u32>().is_ok())
    }

    fn least(&self, column: usize) -> Option<u32> {
        let numbers = self.distinct(column).into_iter();
        numbers
            .filter_map(|cell| cell.strip_suffix(".0").unwrap_or(cell).parse().ok())
            .min()
    }

    /// Whether all cells are values of a label, one at least is known, and whether some are probabilities.
    fn are_values(&self, column: usize) -> Option<bool> {
        let mut file = LabelFile::new("", Key::Path);
        file.soft = true;
        let values = Values::of(&file);
        let parsed: Result<Vec<Option<f32>>, _> = self
            .distinct(column)
            .into_iter()
            .map(|cell| values.parse(cell))
            .collect();
        let known: Vec<f32> = parsed.ok()?.into_iter().flatten().collect();
        (!known.is_empty()).then(|| known.iter().any(|value| *value > 0.0 && *value < 1.0))
    }
}

/// The key, its column, how many of its names are slices' and how many were looked for: of all columns and keys the pair
/// that most names speak for, of equal ones the narrowest key, then the first column.
fn key_of(cells: &Cells, slices: &[Slice], root: &Path) -> Option<(Key, usize, usize, usize)> {
    let mut best: Option<(Key, usize, usize, usize)> = None;
    for key in Key::ALL {
        let units = Units::by(key, slices, root);
        for column in 0..cells.names.len() {
            // Numbers of slices and labels are names of files, too: `1`.
            let is_label = cells.are_values(column).is_some()
                || SLICE_NUMBERS.contains(&plain(&cells.names[column]).as_str());
            let names: Vec<&str> = cells.distinct(column).into_iter().take(NAMES).collect();
            if is_label || names.is_empty() {
                continue;
            }
            let is_there = |name: &&&str| {
                let name = RowName {
                    key: (**name).to_owned(),
                    slice: None,
                };
                matches!(units.find(&name, 0), Hit::Slices { .. })
            };
            let hits = names.iter().filter(is_there).count();
            if hits > 0 && best.is_none_or(|(.., most, _)| hits > most) {
                best = Some((key, column, hits, names.len()));
            }
        }
    }
    // Nothing is there: what columns are called is left.
    best.or_else(|| {
        let named = Key::ALL
            .into_iter()
            .filter_map(|key| Some((key, key.column_in(&cells.names)?)));
        named
            .map(|(key, column)| (key, column, 0, cells.distinct(column).len().min(NAMES)))
            .next()
    })
}

/// The labels of a table with one label a row, or with the names of labels.
fn long_or_names(
    cells: &Cells,
    label: Option<usize>,
    value: Option<usize>,
    file: &mut LabelFile,
    guessed: &mut Vec<String>,
) -> Option<Vec<String>> {
    let label = label.filter(|label| cells.are_values(*label).is_none())?;
    let value = value.and_then(|value| Some((value, cells.are_values(value)?)));
    file.label_column = Some(cells.names[label].trim().to_owned());
    if let Some((value, soft)) = value {
        file.value_column = Some(cells.names[value].trim().to_owned());
        file.soft = soft;
    }
    let between = |letter: char| value.is_none() && [';', ',', '|', '+', '/'].contains(&letter);
    let names: BTreeSet<&str> = cells
        .distinct(label)
        .into_iter()
        .flat_map(|cell| cell.split(between))
        .map(str::trim)
        .filter(|name| {
            !name.is_empty()
                && !super::words::is_nothing(name)
                && !super::words::is_missing(&name.to_lowercase())
        })
        .collect();
    Some(labels_of(names.into_iter(), file, guessed))
}

/// The labels of a table with a column for each, of each reader if there are any.
fn wide(
    cells: &Cells,
    key: usize,
    file: &mut LabelFile,
    found: &mut Vec<String>,
    guessed: &mut Vec<String>,
) -> Vec<String> {
    let mut names = Vec::new();
    let mut soft = false;
    for column in (0..cells.names.len()).filter(|column| *column != key) {
        let name = cells.names[column].trim();
        if [&file.slice_column, &file.reader_column].contains(&&Some(name.to_owned())) {
            continue;
        }
        if let Some(is_soft) = cells.are_values(column) {
            soft |= is_soft;
            names.push(name);
        }
    }
    file.soft = soft;
    if soft {
        guessed.push("values between 0 and 1 are probabilities, and labels soft".to_owned());
    }
    if let Some((readers, pattern, labels)) = readers_of(&names) {
        found.push(format!(
            "columns of {} readers: {}",
            readers.len(),
            readers.join(", ")
        ));
        guessed.push("more than half of the readers decide".to_owned());
        file.readers = readers;
        file.reader_columns = pattern;
        return labels_of(labels.into_iter(), file, guessed);
    }
    labels_of(names.into_iter(), file, guessed)
}

/// The labels that some names stand for: the six if one of them is among the names, else the names themselves.
fn labels_of<'a>(
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
fn readers_of<'a>(names: &[&'a str]) -> Option<(Vec<String>, String, Vec<&'a str>)> {
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
