//! A profile in the cache: its facts as JSON, its features in a file beside them.

use std::fs;
use std::path::Path;

use ichflow_api::data::profile::DataProfile;
use ichflow_api::prelude::*;

const FACTS: &str = "profile.json";
const FEATURES: &str = "features.bin";

pub(super) fn write(directory: &Path, profile: &DataProfile) -> Result<()> {
    let path = directory.join(FACTS);
    let text = serde_json::to_vec(profile).doing("cannot write the profile as JSON")?;
    fs::write(&path, text).at("write", &path)?;
    let path = directory.join(FEATURES);
    fs::write(&path, profile.features_to_bytes()).at("write", &path)
}

pub(super) fn read(directory: &Path) -> Result<DataProfile> {
    let path = directory.join(FACTS);
    let text = fs::read(&path).at("read", &path)?;
    let profile: DataProfile = serde_json::from_slice(&text).at("understand", &path)?;
    let path = directory.join(FEATURES);
    profile.with_features(&fs::read(&path).at("read", &path)?)
}
