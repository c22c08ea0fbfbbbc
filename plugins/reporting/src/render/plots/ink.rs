//! The palette: Okabe and Ito, safe for colour-blind eyes.

use plotters::prelude::*;

/// A place in the palette.
#[derive(Clone, Copy)]
pub(crate) enum Ink {
    /// Axes and text.
    Text,
    /// Grid lines.
    Grid,
    /// The first series: validation slices.
    First,
    /// The second series: training, or test slices.
    Second,
    /// What to compare with: chance, the prevalence baseline.
    Reference,
    /// More series.
    Third,
    /// More series.
    Fourth,
    /// More series.
    Fifth,
}

impl Ink {
    pub(super) const ALL: [Self; 8] = [
        Self::Text,
        Self::Grid,
        Self::First,
        Self::Second,
        Self::Reference,
        Self::Third,
        Self::Fourth,
        Self::Fifth,
    ];
    /// Colours of series, in the order they are given out.
    const SERIES: [Self; 6] = [
        Self::First,
        Self::Second,
        Self::Third,
        Self::Fourth,
        Self::Fifth,
        Self::Text,
    ];

    /// The colour of series number `index`; what comes after the sixth shares one.
    pub(crate) fn series(index: usize) -> Self {
        Self::SERIES.get(index).copied().unwrap_or(Self::Reference)
    }

    /// The colour that stands in for it while drawing.
    pub(super) fn stand_in(self) -> RGBColor {
        RGBColor(1, 2, self as u8)
    }

    /// What the page's style sheet calls it.
    pub(crate) fn css(self) -> &'static str {
        match self {
            Self::Text => "currentColor",
            Self::Grid => "var(--grid)",
            Self::First => "var(--first)",
            Self::Second => "var(--second)",
            Self::Reference => "var(--reference)",
            Self::Third => "var(--third)",
            Self::Fourth => "var(--fourth)",
            Self::Fifth => "var(--fifth)",
        }
    }

    pub(super) fn line(self, width: u32) -> ShapeStyle {
        self.stand_in().stroke_width(width)
    }

    pub(super) fn fill(self) -> ShapeStyle {
        self.stand_in().filled()
    }
}
