//! How sure an AUROC is, and whether two models' differ, in closed form.
//!
//! DeLong's variance (DeLong, DeLong and Clarke-Pearson 1988) where every patient has one case; Obuchowski's
//! (1997) where patients have several, as slices of a patient are. DeLong's takes all cases as independent: on
//! clustered ones its intervals are far too narrow, so it is refused there.

mod covariance;
mod difference;
mod estimate;
mod placements;

pub use difference::{AurocDifference, auroc_difference_clustered, auroc_difference_delong};
pub use estimate::{AurocEstimate, auroc_clustered, auroc_delong};
