//! What `tests/reference/series.py` wrote, and modules with its weights.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{DType, Device, Gradients, Tensor, TensorData};
use ichflow_api::nn::series::{Lengths, SeriesInput, SeriesOutput, SeriesShape, SeriesValues};
use serde_json::Value;

use crate::formula::uniform;

/// Values of an embedding, and labels.
pub(crate) const FEATURES: usize = 20;
pub(crate) const LABELS: usize = 6;

/// The fixture.
pub(crate) static REFERENCE: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../fixtures/series.json")).unwrap());

/// A list of numbers.
pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    let values = value.as_array().unwrap();
    values.iter().map(|value| value.as_f64().unwrap()).collect()
}

pub(crate) fn lengths() -> Lengths {
    let lengths = numbers(&REFERENCE["lengths"]);
    Lengths::new(
        lengths
            .into_iter()
            .map(|length| length as usize)
            .collect::<Vec<_>>(),
    )
}

/// Values from -1 to 1 by their name.
fn centred(name: &str, count: usize) -> Vec<f32> {
    let values = uniform(name, count);
    values.into_iter().map(|u| (2.0 * u - 1.0) as f32).collect()
}

/// Values from -1 to 1 by their name, `rows` of them.
pub(crate) fn tensor(name: &str, dims: [usize; 2], device: &Device, double: bool) -> Tensor<2> {
    let data = TensorData::new(centred(name, dims[0] * dims[1]), dims);
    let dtype = if double { DType::F64 } else { DType::F32 };
    Tensor::from_data(data.convert_dtype(dtype), (device, dtype))
}

/// The sizes of the networks of the fixture.
pub(crate) fn shape() -> SeriesShape {
    SeriesShape {
        features: FEATURES,
        logits: LABELS,
        labels: LABELS,
    }
}

/// The series of the fixture, by the way any series takes.
pub(crate) fn input(device: &Device, double: bool) -> SeriesInput {
    let lengths = lengths();
    let embeddings = centred("embeddings", lengths.slices() * FEATURES);
    let logits = centred("logits", lengths.slices() * LABELS);
    let positions = REFERENCE["position_mm"].as_array().unwrap();
    let spacings = numbers(&REFERENCE["spacing_mm"]);
    let series: Vec<SeriesValues> = lengths
        .rows()
        .zip(positions)
        .zip(spacings)
        .map(|((rows, positions), spacing)| {
            let count = rows.len();
            SeriesValues {
                embeddings: embeddings[rows.start * FEATURES..rows.end * FEATURES].to_vec(),
                logits: logits[rows.start * LABELS..rows.end * LABELS].to_vec(),
                position_mm: numbers(positions).into_iter().map(|mm| mm as f32).collect(),
                relative: (0..count)
                    .map(|slice| slice as f32 / (count - 1).max(1) as f32)
                    .collect(),
                spacing_mm: spacing as f32,
            }
        })
        .collect();
    let input = SeriesInput::of(&series, shape(), device);
    if !double {
        return input;
    }
    let exact = |x: Tensor<2>| {
        let data = x.into_data().convert_dtype(DType::F64);
        Tensor::from_data(data, (device, DType::F64))
    };
    SeriesInput {
        embeddings: exact(input.embeddings),
        logits: exact(input.logits),
        gaps: exact(input.gaps),
        position_mm: exact(input.position_mm),
        relative: exact(input.relative),
        lengths: input.lengths,
    }
}

/// The module with weights by formula, by their names; in float64 if `double`.
pub(crate) fn by_formula<M: Module>(module: M, double: bool) -> M {
    module.map(&mut ByFormula {
        path: Vec::new(),
        double,
    })
}

struct ByFormula {
    path: Vec<String>,
    double: bool,
}

impl ModuleMapper for ByFormula {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.path.join(".");
        let value = param.val();
        let dims = value.dims();
        let data = match name.contains("running_") {
            true => value.to_data(),
            false => TensorData::new(weight(&name, &dims), dims),
        };
        let dtype = if self.double { DType::F64 } else { DType::F32 };
        let value = Tensor::from_data(data.convert_dtype(dtype), (&value.device(), dtype));
        Param::initialized(param.id, value.require_grad())
    }

    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.into());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }
}

/// A parameter by its name; the script's `weight`.
fn weight(name: &str, shape: &[usize]) -> Vec<f32> {
    if shape.len() == 1 && name.ends_with("weight") {
        let values = uniform(name, shape[0]);
        return values.into_iter().map(|u| (0.5 + 0.5 * u) as f32).collect();
    }
    crate::formula::weight(name, shape)
}

