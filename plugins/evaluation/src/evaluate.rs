//! `evaluate`: every metric of a run's predictions, in `metrics.json`.

use ichflow_api::data::measures::{Metrics, PartMetrics, Prevalence};
use ichflow_api::metrics::{self, Interval};
use ichflow_api::prelude::*;

use crate::measures::{at_thresholds, measure, versus};
use crate::settings::Evaluate;

impl Stage for Evaluate {
    const NAME: &'static str = "evaluate";
    const FAMILY: Family = Family::Report;
    const SUMMARY: &'static str = "every metric of the validation and the test predictions";
    const EXAMPLE: &'static str = "[evaluate]\nuse = \"evaluate\"\nbootstrap = 1000\n";
    const SEEDED: bool = true;

    fn ports() -> Ports {
        Ports::new()
            .takes(input::VALID)
            .takes(optional::TEST)
            .takes(optional::BASELINE)
            .takes(optional::THRESHOLDS)
            .takes(optional::CALIBRATION)
            .takes(optional::BALANCE)
            .takes(optional::LOCALIZATION)
            .takes(input::COHORT)
            .takes(input::FOLDS)
            .offers(output::METRICS)
            .offers(output::SCORES)
    }

    fn check(&self) -> Vec<Problem> {
        if self.eps > 0.0 && self.eps < 0.5 {
            return Vec::new();
        }
        vec![
            Problem::new("eps", "clipping must leave certainty with a finite loss")
                .help("write a small number above 0, such as 1e-15"),
        ]
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let cohort = inputs.take(input::COHORT)?;
        let prevalence = training_prevalence(&cohort, &*inputs.take(input::FOLDS)?)?;
        let thresholds = inputs.get(optional::THRESHOLDS)?;
        let part = |predictions: &Predictions, name: &str| {
            let mut measured = measure(predictions, &prevalence, self, &mut context.rng(name))?;
            if let (Some(measured), Some(thresholds)) = (&mut measured, &thresholds) {
                measured.at_chosen = at_thresholds(predictions, thresholds);
            }
            Ok::<_, Error>(measured)
        };
        let validation = inputs.take(input::VALID)?;
        validation.check_truth()?;
        let valid = part(&validation, "valid")?.ok_or_else(|| {
            let unit = validation.unit;
            Error::new(format!(
                "no validation {unit} has known labels, so nothing can be measured"
            ))
            .help(format!(
                "split the labelled cohort, so that some of its {} are for validation",
                unit.plural()
            ))
        })?;
        let test = match inputs.get(optional::TEST)? {
            Some(test) => part(&test, "test")?,
            None => None,
        };
        let (versus_baseline, baseline) = match inputs.get(optional::BASELINE)? {
            Some(baseline) => (
                versus(&validation, &baseline, self, &mut context.rng("baseline"))?,
                measure(&baseline, &prevalence, self, &mut context.rng("valid"))?,
            ),
            None => (None, None),
        };
        let measured = Metrics {
            computed: (*self).into(),
            label_set: validation.labels.clone(),
            unit: validation.unit,
            training_prevalence: cohort
                .labels
                .names()
                .iter()
                .zip(prevalence)
                .map(|(label, share)| Prevalence {
                    label: label.clone(),
                    share,
                })
                .collect(),
            valid,
            test,
            versus_baseline,
            baseline,
            thresholds_for: thresholds.as_ref().map(|thresholds| thresholds.target.clone()),
            calibration: inputs.get(optional::CALIBRATION)?.map(|found| (*found).clone()),
            split: inputs.get(optional::BALANCE)?.map(|found| (*found).clone()),
            localization: inputs.get(optional::LOCALIZATION)?.map(|found| (*found).clone()),
        };
        let path = context.file("metrics.json")?;
        let text = serde_json::to_string_pretty(&measured).doing("cannot write the metrics as JSON")?;
        std::fs::write(&path, text + "\n").at("write", &path)?;
        summarise(context, "validation", &measured.valid);
        if let Some(test) = &measured.test {
            summarise(context, "test", test);
        }
        if let Some(baseline) = &measured.baseline {
            summarise(context, "baseline", baseline);
        }
        if let Some(versus) = &measured.versus_baseline {
            context.summarise(
                "Δ weighted log loss vs baseline",
                format!("{:+.4}", versus.difference),
                interval(versus.interval).unwrap_or_default(),
            );
        }
        if let Some(localization) = &measured.localization {
            for label in &localization.labels {
                context.summarise(
                    format!("pointing game {} ({} maps)", label.label, label.maps),
                    format!("{:.4}", label.heat_maps.pointing),
                    format!(
                        "chance {:.4}, centred map {:.4}",
                        label.uniform.pointing, label.centred.pointing
                    ),
                );
            }
        }
        let scores = serde_json::to_value(&measured).doing("cannot write the metrics as JSON")?;
        Ok(Outputs::new()
            .with(output::METRICS, measured)
            .with(output::SCORES, Scores(scores)))
    }
}

