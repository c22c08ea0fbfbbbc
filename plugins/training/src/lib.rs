//! Training and prediction: losses, augmentation, fitting a network, applying a model, and what follows
//! its outputs.

pub mod after;
pub mod augment;
pub mod fit;
pub mod histogram_logistic;
pub mod kind;
pub mod logistic;
pub mod loss;
pub mod predict;
pub mod resize;

#[cfg(test)]
mod tests {
    #[test]
    fn every_stage_is_documented_and_its_example_works() {
        let faults = ichflow_api::testkit::faults("ichflow-training");
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}