/// Sum and Euclidean length of every parameter's value that `of` gives, by its name.
pub(crate) fn digests(
    module: &impl Module,
    of: impl Fn(Values) -> Option<Tensor<1>>,
) -> BTreeMap<String, [f64; 2]> {
    struct Walk<F>(Vec<String>, F, BTreeMap<String, [f64; 2]>);
    impl<F: Fn(Values) -> Option<Tensor<1>>> ModuleVisitor for Walk<F> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let name = self.0.join(".");
            if name.contains("running_") {
                return;
            }
            let value = param.val();
            let count = value.shape().num_elements();
            let flat = value.clone().reshape([count]);
            let gradient = |gradients: &Gradients| {
                let gradient = value.grad(gradients)?;
                Some(gradient.reshape([count]))
            };
            let found = (self.1)(Values {
                flat,
                gradient: &gradient,
            });
            if let Some(found) = found {
                let values: Vec<f64> = found.into_data().iter::<f64>().collect();
                let squares: f64 = values.iter().map(|value| value * value).sum();
                self.2.insert(name, [values.iter().sum(), squares.sqrt()]);
            }
        }

        fn enter_module(&mut self, name: &str, _: &str) {
            self.0.push(name.into());
        }

        fn exit_module(&mut self, _: &str, _: &str) {
            self.0.pop();
        }
    }
    let mut walk = Walk(Vec::new(), of, BTreeMap::new());
    module.visit(&mut walk);
    walk.2
}

/// A parameter.
pub(crate) struct Values<'a> {
    /// Its values.
    pub(crate) flat: Tensor<1>,
    /// Looks its gradient up.
    pub(crate) gradient: &'a dyn Fn(&Gradients) -> Option<Tensor<1>>,
}

/// All outputs by their names in the fixture.
pub(crate) fn named(output: SeriesOutput) -> Vec<(&'static str, Tensor<2>)> {
    let all = [
        ("slices", Some(output.slices)),
        ("first_stage", output.first_stage),
        ("exam", output.exam),
    ];
    all.into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

/// Compares outputs, and the gradients of one number made of them, with the fixture.
pub(crate) fn compare(
    what: &str,
    module: &impl Module,
    outputs: Vec<(&'static str, Tensor<2>)>,
    reference: &Value,
    [forward, backward]: [f64; 2],
) -> Gradients {
    assert_eq!(
        outputs.len(),
        reference["outputs"].as_object().unwrap().len(),
        "{what}"
    );
    let mut sum: Option<Tensor<1>> = None;
    let mut worst = 0.0f64;
    for (name, output) in outputs {
        let double = output.dtype() == DType::F64;
        let values: Vec<f64> = output.to_data().iter::<f64>().collect();
        let step = values.len().div_ceil(60);
        let values: Vec<f64> = values.into_iter().step_by(step).collect();
        let expected = numbers(&reference["outputs"][name]);
        worst = worst.max(difference(&values, &expected));
        let slopes = tensor(
            &format!("slopes of {name}"),
            output.dims(),
            &output.device(),
            double,
        );
        let part = (output * slopes).sum();
        sum = Some(match sum {
            Some(sum) => sum + part,
            None => part,
        });
    }
    assert!(worst < forward, "{what}: outputs differ by {worst:.1e}");
    let gradients = sum.unwrap().backward();
    let expected = reference["gradients"].as_object().unwrap();
    let found = digests(module, |values| (values.gradient)(&gradients));
    let names = |names: Vec<&String>| names.into_iter().cloned().collect::<Vec<_>>();
    assert_eq!(
        names(found.keys().collect()),
        names(expected.keys().collect()),
        "{what}"
    );
    let mut worst_gradient = (0.0, String::new());
    for (name, found) in found {
        let expected = numbers(&expected[&name]);
        // A sum may be near zero by cancellation: both relative to the length.
        let off = difference(&found, &expected) / expected[1].max(1.0);
        if off > worst_gradient.0 {
            worst_gradient = (off, name);
        }
    }
    println!(
        "{what}: outputs differ by {worst:.1e}, gradients by {:.1e} ({})",
        worst_gradient.0, worst_gradient.1
    );
    assert!(worst_gradient.0 < backward, "{what}: {worst_gradient:?}");
    gradients
}

/// The largest difference of two values in the same place, relative to the largest value if that is above 1.
pub(crate) fn difference(actual: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(actual.len(), expected.len());
    let largest = expected
        .iter()
        .fold(1.0, |most: f64, value| most.max(value.abs()));
    let differences = actual.iter().zip(expected).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, |most, d| if d.is_nan() { f64::NAN } else { most.max(d) }) / largest
}
