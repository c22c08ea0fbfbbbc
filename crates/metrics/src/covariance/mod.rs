//! How far a row of features lies from those that were seen: mean, shrunk covariance, Mahalanobis distance.
//!
//! [`moments`] gathers rows one by one, [`gaussian`] measures distances from what they add up to.

mod gaussian;
mod moments;

pub use gaussian::FeatureGaussian;
pub use moments::Moments;

/// Number of entries of a lower triangle with its diagonal, row by row.
fn triangle(width: usize) -> usize {
    width * (width + 1) / 2
}
