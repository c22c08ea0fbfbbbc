//! A CSV of a number per slice and label: wide, or the competition's `ID,Label`.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use ichflow_api::counted::counted;
use ichflow_api::data::identity::Subject;
use ichflow_api::data::submission::split_row;
use ichflow_api::prelude::*;
use ichflow_api::text_table::TextTable;

/// How many examples a message gives.
const EXAMPLES: usize = 5;

/// One slice of a file.
struct Row {
    id: String,
    /// Where it starts.
    line: u64,
    values: Vec<Option<f64>>,
    /// Whose it is, as [`Subject`] says.
    patient: Option<String>,
    /// What it belongs to, as the file says: patient, study, series.
    belongs_to: [Option<String>; 3],
    position_mm: Option<f64>,
}

/// Where a slice belongs, as far as a file says.
pub(crate) struct Place<'a> {
    pub id: &'a str,
    pub patient: Option<&'a str>,
    pub study: Option<&'a str>,
    pub series: Option<&'a str>,
    pub position_mm: Option<f64>,
}

/// A file, read and checked.
pub(crate) struct Table {
    path: PathBuf,
    labels: LabelSet,
    /// Slices in the order of the file, each once.
    rows: Vec<Row>,
    index: HashMap<String, usize>,
    repeated: usize,
}

/// The first ids, and how many more there are.
pub(crate) fn examples(ids: &[&str]) -> String {
    let mut text = ids[..ids.len().min(EXAMPLES)].join(", ");
    if ids.len() > EXAMPLES {
        text += &format!(" and {} more", ids.len() - EXAMPLES);
    }
    text
}

/// Column titles without what editors put around them.
fn titles(head: &csv::StringRecord) -> Vec<&str> {
    head.iter()
        .map(|title| title.trim_start_matches('\u{feff}').trim())
        .collect()
}

impl Table {
    /// Reads a file. Numbers must lie between 0 and 1; where all of a slice's are empty, nothing is known.
    pub(crate) fn read(path: &Path, labels: &LabelSet) -> Result<Self> {
        let mut reader = TextTable::open(path)?.into_csv(true);
        let head = reader.headers().at("read", path)?.clone();
        let titles = titles(&head);
        let mut table = Self {
            path: path.to_owned(),
            labels: labels.clone(),
            rows: Vec::new(),
            index: HashMap::new(),
            repeated: 0,
        };
        let column = |name: &str| titles.iter().position(|title| *title == name);
        if let (Some(id), Some(label)) = (column("ID"), column("Label")) {
            table.read_long(&mut reader, id, label)?;
        } else {
            let names = labels.names().iter().map(String::as_str);
            let wanted: Vec<&str> = std::iter::once("id").chain(names).collect();
            let missing: Vec<&str> = wanted
                .iter()
                .copied()
                .filter(|name| column(name).is_none())
                .collect();
            if !missing.is_empty() {
                return Err(Error::new(format!(
                    "{} has neither the columns `ID` and `Label` nor all of the wide form: `{}` missing",
                    path.display(),
                    missing.join("`, `")
                ))
                .help(format!("the first line should be `{}`", wanted.join(","))));
            }
            let columns: Vec<usize> = wanted.iter().filter_map(|name| column(name)).collect();
            let belonging = ["patient", "study", "series", "position_mm"].map(column);
            table.read_wide(&mut reader, &columns, belonging)?;
        }
        Ok(table)
    }

    /// `path:line: what is wrong`.
    fn wrong(&self, line: u64, what: impl std::fmt::Display) -> Error {
        Error::new(format!("{}:{line}: {what}", self.path.display()))
    }

    fn number(&self, text: Option<&str>, column: &str, line: u64) -> Result<Option<f64>> {
        let text = text.unwrap_or_default().trim();
        if text.is_empty() {
            return Ok(None);
        }
        match text.parse::<f64>() {
            Ok(number) if (0.0..=1.0).contains(&number) => Ok(Some(number)),
            _ => Err(self.wrong(
                line,
                format!("`{column}` is {text:?}, not a number between 0 and 1"),
            )),
        }
    }

