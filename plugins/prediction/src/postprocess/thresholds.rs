//! `thresholds`: from which probability on a slice is called positive.

use std::path::Path;

use ichflow_api::data::thresholds::LabelThresholds;
use ichflow_api::metrics::{self, OperatingPoint};
use ichflow_api::prelude::*;
use serde_json::json;

use super::parts;

/// What a threshold is chosen for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// At least `at_least` of the positives are called so: for few false negatives.
    #[default]
    Sensitivity,
    /// At least `at_least` of the negatives are called so: for few false positives.
    Specificity,
    /// The highest F1, the harmonic mean of sensitivity and precision.
    F1,
    /// The highest sum of sensitivity and specificity (Youden 1950).
    Youden,
}

/// Chooses a decision threshold for every label on the validation slices, for a stated target.
///
/// The thresholds go to `thresholds.json`, to `evaluate` (which counts the confusion by them) and to the
/// report; the decisions, 0 or 1, to `decisions/valid.csv` and `decisions/test.csv`. Validation slices are
/// decided by thresholds chosen without their patient (cross-fitting over patients), so that what is
/// counted is what new patients may expect; test slices by thresholds chosen on all validation slices. Put it
/// after whatever changes probabilities, `calibrate` among others. Of whole exams it chooses with
/// `valid = "exams.exams"` (and `test = "exams.test_exams"`).
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChooseThresholds {
    /// What they are chosen for: `sensitivity`, `specificity`, `f1` or `youden`.
    pub target: Target,
    /// The share that `sensitivity` or `specificity` must reach on the validation slices, 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub at_least: f64,
    /// Into how many parts the validation patients are dealt; each is decided by thresholds chosen on the
    /// others.
    #[schemars(range(min = 2, max = 1000))]
    pub parts: usize,
}

impl Default for ChooseThresholds {
    fn default() -> Self {
        Self {
            target: Target::Sensitivity,
            at_least: 0.9,
            parts: 5,
        }
    }
}

impl Stage for ChooseThresholds {
    const NAME: &'static str = "thresholds";
    const FAMILY: Family = Family::Predict;
    const SUMMARY: &'static str = "chooses decision thresholds for a stated target";
    const EXAMPLE: &'static str =
        "[thresholds]\nuse = \"thresholds\"\ntarget = \"sensitivity\"\nat_least = 0.95\n";
    const SEEDED: bool = true;

    fn ports() -> Ports {
        Ports::new()
            .takes(input::VALID)
            .takes(optional::TEST)
            .offers(output::THRESHOLDS)
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let validation = inputs.take(input::VALID)?;
        let test = inputs.get(optional::TEST)?;
        super::check_one_level(&validation, test.as_deref())?;
        let part_of = parts::deal(&validation, self.parts, &mut context.rng("parts"))?;
        let points = self.choose(&validation, |_| true);
        let mut thresholds = Thresholds {
            unit: validation.unit,
            target: self.in_words(),
            of_label: thresholds_of(&points),
            ..Thresholds::default()
        };
        for part in 0..parts::count(&part_of) {
            let chosen = thresholds_of(&self.choose(&validation, |index| part_of[index] != part));
            let members = validation
                .slices
                .iter()
                .zip(&part_of)
                .filter(|(_, of)| **of == part);
            thresholds
                .validation
                .extend(members.map(|(slice, _)| (slice.id.clone(), chosen.clone())));
        }
        describe(&thresholds, &points, &validation.labels, context)?;
        decide(&validation, &thresholds, &context.file("decisions/valid.csv")?)?;
        if let Some(test) = test {
            decide(&test, &thresholds, &context.file("decisions/test.csv")?)?;
        }
        Ok(Outputs::new().with(output::THRESHOLDS, thresholds))
    }
}

ichflow_api::register!(ChooseThresholds);

impl ChooseThresholds {
    fn target(&self) -> metrics::Target {
        match self.target {
            Target::Sensitivity => metrics::Target::Sensitivity(self.at_least),
            Target::Specificity => metrics::Target::Specificity(self.at_least),
            Target::F1 => metrics::Target::F1,
            Target::Youden => metrics::Target::Youden,
        }
    }

