//! Training: losses, augmentation, the size of images, fitting a network to slices or to series.

pub mod augment;
pub mod fit;
pub mod fit_series;
pub mod kind;
pub mod loss;
pub mod resize;

#[cfg(test)]
mod tests {
    #[test]
    fn every_stage_is_documented_and_its_example_works() {
        let faults = ichflow_api::testkit::faults("ichflow-training");
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}
