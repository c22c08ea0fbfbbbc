//! The stage: every series of a cohort judged, one a study kept.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use ichflow_api::counted::counted;
use ichflow_api::data::cohort;
use ichflow_api::data::identity::series_of;
use ichflow_api::data::selection::{LEFT_OUT, Selection, SeriesVerdict};
use ichflow_api::prelude::*;
use rayon::prelude::*;

use super::choose::Prefer;
use super::fingerprint::Fingerprint;
use super::measured::Measured;
use super::patterns::Patterns;
use super::rules::{Contrast, Kernel, broken, no_head};
use super::table::{Row, write};

/// Keeps of every study the plain axial head CT, and leaves out its other series, each with a reason: localizers, dose
/// reports, other modalities, reformats, sharp kernels, contrast, perfusion, other parts of the body, series that cover
/// too little of a head or lack slices.
///
/// Rules are held against a series one after the other, and the first that it breaks is the reason. What headers do not say
/// breaks none. Last, six of its middle slices are looked at: soft tissue that bone closes all around is a head, whatever
/// the header calls it. Loaders exclude some kinds of images themselves (`exclude`); with `exclude = []` they are
/// judged, and listed, here. `series.csv` has a line a series; slices that are left out stand in `quarantine.csv` with the
/// reason of their series.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SelectSeries {
    /// Which series of a study is kept where several pass: `thin`, `thick` or `all`. Of series of the same thickness, to a
    /// tenth of a millimetre, the one that lacks fewer slices, covers more, is the scanner's own, has more slices.
    pub prefer: Prefer,
    /// Least and largest thickness of a slice, in mm.
    pub thickness_mm: [f64; 2],
    /// Which reconstruction kernels pass: `soft`, `sharp` or `any`.
    pub kernel: Kernel,
    /// Whether series `without` contrast pass, or `with` it, or `any`.
    pub contrast: Contrast,
    /// Least and largest tube voltage, in kV; cleared devices exclude what lies outside 100 to 140.
    pub kvp: [f64; 2],
    /// Least and largest length covered, from the lowest slice's lower face to the highest one's upper, in mm.
    pub coverage_mm: [f64; 2],
    /// Fewest slices of a series.
    #[schemars(range(min = 1))]
    pub min_slices: usize,
    /// How many slices may be missing, by gaps longer than those beside them.
    pub max_missing: usize,
    /// Whether axial reformats pass (ImageType MPR, REFORMATTED, RESAMPLED).
    pub reformats: bool,
    /// Whether the pixels of some slices are looked at, to tell a head from a chest. Without pixels to read they are not.
    pub look_at_pixels: bool,
    /// What descriptions and kernels are recognised by.
    pub patterns: Patterns,
}

impl Default for SelectSeries {
    fn default() -> Self {
        Self {
            prefer: Prefer::Thick,
            thickness_mm: [0.3, 10.0],
            kernel: Kernel::Soft,
            contrast: Contrast::Without,
            kvp: [100.0, 140.0],
            coverage_mm: [90.0, 350.0],
            min_slices: 10,
            max_missing: 2,
            reformats: false,
            look_at_pixels: true,
            patterns: Patterns::default(),
        }
    }
}

impl Stage for SelectSeries {
    const NAME: &'static str = "select-series";
    const FAMILY: Family = Family::Load;
    const SUMMARY: &'static str = "the plain axial head CT of every study, and why other series are left out";
    const EXAMPLE: &'static str = r#"
[select]
use = "select-series"
prefer = "thin"
thickness_mm = [0.5, 2.5]
"#;

