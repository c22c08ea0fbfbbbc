//! `predict`: probabilities of validation and test slices.

use ichflow_api::cache::pieces::Sink;
use ichflow_api::counted::counted;
use ichflow_api::data::profile::{DataProfile, Novelty, Reading, Readings};
use ichflow_api::prelude::*;

use crate::batches::{self, Computed, Part, Work, values};
use crate::data_profile::readings_of;
use crate::slices::offer;

/// Applies the model to the validation slices and, where there are some, to the test slices. Without a split before it, as
/// with a bundle's model on another cohort, all slices are for validation.
///
/// Batches are kept as they are computed: an interrupted run carries on, and the same predictions are not computed
/// again. Writes `predictions/valid.csv` and `predictions/test.csv`: one row per slice, one column per label.
///
/// With a `data-profile` before it, the same pass says how far each exam is from the training data, without changing a
/// probability: `predictions/novelty.csv`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Predict {
    /// Slices computed at once.
    #[schemars(range(min = 1, max = 4096))]
    pub batch: usize,
}

impl Default for Predict {
    fn default() -> Self {
        Self { batch: 32 }
    }
}

impl Stage for Predict {
    const NAME: &'static str = "predict";
    const FAMILY: Family = Family::Predict;
    const SUMMARY: &'static str = "probabilities of validation and test slices";
    const SHARDED: bool = true;
    const EXAMPLE: &'static str = "[predict]\nuse = \"predict\"\nbatch = 32\n";

    fn ports() -> Ports {
        Ports::new()
            .takes(input::MODEL)
            .takes(optional::PROFILE)
            .takes(input::PIXELS)
            .takes(input::COHORT)
            .takes(optional::FOLDS)
            .takes(optional::TEST_COHORT)
            .offers(output::VALID)
            .offers(output::TEST.only_with(optional::TEST))
            .offers(output::NOVELTY.only_with(optional::PROFILE))
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let model = inputs.take(input::MODEL)?;
        let pixels = inputs.take(input::PIXELS)?;
        let cohort = inputs.take(input::COHORT)?;
        let validation = match inputs.get(optional::FOLDS)? {
            Some(folds) => folds.indices(Fold::Valid),
            None => (0..cohort.len()).collect(),
        };
        let test = inputs.get(optional::TEST_COHORT)?;
        let mut parts = vec![Part::new(cohort, &validation, self.batch)];
        if let Some(test) = test {
            let all: Vec<usize> = (0..test.len()).collect();
            parts.push(Part::new(test, &all, self.batch));
        }
        let profile = inputs.get(optional::PROFILE)?;
        let count = parts.iter().map(|part| part.batches.len()).sum();
        let labels = parts.first().map_or(0, |part| part.cohort.labels.len());
        let Some(made) = context.keep_pieces(
            count,
            |_, text| Piece::from_text(text, labels, profile.is_some()),
            |missing, sink| {
                predict(
                    &model,
                    &pixels,
                    &parts,
                    missing,
                    profile.as_deref(),
                    context,
                    sink,
                )
            },
        )?
        else {
            // A shard's part is of no use to anyone but the run that puts the parts together.
            let test = (parts.len() > 1).then(Predictions::default);
            let novelty = profile.map(|profile| Novelty {
                profile,
                valid: Readings::default(),
                test: None,
            });
            let nothing = Outputs::new().with(output::VALID, Predictions::default());
            return Ok(nothing
                .with_some(output::TEST, test)
                .with_some(output::NOVELTY, novelty)
                .part());
        };
        let mut made = made.into_iter();
        let mut results = Vec::new();
        for part in &parts {
            let of_part = made.by_ref().take(part.batches.len());
            let (predictions, readings) = part.predictions(of_part, &pixels, context)?;
            results.push((predictions.made_by(&model.trained_on), readings));
        }
        let mut results = results.into_iter();
        let (valid, of_valid) = results.next().unwrap_or_default();
        let (test, of_test) = results.next().unzip();
        let novelty = profile.map(|profile| Novelty {
            profile,
            valid: of_valid,
            test: of_test,
        });
        if let Some(novelty) = &novelty {
            tell(novelty, context)?;
        }
        Ok(offer(valid, test, context)?.with_some(output::NOVELTY, novelty))
    }
}

