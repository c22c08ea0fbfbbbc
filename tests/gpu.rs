//! What must hold on a GPU: the list to run on a machine that has one.
//!
//!     cargo test --release --features cuda --test gpu -- --test-threads 1 --nocapture
//!
//! Without a GPU, or built without CUDA, every test says so and passes. `ICHFLOW_GPU_TESTS=cpu` has the CPU stand in
//! for the GPU, which shows that the list itself works.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails at the right line")]

#[expect(
    dead_code,
    reason = "shared with the tests without a GPU, which use all of it"
)]
mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use common::{TINY, ichflow, program, stderr};
use ichflow_api::device::{DeviceChoice, DeviceId};
use ichflow_api::prelude::*;
use ichflow_api::registry::Registry;
use ichflow_api::testkit::run_context;
// Linked for its registrations.
use ichflow_networks as _;

/// Matrix units of GPUs round f32 to fewer bits before they multiply.
const APART: f32 = 5e-3;

/// The GPU and what `--device` calls it; nothing, said, where there is none.
fn gpu() -> Option<(Device, String)> {
    let choice = match std::env::var("ICHFLOW_GPU_TESTS").as_deref() {
        Ok("cpu") => DeviceChoice::One(DeviceId::Cpu),
        _ => DeviceChoice::One(DeviceId::Cuda(0)),
    };
    match choice.resolve() {
        Ok(chosen) => Some((chosen.open(), chosen.to_string())),
        Err(error) => {
            eprintln!("skipped: {error}");
            None
        }
    }
}

struct Plain;

impl WindowScheme for Plain {
    fn channels(&self) -> usize {
        3
    }

    fn apply(&self, batch: &HuBatch) -> Tensor<4> {
        batch.hu().repeat_dim(1, 3)
    }
}

fn images(device: &Device) -> Tensor<4> {
    let dims = [4, 3, 64, 64];
    let values: Vec<f32> = (0..dims.iter().product::<usize>() as u32)
        .map(|index| (index.wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 23) as f32 - 1.0)
        .collect();
    Tensor::from_data(TensorData::new(values, dims), device)
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().convert::<f32>().try_to_vec::<f32>().unwrap()
}

/// Logits as evaluated.
fn evaluated(network: &Network, device: &Device) -> Vec<f32> {
    numbers(network.clone().valid().forward(images(device)))
}

/// Logits as trained, and the gradients they give to the image and the classifier.
fn trained(network: &Network, device: &Device) -> [Vec<f32>; 3] {
    let images = images(device).autodiff().require_grad();
    let logits = network.forward(images.clone());
    let values = numbers(logits.clone());
    let gradients = logits.square().sum().backward();
    let of_images = images.grad(&gradients).map(numbers);
    let of_classifier = network.head.classifier.weight.grad(&gradients).map(numbers);
    [
        values,
        of_images.unwrap_or_default(),
        of_classifier.unwrap_or_default(),
    ]
}