    fn ports() -> Ports {
        Ports::new()
            .takes(input::COHORT)
            .takes(optional::TEST_COHORT)
            .takes(optional::PIXELS)
            .offers(output::COHORT)
            .offers(output::TEST_COHORT.only_with(optional::TEST_COHORT))
            .offers(output::SELECTION)
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = self.patterns.problems();
        let ranges = [
            ("thickness_mm", self.thickness_mm),
            ("kvp", self.kvp),
            ("coverage_mm", self.coverage_mm),
        ];
        for (key, [low, high]) in ranges {
            if low.is_nan() || high.is_nan() || low > high {
                problems.push(
                    Problem::new(key, format!("no number lies between {low} and {high}"))
                        .help("write the least first, then the largest"),
                );
            }
        }
        problems
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let cohort = inputs.take(input::COHORT)?;
        let test = inputs.get(optional::TEST_COHORT)?;
        let pixels = inputs.get(optional::PIXELS)?.filter(|_| self.look_at_pixels);
        if self.look_at_pixels && pixels.is_none() {
            context.warn("there are no pixels to look at: whether a series shows a head is not checked");
        }
        let parts = [("cohort", Some(&cohort)), ("test", test.as_ref())];
        let parts: Vec<(&'static str, &Cohort)> = parts
            .into_iter()
            .filter_map(|(name, part)| Some((name, &**part?)))
            .collect();
        let mut rows = Vec::new();
        for (name, part) in &parts {
            rows.extend(self.judge(name, part, pixels.as_deref(), context)?);
        }
        write(&context.file("series.csv")?, &rows)?;
        let selection = Selection {
            series: rows.iter().map(|row| row.verdict.clone()).collect(),
        };
        let remarks = say(&rows, &selection, context);
        let left_out = left_out(&rows);
        for (slice, reason) in left_out.values() {
            context.quarantine(&slice.id, &slice.file, reason.clone());
        }
        let mut kept: Vec<Cohort> = parts
            .iter()
            .map(|(_, part)| part.filtered(|slice| !left_out.contains_key(slice.id.as_str())))
            .collect();
        if kept.first().is_none_or(Cohort::is_empty) {
            return Err(no_series(&selection));
        }
        kept[0].remarks.extend(remarks);
        let recorded: Vec<(&str, &Cohort)> = parts
            .iter()
            .zip(&kept)
            .map(|((name, _), kept)| (*name, kept))
            .collect();
        cohort::record(context, &recorded)?;
        let mut kept = kept.into_iter();
        let outputs = Outputs::new()
            .with(output::COHORT, kept.next().unwrap_or_default())
            .with(output::SELECTION, selection);
        Ok(outputs.with_some(output::TEST_COHORT, kept.next()))
    }
}

impl SelectSeries {
    /// Every series of a cohort with its verdict, in the order of studies.
    fn judge<'a>(
        &self,
        part: &'static str,
        cohort: &'a Cohort,
        pixels: Option<&Pixels>,
        context: &Context,
    ) -> Result<Vec<Row<'a>>> {
        let matchers = self.patterns.matchers()?;
        let all = series_of(&cohort.slices);
        let progress = context.progress("judging series", all.len(), "series");
        let stop = context.stop_flag();
        let mut rows: Vec<Row<'_>> = all
            .par_iter()
            .filter_map(|series| {
                if stop.load(Ordering::Relaxed) {
                    return None;
                }
                let slices: Vec<&Slice> = series.iter().map(|index| &cohort.slices[*index]).collect();
                let measured = Measured::of(&slices)?;
                let mut rule = broken(&measured, self, &matchers);
                let fingerprint = match (&rule, pixels) {
                    (None, Some(pixels)) => Some(Fingerprint::of(&measured.slices, pixels)),
                    _ => None,
                };
                rule = rule.or_else(|| no_head(fingerprint.as_ref()?));
                progress.advance(1);
                let (rule, reason) = rule.unwrap_or_default();
                let verdict = SeriesVerdict {
                    study: measured.study.to_owned(),
                    series: measured.series().to_owned(),
                    slices: measured.slices.len(),
                    other_slices: measured.others.len(),
                    rule: rule.to_owned(),
                    reason,
                    thickness_mm: measured.thickness_mm,
                    coverage_mm: measured.coverage_mm,
                    missing: measured.missing,
                    skull: fingerprint.as_ref().map(|found| f64::from(found.closed)),
                };
                Some(Row {
                    part,
                    measured,
                    fingerprint,
                    verdict,
                })
            })
            .collect();
        drop(progress);
        context.checkpoint()?;
        rows.sort_by(|a, b| {
            (&a.verdict.study, &a.verdict.series).cmp(&(&b.verdict.study, &b.verdict.series))
        });
        self.choose(&mut rows);
        Ok(rows)
    }

    /// Leaves one series a study of those that passed.
    fn choose(&self, rows: &mut [Row<'_>]) {
        for study in rows.chunk_by_mut(|a, b| a.verdict.study == b.verdict.study) {
            let passed: Vec<usize> = (0..study.len())
                .filter(|index| study[*index].verdict.is_chosen())
                .collect();
            let series: Vec<&Measured<'_>> = passed.iter().map(|index| &study[*index].measured).collect();
            let verdicts = self.prefer.choose(&series);
            for (index, worse) in passed.into_iter().zip(verdicts) {
                let verdict = &mut study[index].verdict;
                match worse {
                    Some(reason) => (verdict.rule, verdict.reason) = ("prefer".into(), reason),
                    None => verdict.reason = "it is a plain axial head CT".into(),
                }
            }
        }
    }
}

