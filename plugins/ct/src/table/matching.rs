//! Tables of labels held against the slices of a directory.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use ichflow_api::counted::counted;
use ichflow_api::prelude::*;

use super::corrections::{agrees, correct};
use super::key::Key;
use super::label_table::LabelTable;
use super::units::{Hit, Units, What};
use super::unmatched::{self, WithoutImage, WithoutLabel};
use crate::examples::Examples;

/// What came of holding tables against slices.
#[derive(Debug)]
pub(crate) struct Matched {
    /// What the labels are about.
    pub level: Level,
    /// Of each slice; none where no row names it, or nothing is known of any label.
    pub labels: Vec<Option<Labels>>,
    /// What kept columns say of each slice, by the columns' names.
    pub columns: Vec<BTreeMap<String, String>>,
    /// Rows that no slice has.
    pub rows: Vec<WithoutImage>,
    /// Slices that no row has.
    pub slices: Vec<WithoutLabel>,
    /// Number of rows of each table with an image.
    pub rows_matched: Vec<usize>,
    /// What deserves attention, in words, without keys.
    pub remarks: Vec<String>,
    /// Files with the digest that a row says of them, and the row's table and line.
    pub digests: Vec<Stated>,
}

/// A digest that a row states of a slice's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stated {
    /// The slice's place.
    pub place: usize,
    /// SHA-256, in hexadecimal digits.
    pub digest: String,
    /// "labels.csv, line 7".
    pub by: String,
}

/// What was said of a slice so far.
#[derive(Clone)]
struct Said {
    values: Vec<Option<f32>>,
    /// The table and the line that said it first.
    by: (usize, u64),
}

/// Holds tables against the slices found below `root`, which are in their order along series. Tables fill in what others
/// leave open; those that correct have the last word.
///
/// # Errors
/// Where tables are of different levels, or contradict each other.
pub(crate) fn matched(
    tables: &[LabelTable],
    slices: &[Slice],
    root: &Path,
    set: &LabelSet,
) -> Result<Matched> {
    let mut units: HashMap<Key, Units> = HashMap::new();
    for table in tables {
        let by = || Units::by(table.key, slices, root);
        units.entry(table.key).or_insert_with(by);
    }
    let mut said: Vec<Option<Said>> = vec![None; slices.len()];
    let mut columns: Vec<BTreeMap<String, String>> = vec![BTreeMap::new(); slices.len()];
    let mut rows = Vec::new();
    let mut rows_matched = Vec::new();
    let mut remarks = Vec::new();
    let mut digests = Vec::new();
    let mut levels = Vec::new();
    let mut contradictions = Examples::default();
    // What corrects comes last, whatever its place.
    let (plain, correcting): (Vec<_>, Vec<_>) =
        tables.iter().enumerate().partition(|(_, table)| !table.corrects);
    for (index, table) in plain.into_iter().chain(correcting) {
        let Some(units) = units.get(&table.key) else {
            continue;
        };
        let (mut matched, mut loose, mut corrected, mut disagreeing) = (0, 0, 0, 0);
        let mut level = table.level;
        for row in &table.rows {
            let (places, what) = match units.find(&row.name, table.first_slice) {
                Hit::Slices {
                    slices,
                    what,
                    loosely,
                } => {
                    loose += usize::from(loosely);
                    (slices, what)
                }
                none => {
                    rows.push(WithoutImage {
                        table: table.name.clone(),
                        line: row.line,
                        key: match row.name.slice {
                            Some(slice) => format!("{} slice {slice}", row.name.key),
                            None => row.name.key.clone(),
                        },
                        reason: reason(&none, table.key, &row.name.key),
                    });
                    continue;
                }
            };
            matched += 1;
            if table.level.is_none() {
                level = level.max(Some(match what {
                    What::Slice | What::Header => Level::Slice,
                    What::Volume => Level::Series,
                    What::Directory => Level::Study,
                }));
            }
            for place in places {
                digests.extend(row.digest.as_ref().map(|digest| Stated {
                    place,
                    digest: digest.to_ascii_lowercase(),
                    by: format!("{}, line {}", table.name, row.line),
                }));
                for (column, text) in table.keep.iter().zip(&row.kept) {
                    let Some(text) = text else { continue };
                    let known = columns[place]
                        .entry(column.clone())
                        .or_insert_with(|| text.clone());
                    if known != text {
                        contradictions.add(|| format!("{} line {} ({column})", table.name, row.line));
                    }
                }
                if !table.has_labels {
                    continue;
                }
                let known = said[place].get_or_insert_with(|| Said {
                    values: vec![None; set.len()],
                    by: (index, row.line),
                });
                if table.corrects {
                    let changed = correct(&mut known.values, &row.values, set);
                    corrected += usize::from(changed);
                    disagreeing += usize::from(changed && !agrees(&known.values, set));
                    continue;
                }
                for (label, value) in row.values.iter().enumerate() {
                    let known_value = &mut known.values[label];
                    match (*known_value, *value) {
                        (_, None) => {}
                        (Some(before), Some(now)) if before != now => {
                            let (first, line) = known.by;
                            contradictions.add(|| {
                                let label = set.name(label);
                                let (first_name, name) = (&tables[first].name, &table.name);
                                format!("{first_name} line {line} and {name} line {} ({label})", row.line)
                            });
                        }
                        (_, Some(now)) => *known_value = Some(now),
                    }
                }
            }
        }
        if table.has_labels {
            levels.push((index, level.unwrap_or_default()));
        }
        rows_matched.push((index, matched));
        if loose > 0 {
            let how = match table.key {
                Key::Path => "by the end of its path alone",
                _ => "without the zeros in front of it",
            };
            remarks.push(format!(
                "{}: {} matched {how}",
                table.name,
                counted(loose, "row was", "rows were")
            ));
        }
        if table.corrects {
            remarks.push(format!(
                "{}: it corrects the labels of {}",
                table.name,
                counted(corrected, "slice", "slices")
            ));
        }
        if let (true, Some(union)) = (disagreeing > 0, set.union()) {
            remarks.push(format!(
                "{}: {} then a `{}` that is not the union of the other labels; it was kept as it is",
                table.name,
                counted(disagreeing, "slice has", "slices have"),
                set.name(union)
            ));
        }
    }
    if contradictions.count > 0 {
        return Err(Error::new(format!(
            "tables of labels contradict each other: {}",
            contradictions.text()
        ))
        .help("decide which is right; a table with `corrects = true` has the last word"));
    }
    let level = common_level(&levels, tables)?;
    let mut left_out = Vec::new();
    let mut labels = Vec::with_capacity(slices.len());
    for (place, said) in said.into_iter().enumerate() {
        let of_slice = said.as_ref().map(|said| Labels::new(said.values.clone()));
        let known = of_slice.filter(|labels| !labels.is_unknown());
        if known.is_none() {
            let reason = match said {
                Some(_) => "all labels of its row are missing",
                None => "no row names it",
            };
            left_out.push(WithoutLabel {
                place,
                reason: reason.to_owned(),
            });
        }
        labels.push(known);
    }
    remarks.extend(unmatched::remarks_of_rows(&rows));
    remarks.extend(unmatched::remarks_of_slices(&left_out, slices));
    rows_matched.sort_unstable();
    Ok(Matched {
        level,
        labels,
        columns,
        rows,
        slices: left_out,
        rows_matched: rows_matched.into_iter().map(|(_, matched)| matched).collect(),
        remarks,
        digests,
    })
}

