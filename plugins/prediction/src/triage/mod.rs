//! `triage`: exams sorted into high, low and uncertain, with a promise.
//!
//! [`method`] finds cuts and says what is promised, [`drawn`] draws one exam a patient, [`files`] writes what came of it.

mod drawn;
mod files;
mod method;

use std::collections::HashSet;

use ichflow_api::counted::counted;
use ichflow_api::data::identity::Subject;
use ichflow_api::data::triage::{AuditedOn, Triage as Sorted, TriageAudit, TriageCalibration, TriagePromise};
use ichflow_api::metrics::{Cuts, TriageClass};
use ichflow_api::prelude::*;

use crate::postprocess::parts;
use drawn::{Case, Drawn, draw};
use files::Part;

pub use method::{Conformal, LearnThenTest, Method};

/// Sorts exams into high, low and uncertain for one label, so that a promise about errors holds; what cannot be promised
/// is uncertain.
///
/// The cuts are found on the validation exams, which must be of patients that the network was not trained on, with one
/// exam a patient: of several one is drawn. They are audited on other patients: on test exams where their truth is known,
/// else on the validation exams, each by cuts from the other patients. Writes `triage.json` and `triage.csv`; what the
/// audit found goes to `evaluate` and the report, and the cuts into a bundle.
///
/// It takes exams, which `aggregate` makes of slices; `exams = "calibrate_exams.valid"` names others. With `cuts`, as an
/// earlier run has found them, nothing is found, and all exams whose truth is known are for the audit.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Triage {
    /// The label; the one that stands for all where none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What is promised, and how the cuts are found.
    pub method: Method,
    /// Into how many parts the validation patients are dealt; the exams of each are sorted by cuts from the others.
    #[schemars(range(min = 2, max = 1000))]
    pub parts: usize,
    /// Cuts found earlier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cuts: Option<FoundCuts>,
}

/// Cuts that were found before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FoundCuts {
    /// Probabilities at or above it are high; absent where none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high_from: Option<f64>,
    /// Probabilities at or below it are low; absent where none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low_to: Option<f64>,
}

impl From<FoundCuts> for Cuts {
    fn from(cuts: FoundCuts) -> Self {
        Self {
            high_from: cuts.high_from,
            low_to: cuts.low_to,
        }
    }
}

impl Default for Triage {
    fn default() -> Self {
        Self {
            label: None,
            method: Method::default(),
            parts: 5,
            cuts: None,
        }
    }
}

impl Stage for Triage {
    const NAME: &'static str = "triage";
    const FAMILY: Family = Family::Predict;
    const SUMMARY: &'static str = "sorts exams into high, low and uncertain, with a promise about errors";
    const EXAMPLE: &'static str = "[triage]\nuse = \"triage\"\nmethod = { kind = \"learn-then-test\", ppv = 0.9, npv = 0.98, delta = 0.1 }\n";
    const SEEDED: bool = true;

    fn ports() -> Ports {
        Ports::new()
            .takes(input::EXAMS)
            .takes(optional::TEST_EXAMS)
            .offers(output::TRIAGE)
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let exams = inputs.take(input::EXAMS)?;
        let test = inputs.get(optional::TEST_EXAMS)?;
        for of in std::iter::once(&exams).chain(&test) {
            check_exams(of)?;
        }
        let label = self.label_of(&exams.labels)?;
        let (sorted, parts) = match self.cuts {
            Some(cuts) => self.by_known_cuts(cuts.into(), &exams, label, context),
            None => self.by_new_cuts(&exams, test.as_deref(), label, context)?,
        };
        say(&sorted, context);
        files::write(&sorted, &parts, label, context)?;
        Ok(Outputs::new().with(output::TRIAGE, sorted))
    }
}

ichflow_api::register!(Triage);

impl Triage {
    fn label_of(&self, labels: &LabelSet) -> Result<usize> {
        match &self.label {
            None => Ok(labels.headline()),
            Some(name) => labels.index_of(name).ok_or_else(|| {
                Error::new(format!("there is no label `{name}`"))
                    .help(format!("name one of {}", labels.names().join(", ")))
            }),
        }
    }

    fn sorted(&self, exams: &Predictions, label: usize, cuts: Cuts, promises: Vec<TriagePromise>) -> Sorted {
        Sorted {
            label: exams.labels.name(label).to_owned(),
            unit: exams.unit,
            method: self.method.name().to_owned(),
            delta: self.method.delta(),
            promises,
            cuts,
            calibration: None,
            audit: None,
        }
    }

