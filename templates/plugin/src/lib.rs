//! Stages of my-plugin: one file each.

pub mod my_window;

#[cfg(test)]
mod tests {
    #[test]
    fn every_stage_is_documented_and_its_example_works() {
        let faults = ichflow_api::testkit::faults("my-plugin");
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}
