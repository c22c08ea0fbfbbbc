//! The pictures of drift: distribution functions of reference and periods.

use ichflow_api::data::drift::{Drift, Period, Variable};
use ichflow_api::error::Result;

use crate::render::plots::{self, Figure, Ink, Line};

/// Distribution functions of what has an order: probabilities, distances, histograms.
pub(super) fn distributions(drift: &Drift) -> Result<Vec<Figure>> {
    let mut variables: Vec<&Variable> = Vec::new();
    for shift in &drift.shifts {
        if shift.kolmogorov_smirnov.is_some() && !variables.contains(&&shift.variable) {
            variables.push(&shift.variable);
        }
    }
    variables
        .into_iter()
        .map(|variable| distribution(drift, variable))
        .collect()
}

fn distribution(drift: &Drift, variable: &Variable) -> Result<Figure> {
    let line = |name: &str, period: &Period, ink: Ink| Line {
        name: name.to_owned(),
        points: steps(variable.values(period).unwrap_or_default()),
        ink,
    };
    let mut lines = vec![line("reference", &drift.reference, Ink::Reference)];
    for (number, period) in drift.periods.iter().enumerate() {
        lines.push(line(&period.name, period, Ink::series(number)));
    }
    let (limit, axis) = match variable {
        Variable::Distance => (Some(drift.limits.distance), "distance".to_owned()),
        Variable::HuIndex => (Some(drift.limits.hu_index), "index".to_owned()),
        _ => (None, variable.in_words()),
    };
    let beyond = limit.map_or(String::new(), |limit| {
        format!(" Exams beyond {limit:.3} are flagged.")
    });
    plots::curves(
        &capital(&variable.in_words()),
        format!("Share of exams at or below each value.{beyond}"),
        (&axis, "share of exams"),
        &lines,
        (560, 340),
    )
}

/// The distribution function of ascending values, as the corners of its steps.
fn steps(values: &[f64]) -> Vec<(f64, f64)> {
    let finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    let all = values.len().max(1) as f64;
    let corners = finite
        .iter()
        .enumerate()
        .flat_map(|(place, value)| [(*value, place as f64 / all), (*value, (place + 1) as f64 / all)]);
    corners.collect()
}

/// The text with a capital first letter.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_rise_to_the_share_of_what_is_finite() {
        assert_eq!(steps(&[1.0, f64::INFINITY]), [(1.0, 0.0), (1.0, 0.5)]);
        assert!(steps(&[]).is_empty());
        assert_eq!(capital("histogram of HU"), "Histogram of HU");
    }
}
