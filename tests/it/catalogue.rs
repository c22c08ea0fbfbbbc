//! The standard stages are all linked: the linker drops a plugin that nothing names.

use crate::common::{ichflow, stdout};

#[test]
fn every_standard_stage_is_there() {
    let directory = tempfile::tempdir().unwrap();
    let output = ichflow(directory.path(), &["stages", "--json"]);
    let stages: Vec<serde_json::Value> = serde_json::from_str(&stdout(&output)).unwrap();
    let names: Vec<String> = stages
        .iter()
        .map(|stage| {
            format!(
                "{} {}",
                stage["family"].as_str().unwrap(),
                stage["name"].as_str().unwrap()
            )
        })
        .collect();
    let expected = [
        "load dicom-dir",
        "load phantom",
        "load rsna",
        "load table",
        "store hu-resize",
        "store hu-store",
        "window all-channels",
        "window bsb",
        "window dicom-voi",
        "window exclusive",
        "window formula",
        "window frequency-histogram",
        "window gradient",
        "window gradient-bsb",
        "window gradient-sigmoid",
        "window learned",
        "window linear",
        "window metadata",
        "window neighbours",
        "window sigmoid",
        "window stack",
        "window to-3-channels",
        "transform affine",
        "transform erase",
        "transform flip-crop",
        "transform intensity-jitter",
        "transform mixup",
        "transform resize",
        "split group-kfold",
        "split multilabel-stratified",
        "split predefined",
        "split random",
        "split validation-only",
        "network channel-statistics",
        "network convnext-tiny",
        "network densenet121",
        "network efficientnet-b0",
        "network efficientnet-b1",
        "network efficientnet-b2",
        "network efficientnet-b3",
        "network efficientnet-b4",
        "network efficientnet-lite0",
        "network efficientnet-lite1",
        "network efficientnet-lite2",
        "network resnet18",
        "network resnet34",
        "network resnet50",
        "network resnext50-32x4d",
        "network se-resnext50-32x4d",
        "network small-cnn",
        "loss asymmetric",
        "loss bce",
        "loss focal",
        "loss weighted-log-loss",
        "train bundled-model",
        "train fit",
        "predict aggregate",
        "predict calibrate",
        "predict consistent-any",
        "predict ensemble",
        "predict histogram-logistic",
        "predict predict",
        "predict smooth-z",
        "predict thresholds",
        "predict tta",
        "export burnpack",
        "export kaggle-submission",
        "export model-bundle",
        "export safetensors",
        "report compare",
        "report eda-report",
        "report evaluate",
        "report grad-cam",
        "report metrics-report",
    ];
    assert_eq!(names, expected);
}