    /// Sorts by cuts that were found before, and audits all exams of known truth.
    fn by_known_cuts<'a>(
        &self,
        cuts: Cuts,
        exams: &'a Predictions,
        label: usize,
        context: &Context,
    ) -> (Sorted, Vec<Part<'a>>) {
        let class = |row: &Vec<f64>| cuts.class(row[label]);
        let classes: Vec<TriageClass> = exams.probabilities.iter().map(class).collect();
        let drawn = draw(exams, label, &HashSet::new(), &mut context.rng("exams"));
        let promises: Vec<TriagePromise> = self.method.promises().into();
        let audit = (!drawn.cases.is_empty()).then(|| audit(AuditedOn::Frozen, &promises, &drawn, &classes));
        let sorted = Sorted {
            audit,
            ..self.sorted(exams, label, cuts, promises)
        };
        (sorted, vec![Part::new("exams", exams, classes)])
    }

    /// Finds cuts on the validation exams and audits them on other patients.
    fn by_new_cuts<'a>(
        &self,
        exams: &'a Predictions,
        test: Option<&'a Predictions>,
        label: usize,
        context: &Context,
    ) -> Result<(Sorted, Vec<Part<'a>>)> {
        let part_of = parts::deal(exams, self.parts, &mut context.rng("parts"))?;
        let drawn = draw(exams, label, &HashSet::new(), &mut context.rng("exams"));
        if drawn.cases.is_empty() {
            return Err(Error::new(format!(
                "the truth of `{}` is known of no validation {}, so nothing can be promised of it",
                exams.labels.name(label),
                exams.unit
            ))
            .help("name a label whose truth is known, or give the loader a labels file"));
        }
        let find = |keep: &dyn Fn(&Case) -> bool| {
            let kept = drawn.cases.iter().filter(|case| keep(case));
            let (truth, probabilities): (Vec<bool>, Vec<f64>) =
                kept.map(|case| (case.positive, case.probability)).unzip();
            self.method.find(&truth, &probabilities)
        };
        let found = find(&|_| true)?;
        let mut classes = vec![TriageClass::Uncertain; exams.slices.len()];
        for part in 0..parts::count(&part_of) {
            let cuts = find(&|case| part_of[case.index] != part)?.cuts;
            for (index, row) in exams.probabilities.iter().enumerate() {
                if part_of[index] == part {
                    classes[index] = cuts.class(row[label]);
                }
            }
        }
        let calibration = TriageCalibration {
            exams: drawn.cases.len(),
            positives: drawn.cases.iter().filter(|case| case.positive).count(),
            without_truth: drawn.without_truth,
            same_patient: drawn.same_patient,
        };
        let mut audited = audit(AuditedOn::CrossFitted, &found.promises, &drawn, &classes);
        let mut sorted_parts = vec![Part::new("validation", exams, classes)];
        if let Some(test) = test {
            test.refuse_in_fold()?;
            let classes: Vec<TriageClass> = test
                .probabilities
                .iter()
                .map(|row| found.cuts.class(row[label]))
                .collect();
            let known = exams.slices.iter().map(Subject::of).collect();
            let drawn = draw(test, label, &known, &mut context.rng("test exams"));
            if !drawn.cases.is_empty() {
                audited = audit(AuditedOn::Test, &found.promises, &drawn, &classes);
            }
            sorted_parts.push(Part::new("test", test, classes));
        }
        context.settle(&Self {
            cuts: Some(FoundCuts {
                high_from: found.cuts.high_from,
                low_to: found.cuts.low_to,
            }),
            ..self.clone()
        })?;
        let sorted = Sorted {
            calibration: Some(calibration),
            audit: Some(audited),
            ..self.sorted(exams, label, found.cuts, found.promises)
        };
        Ok((sorted, sorted_parts))
    }
}

/// Says that rows are of exams.
fn check_exams(exams: &Predictions) -> Result<()> {
    if exams.unit != Level::Slice {
        return Ok(());
    }
    Err(
        Error::new("triage is of exams, and these are predictions of slices").help(
            "put `use = \"aggregate\"` before it, or name what predicts exams: `exams = \"aggregate.exams\"`",
        ),
    )
}

fn audit(on: AuditedOn, promises: &[TriagePromise], drawn: &Drawn, classes: &[TriageClass]) -> TriageAudit {
    let of = |case: &Case| (classes[case.index], case.positive);
    let exams: Vec<(TriageClass, bool)> = drawn.cases.iter().map(of).collect();
    TriageAudit::count(on, promises, &exams, drawn.without_truth, drawn.same_patient)
}

/// Says what was found, and what could not be promised.
fn say(sorted: &Sorted, context: &Context) {
    if let Some(on) = sorted
        .calibration
        .filter(|on| on.without_truth + on.same_patient > 0)
    {
        context.say(format!(
            "cuts from {}, one a patient; left out: {} of a patient with several, {} of unknown or soft truth",
            counted(on.exams, "exam", "exams"),
            on.same_patient,
            on.without_truth
        ));
    }
    for promise in &sorted.promises {
        if let Some(why) = &promise.abstains {
            context.warn(format!(
                "no exam is called {} for {}: {why} ({})",
                promise.class,
                sorted.label,
                promise.in_words()
            ));
        }
    }
    let Some(audit) = &sorted.audit else { return };
    context.say(format!(
        "{}: {} high, {} low, {} uncertain; {}",
        counted(audit.exams, "exam", "exams"),
        audit.high,
        audit.low,
        audit.uncertain,
        audit.on.in_words()
    ));
    for promise in &audit.promises {
        context.summarise(
            format!("triage {}: {}", sorted.label, promise.class),
            format!("{} of {} wrong", promise.errors, promise.exams),
            format!(
                "promised at most {}: {}",
                promise.promised,
                promise.verdict.in_words()
            ),
        );
    }
}

#[cfg(test)]
mod tests;
