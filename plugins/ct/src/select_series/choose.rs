//! Of the series of a study that pass, the one that is kept.

use std::cmp::Ordering;

use ichflow_api::prelude::*;

use super::measured::Measured;
use super::rules::rounded;

/// Thicknesses and lengths closer than this are alike, in mm.
const ALIKE_MM: f64 = 0.1;

/// Which of a study's series is kept where several pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Prefer {
    /// The one with the thinnest slices.
    Thin,
    /// The one with the thickest slices: fewest of them, and least noise; as the competition's are.
    #[default]
    Thick,
    /// All of them.
    All,
}

/// What speaks for one series against another.
struct Advantage {
    /// Less is better.
    order: Ordering,
    /// Why the worse one is left out.
    reason: String,
}

impl Prefer {
    /// Whether the first of two series is to be kept rather than the second, and why; `Equal` only of one and the same.
    fn compare(self, a: &Measured<'_>, b: &Measured<'_>) -> Advantage {
        let mm = |series: &Measured<'_>| series.thickness_mm.unwrap_or(0.0);
        let (of_a, of_b) = (mm(a), mm(b));
        let (thin, thick) = (rounded(of_a.min(of_b)), rounded(of_a.max(of_b)));
        let known = a.thickness_mm.is_some() && b.thickness_mm.is_some();
        if known && (of_a - of_b).abs() >= ALIKE_MM {
            let (order, reason) = match self {
                Self::Thin => (
                    of_a.total_cmp(&of_b),
                    format!("the series kept has thinner slices ({thin} mm, not {thick})"),
                ),
                _ => (
                    of_b.total_cmp(&of_a),
                    format!("the series kept has thicker slices ({thick} mm, not {thin})"),
                ),
            };
            return Advantage { order, reason };
        }
        let covers = |series: &Measured<'_>| series.coverage_mm.unwrap_or(0.0);
        let longer = || {
            let (a, b) = (covers(a), covers(b));
            let is_like = (a - b).abs() < ALIKE_MM;
            let order = if is_like { Ordering::Equal } else { b.total_cmp(&a) };
            let reason = format!(
                "the series kept covers more ({} mm, not {})",
                rounded(a.max(b)),
                rounded(a.min(b))
            );
            (order, reason)
        };
        let steps = [
            (
                a.missing.cmp(&b.missing),
                "the series kept lacks fewer slices".to_owned(),
            ),
            longer(),
            (
                b.is_original().cmp(&a.is_original()),
                "the series kept is the scanner's own (ImageType ORIGINAL)".to_owned(),
            ),
            (
                b.slices.len().cmp(&a.slices.len()),
                "the series kept has more slices".to_owned(),
            ),
            (
                a.series().cmp(b.series()),
                "the series kept is as good; one a study is".to_owned(),
            ),
        ];
        let mut steps = steps.into_iter();
        let found = steps.find(|(order, _)| order.is_ne());
        let (order, reason) = found.unwrap_or((Ordering::Equal, String::new()));
        Advantage { order, reason }
    }

    /// Of series that pass, all of one study: for each nothing if it is kept, else why it is not.
    pub(super) fn choose(self, passed: &[&Measured<'_>]) -> Vec<Option<String>> {
        let best = (0..passed.len()).min_by(|a, b| self.compare(passed[*a], passed[*b]).order);
        let verdict = |index: usize| match best {
            Some(best) if self != Self::All && index != best => {
                Some(self.compare(passed[best], passed[index]).reason)
            }
            _ => None,
        };
        (0..passed.len()).map(verdict).collect()
    }
}
