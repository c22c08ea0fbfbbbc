//! Pictures, as SVG that lies inside the page. One file per kind of picture.
//!
//! plotters draws with fixed colours; a page has a light and a dark face. So each colour handed to
//! plotters is a stand-in, and [`Figure::draw`] replaces it by a variable of the page's style sheet,
//! where the palette (Okabe and Ito, safe for colour-blind eyes) is defined once for either face.
//!
//! `figure` is what a page gets, `ink` the palette, `axes` and `curve` what several kinds share.

mod axes;
mod columns;
mod curve;
mod dots;
mod figure;
mod forest;
mod histogram;
mod ink;
mod learning_rate;
mod lines;
mod loss;
mod precision_recall;
mod reliability;
mod roc;
mod scatter;

pub(crate) use columns::{Column, columns, columns_of};
pub(crate) use curve::Curve;
pub(crate) use dots::{Dot, dots};
pub(crate) use figure::Figure;
pub(crate) use forest::{Stand, Tree, forest};
pub(crate) use histogram::{Steps, histogram};
pub(crate) use ink::Ink;
pub(crate) use learning_rate::learning_rate;
pub(crate) use lines::{Line, curves, lines, logarithmic_curves};
pub(crate) use loss::loss;
pub(crate) use precision_recall::precision_recall;
pub(crate) use reliability::{Reliability, reliability};
pub(crate) use roc::roc;
pub(crate) use scatter::{Cloud, scatter};

#[cfg(test)]
mod tests;
