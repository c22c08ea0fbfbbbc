//! Embeddings of a few made-up slices.

use std::fs;
use std::path::Path;

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use ichflow_api::tensors::model::Preparation;
use ichflow_api::tensors::views::{View, Views};
use ichflow_api::testkit::{self, MadePixels};

use super::*;

#[derive(Module, Debug)]
struct Tiny {
    conv: Conv2d,
}

impl Backbone for Tiny {
    fn features(&self, images: Tensor<4>, _context: &ForwardContext) -> Tensor<4> {
        self.conv.forward(images)
    }

    fn feature_count(&self) -> usize {
        3
    }
}

struct Plain;

impl WindowScheme for Plain {
    fn channels(&self) -> usize {
        1
    }

    fn apply(&self, batch: &HuBatch) -> Tensor<4> {
        batch.hu() / 100.0
    }
}

fn model() -> Model {
    let device = Device::flex();
    device.seed(2);
    let conv = Conv2dConfig::new([1, 3], [3, 3]).init(&device);
    Model {
        preparation: Preparation {
            window: Window::new(Plain),
            resize: None,
            normalisation: Normalisation::none(),
        },
        network: Network::new(Tiny { conv }, 6, 0.0, &device),
        description: String::new(),
        views: Views::default(),
        trained_on: TrainedOn::ids(["1", "4"]),
    }
}

/// Five slices of 4 × 4 pixels, of which number 2 cannot be read.
fn embed(stage: &Embed, home: &Path, model: &Model, shard: Option<&str>) -> (Result<Outputs>, usize) {
    let slices = (0..5).map(|number| testkit::slice(&number.to_string(), "p", None));
    let pixels = MadePixels::new(|slice: &Slice| {
        let number: i16 = slice.id.parse().ok()?;
        (number != 2).then(|| HuImage {
            rows: 4,
            columns: 4,
            hu: (0..16).map(|place| place * (number + 1)).collect(),
        })
    });
    let pixels = std::sync::Arc::new(pixels);
    let shared = pixels.clone();
    let inputs = Inputs::default()
        .with(input::MODEL, model.clone())
        .with(
            input::PIXELS,
            Pixels::new(MadePixels::new(move |slice: &Slice| shared.read(slice).ok())),
        )
        .with(input::COHORT, testkit::cohort(slices.collect()));
    let mut run = testkit::run_context(home);
    run.shard = shard.map(|shard| shard.parse().unwrap());
    let context = Context::new(&run, "embed", Embed::NAME, "key").made_of("a");
    let outputs = stage.run(&inputs, &context);
    let reads = pixels.reads.lock().unwrap().len();
    (outputs, reads)
}

fn rows(outputs: Result<Outputs>) -> Vec<(String, Vec<f32>, Vec<f32>, bool)> {
    let made = outputs.unwrap().take(output::EMBEDDINGS).unwrap();
    let row = |row: usize| {
        let mut features = vec![0.0; made.width()];
        made.features(row, &mut features).unwrap();
        let slice = &made.slices()[row];
        let in_fold = made.trained_on().has(slice);
        (slice.id.clone(), features, made.logits(row).to_vec(), in_fold)
    };
    (0..made.slices().len()).map(row).collect()
}

fn stage(numbers: Numbers) -> Embed {
    Embed {
        batch: 2,
        numbers,
        ..Embed::default()
    }
}

#[test]
fn features_are_the_heads_and_are_kept() {
    let (model, home) = (model(), tempfile::tempdir().unwrap());
    let (made, _) = embed(&stage(Numbers::F32), home.path(), &model, None);
    let made = rows(made);
    let ids: Vec<&str> = made.iter().map(|(id, ..)| id.as_str()).collect();
    assert_eq!(ids, ["0", "1", "3", "4"]);
    let in_fold: Vec<bool> = made.iter().map(|(.., in_fold)| *in_fold).collect();
    assert_eq!(in_fold, [false, true, false, true]);
    for (id, features, logits, _) in &made {
        let number: f32 = id.parse().unwrap();
        let hu = Tensor::<1>::from_floats(
            (0..16)
                .map(|place| place as f32 * (number + 1.0))
                .collect::<Vec<_>>()
                .as_slice(),
            &Device::flex(),
        );
        let batch = HuBatch::new(hu.reshape([1, 1, 4, 4]), vec![Default::default()]);
        let [expected, expected_logits] = model.embed(&batch, EmbeddedLayer::Pooled).unwrap();
        assert_eq!(*features, values(expected).unwrap());
        assert_eq!(*logits, values(expected_logits).unwrap());
    }
    // Found again: only the slice that cannot be read is tried once more.
    let (again, reads) = embed(&stage(Numbers::F32), home.path(), &model, None);
    assert_eq!((rows(again), reads), (made, 1));
    // NumPy's file begins as it should, and the run has it beside the table.
    let array = fs::read(home.path().join("run/embeddings/cohort_features.npy")).unwrap();
    assert!(array.starts_with(b"\x93NUMPY") && array.len() == 128 + 4 * 3 * 4);
    let table = fs::read_to_string(home.path().join("run/embeddings/cohort.csv")).unwrap();
    assert_eq!(table.lines().nth(2), Some("1,1,series of p,0,1"));
}

