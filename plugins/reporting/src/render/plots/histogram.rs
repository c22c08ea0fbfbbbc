//! How often values occur, as steps.

use std::ops::Range;

use ichflow_api::error::Result;

use super::axes::{Axes, Ticks};
use super::curve::series;
use super::{Figure, Ink};

/// Counts of one kind in bins of equal width.
#[derive(Clone)]
pub(crate) struct Steps {
    /// What is counted.
    pub name: String,
    /// One count a bin.
    pub counts: Vec<usize>,
    /// Its colour.
    pub ink: Ink,
}

impl Steps {
    /// Counts `values` in `bins` bins over `range`; what lies beyond goes to the last bin.
    pub(crate) fn of(
        name: &str,
        values: impl Iterator<Item = f64>,
        range: &Range<f64>,
        bins: usize,
        ink: Ink,
    ) -> Self {
        let mut counts = vec![0; bins];
        for value in values.filter(|value| value.is_finite()) {
            let place = (value - range.start) / (range.end - range.start) * bins as f64;
            counts[(place.max(0.0) as usize).min(bins - 1)] += 1;
        }
        Self {
            name: name.to_owned(),
            counts,
            ink,
        }
    }
}

/// Steps over `range`, their height on a logarithmic scale where `logarithmic` (then an empty bin lies at 0).
pub(crate) fn histogram(
    title: String,
    description: String,
    axes: (&str, &str),
    range: Range<f64>,
    logarithmic: bool,
    size: (u32, u32),
    kinds: &[Steps],
) -> Result<Figure> {
    let most = kinds
        .iter()
        .flat_map(|kind| &kind.counts)
        .max()
        .copied()
        .unwrap_or(0);
    if most == 0 {
        return Ok(Figure::absent(title, "There is nothing to count."));
    }
    // One slice stands as far above none as ten above one.
    let height = |count: usize| match (logarithmic, count) {
        (true, 0) => 0.0,
        (true, count) => (count as f64).log10() + 1.0,
        (false, count) => count as f64,
    };
    let figure = Figure::draw(title, description, size, |area| {
        let axes = Axes {
            x: range.clone(),
            y: 0.0..height(most) * 1.06,
            x_name: axes.0,
            y_name: axes.1,
            x_ticks: 6,
            x_format: Ticks::Numbers,
            y_format: if logarithmic { Ticks::Powers } else { Ticks::Whole },
        };
        let mut plot = axes.on(area)?;
        for kind in kinds {
            let width = (range.end - range.start) / kind.counts.len() as f64;
            let points: Vec<(f64, f64)> = std::iter::once((range.start, 0.0))
                .chain(kind.counts.iter().enumerate().flat_map(|(bin, count)| {
                    let left = range.start + bin as f64 * width;
                    [(left, height(*count)), (left + width, height(*count))]
                }))
                .chain([(range.end, 0.0)])
                .collect();
            series(&mut plot, &points, kind.ink, false)?;
        }
        Ok(())
    })?;
    figure.with_data(
        &["kind", "from", "to", "count"],
        kinds.iter().flat_map(|kind| {
            let width = (range.end - range.start) / kind.counts.len() as f64;
            kind.counts.iter().enumerate().map(move |(bin, count)| {
                let from = range.start + bin as f64 * width;
                vec![
                    kind.name.clone(),
                    from.to_string(),
                    (from + width).to_string(),
                    count.to_string(),
                ]
            })
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_in_one_bin_and_the_counts_come_along() {
        let steps = Steps::of(
            "x",
            [0.0, 0.1, 0.5, 1.0, 7.0].into_iter(),
            &(0.0..1.0),
            2,
            Ink::First,
        );
        assert_eq!(steps.counts, [2, 3]);
        let figure = histogram(
            "Scores".into(),
            String::new(),
            ("p", "slices"),
            0.0..1.0,
            true,
            (350, 280),
            &[steps],
        );
        assert_eq!(figure.unwrap().data.unwrap().name, "scores.csv");
        let none = Steps::of("x", std::iter::empty(), &(0.0..1.0), 2, Ink::First);
        let figure = histogram(
            "Scores".into(),
            String::new(),
            ("p", "slices"),
            0.0..1.0,
            true,
            (350, 280),
            &[none],
        );
        assert!(figure.unwrap().svg.is_none());
    }
}
