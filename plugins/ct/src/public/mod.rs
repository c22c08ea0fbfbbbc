//! Public data sets, one stage each: what is special of each is here, and the rest is [`table`](crate::table)'s. Nothing is
//! shipped or fetched; docs/data-sets.md has the layouts and the licences.
//!
//! - [`Cq500`] and [`CtIch`] load exams and slices with labels from CSVs.
//! - [`Bhsd`] and [`SegCq500`] load volumes whose labels are masks, which `segmented` makes of both.
//! - [`Bhx`] and [`NiftiMasks`] offer boxes and masks as annotations of any cohort that holds their images.

mod bhsd;
mod bhx;
mod boxes;
mod cq500;
mod ct_ich;
mod mask_volume;
mod nifti_masks;
mod seg_cq500;
mod segmented;
#[cfg(test)]
mod tests;

pub use bhsd::Bhsd;
pub use bhx::Bhx;
pub use cq500::Cq500;
pub use ct_ich::CtIch;
pub use nifti_masks::NiftiMasks;
pub use seg_cq500::SegCq500;
