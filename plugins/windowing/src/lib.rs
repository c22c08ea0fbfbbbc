//! Windowing schemes: from Hounsfield units to the channels a network sees, one file each.
//!
//! Every scheme is a handful of tensor operations on a batch `[batch, 1, height, width]` of HU, so that
//! it runs where the network runs, and trying another decodes nothing again. What schemes share is in
//! [`math`] and [`presets`].

pub mod all_channels;
pub mod bsb;
pub mod channel_statistics;
pub mod dicom_voi;
pub mod exclusive;
pub mod formula;
pub mod frequency_histogram;
pub mod gradient;
pub mod gradient_bsb;
pub mod gradient_sigmoid;
pub mod header;
pub mod histogram;
pub mod learned;
pub mod linear;
pub mod math;
pub mod metadata;
pub mod neighbours;
pub mod presets;
pub mod sigmoid;
pub mod stack;
#[cfg(test)]
mod testing;
pub mod to_3_channels;
mod window_command;

#[cfg(test)]
mod tests {
    #[test]
    fn every_stage_is_documented_and_its_example_works() {
        let faults = ichflow_api::testkit::faults("ichflow-windowing");
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}
