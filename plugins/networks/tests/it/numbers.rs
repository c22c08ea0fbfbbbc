//! Fixtures and numbers for the other tests.

use burn::tensor::Tensor;
use serde_json::Value;

use crate::support::fixture;

/// A fixture in JSON.
pub(crate) fn read(name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(fixture(&format!("{name}.json"))).unwrap()).unwrap()
}

/// A list of numbers.
pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    let values = value.as_array().unwrap();
    values.iter().map(|value| value.as_f64().unwrap()).collect()
}

/// All values.
pub(crate) fn flat<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

/// At most 60 values, evenly spaced, as in the script.
pub(crate) fn samples<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    let values = flat(tensor);
    let step = values.len().div_ceil(60);
    values.into_iter().step_by(step).collect()
}

/// Sum and Euclidean length.
pub(crate) fn digest<const D: usize>(tensor: Tensor<D>) -> [f64; 2] {
    let values = flat(tensor);
    let squares: f64 = values.iter().map(|value| value * value).sum();
    [values.iter().sum(), squares.sqrt()]
}

/// The largest difference of two values in the same place.
pub(crate) fn max_difference(actual: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(actual.len(), expected.len());
    let differences = actual.iter().zip(expected).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, |most, d| if d.is_nan() { f64::NAN } else { most.max(d) })
}

/// Feature maps against a fixture's, to 1e-4 of the largest value.
pub(crate) fn check_features(features: Tensor<4>, reference: &Value, what: &str) {
    let shape: Vec<_> = numbers(&reference["shape"]).iter().map(|&n| n as usize).collect();
    assert_eq!(features.dims().to_vec(), shape);
    let expected = numbers(&reference["features"]);
    let [sum, length] = digest(features.clone());
    let expected_samples = numbers(&reference["feature_samples"]);
    let largest = expected_samples
        .iter()
        .fold(1.0, |most: f64, value| most.max(value.abs()));
    let difference = max_difference(&samples(features), &expected_samples);
    println!(
        "{what}: features differ by {difference:.1e}, their length by {:.1e}",
        (length - expected[1]).abs()
    );
    assert!(difference < 1e-4 * largest, "{what}: {difference}");
    assert!((sum / expected[0] - 1.0).abs() < 1e-4, "{what}: {sum}");
    assert!((length / expected[1] - 1.0).abs() < 1e-4, "{what}: {length}");
}
