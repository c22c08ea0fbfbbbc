//! What the tests have in common.

use ichflow_hub::Repository;

/// A model by its name.
pub(crate) fn model(name: &str) -> Repository {
    Repository::parse(name).unwrap()
}