ichflow_api::register!(Predict);

impl Part {
    /// Puts the batches together. Slices that could not be read are excluded from the run.
    fn predictions(
        &self,
        made: impl Iterator<Item = Piece>,
        pixels: &Pixels,
        context: &Context,
    ) -> Result<(Predictions, Readings)> {
        let indices: Vec<usize> = self.batches.concat();
        let (mut rows, mut readings) = (Vec::new(), Readings::default());
        for piece in made {
            rows.extend(piece.rows);
            readings.readings.extend(piece.readings);
        }
        if rows.len() != indices.len() {
            return Err(Error::new(format!(
                "{} rows of probabilities were kept of {} slices",
                rows.len(),
                indices.len()
            ))
            .help("this is a mistake in ichflow; remove the cache's directory `predict` to go on"));
        }
        let mut predictions = Predictions::none_of(&self.cohort);
        for (index, row) in indices.into_iter().zip(rows) {
            match row {
                Some(row) => {
                    predictions.slices.push(self.cohort.slices[index].clone());
                    predictions
                        .probabilities
                        .push(row.into_iter().map(f64::from).collect());
                }
                // An earlier run may have kept that it cannot be read, and not why.
                None => self.exclude(index, pixels, context)?,
            }
        }
        if !readings.readings.is_empty() {
            readings.slices.clone_from(&predictions.slices);
        }
        Ok((predictions, readings))
    }
}

/// The probabilities of a slice; none if it cannot be read.
type Row = Option<Vec<f32>>;

/// A batch: a row for each slice asked for, and, with a profile, a reading of each that could be read.
#[derive(Debug, PartialEq)]
struct Piece {
    rows: Vec<Row>,
    readings: Vec<Reading>,
}

/// Computes the batches `wanted`, numbered over all parts, and hands each over.
fn predict(
    model: &Model,
    pixels: &Pixels,
    parts: &[Part],
    wanted: &[usize],
    profile: Option<&DataProfile>,
    context: &Context,
    sink: &mut Sink,
) -> Result<()> {
    // Parts of a run are of the same labels.
    let labels = parts
        .first()
        .map_or_else(LabelSet::default, |part| part.cohort.labels.clone());
    let work = Work {
        name: "predicting",
        with_histograms: profile.is_some(),
    };
    batches::each(model, pixels, parts, wanted, work, context, |computed| {
        let Computed {
            piece,
            asked,
            read,
            batch,
            histograms,
        } = computed;
        let (mut probabilities, mut readings) = (Vec::new(), Vec::new());
        if let Some(batch) = batch {
            let predicted = match profile {
                None => model.predict(&batch),
                Some(profile) => {
                    let [features, predicted] = model.features_and_predict(&batch);
                    readings = readings_of(profile, features, histograms)?;
                    predicted
                }
            };
            let outputs = predicted.dims()[1];
            if outputs != labels.len() {
                return Err(Error::new(format!(
                    "the network has {outputs} outputs, but the recipe has {} labels: {labels}",
                    labels.len()
                ))
                .help("declare the labels it was trained for in `[labels]`, or train it for these"));
            }
            probabilities = values(predicted)?;
        }
        let mut text = to_text(asked, &read, &probabilities, labels.len());
        if profile.is_some() {
            text.push(READINGS);
            text += &readings
                .iter()
                .map(Reading::to_text)
                .collect::<Vec<_>>()
                .join(" ");
        }
        sink(piece, &text)
    })
}