/// Share of positives of each label among the slices trained on; where none was, among those measured.
fn training_prevalence(cohort: &Cohort, folds: &Folds) -> Result<Vec<f64>> {
    if cohort.len() != folds.of_slice.len() {
        return Err(Error::new(format!(
            "the folds are of {} slices, but the cohort has {}",
            folds.of_slice.len(),
            cohort.len()
        ))
        .help("wire `cohort` and `folds` to the cohort that was split and its own split"));
    }
    let trained = folds.indices(Fold::Train);
    let counted = match trained.is_empty() {
        true => folds.indices(Fold::Valid),
        false => trained,
    };
    let truth: Vec<_> = counted
        .into_iter()
        .filter_map(|index| cohort.slices[index].labels.as_ref())
        .collect();
    metrics::prevalence(&truth, cohort.labels.len()).ok_or_else(|| {
        Error::new("no slice that the prevalence is counted in has labels")
            .help("give the loader a labels file: `rsna` reads one, `dicom-dir` gives slices alone")
    })
}

/// The lines of the table at the end of the run.
fn summarise(context: &Context, part: &str, measured: &PartMetrics) {
    context.summarise(
        format!("weighted log loss ({part})"),
        format!("{:.4}", measured.weighted_log_loss),
        format!(
            "{}prevalence baseline {:.4}",
            interval(measured.weighted_log_loss_interval).map_or(String::new(), |text| text + "; "),
            measured.prevalence_log_loss
        ),
    );
    context.summarise(
        format!("AUROC {} ({part})", measured.headline()),
        measured
            .auc_any()
            .map_or("undefined".into(), |auc| format!("{auc:.4}")),
        interval(measured.auc_any_interval).unwrap_or_default(),
    );
}

/// An interval in words.
pub(crate) fn interval(interval: Option<Interval>) -> Option<String> {
    interval.map(|interval| format!("95 % {interval}"))
}