/// Every slice that is left out, by its id, with the reason.
fn left_out<'a>(rows: &'a [Row<'_>]) -> BTreeMap<&'a str, (&'a Slice, String)> {
    let mut slices = BTreeMap::new();
    for row in rows {
        for (slice, reason) in &row.measured.others {
            slices.insert(slice.id.as_str(), (*slice, reason.clone()));
        }
        if !row.verdict.is_chosen() {
            let reason = format!("{LEFT_OUT}: {}", row.verdict.reason);
            for slice in &row.measured.slices {
                slices.insert(slice.id.as_str(), (*slice, reason.clone()));
            }
        }
    }
    slices
}

/// Says how it went, and what deserves attention.
fn say(rows: &[Row<'_>], selection: &Selection, context: &Context) -> Vec<String> {
    let studies: BTreeSet<&str> = rows.iter().map(|row| row.verdict.study.as_str()).collect();
    let found: BTreeSet<&str> = rows
        .iter()
        .filter(|row| row.verdict.is_chosen())
        .map(|row| row.verdict.study.as_str())
        .collect();
    let mut remarks = vec![format!(
        "{} of {} kept; series.csv says why the others are left out",
        selection.chosen(),
        counted(rows.len(), "series", "series"),
    )];
    let rules = selection.by_rule();
    let told: Vec<String> = rules
        .iter()
        .map(|(rule, series, ..)| format!("{rule} {series}"))
        .collect();
    if !told.is_empty() {
        remarks[0] += &format!(" (by rule: {})", told.join(", "));
    }
    context.say(&remarks[0]);
    if found.len() < studies.len() {
        let without = studies.len() - found.len();
        let warning = format!(
            "{} of {} without a plain axial head CT, and out of the cohort",
            counted(without, "study", "studies"),
            studies.len()
        );
        context.warn(&warning);
        remarks.push(warning);
    }
    let labelled = |row: &&Row<'_>| row.measured.slices.iter().any(|slice| slice.labels.is_some());
    let lost = rows
        .iter()
        .filter(|row| row.verdict.rule != "prefer" && !row.verdict.is_chosen())
        .filter(labelled)
        .count();
    if lost > 0 {
        context.say(format!(
            "{} with labels left out",
            counted(lost, "series is", "series are")
        ));
    }
    remarks
}

/// Nothing passes.
fn no_series(selection: &Selection) -> Error {
    let why = match selection.by_rule().first() {
        Some((rule, series, _, reason)) => {
            format!(": {series} by the rule `{rule}`, the first because {reason}")
        }
        None => String::new(),
    };
    Error::new(format!(
        "no series of {} is a plain axial head CT{why}",
        selection.series.len()
    ))
    .help("series.csv in the run directory has every series with its reason; the stage's parameters say what passes")
}

ichflow_api::register!(SelectSeries);
