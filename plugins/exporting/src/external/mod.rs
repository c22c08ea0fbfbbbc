//! `bundled-steps`: what followed a bundle's network in its recipe, on another cohort, and what it costs not to refit it.
//!
//! [`judged`] holds predictions against the truth.

mod judged;

use ichflow_api::bundle::Bundle;
use ichflow_api::context::{RunContext, Silent};
use ichflow_api::data::external::{ExternalLevel, ExternalTriage, ExternalValidation};
use ichflow_api::data::labelled::LabelledPredictions;
use ichflow_api::metrics::{self, PairedDifference};
use ichflow_api::prelude::*;
use rand_chacha::ChaCha8Rng;

use crate::bundle::{Fit, Followed, fitted_steps, follow};

const BUNDLE: Input<Bundle> = Input::required("bundle");

/// Applies what followed the network in the recipe of a bundle (smoothing, calibration, exams, thresholds, triage) to the
/// predictions of its model on another cohort, as it was frozen; and fits the same steps to this cohort beside it, each
/// patient by a fit to the others, so that the price of not refitting shows.
///
/// Put it after `bundled-model` and `predict`, and before `evaluate`, which then measures what it offers: slices (`valid`)
/// and exams (`exams`) as frozen. Log loss, calibration, sensitivity and specificity at the thresholds, and the audit of
/// triage stand side by side in `metrics.json` and in the report. No split is needed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct BundledSteps {
    /// Whether the bundle makes exams of slices, and these are offered.
    pub with_exams: bool,
    /// How often patients are resampled for the 95 % interval of the price; 0 leaves it out.
    #[schemars(range(min = 0, max = 100_000))]
    pub bootstrap: usize,
}

impl Default for BundledSteps {
    fn default() -> Self {
        Self {
            with_exams: true,
            bootstrap: 200,
        }
    }
}

impl Stage for BundledSteps {
    const NAME: &'static str = "bundled-steps";
    const FAMILY: Family = Family::Predict;
    const SUMMARY: &'static str = "what followed a bundle's network, as frozen, and refitted beside it";
    const EXAMPLE: &'static str = "[steps]\nuse = \"bundled-steps\"\n";
    const SEEDED: bool = true;

    fn ports() -> Ports {
        Ports::new()
            .takes(BUNDLE)
            .takes(input::VALID)
            .takes(optional::EXAMS)
            .offers(output::VALID)
            .offers(output::EXAMS)
            .offers(output::EXTERNAL)
    }

    fn narrow(&self, all: Ports) -> Ports {
        all.offers_only_if(self.with_exams, output::EXAMS)
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let bundle = inputs.take(BUNDLE)?;
        let own = inputs.take(input::VALID)?;
        let own_exams = inputs.get(optional::EXAMS)?;
        if self.with_exams && bundle.index().exams.is_none() {
            return Err(Error::new(format!(
                "the bundle of `{}` makes no exams of slices",
                bundle.index().title
            ))
            .help("write `with_exams = false`; `aggregate` after this stage makes some"));
        }
        own.check_of_slices("what followed the network")?;
        if own.with_truth().next().is_none() {
            return Err(
                Error::new("the truth of no slice is known, so nothing can be measured")
                    .help("give the loader a labels file; `ichflow predict` needs none"),
            );
        }
        own.refuse_in_fold()?;
        let apply = |fit: Fit, name: &str| -> Result<Followed> {
            let run = beside(context, name);
            follow(&bundle, fit, &own, own_exams.as_deref(), &run)
        };
        let frozen = apply(Fit::Frozen, "frozen")?;
        let anew = apply(Fit::Anew, "refitted").doing("the steps cannot be fitted to this cohort")?;
        let external = self.compare(&bundle, &frozen, &anew, context)?;
        say(&external, context);
        let path = context.file("external_validation.json")?;
        let text = serde_json::to_string_pretty(&external).doing("cannot write the comparison as JSON")?;
        std::fs::write(&path, text + "\n").at("write", &path)?;
        frozen.slices.write_csv(&context.file("predictions/valid.csv")?)?;
        if let Some(exams) = frozen.exams.as_ref().filter(|_| self.with_exams) {
            exams.write_csv(&context.file("predictions/exams.csv")?)?;
        }
        Ok(Outputs::new()
            .with(output::VALID, frozen.slices)
            .with_some(output::EXAMS, frozen.exams.filter(|_| self.with_exams))
            .with(output::EXTERNAL, external))
    }
}

