//! A table as a page shows it.

use ichflow_api::metrics::Interval;

use crate::render::numbers::{Number, thousands};

/// A table of finished texts.
pub(crate) struct Table {
    /// What it shows.
    pub caption: String,
    /// Heads of the columns after the first.
    pub columns: Vec<String>,
    /// A name and its cells.
    pub rows: Vec<(String, Vec<Cell>)>,
}

/// A cell.
pub(crate) struct Cell {
    /// A number that `metrics.json` holds, with all its digits.
    pub number: Option<Number>,
    /// Text, or what stands beside the number.
    pub text: String,
}

impl Cell {
    /// A metric.
    pub(crate) fn number(value: f64) -> Self {
        Self {
            number: Some(Number::metric(value)),
            text: String::new(),
        }
    }

    /// A metric, or a dash.
    pub(crate) fn maybe(value: Option<f64>) -> Self {
        value.map_or_else(|| Self::text("–"), Self::number)
    }

    /// A metric with its interval below.
    pub(crate) fn with_interval(value: Option<f64>, interval: Option<Interval>) -> Self {
        let Some(value) = value else {
            return Self::text("undefined");
        };
        Self {
            text: interval.map_or_else(String::new, |interval| interval.to_string()),
            ..Self::number(value)
        }
    }

    /// So many a day: nobody counts in ten-thousandths of an exam.
    pub(crate) fn rate(value: f64, interval: Option<Interval>) -> Self {
        let shown = |value: f64| match value < 10.0 {
            true => format!("{value:.2}"),
            false => format!("{value:.1}"),
        };
        Self {
            number: Some(Number {
                shown: shown(value),
                ..Number::metric(value)
            }),
            text: interval.map_or_else(String::new, |Interval { low, high }| {
                format!("{}–{}", shown(low), shown(high))
            }),
        }
    }

    /// So many.
    pub(crate) fn count(count: usize) -> Self {
        Self::text(thousands(count))
    }

    /// Words.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self {
            number: None,
            text: text.into(),
        }
    }
}

/// Heads of columns.
pub(crate) fn heads(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
