//! What a series must be, rule by rule; the first that it breaks is the reason for which it is left out.

use ichflow_api::counted::counted;
use ichflow_api::prelude::*;

use super::fingerprint::Fingerprint;
use super::measured::Measured;
use super::patterns::{Enhanced, Matchers, Sharpness};
use super::stage::SelectSeries;

/// Words in ImageType of images that were computed from others along another plane or by another formula.
const REFORMATTED: [&str; 4] = ["MPR", "REFORMATTED", "RESAMPLED", "CPR"];
/// Copies of a position, as a share of the slices, up to which a series is one volume: where two acquisitions of one scan
/// meet, a place is often shown twice.
const SOME_REPEATED: f64 = 0.1;

/// Which reconstructions are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kernel {
    /// Those for soft tissue; what says nothing of its kernel counts as one.
    #[default]
    Soft,
    /// Those for bone and edges.
    Sharp,
    /// All.
    Any,
}

/// Whether contrast may have been given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Contrast {
    /// Plain series alone.
    #[default]
    Without,
    /// Series with contrast alone.
    With,
    /// Both.
    Any,
}

/// Why a series is left out: the rule's name, and in words.
pub(super) type Broken = (&'static str, String);

/// The first rule of headers and descriptions that a series breaks.
pub(super) fn broken(series: &Measured<'_>, stage: &SelectSeries, matchers: &Matchers) -> Option<Broken> {
    let rule = Rule {
        series,
        stage,
        matchers,
    };
    let rules: [fn(&Rule<'_>) -> Option<Broken>; 10] = [
        |rule| rule.kind(),
        |rule| rule.description(),
        |rule| rule.reformat(),
        |rule| rule.contrast(),
        |rule| rule.kernel(),
        |rule| rule.kvp(),
        |rule| rule.repeated(),
        |rule| rule.thickness(),
        |rule| rule.coverage(),
        |rule| rule.missing(),
    ];
    rules.into_iter().find_map(|broken| broken(&rule))
}

/// Whether its pixels show something else than a head.
pub(super) fn no_head(found: &Fingerprint) -> Option<Broken> {
    if found.looked_at == 0 {
        return Some(("unreadable", "none of its middle slices can be read".into()));
    }
    if found.is_head() {
        return None;
    }
    let [air, soft, _] = found.shares.map(|share| (100.0 * share).round());
    Some((
        "no_head",
        format!(
            "{} of {} middle slices show soft tissue closed by a skull: it is no head (within the outline {air} % air, \
             {soft} % soft tissue)",
            found.heads, found.looked_at
        ),
    ))
}

/// A series beside what is asked of it.
struct Rule<'a> {
    series: &'a Measured<'a>,
    stage: &'a SelectSeries,
    matchers: &'a Matchers,
}

impl Rule<'_> {
    /// All of it is something else than axial slices of CT in HU.
    fn kind(&self) -> Option<Broken> {
        let (_, reason) = self.series.others.first()?;
        self.series.slices.is_empty().then(|| ("kind", reason.clone()))
    }

    fn description(&self) -> Option<Broken> {
        let name = self.matchers.other(&self.series.scan.series_description)?;
        Some(("description", format!("its description says {name}")))
    }

    fn reformat(&self) -> Option<Broken> {
        let scan = self.series.scan;
        let words = scan.image_type.iter().flat_map(|value| value.split([' ', '_']));
        let mut known = words.filter(|word| REFORMATTED.contains(word));
        let is_one = !self.stage.reformats && known.next().is_some();
        is_one.then(|| {
            let words = scan.image_type.join("\\");
            ("reformat", format!("it is a reformat (ImageType {words})"))
        })
    }

    fn contrast(&self) -> Option<Broken> {
        let scan = self.series.scan;
        let found = self
            .matchers
            .enhanced(&scan.series_description, &scan.contrast_agent);
        let reason = match (self.stage.contrast, found) {
            (Contrast::Without, Some(Enhanced::Agent)) => {
                let agent = scan.contrast_agent.trim().escape_debug();
                format!("contrast was given (ContrastBolusAgent {agent})")
            }
            (Contrast::Without, Some(Enhanced::Description)) => {
                "contrast was given (its description says so)".into()
            }
            (Contrast::With, None) => "nothing says that contrast was given".into(),
            _ => return None,
        };
        Some(("contrast", reason))
    }

    fn kernel(&self) -> Option<Broken> {
        let scan = self.series.scan;
        let found = self.matchers.sharp(&scan.series_description, &scan.kernel);
        let kernel = scan.kernel.trim().escape_debug();
        let reason = match (self.stage.kernel, found) {
            (Kernel::Soft, Some(Sharpness::Kernel)) => {
                format!("its reconstruction is sharp (ConvolutionKernel {kernel})")
            }
            (Kernel::Soft, Some(Sharpness::Description)) => {
                "its reconstruction is sharp (its description says so)".into()
            }
            (Kernel::Sharp, None) if scan.kernel.trim().is_empty() => {
                "nothing says that its reconstruction is sharp".into()
            }
            (Kernel::Sharp, None) => format!("its reconstruction is soft (ConvolutionKernel {kernel})"),
            _ => return None,
        };
        Some(("kernel", reason))
    }

    fn kvp(&self) -> Option<Broken> {
        let kvp = f64::from(self.series.scan.kvp?);
        let [low, high] = self.stage.kvp;
        let fits = (low..=high).contains(&kvp);
        (!fits).then(|| {
            let reason = format!("its tube voltage is {kvp} kV, outside {low} to {high}");
            ("kvp", reason)
        })
    }

    fn repeated(&self) -> Option<Broken> {
        let (times, repeated) = (self.series.times, self.series.repeated);
        let slices = self.series.slices.len();
        if times > 1 {
            let reason = format!("it shows its positions at {times} times, as perfusion and phases do");
            return Some(("repeated", reason));
        }
        (repeated as f64 > SOME_REPEATED * slices as f64).then(|| {
            let copies = counted(repeated, "slice repeats", "slices repeat");
            let reason = format!("{copies} the position of another, of {slices}");
            ("repeated", reason)
        })
    }

    fn thickness(&self) -> Option<Broken> {
        let mm = self.series.thickness_mm?;
        let [thin, thick] = self.stage.thickness_mm;
        let fits = (thin..=thick).contains(&mm);
        (!fits).then(|| {
            let reason = format!(
                "its slices are {} mm thick, outside {thin} to {thick}",
                rounded(mm)
            );
            ("thickness", reason)
        })
    }

    fn coverage(&self) -> Option<Broken> {
        let (slices, least) = (self.series.slices.len(), self.stage.min_slices);
        if slices < least {
            let has = counted(slices, "slice", "slices");
            return Some((
                "coverage",
                format!("it has {has}, and a head takes at least {least}"),
            ));
        }
        let mm = self.series.coverage_mm?;
        let [low, high] = self.stage.coverage_mm;
        let reason = if mm < low {
            format!("it covers {} mm, less than a head's {low}", rounded(mm))
        } else if mm > high {
            format!("it covers {} mm, more than a head and neck's {high}", rounded(mm))
        } else {
            return None;
        };
        Some(("coverage", reason))
    }

    fn missing(&self) -> Option<Broken> {
        let missing = self.series.missing;
        (missing > self.stage.max_missing).then(|| {
            let reason = format!(
                "{} missing between others",
                counted(missing, "slice is", "slices are")
            );
            ("missing", reason)
        })
    }
}

/// A length as short as it can be.
pub(super) fn rounded(mm: f64) -> String {
    let text = format!("{mm:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