/// Why a row has no image.
fn reason(hit: &Hit, key: Key, name: &str) -> String {
    match (hit, key) {
        (Hit::Several(count), _) => format!("{count} paths end so"),
        (Hit::NoSuchSlice, _) => "there is no slice of that number".to_owned(),
        (_, Key::Path) => "nothing that can be used has that path".to_owned(),
        _ if is_rounded(name) => format!("no {key} is like it: a spreadsheet program has rounded it"),
        _ => format!("no slice that can be used has that {key}"),
    }
}

/// Whether a spreadsheet program has made a number of a UID: `1.28403E+17`.
fn is_rounded(name: &str) -> bool {
    let Some((number, power)) = name.split_once(['E', 'e']) else {
        return false;
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    power.strip_prefix('+').is_some_and(digits) && digits(&number.replacen(['.', ','], "", 1))
}

/// What all tables are about.
fn common_level(levels: &[(usize, Level)], tables: &[LabelTable]) -> Result<Level> {
    let base = levels.iter().filter(|(index, _)| !tables[*index].corrects);
    let mut level: Option<(usize, Level)> = None;
    for (index, one) in base {
        match level {
            Some((first, known)) if known != *one => {
                return Err(Error::new(format!(
                    "labels of {} are of a {known}, those of {} of a {one}",
                    tables[first].name, tables[*index].name
                ))
                .help("train with one of them; a path's level is set by `level`"));
            }
            _ => level = Some((*index, *one)),
        }
    }
    let (_, level) = level
        .or(levels.first().copied())
        .ok_or_else(|| Error::new("there is no table of labels"))?;
    let finer = levels
        .iter()
        .find(|(index, one)| tables[*index].corrects && *one < level);
    match finer {
        Some((index, one)) => Err(Error::new(format!(
            "{} corrects labels of a {one}, and labels are of a {level}",
            tables[*index].name
        ))
        .help("a correction is of the same level or of one above it")),
        None => Ok(level),
    }
}