    fn read_wide(
        &mut self,
        reader: &mut csv::Reader<impl Read>,
        columns: &[usize],
        [patient, study, series, position]: [Option<usize>; 4],
    ) -> Result<()> {
        let path = self.path.clone();
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record).at("read", &path)? {
            let line = record.position().map_or(0, csv::Position::line);
            let id = columns.first().and_then(|column| record.get(*column));
            let id = id.unwrap_or_default().trim().to_owned();
            if id.is_empty() {
                let is_blank =
                    |column: &usize| record.get(*column).is_none_or(|field| field.trim().is_empty());
                // A file that `ichflow predict` found no slice in has a row without an id.
                if columns[1..].iter().all(is_blank) {
                    continue;
                }
                return Err(self.wrong(line, "the id is empty"));
            }
            let of_label = |(column, label): (&usize, &String)| self.number(record.get(*column), label, line);
            let named = columns[1..].iter().zip(self.labels.names());
            let values: Vec<Option<f64>> = named.map(of_label).collect::<Result<_>>()?;
            match self.index.get(&id) {
                None => {
                    self.index.insert(id.clone(), self.rows.len());
                    let field = |column: Option<usize>| column.and_then(|column| record.get(column));
                    let subject = field(patient).map(|patient| {
                        Subject::new(patient, field(study).unwrap_or_default(), &id).to_string()
                    });
                    self.rows.push(Row {
                        id,
                        line,
                        values,
                        patient: subject,
                        belongs_to: [patient, study, series]
                            .map(|column| field(column).map(|field| field.trim().to_owned())),
                        position_mm: field(position).and_then(|field| field.trim().parse().ok()),
                    });
                }
                Some(earlier) if self.rows[*earlier].values == values => self.repeated += 1,
                Some(earlier) => {
                    let first = self.rows[*earlier].line;
                    return Err(self.wrong(line, format!("{id} is on line {first} with other numbers")));
                }
            }
        }
        Ok(())
    }

    fn read_long(&mut self, reader: &mut csv::Reader<impl Read>, id: usize, label: usize) -> Result<()> {
        let path = self.path.clone();
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record).at("read", &path)? {
            let line = record.position().map_or(0, csv::Position::line);
            let name = record.get(id).unwrap_or_default().trim();
            let Some((image, which)) = split_row(name.as_bytes(), &self.labels) else {
                return Err(self.wrong(
                    line,
                    format!("{name:?} is not an image's ID followed by `_` and a label"),
                ));
            };
            let Some(value) = self.number(record.get(label), "Label", line)? else {
                return Err(self.wrong(line, format!("the label of {name} is empty")));
            };
            let image = String::from_utf8_lossy(image).into_owned();
            let place = match self.index.get(&image) {
                Some(place) => *place,
                None => {
                    self.index.insert(image.clone(), self.rows.len());
                    self.rows.push(Row {
                        id: image,
                        line,
                        values: vec![None; self.labels.len()],
                        patient: None,
                        belongs_to: Default::default(),
                        position_mm: None,
                    });
                    self.rows.len() - 1
                }
            };
            match self.rows[place].values[which].replace(value) {
                Some(earlier) if earlier != value => {
                    return Err(self.wrong(line, format!("{name} is there twice, as {earlier} and {value}")));
                }
                Some(_) => self.repeated += 1,
                None => {}
            }
        }
        let incomplete: Vec<&str> = self
            .rows
            .iter()
            .filter(|row| row.values.contains(&None))
            .map(|row| row.id.as_str())
            .collect();
        if incomplete.is_empty() {
            return Ok(());
        }
        Err(Error::new(format!(
            "{} of {} {} {} rows: {}",
            counted(incomplete.len(), "image", "images"),
            path.display(),
            if incomplete.len() == 1 {
                "lacks some of its"
            } else {
                "lack some of their"
            },
            self.labels.len(),
            examples(&incomplete)
        )))
    }

    /// What a reader should know about the file.
    pub(crate) fn remark(&self) -> Option<String> {
        let rows = if self.repeated == 1 {
            "row repeats"
        } else {
            "rows repeat"
        };
        (self.repeated > 0).then(|| {
            format!(
                "{} {rows} an earlier one of {} and are counted once",
                self.repeated,
                self.path.display()
            )
        })
    }

    /// The numbers of every slice; all must be there.
    pub(crate) fn probabilities(&self) -> Result<HashMap<&str, Vec<f64>>> {
        self.rows
            .iter()
            .map(|row| {
                if row.values.contains(&None) {
                    return Err(self.wrong(row.line, format!("the prediction of {} is empty", row.id)));
                }
                Ok((row.id.as_str(), row.values.iter().flatten().copied().collect()))
            })
            .collect()
    }

    /// The slices of which some truth is known, in the order of the file; numbers must be 0 or 1.
    pub(crate) fn labels(&self) -> Result<Vec<(&str, Labels)>> {
        let mut known = Vec::new();
        for row in &self.rows {
            let between = row
                .values
                .iter()
                .zip(self.labels.names())
                .find_map(|(value, label)| {
                    let value = (*value)?;
                    (value != 0.0 && value != 1.0).then_some((label, value))
                });
            if let Some((label, value)) = between {
                return Err(self
                    .wrong(
                        row.line,
                        format!("the truth of {} is 0 or 1, but its `{label}` is {value}", row.id),
                    )
                    .help("the predictions come first, then the truth"));
            }
            let labels = Labels::new(
                row.values
                    .iter()
                    .map(|value| value.map(|value| value as f32))
                    .collect(),
            );
            if !labels.is_unknown() {
                known.push((row.id.as_str(), labels));
            }
        }
        Ok(known)
    }

    /// Where it was read from.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where every slice belongs, in the order of the file.
    pub(crate) fn places(&self) -> Vec<Place<'_>> {
        self.rows
            .iter()
            .map(|row| {
                let [patient, study, series] = row.belongs_to.each_ref().map(Option::as_deref);
                Place {
                    id: &row.id,
                    patient,
                    study,
                    series,
                    position_mm: row.position_mm,
                }
            })
            .collect()
    }

    /// The patient of every slice, if the file has such a column; where it is blank, the study or the slice.
    pub(crate) fn patients(&self) -> Option<HashMap<String, String>> {
        self.rows
            .iter()
            .map(|row| Some((row.id.clone(), row.patient.clone()?)))
            .collect()
    }
}

/// The patient of every slice, from a CSV with the columns `id` and `patient`.
pub(crate) fn patients(path: &Path) -> Result<HashMap<String, String>> {
    let mut reader = TextTable::open(path)?.into_csv(false);
    let head = reader.headers().at("read", path)?.clone();
    let titles = titles(&head);
    let column = |name: &str| {
        titles
            .iter()
            .position(|title| *title == name)
            .ok_or_else(|| Error::new(format!("{} has no column `{name}`", path.display())))
    };
    let (id, patient) = (column("id")?, column("patient")?);
    let mut patients = HashMap::new();
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).at("read", path)? {
        let field = |column: usize| record.get(column).unwrap_or_default().trim().to_owned();
        let line = record.position().map_or(0, csv::Position::line);
        let (id, patient) = (field(id), field(patient));
        let subject = Subject::new(&patient, "", &id).to_string();
        if let Some(earlier) = patients.insert(id.clone(), subject.clone())
            && earlier != subject
        {
            return Err(Error::new(format!(
                "{}:{line}: {id} belongs to two patients",
                path.display()
            )));
        }
    }
    Ok(patients)
}
