//! How much of a score is above a baseline.

use std::collections::HashMap;

use ichflow_api::data::exams::exams_of;
use ichflow_api::data::labelled::LabelledPredictions;
use ichflow_api::data::measures::{AurocGap, BaselineMetrics, Covered};
use ichflow_api::metrics::{
    self, Confidence, PairedDifference, Ranked, auroc_difference_clustered, cluster_bootstrap,
    weighted_log_loss,
};
use ichflow_api::prelude::*;
use rand_chacha::ChaCha8Rng;

use super::versus::versus_rows;
use crate::settings::Evaluate;

/// A baseline: what it is called, and what it knows.
#[derive(Clone, Copy, Debug)]
pub struct Baseline {
    /// "position-only".
    pub name: &'static str,
    /// "where along the head a slice lies".
    pub knows: &'static str,
}

/// Holds a baseline's predictions of slices against the model's predictions of these, or of their exams. `nothing` are
/// the label frequencies among what was trained on. `None` where the baseline lacks some of the rows, or no truth is
/// known.
pub fn held_against(
    model: &Predictions,
    slices: &Predictions,
    (baseline, part): (Baseline, &str),
    nothing: &[f64],
    settings: &Evaluate,
    rng: &mut ChaCha8Rng,
) -> Option<BaselineMetrics> {
    let labelled = LabelledPredictions::of(model);
    let rows = rows_of(model, slices)?;
    let all: Vec<usize> = (0..labelled.truth.len()).collect();
    let losses = Losses::of(&labelled, &rows, nothing, settings.eps);
    let areas = Areas::of(&labelled, &rows);
    let [of_loss, of_area] = cluster_bootstrap(&labelled.patient, settings.bootstrap, rng, |drawn| {
        let scores = [losses.of_drawn(drawn), areas.of_drawn(drawn)];
        scores.map(|scores| scores.and_then(|scores| scores.share()))
    });
    let log_loss = losses.of_drawn(&all)?.covered(of_loss);
    let auroc = areas.of_drawn(&all).map(|scores| scores.covered(of_area));
    let difference = versus_rows(&labelled, &rows, settings, rng);
    Some(BaselineMetrics {
        baseline: baseline.name.to_owned(),
        knows: baseline.knows.to_owned(),
        part: part.to_owned(),
        unit: model.unit,
        rows: labelled.truth.len(),
        patients: labelled.patients,
        in_words: in_words(
            baseline,
            model.unit,
            &log_loss,
            auroc.as_ref(),
            difference.as_ref(),
        ),
        difference,
        log_loss,
        auroc,
        auroc_difference: areas.gap(&labelled.patient),
    })
}

/// The baseline's probabilities of the model's rows with known truth: of the same slices, or the highest of each exam's.
fn rows_of(model: &Predictions, slices: &Predictions) -> Option<Vec<Vec<f64>>> {
    let mut of: HashMap<String, Vec<f64>> = HashMap::new();
    if model.unit == slices.unit {
        let rows = slices.slices.iter().zip(&slices.probabilities);
        of.extend(rows.map(|(slice, row)| (slice.id.clone(), row.clone())));
    } else if slices.unit == Level::Slice {
        for exam in exams_of(&slices.slices, model.unit, slices.level) {
            let highest = |label: usize| {
                let of_slices = exam
                    .slices
                    .iter()
                    .filter_map(|index| slices.probabilities.get(*index)?.get(label));
                of_slices.copied().fold(0.0, f64::max)
            };
            let row = (0..slices.labels.len()).map(highest).collect();
            of.insert(exam.id, row);
        }
    }
    let known = model.with_truth();
    known
        .map(|(slice, ..)| of.get(slice.id.as_str()).cloned())
        .collect()
}

/// What is reached without knowing anything, by the baseline, and by the model; the more the better, or the less.
struct Reached {
    nothing: f64,
    baseline: f64,
    model: f64,
    /// 1 where more is better, −1 where less is.
    direction: f64,
}

