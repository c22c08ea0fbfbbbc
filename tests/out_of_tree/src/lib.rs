//! A plugin with a windowing scheme and a backbone of its own.

pub mod blood;
pub mod plain_net;

#[cfg(test)]
mod tests {
    #[test]
    fn every_stage_is_documented_and_its_example_works() {
        let faults = ichflow_api::testkit::faults("out-of-tree");
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}