#[test]
fn networks_compute_what_they_compute_on_the_cpu() {
    let Some((device, _)) = gpu() else { return };
    let registry = Registry::collect().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let run = run_context(directory.path());
    let mut wrong = Vec::new();
    for name in [
        "small-cnn",
        "efficientnet-b0",
        "resnet18",
        "se-resnext50-32x4d",
        "densenet121",
        "convnext-tiny",
    ] {
        let registration = registry.find(name).unwrap();
        let context = Context::new(&run, "network", registration.name, "key");
        let inputs = Inputs::default().with(input::WINDOW, Window::new(Plain));
        let stage = registration.build(toml::Table::new()).unwrap();
        let mut outputs = stage.run(&inputs, &context).unwrap();
        let spec = outputs.take(output::NETWORK).unwrap();
        let cpu = Device::flex();
        let mut network = spec.build(3, 6, &cpu.clone().autodiff()).unwrap();
        network.head.dropout = burn::nn::DropoutConfig::new(0.0).init();
        let other = network.clone().fork(&device.clone().autodiff());
        // Evaluated first: training moves running statistics.
        let (mut expected, mut got) = (vec![evaluated(&network, &cpu)], vec![evaluated(&other, &device)]);
        expected.extend(trained(&network, &cpu));
        got.extend(trained(&other, &device));
        let parts = [
            "evaluated",
            "trained",
            "gradient of images",
            "gradient of classifier",
        ];
        for ((part, expected), got) in parts.iter().zip(&expected).zip(&got) {
            let most = expected.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
            let pairs = expected.iter().zip(got);
            let apart = pairs.fold(0.0_f32, |apart, (a, b)| apart.max((a - b).abs()));
            eprintln!("{name}, {part}: {:.1e} of the largest", apart / most);
            // Not by the largest difference, which leaves out NaN.
            let close = |(a, b): (&f32, &f32)| (a - b).abs() <= APART * most;
            let alike = expected.len() == got.len() && expected.iter().zip(got).all(close);
            if expected.is_empty() || !alike {
                wrong.push(format!("{name}, {part}: {apart} apart, largest {most}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Probabilities by id.
fn probabilities(path: &Path) -> BTreeMap<String, Vec<f64>> {
    let text = fs::read_to_string(path).unwrap();
    let head: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    let first = head.iter().position(|name| *name == "any").unwrap();
    let row = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        let numbers = fields[first..first + 6]
            .iter()
            .map(|field| field.parse().unwrap());
        (fields[0].to_owned(), numbers.collect())
    };
    text.lines().skip(1).map(row).collect()
}

fn below(directory: &Path, name: &str) -> std::path::PathBuf {
    let mut found: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    while let Some(path) = found.pop() {
        if path.file_name().is_some_and(|file| file == name) {
            return path;
        }
        if path.is_dir() {
            found.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    panic!("no {name} below {}", directory.display());
}

#[test]
fn a_recipe_runs_in_f32_and_bf16_and_its_bundle_predicts_what_it_does_on_the_cpu() {
    let Some((_, name)) = gpu() else { return };
    for settings in [
        &["--set", "train.precision=f32"],
        &["--set", "train.precision=bf16"],
    ] {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("tiny.toml"), TINY).unwrap();
        let device = format!("--device={name}");
        let mut arguments = vec!["run", "tiny.toml", &device];
        arguments.extend(settings);
        let output = ichflow(directory.path(), &arguments);
        assert!(output.status.success(), "{settings:?}: {}", stderr(&output));
        let runs = directory.path().join("runs");
        let latest = runs.join("tiny/latest");
        let study = below(&runs.join("cache/phantom"), "stage_2_test");
        let arguments: [std::ffi::OsString; 5] = [
            "predict".into(),
            latest.join("model").into_os_string(),
            study.into_os_string(),
            "--out=p.csv".into(),
            "--device=cpu".into(),
        ];
        let output = ichflow(directory.path(), &arguments);
        assert!(output.status.success(), "{}", stderr(&output));
        let on_cpu = probabilities(&directory.path().join("p.csv"));
        let on_gpu = probabilities(&latest.join("predictions/test.csv"));
        assert_eq!(on_cpu.len(), on_gpu.len());
        for (id, expected) in &on_cpu {
            for (a, b) in expected.iter().zip(&on_gpu[id]) {
                assert!(
                    (a - b).abs() <= f64::from(APART),
                    "{settings:?}: {id}: {a} and {b}"
                );
            }
        }
    }
}

#[test]
fn a_batch_is_shared_among_all_gpus() {
    let Some((_, name)) = gpu() else { return };
    let directory = tempfile::tempdir().unwrap();
    let recipe = TINY.replace("batch = 8", "batch = 8\ndevices = \"all\"");
    fs::write(directory.path().join("tiny.toml"), recipe).unwrap();
    let output = ichflow(
        directory.path(),
        &["run", "tiny.toml", &format!("--device={name}")],
    );
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn a_killed_training_carries_on() {
    let Some((_, name)) = gpu() else { return };
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("tiny.toml"), TINY).unwrap();
    let arguments = ["run", "tiny.toml", &format!("--device={name}")];
    let mut child = program(directory.path())
        .args(arguments)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let begun = std::time::Instant::now();
    // Until there is a checkpoint, or the run is over.
    while begun.elapsed().as_secs() < 600
        && !directory.path().join("runs/cache/fit").exists()
        && child.try_wait().unwrap().is_none()
    {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let output = ichflow(directory.path(), &arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(directory.path().join("runs/tiny/latest/metrics.json").is_file());
}
