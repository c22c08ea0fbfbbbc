//! Loaders and the store on real and realistic files, where these stand beside the repository.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "a test fails at the right line"
)]

mod cases;
mod corpus;
mod nifti;
mod pydicom;
mod rsna_like;