/// Says which exams are unlike the training data, and writes how far each is from it.
fn tell(novelty: &Novelty, context: &Context) -> Result<()> {
    let path = context.file("predictions/novelty.csv")?;
    let mut table = csv::Writer::from_path(&path).at("write", &path)?;
    let head = ["part", "exam", "slices", "distance", "hu_index", "flags"];
    table.write_record(head).at("write", &path)?;
    let limits = &novelty.profile.limits;
    for (part, exams) in novelty.parts()? {
        let slices = match part {
            "test" => novelty.test.as_ref().map_or(&[][..], |test| &test.slices),
            _ => &novelty.valid.slices,
        };
        for exam in &exams {
            let study = exam.slices.first().map_or("", |index| &slices[*index].study);
            let fields = [
                part.to_owned(),
                study.to_owned(),
                exam.slices.len().to_string(),
                exam.distance.to_string(),
                exam.hu_index.to_string(),
                exam.reasons(limits).join(" "),
            ];
            table.write_record(fields).at("write", &path)?;
        }
        let flagged = exams.iter().filter(|exam| exam.is_flagged(limits)).count();
        context.say(format!(
            "{flagged} of {} unlike the training data",
            counted(
                exams.len(),
                &format!("{part} exam is"),
                &format!("{part} exams are")
            )
        ));
    }
    table.flush().at("write", &path)
}

/// Parts the rows from the readings.
const READINGS: char = '|';

/// What a slice has in place of probabilities that cannot be read.
const UNREAD: &str = "-";

/// Probabilities as text that reads back bit for bit: `values` are of the slices `read`, which are some of those `asked`
/// for, in their order.
fn to_text(asked: &[usize], read: &[usize], values: &[f32], labels: usize) -> String {
    let mut rows = read.iter().zip(values.chunks_exact(labels)).peekable();
    let text = |index: &usize| match rows.next_if(|(read, _)| *read == index) {
        Some((_, row)) => row.iter().map(f32::to_string).collect::<Vec<_>>().join(" "),
        None => UNREAD.to_owned(),
    };
    asked.iter().map(text).collect::<Vec<_>>().join(" ")
}

/// What [`to_text`] wrote.
fn from_text(text: &str, labels: usize) -> Option<Vec<Row>> {
    let mut words = text.split(' ').peekable();
    let mut rows = Vec::new();
    while words.peek().is_some() {
        if words.next_if(|word| *word == UNREAD).is_some() {
            rows.push(None);
            continue;
        }
        let row: Option<Vec<f32>> = (0..labels).map(|_| words.next()?.parse().ok()).collect();
        rows.push(Some(row?));
    }
    Some(rows)
}

impl Piece {
    /// What was written of a batch, with readings or without.
    fn from_text(text: &str, labels: usize, with_readings: bool) -> Option<Self> {
        let (rows, readings) = match with_readings {
            true => text.split_once(READINGS)?,
            false => (text, ""),
        };
        let rows = from_text(rows, labels)?;
        let readings = readings.split(' ').filter(|reading| !reading.is_empty());
        let readings: Vec<Reading> = readings.map(Reading::from_text).collect::<Option<_>>()?;
        let read = rows.iter().flatten().count();
        (readings.len() == if with_readings { read } else { 0 }).then_some(Self { rows, readings })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_rows_read_back_and_tell_what_is_missing() {
        let values: Vec<f32> = (0..12).map(|value| value as f32 / 7.0).collect();
        let text = to_text(&[4, 5, 6], &[4, 6], &values, 6);
        let rows = from_text(&text, 6).unwrap();
        assert_eq!(rows.len(), 3);
        assert_eq!(rows[0].as_ref().unwrap()[..], values[..6]);
        assert_eq!(rows[1], None);
        assert_eq!(rows[2].as_ref().unwrap()[..], values[6..]);
        assert_eq!(from_text(&to_text(&[1], &[], &[], 6), 6).unwrap(), [None]);
        assert_eq!(from_text("0.5 0.5", 6), None);
        assert_eq!(from_text("", 6), None);
    }
}