impl Reached {
    /// Of the way from nothing to the model, how much the baseline covers.
    fn share(&self) -> Option<f64> {
        let gained = self.direction * (self.model - self.nothing);
        (gained > 1e-9).then(|| self.direction * (self.baseline - self.nothing) / gained)
    }

    fn covered(&self, interval: Option<metrics::Interval>) -> Covered {
        let share = self.share();
        Covered {
            nothing: self.nothing,
            baseline: self.baseline,
            model: self.model,
            interval: interval.filter(|interval| share.is_some() && interval.low < interval.high),
            share,
        }
    }
}

/// What a resample adds up for the weighted log loss.
struct Losses {
    /// Of each row: the weighted sums of nothing, the baseline and the model, and the weight of what is known.
    rows: Vec<([f64; 3], f64)>,
}

impl Losses {
    fn of(labelled: &LabelledPredictions, baseline: &[Vec<f64>], nothing: &[f64], eps: f64) -> Self {
        let weights = labelled.labels.weights();
        let rows = labelled.truth.iter().zip(baseline).zip(&labelled.probabilities);
        let row = |((truth, baseline), model): ((&Labels, &Vec<f64>), &Vec<f64>)| {
            let known = (0..weights.len()).filter(|label| truth.value(*label).is_some());
            let weight: f64 = known.map(|label| weights[label]).sum();
            let sum = |row: &[f64]| weighted_log_loss(&[truth], &[row], weights, eps).unwrap_or(0.0) * weight;
            ([sum(nothing), sum(baseline), sum(model)], weight)
        };
        Self {
            rows: rows.map(row).collect(),
        }
    }

    fn of_drawn(&self, drawn: &[usize]) -> Option<Reached> {
        let (mut sums, mut total) = ([0.0; 3], 0.0);
        for row in drawn {
            let (of_row, weight) = &self.rows[*row];
            for (sum, of_row) in sums.iter_mut().zip(of_row) {
                *sum += of_row;
            }
            total += weight;
        }
        let [nothing, baseline, model] = sums.map(|sum| sum / total);
        (total > 0.0).then_some(Reached {
            nothing,
            baseline,
            model,
            direction: -1.0,
        })
    }
}

/// The AUROC of the label that stands for all.
struct Areas {
    /// The rows where it is known, with their truth.
    known: Vec<usize>,
    truth: Vec<bool>,
    baseline: Vec<f64>,
    model: Vec<f64>,
    ranked: [Ranked; 2],
}

impl Areas {
    fn of(labelled: &LabelledPredictions, baseline: &[Vec<f64>]) -> Self {
        let headline = labelled.labels.headline();
        let (known, truth): (Vec<usize>, Vec<bool>) = labelled.known(headline).unzip();
        let of = |rows: &[Vec<f64>]| -> Vec<f64> { known.iter().map(|row| rows[*row][headline]).collect() };
        let (baseline, model) = (of(baseline), of(&labelled.probabilities));
        Self {
            ranked: [Ranked::of(&truth, &baseline), Ranked::of(&truth, &model)],
            known,
            truth,
            baseline,
            model,
        }
    }

    fn of_drawn(&self, drawn: &[usize]) -> Option<Reached> {
        let mut of_row: Vec<u32> = Vec::new();
        for row in drawn {
            if of_row.len() <= *row {
                of_row.resize(*row + 1, 0);
            }
            of_row[*row] += 1;
        }
        let times: Vec<u32> = self
            .known
            .iter()
            .map(|row| of_row.get(*row).copied().unwrap_or(0))
            .collect();
        let [baseline, model] = self.ranked.each_ref().map(|ranked| ranked.areas(&times));
        Some(Reached {
            nothing: 0.5,
            baseline: baseline?.0,
            model: model?.0,
            direction: 1.0,
        })
    }

    /// The model's AUROC less the baseline's; Obuchowski's variance is DeLong's where every patient has one row.
    fn gap(&self, patient: &[usize]) -> Option<AurocGap> {
        let patient: Vec<usize> = self.known.iter().map(|row| patient[*row]).collect();
        let found = auroc_difference_clustered(&self.truth, &self.baseline, &self.model, &patient).ok()?;
        Some(AurocGap {
            difference: found.difference(),
            interval: found.interval(Confidence::PERCENT_95),
            p_value: found.p_value(),
        })
    }
}