    fn in_words(&self) -> String {
        match self.target {
            Target::Sensitivity => format!("a sensitivity of at least {}", self.at_least),
            Target::Specificity => format!("a specificity of at least {}", self.at_least),
            Target::F1 => "the highest F1".into(),
            Target::Youden => "the highest sum of sensitivity and specificity".into(),
        }
    }

    /// The best threshold of every label on the slices for which `keep` holds and whose truth is known.
    fn choose(&self, validation: &Predictions, keep: impl Fn(usize) -> bool) -> Vec<Option<OperatingPoint>> {
        let of_label = |label: usize| {
            let known = validation.known(label).filter(|(index, ..)| keep(*index));
            let (truth, probabilities): (Vec<bool>, Vec<f64>) = known
                .map(|(_, positive, probability)| (positive, probability))
                .unzip();
            metrics::operating_point(&truth, &probabilities, self.target())
        };
        (0..validation.labels.len()).map(of_label).collect()
    }
}

fn thresholds_of(points: &[Option<OperatingPoint>]) -> LabelThresholds {
    let threshold = |point: &Option<OperatingPoint>| point.as_ref()?.threshold;
    points.iter().map(threshold).collect()
}

/// Says and writes what was chosen, and what it does where it was chosen.
fn describe(
    thresholds: &Thresholds,
    points: &[Option<OperatingPoint>],
    names: &LabelSet,
    context: &Context,
) -> Result<()> {
    let names = names.names();
    let labels: Vec<_> = names
        .iter()
        .zip(points)
        .map(|(label, point)| match point {
            Some(point) => json!({
                "label": label,
                "threshold": point.threshold,
                "sensitivity": point.sensitivity,
                "specificity": point.specificity,
            }),
            None => json!({"label": label, "threshold": null}),
        })
        .collect();
    let chosen = json!({"target": thresholds.target, "labels": labels});
    let path = context.file("thresholds.json")?;
    std::fs::write(&path, format!("{chosen:#}\n")).at("write", &path)?;
    let said: Vec<String> = names
        .iter()
        .zip(&thresholds.of_label)
        .filter_map(|(label, threshold)| Some(format!("{label} {:.3}", (*threshold)?)))
        .collect();
    context.say(format!("for {}: {}", thresholds.target, said.join(", ")));
    let without: Vec<&str> = names
        .iter()
        .zip(&thresholds.of_label)
        .filter(|(_, threshold)| threshold.is_none())
        .map(|(label, _)| label.as_str())
        .collect();
    if !without.is_empty() {
        context.warn(format!(
            "no threshold can be chosen for {}: all validation {} have the same label, or nothing may be called positive",
            without.join(", "),
            thresholds.unit.plural()
        ));
    }
    Ok(())
}