ichflow_api::register!(BundledSteps);

/// A run in a directory of this stage: the stages of the bundle have names that the recipe may use for others.
fn beside(context: &Context, name: &str) -> RunContext {
    let run = context.run();
    let directory = run.directory.join(context.stage()).join(name);
    let mut own = RunContext::new(directory, run.cache.clone(), run.device, Box::new(Silent));
    own.seed = run.seed;
    own.labels = run.labels.clone();
    own.stop = run.stop;
    own
}

impl BundledSteps {
    fn compare(
        &self,
        bundle: &Bundle,
        frozen: &Followed,
        anew: &Followed,
        context: &Context,
    ) -> Result<ExternalValidation> {
        let level = |pairs: [(&Predictions, Option<&Thresholds>); 2]| -> Result<Option<ExternalLevel>> {
            let [(frozen, frozen_at), (anew, anew_at)] = pairs;
            let judged = judged::judge(frozen, frozen_at)?.zip(judged::judge(anew, anew_at)?);
            Ok(judged.map(|(of_frozen, of_anew)| ExternalLevel {
                unit: frozen.unit,
                frozen: of_frozen,
                refitted: of_anew,
                price: self.price(frozen, anew, &mut context.rng("price")),
            }))
        };
        let mut levels: Vec<ExternalLevel> = Vec::new();
        // Labels may be of exams alone.
        if frozen.slices.check_truth().is_ok() {
            levels.extend(level([
                (&frozen.slices, frozen.thresholds.as_ref()),
                (&anew.slices, anew.thresholds.as_ref()),
            ])?);
        }
        if let (Some(of_frozen), Some(of_anew)) = (&frozen.exams, &anew.exams) {
            levels.extend(level([
                (of_frozen, frozen.exam_thresholds.as_ref()),
                (of_anew, anew.exam_thresholds.as_ref()),
            ])?);
        }
        Ok(ExternalValidation {
            bundle: bundle.index().title.clone(),
            refitted: fitted_steps(bundle)?,
            levels,
            triage: frozen
                .triage
                .clone()
                .zip(anew.triage.clone())
                .map(|(frozen, refitted)| ExternalTriage { frozen, refitted }),
        })
    }

    /// The weighted log loss as frozen less that refitted.
    fn price(
        &self,
        frozen: &Predictions,
        anew: &Predictions,
        rng: &mut ChaCha8Rng,
    ) -> Option<PairedDifference> {
        let (frozen, anew) = (LabelledPredictions::of(frozen), LabelledPredictions::of(anew));
        let loss = |cases: &[usize], of: &LabelledPredictions| {
            let truth: Vec<&Labels> = cases.iter().map(|case| &of.truth[*case]).collect();
            let rows: Vec<&[f64]> = cases
                .iter()
                .map(|case| of.probabilities[*case].as_slice())
                .collect();
            metrics::weighted_log_loss(&truth, &rows, of.labels.weights(), metrics::DEFAULT_EPS)
        };
        (frozen.patient == anew.patient).then_some(())?;
        metrics::paired_bootstrap(&frozen.patient, self.bootstrap, rng, |cases| {
            loss(cases, &anew).zip(loss(cases, &frozen))
        })
    }
}

fn say(external: &ExternalValidation, context: &Context) {
    for level in &external.levels {
        context.summarise(
            format!("weighted log loss of {}, as frozen", level.unit.plural()),
            format!("{:.4}", level.frozen.weighted_log_loss),
            format!("refitted {:.4}", level.refitted.weighted_log_loss),
        );
    }
    let Some(triage) = &external.triage else { return };
    for (triage, which) in [(&triage.frozen, "frozen"), (&triage.refitted, "refitted")] {
        for promise in triage
            .promises
            .iter()
            .filter(|promise| promise.abstains.is_some())
        {
            let why = promise.abstains.as_deref().unwrap_or_default();
            context.warn(format!(
                "triage {which}: no exam is called {}: {why}",
                promise.class
            ));
        }
        for promise in triage.audit.iter().flat_map(|audit| &audit.promises) {
            context.summarise(
                format!("triage {}: {}, {which}", triage.label, promise.class),
                format!("{} of {} wrong", promise.errors, promise.exams),
                format!(
                    "promised at most {}: {}",
                    promise.promised,
                    promise.verdict.in_words()
                ),
            );
        }
    }
}