ichflow_api::register!(Evaluate);

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::data::localization::{LabelLocalization, Localization, LocalizationScore};
    use ichflow_api::testkit;

    fn parts() -> (Cohort, Folds, Predictions) {
        let slices: Vec<Slice> = (0..40)
            .map(|i| {
                let bleeds = i % 4 == 0;
                let labels = [bleeds, false, bleeds, false, false, false];
                testkit::slice(&format!("s{i}"), &format!("p{}", i / 4), Some(labels.into()))
            })
            .collect();
        let folds = Folds {
            of_slice: (0..40)
                .map(|i| if i < 20 { Fold::Train } else { Fold::Valid })
                .collect(),
        };
        let validation = slices[20..].to_vec();
        let probabilities = (20..40)
            .map(|i| vec![if i % 4 == 0 { 0.8 } else { 0.1 }; 6])
            .collect();
        let predictions = Predictions {
            slices: validation,
            probabilities,
            ..Predictions::default()
        };
        (testkit::cohort(slices), folds, predictions)
    }

    fn localization() -> Localization {
        let score = |pointing, energy| LocalizationScore { pointing, energy };
        Localization {
            labels: vec![LabelLocalization {
                label: "any".into(),
                maps: 4,
                annotated: 5,
                patients: 2,
                empty: 1,
                heat_maps: score(0.75, 0.3),
                uniform: score(0.02, 0.02),
                centred: score(0.25, 0.05),
            }],
        }
    }

    #[test]
    fn metrics_are_written_and_summed_up_and_runs_agree() {
        let measure = || {
            let directory = tempfile::tempdir().unwrap();
            let run = testkit::run_context(directory.path());
            let context = Context::new(&run, "evaluate", Evaluate::NAME, "key");
            let (cohort, folds, predictions) = parts();
            let inputs = Inputs::default()
                .with(input::COHORT, cohort)
                .with(input::FOLDS, folds)
                .with(optional::TEST, predictions.clone())
                .with(optional::BASELINE, predictions.clone())
                .with(optional::LOCALIZATION, localization())
                .with(input::VALID, predictions);
            let mut outputs = Evaluate::default().run(&inputs, &context).unwrap();
            let metrics = outputs.take(output::METRICS).unwrap();
            let text = std::fs::read_to_string(run.directory.join("metrics.json")).unwrap();
            (metrics, text, run.summary())
        };
        let (metrics, text, summary) = measure();
        assert_eq!(text, measure().1, "deterministic");
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            json["valid"]["weighted_log_loss"],
            metrics.valid.weighted_log_loss
        );
        assert_eq!(json["training_prevalence"][0]["share"], 0.25);
        assert_eq!(json["valid"]["labels"][0]["auc"], 1.0);
        assert_eq!(json["valid"]["labels"][1]["auc"], serde_json::Value::Null);
        assert_eq!(json["test"]["slices"], 20);
        assert_eq!(json["valid"]["labels"][0]["at_threshold"]["true_positives"], 5);
        assert_eq!(json["valid"]["labels"][0]["at_threshold"]["f1"], 1.0);
        assert_eq!(json["valid"]["labels"][0]["at_specificity"]["sensitivity"], 1.0);
        assert_eq!(
            json["valid"]["labels"][1]["at_specificity"],
            serde_json::Value::Null
        );
        assert_eq!(json["versus_baseline"]["difference"], 0.0);
        assert_eq!(
            json["baseline"]["weighted_log_loss"],
            json["valid"]["weighted_log_loss"]
        );
        assert_eq!(json["valid"]["submitted"]["clip"], 1e-6);
        assert_eq!(json["localization"]["labels"][0]["heat_maps"]["pointing"], 0.75);
        assert_eq!(
            (
                summary[7].what.as_str(),
                summary[7].value.as_str(),
                summary[7].beside.as_str()
            ),
            (
                "pointing game any (4 maps)",
                "0.7500",
                "chance 0.0200, centred map 0.2500"
            )
        );
        assert_eq!(summary.len(), 8);
        assert_eq!(summary[0].what, "weighted log loss (validation)");
        assert!(summary[0].beside.starts_with("95 % "), "{}", summary[0].beside);
        assert!(
            summary[0].beside.contains("; prevalence baseline "),
            "{}",
            summary[0].beside
        );
        assert_eq!(
            (summary[1].what.as_str(), summary[1].value.as_str()),
            ("AUROC any (validation)", "1.0000")
        );
    }

    #[test]
    fn folds_of_another_cohort_are_refused() {
        let (cohort, mut folds, _) = parts();
        folds.of_slice.pop();
        let error = training_prevalence(&cohort, &folds).unwrap_err();
        assert!(
            error.to_string().contains("39 slices, but the cohort has 40"),
            "{error}"
        );
    }
}