/// Writes `id,any,epidural,…` with 1 where a slice is called positive, 0 where not, and nothing where there
/// is no threshold.
fn decide(predictions: &Predictions, thresholds: &Thresholds, path: &Path) -> Result<()> {
    let mut writer = csv::Writer::from_path(path).at("write", path)?;
    let names = predictions.labels.names().iter().map(String::as_str);
    writer
        .write_record(std::iter::once("id").chain(names))
        .at("write", path)?;
    for (slice, row) in predictions.slices.iter().zip(&predictions.probabilities) {
        let of: &LabelThresholds = thresholds.for_slice(&slice.id);
        let called = row
            .iter()
            .zip(of)
            .map(|(probability, threshold)| match threshold {
                Some(threshold) if probability >= threshold => "1",
                Some(_) => "0",
                None => "",
            });
        writer
            .write_record(std::iter::once(slice.id.as_str()).chain(called))
            .at("write", path)?;
    }
    writer.flush().at("write", path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::testkit;
    use proptest::prelude::*;

    fn made(rows: &[(usize, f64, bool)]) -> Predictions {
        let slice = |(index, (patient, _, bleeds)): (usize, &(usize, f64, bool))| {
            let labels = [*bleeds, false, *bleeds, false, false, false];
            testkit::slice(&format!("s{index}"), &format!("p{patient}"), Some(labels.into()))
        };
        Predictions {
            slices: rows.iter().enumerate().map(slice).collect(),
            probabilities: rows.iter().map(|(_, p, _)| vec![*p; 6]).collect(),
            ..Predictions::default()
        }
    }

    fn run(stage: &ChooseThresholds, predictions: &Predictions) -> (Thresholds, String, serde_json::Value) {
        let directory = tempfile::tempdir().unwrap();
        let run = testkit::run_context(directory.path());
        let context = Context::new(&run, "thresholds", ChooseThresholds::NAME, "key");
        let inputs = Inputs::default()
            .with(input::VALID, predictions.clone())
            .with(optional::TEST, predictions.clone());
        let mut outputs = stage.run(&inputs, &context).unwrap();
        let read = |name| std::fs::read_to_string(run.directory.join(name)).unwrap();
        assert!(read("decisions/test.csv").starts_with("id,any,"));
        let thresholds = outputs.take(output::THRESHOLDS).unwrap();
        (
            (*thresholds).clone(),
            read("decisions/valid.csv"),
            serde_json::from_str(&read("thresholds.json")).unwrap(),
        )
    }

    #[test]
    fn a_patient_has_no_say_in_its_own_decision() {
        // Patient 0 alone has a positive at 0.2; all others are positive at 0.8.
        let rows: Vec<(usize, f64, bool)> = (0..40)
            .map(|i| match (i / 4, i % 4) {
                (0, 0) => (0, 0.2, true),
                (patient, 0) => (patient, 0.8, true),
                (patient, _) => (patient, 0.1, false),
            })
            .collect();
        let stage = ChooseThresholds {
            at_least: 1.0,
            parts: 10,
            ..Default::default()
        };
        let (thresholds, decisions, json) = run(&stage, &made(&rows));
        assert_eq!(thresholds.of_label[0], Some(0.2));
        assert_eq!(thresholds.of_label[1], None, "no slice is positive");
        assert_eq!(thresholds.for_slice("s0")[0], Some(0.8), "without its patient");
        assert_eq!(thresholds.for_slice("s4")[0], Some(0.2));
        assert_eq!(thresholds.for_slice("another")[0], Some(0.2));
        let lines: Vec<&str> = decisions.lines().collect();
        assert_eq!(lines[1], "s0,0,,0,,,");
        assert_eq!(lines[5], "s4,1,,1,,,");
        assert_eq!(lines[6], "s5,0,,0,,,");
        assert_eq!(json["target"], "a sensitivity of at least 1");
        assert_eq!(json["labels"][0]["threshold"], 0.2);
        assert_eq!(json["labels"][0]["sensitivity"], 1.0);
        assert_eq!(json["labels"][1]["threshold"], serde_json::Value::Null);
    }

    #[test]
    fn exams_of_every_level_are_decided_and_slices_beside_them_refused() {
        let rows: Vec<(usize, f64, bool)> = (0..40)
            .map(|i| (i, if i % 4 == 0 { 0.8 } else { 0.1 }, i % 4 == 0))
            .collect();
        for unit in [Level::Series, Level::Study, Level::Patient] {
            let exams = Predictions {
                unit,
                level: unit,
                ..made(&rows)
            };
            let (thresholds, decisions, _) = run(&ChooseThresholds::default(), &exams);
            assert_eq!((thresholds.unit, thresholds.of_label[0]), (unit, Some(0.8)));
            assert!(decisions.lines().nth(1).unwrap().starts_with("s0,1,"));
            let said = super::super::check_one_level(&exams, Some(&made(&rows))).unwrap_err();
            assert!(said.to_string().contains("which are of slices"), "{said}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn the_promise_is_kept_where_it_was_made(
            rows in prop::collection::vec((0_usize..8, 0.0_f64..1.0, any::<bool>()), 20..80),
            at_least in 0.0_f64..=1.0,
            sensitivity: bool,
        ) {
            let predictions = made(&rows);
            let truth: Vec<bool> = rows.iter().map(|(.., bleeds)| *bleeds).collect();
            prop_assume!(truth.contains(&true) && truth.contains(&false));
            let target = if sensitivity { Target::Sensitivity } else { Target::Specificity };
            let (thresholds, ..) = run(&ChooseThresholds { target, at_least, parts: 3 }, &predictions);
            let scores: Vec<f64> = rows.iter().map(|(_, p, _)| *p).collect();
            let counts = metrics::Confusion::at(&truth, &scores, thresholds.of_label[0].unwrap_or(2.0));
            let reached = if sensitivity { counts.sensitivity() } else { counts.specificity() };
            prop_assert!(reached.unwrap() >= at_least - 1e-9);
        }
    }
}