/// From half of the way on, a baseline explains most of a score.
const MOST: f64 = 0.5;

/// What a baseline's scores mean: of slices in log loss first, of exams in AUROC alone, since the highest probability of
/// many slices is none of an exam.
fn in_words(
    baseline: Baseline,
    unit: Level,
    log_loss: &Covered,
    auroc: Option<&Covered>,
    difference: Option<&PairedDifference>,
) -> String {
    let Baseline { name, knows } = baseline;
    let percent = |share: f64| format!("{:.0} %", 100.0 * share.max(0.0));
    let of_auroc = auroc.and_then(|auroc| auroc.share);
    let (share, what, nothing) = match unit {
        Level::Slice => (log_loss.share, "log loss", "label frequencies"),
        _ => (of_auroc, "AUROC", "chance"),
    };
    let Some(share) = share else {
        return format!(
            "the model's {what} is no better than that of {nothing}: there is no score to explain"
        );
    };
    let also = match (unit, of_auroc) {
        (Level::Slice, Some(share)) => format!(", and {} from chance to its AUROC", percent(share)),
        _ => String::new(),
    };
    let way = format!(
        "{} of the way from {nothing} to the model's {what}{also}",
        percent(share)
    );
    let is_sure = unit != Level::Slice
        || difference.is_some_and(|found| found.interval.is_some_and(|interval| interval.high < 0.0));
    let sure = match is_sure {
        true => "",
        false => "; that the model is better in log loss is not certain",
    };
    if share >= 1.0 {
        format!(
            "{name} is as good as the model or better in {what}, and knows no more than {knows}: nothing of the score is above it"
        )
    } else if share >= MOST {
        format!("most of the score can be had by knowing {knows}: {name} gets {way}{sure}")
    } else if share > 0.0 {
        format!("{name}, which knows {knows}, gets {way}{sure}")
    } else {
        // Where the order is right and probabilities are not, as at another prevalence.
        let order = match (unit, of_auroc) {
            (Level::Slice, Some(share)) if share >= MOST => format!(
                " in log loss, but gets {} of the way from chance to the model's AUROC: its order is right, and its \
                 probabilities are not",
                percent(share)
            ),
            _ => String::new(),
        };
        format!("{name}, which knows {knows}, is no better than {nothing}{order}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::testkit;
    use rand_chacha::rand_core::SeedableRng;

    const POSITION: Baseline = Baseline {
        name: "position-only",
        knows: "where along the head a slice lies",
    };

    /// 60 patients of one study of four slices; half bleed on the second and third.
    fn predicted(probability: impl Fn(usize, bool) -> f64) -> Predictions {
        let slices: Vec<Slice> = (0..240)
            .map(|index| {
                let bleeds = (index / 4) % 2 == 0 && [1, 2].contains(&(index % 4));
                let labels = [bleeds, false, bleeds, false, false, false];
                let mut slice = testkit::slice(
                    &format!("s{index}"),
                    &format!("p{}", index / 4),
                    Some(labels.into()),
                );
                slice.position_mm = Some((index % 4) as f64);
                slice
            })
            .collect();
        let row = |index: usize| {
            let truth = slices[index]
                .labels
                .as_ref()
                .is_some_and(|truth| truth.is_positive(0));
            vec![probability(index, truth); 6]
        };
        Predictions {
            probabilities: (0..240).map(row).collect(),
            slices,
            ..Predictions::default()
        }
    }

    fn held(model: &Predictions, baseline: &Predictions, nothing: f64) -> Option<BaselineMetrics> {
        held_against(
            model,
            baseline,
            (POSITION, "valid"),
            &[nothing; 6],
            &Evaluate::default(),
            &mut ChaCha8Rng::seed_from_u64(1),
        )
    }

    fn by_position() -> Predictions {
        predicted(|index, _| if [1, 2].contains(&(index % 4)) { 0.5 } else { 0.1 })
    }

    #[test]
    fn a_model_that_is_its_baseline_has_nothing_above_it_and_chance_covers_nothing() {
        let position = by_position();
        let same = held(&position, &position, 0.25).unwrap();
        assert_eq!(same.log_loss.share, Some(1.0));
        assert_eq!(same.auroc.unwrap().share, Some(1.0));
        assert_eq!(same.difference.unwrap().difference, 0.0);
        assert!(
            same.in_words.ends_with("nothing of the score is above it"),
            "{}",
            same.in_words
        );
        let nothing = predicted(|_, _| 0.25);
        let chance = held(&position, &nothing, 0.25).unwrap();
        assert!(chance.log_loss.share.unwrap().abs() < 1e-12);
        assert_eq!(chance.auroc.unwrap().share, Some(0.0));
        assert!(
            chance.in_words.ends_with("no better than label frequencies"),
            "{}",
            chance.in_words
        );
    }

    #[test]
    fn shares_are_those_of_the_formula_and_the_difference_is_the_models() {
        let model = predicted(|index, truth| {
            if truth {
                0.9
            } else {
                0.05 + 0.001 * (index % 7) as f64
            }
        });
        let found = held(&model, &by_position(), 0.25).unwrap();
        let Covered {
            nothing,
            baseline,
            model: of_model,
            share,
            interval,
        } = found.log_loss;
        assert!((share.unwrap() - (nothing - baseline) / (nothing - of_model)).abs() < 1e-12);
        let interval = interval.unwrap();
        assert!(
            interval.low < share.unwrap() && share.unwrap() < interval.high,
            "{interval:?}"
        );
        assert!((found.difference.unwrap().difference - (of_model - baseline)).abs() < 1e-12);
        // Half of the slices at the two places are positive: every positive is above three quarters of the negatives.
        let auroc = found.auroc.unwrap();
        assert!(
            (auroc.baseline - (120.0 + 30.0) / 180.0).abs() < 1e-12,
            "{}",
            auroc.baseline
        );
        assert_eq!(auroc.model, 1.0);
        let gap = found.auroc_difference.unwrap();
        assert!((gap.difference - (1.0 - auroc.baseline)).abs() < 1e-12);
        assert!(gap.p_value.unwrap() < 1e-6);
        assert!(
            found
                .in_words
                .starts_with("position-only, which knows where along the head a slice lies, gets 25 %"),
            "{}",
            found.in_words
        );
    }

    #[test]
    fn an_exam_has_the_highest_probability_of_its_slices() {
        let slices = predicted(|index, truth| if truth { 0.8 } else { 0.01 * (index % 3) as f64 });
        let exams = exams_of(&slices.slices, Level::Study, Level::Slice);
        let model = Predictions {
            level: Level::Study,
            unit: Level::Study,
            probabilities: exams.iter().map(|_| vec![0.5; 6]).collect(),
            slices: exams
                .into_iter()
                .map(|exam| Slice {
                    id: exam.id,
                    labels: exam.truth,
                    ..slices.slices[exam.slices[0]].clone()
                })
                .collect(),
            ..Predictions::default()
        };
        let found = held(&model, &slices, 0.5).unwrap();
        assert_eq!((found.unit, found.rows, found.patients), (Level::Study, 60, 60));
        assert_eq!(found.auroc.unwrap().baseline, 1.0);
        assert_eq!(found.log_loss.share, None, "the model knows nothing");
        assert!(
            found.in_words.contains("no score to explain"),
            "{}",
            found.in_words
        );
    }

    #[test]
    fn a_baseline_of_other_slices_is_none() {
        let (model, mut baseline) = (by_position(), by_position());
        baseline.slices.pop();
        baseline.probabilities.pop();
        assert!(held(&model, &baseline, 0.25).is_none());
        // What the model could not read does not matter.
        assert!(held(&baseline, &model, 0.25).is_some());
    }
}
