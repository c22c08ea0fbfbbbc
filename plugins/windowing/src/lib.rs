//! Windowing schemes: from Hounsfield units to the channels a network sees, one file each.
//!
//! Every scheme is a handful of tensor operations on a batch `[batch, 1, height, width]` of HU, so that
//! it runs where the network runs, and trying another decodes nothing again.

pub mod bsb;
pub mod metadata;

#[cfg(test)]
mod tests {
    #[test]
    fn every_stage_is_documented_and_its_example_works() {
        let faults = ichflow_api::testkit::faults("ichflow-windowing");
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}
