//! What the tests have in common.

use ichflow_hub::Repository;

/// A model by its name.
pub fn model(name: &str) -> Repository {
    Repository::parse(name).unwrap()
}