#[test]
fn halves_are_rounded_and_too_large_features_refused() {
    let (mut model, home) = (model(), tempfile::tempdir().unwrap());
    let made = rows(embed(&stage(Numbers::F16), home.path(), &model, None).0);
    let other = tempfile::tempdir().unwrap();
    let whole = rows(embed(&stage(Numbers::F32), other.path(), &model, None).0);
    for ((_, features, logits, _), (_, expected, expected_logits, _)) in made.iter().zip(&whole) {
        assert_eq!(logits, expected_logits);
        for (found, expected) in features.iter().zip(expected) {
            assert!(
                (found - expected).abs() <= expected.abs() / 1024.0,
                "{found} {expected}"
            );
        }
    }
    model.preparation.normalisation.std = vec![1e-7];
    model.preparation.normalisation.mean = vec![0.0];
    let other = tempfile::tempdir().unwrap();
    let error = embed(&stage(Numbers::F16), other.path(), &model, None)
        .0
        .err()
        .unwrap();
    assert!(error.chain().contains("65504"), "{}", error.chain());
}

#[test]
fn views_are_averaged() {
    let (mut model, home) = (model(), tempfile::tempdir().unwrap());
    let plain = rows(embed(&stage(Numbers::F32), home.path(), &model, None).0);
    let mirrored = View {
        mirrored: true,
        ..View::PLAIN
    };
    let of = |model: &Model| {
        rows(
            embed(
                &stage(Numbers::F32),
                tempfile::tempdir().unwrap().path(),
                model,
                None,
            )
            .0,
        )
    };
    model.views = Views::new(vec![mirrored]);
    let other = of(&model);
    model.views = Views::new(vec![View::PLAIN, mirrored]);
    for ((mean, one), two) in of(&model).iter().zip(&plain).zip(&other) {
        for (place, mean) in mean.1.iter().enumerate() {
            assert!((mean - (one.1[place] + two.1[place]) / 2.0).abs() < 1e-6);
        }
    }
}

#[test]
fn shards_and_damage_change_nothing() {
    let model = model();
    let whole = tempfile::tempdir().unwrap();
    let expected = rows(embed(&stage(Numbers::F16), whole.path(), &model, None).0);
    let shared = tempfile::tempdir().unwrap();
    for shard in ["1/2", "2/2"] {
        let (outputs, _) = embed(&stage(Numbers::F16), shared.path(), &model, Some(shard));
        let last = shard == "2/2";
        // The last one finds all pieces there, and could put them together.
        assert_eq!(outputs.unwrap().is_part(), !last, "{shard}");
    }
    let (made, _) = embed(&stage(Numbers::F16), shared.path(), &model, None);
    assert_eq!(rows(made), expected);
    let bytes = |home: &Path| fs::read(home.join("run/embeddings/cohort_features.npy")).unwrap();
    assert_eq!(bytes(shared.path()), bytes(whole.path()));
    // A file that was cut off is told of, and made again by the next run.
    let array = shared.path().join("cache/embed/a/cohort_features.npy");
    fs::remove_file(shared.path().join("run/embeddings/cohort_features.npy")).unwrap();
    fs::write(&array, b"short").unwrap();
    let error = embed(&stage(Numbers::F16), shared.path(), &model, None)
        .0
        .err()
        .unwrap();
    assert!(format!("{error:?}").contains("run again"), "{error:?}");
    assert_eq!(
        rows(embed(&stage(Numbers::F16), shared.path(), &model, None).0),
        expected
    );
}

#[test]
fn layers_are_named() {
    let (model, home) = (model(), tempfile::tempdir().unwrap());
    let of = |layer: &str| {
        let stage = Embed {
            layer: layer.into(),
            ..stage(Numbers::F32)
        };
        embed(&stage, home.path(), &model, None).0.err().unwrap()
    };
    assert!(format!("{:?}", of("backbone.gone")).contains("backbone.conv"));
    // burn's own convolution was called: it tells nobody.
    assert!(of("backbone.conv").chain().contains("cannot be looked at"));
    let stage = Embed {
        layer: "head.classifier".into(),
        ..stage(Numbers::F32)
    };
    for (_, features, logits, _) in rows(embed(&stage, home.path(), &model, None).0) {
        assert_eq!(features, logits);
    }
}
