//! Heat maps of a network whose answer is known, and the stage as a whole.

use std::fs;

use burn::module::Module;
use burn::nn::PaddingConfig2d;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::tensor::TensorData;
use ichflow_api::data::annotations::Shape;
use ichflow_api::data::labels::rsna::COUNT;
use ichflow_api::prelude::*;
use ichflow_api::tensors::heat_map::{Explainer, Weighing};
use ichflow_api::tensors::model::Preparation;
use ichflow_api::tensors::views::Views;
use ichflow_api::testkit::{MadePixels, run_context, slice};

use super::*;

/// One 1×1 convolution, so that features are the pixels times a number.
#[derive(Module, Debug)]
struct Scale {
    conv: Conv2d,
}

impl ichflow_api::nn::Backbone for Scale {
    fn features(&self, images: Tensor<4>, _context: &ForwardContext) -> Tensor<4> {
        self.conv.forward(images)
    }

    fn feature_count(&self) -> usize {
        2
    }
}

/// Grey as it is.
struct Raw;

impl WindowScheme for Raw {
    fn channels(&self) -> usize {
        1
    }

    fn apply(&self, batch: &HuBatch) -> Tensor<4> {
        batch.hu()
    }
}

/// Features are x and −x; the first label likes x, the second −x, the others neither.
fn model() -> Model {
    let device = Device::flex();
    let mut conv = Conv2dConfig::new([1, 2], [1, 1])
        .with_bias(false)
        .with_padding(PaddingConfig2d::Valid)
        .init(&device);
    conv.weight = conv
        .weight
        .map(|_| Tensor::from_data(TensorData::new(vec![1.0f32, -1.0], [2, 1, 1, 1]), &device));
    let mut network = Network::new(Scale { conv }, COUNT, 0.5, &device);
    network.head.classifier.weight = network.head.classifier.weight.map(|weight| {
        let mut values = vec![0.0f32; 2 * COUNT];
        values[0] = 3.0;
        values[COUNT + 1] = 5.0;
        Tensor::from_data(TensorData::new(values, weight.dims()), &device)
    });
    Model {
        preparation: Preparation {
            window: Window::new(Raw),
            resize: None,
            normalisation: Normalisation::none(),
        },
        network: network.valid(),
        description: "two pixels".into(),
        views: Views::default(),
        trained_on: Default::default(),
    }
}

fn batch() -> HuBatch {
    HuBatch::upload(vec![0, 4, -8, 2], 2, 2, vec![Default::default()], &Device::flex())
}

#[test]
fn what_spoke_for_a_label_is_hot() {
    for weighing in [Weighing::Mean, Weighing::Each] {
        let maps = Explainer::new(&model(), weighing, 4)
            .heat_maps(&batch(), &[0, 1, 2])
            .unwrap();
        assert_eq!(maps[0].values, [0.0, 1.0, 0.0, 0.5], "{weighing:?}");
        assert_eq!(maps[1].values, [0.0, 0.0, 1.0, 0.0], "{weighing:?}");
        assert_eq!(maps[2].hottest(), None, "nothing speaks for the third label");
    }
}

#[test]
fn the_table_says_where_in_the_stored_image_and_pictures_stand_beside_it() {
    let directory = tempfile::tempdir().unwrap();
    let run = run_context(directory.path());
    let context = Context::new(&run, "explain", "grad-cam", "key");
    let mut positive = slice("one", "p", Some([true, true, false, false, false, false].into()));
    (positive.rows, positive.columns) = (2, 2);
    let pixels = MadePixels::new(|_: &Slice| {
        Some(HuImage {
            rows: 2,
            columns: 2,
            hu: vec![0, 4, -8, 2],
        })
    });
    let inputs = Inputs::default()
        .with(input::MODEL, model())
        .with(
            input::VALID,
            Predictions {
                slices: vec![positive],
                probabilities: vec![vec![0.5; COUNT]],
                ..Predictions::default()
            },
        )
        .with(input::PIXELS, Pixels::new(pixels));
    let stage = GradCam {
        labels: vec!["intraparenchymal".into()],
        mistakes: 0,
        ..GradCam::default()
    };
    let maps = stage
        .run(&inputs, &context)
        .unwrap()
        .take(HeatMaps::OUTPUT)
        .unwrap();
    assert_eq!(maps.find("one", 0).unwrap().hottest(), Some([0.25, 0.75]));
    assert!(maps.find("one", 5).is_none() && maps.find("other", 0).is_none());
    let table = fs::read_to_string(run.directory.join("heat_maps.csv")).unwrap();
    assert!(table.contains("one,any,1,0.5,0.5,1.5,2,2\n"), "{table}");
    assert!(table.contains("one,intraparenchymal,0,0.5,,,2,2\n"), "{table}");
    let picture = fs::File::open(run.directory.join("heat_maps/one_any.png")).unwrap();
    let decoder = png::Decoder::new(std::io::BufReader::new(picture));
    let info = decoder.read_info().unwrap();
    assert_eq!((info.info().width, info.info().height), (4, 2));
}

#[test]
fn maps_are_held_against_annotations_of_their_label_and_of_any_for_the_union() {
    let directory = tempfile::tempdir().unwrap();
    let run = run_context(directory.path());
    let context = Context::new(&run, "localization", "localization", "key");
    let two_by_two = |id: &str, patient: &str| {
        let mut made = slice(id, patient, None);
        (made.rows, made.columns) = (2, 2);
        made
    };
    let slices = vec![
        two_by_two("one", "p"),
        two_by_two("two", "p"),
        two_by_two("three", "q"),
    ];
    let pixels = MadePixels::new(|_: &Slice| {
        Some(HuImage {
            rows: 2,
            columns: 2,
            hu: vec![0, 4, -8, 2],
        })
    });
    let mut annotations = Annotations::default();
    let pixel = |left: f64, top: f64| Shape::Box {
        left,
        top,
        width: 1.0,
        height: 1.0,
    };
    // `any` is hot at 4 and half as hot at 2 (row 1, column 1); `epidural` at −8 (row 1, column 0); `subdural` nowhere.
    annotations.add("one", "subdural", pixel(1.0, 1.0));
    annotations.add("two", "epidural", pixel(0.0, 1.0));
    annotations.add("elsewhere", "epidural", pixel(0.0, 0.0));
    let rows = vec![vec![0.5; COUNT]; 3];
    let inputs = Inputs::default()
        .with(input::MODEL, model())
        .with(
            input::VALID,
            Predictions {
                slices,
                probabilities: rows,
                ..Predictions::default()
            },
        )
        .with(input::ANNOTATIONS, annotations)
        .with(input::PIXELS, Pixels::new(pixels));
    let mut outputs = Localize::default().run(&inputs, &context).unwrap();
    let found = outputs.take(output::LOCALIZATION).unwrap();
    let names: Vec<&str> = found.labels.iter().map(|label| label.label.as_str()).collect();
    assert_eq!(names, ["any", "epidural", "subdural"]);
    let [any, epidural, subdural] = found.labels.as_slice() else {
        panic!()
    };
    assert_eq!((any.maps, any.annotated, any.patients, any.empty), (2, 2, 1, 0));
    // Slice one: a third of the heat lies in the pixel, the hottest does not. Slice two: nothing does.
    assert_eq!(any.heat_maps.pointing, 0.0);
    assert!((any.heat_maps.energy - 1.0 / 6.0).abs() < 1e-7, "{any:?}");
    assert_eq!(
        (epidural.heat_maps.pointing, epidural.heat_maps.energy),
        (1.0, 1.0)
    );
    assert_eq!((subdural.heat_maps.pointing, subdural.empty), (0.0, 1));
    for label in &found.labels {
        assert_eq!((label.uniform.pointing, label.uniform.energy), (0.25, 0.25));
        assert_eq!((label.centred.pointing, label.centred.energy), (0.25, 0.25));
    }
    let table = fs::read_to_string(run.directory.join("localization.csv")).unwrap();
    assert_eq!(table.lines().count(), 5, "{table}");
    assert!(table.contains("two,epidural,1,1,0.25,0.25,0.25\n"), "{table}");
}

#[test]
fn a_label_that_is_none_is_told() {
    let stage = GradCam {
        labels: vec!["any".into(), "bleeding".into()],
        ..GradCam::default()
    };
    let problems = stage.check_labels(&LabelSet::rsna());
    assert_eq!(problems[0].key, "labels[1]");
}

/// Means over 4 × 4 pixels: a cell sees no more.
#[derive(Module, Debug)]
struct Coarse {
    conv: Conv2d,
}

impl ichflow_api::nn::Backbone for Coarse {
    fn features(&self, images: Tensor<4>, _context: &ForwardContext) -> Tensor<4> {
        self.conv.forward(images)
    }

    fn feature_count(&self) -> usize {
        2
    }
}

#[test]
fn moved_images_show_where_within_a_cell() {
    let device = Device::flex();
    let mut conv = Conv2dConfig::new([1, 2], [4, 4])
        .with_stride([4, 4])
        .with_bias(false)
        .init(&device);
    conv.weight = conv.weight.map(|weight| weight.ones_like());
    let mut coarse = model();
    let head = coarse.network.head.clone();
    coarse.network = Network::new(Coarse { conv }, COUNT, 0.5, &device).valid();
    coarse.network.head = head;
    // One bright pixel at row 9 and column 2 of 16 × 16.
    let mut hu = vec![0; 256];
    hu[9 * 16 + 2] = 100;
    let batch = HuBatch::upload(hu, 16, 16, vec![Default::default()], &device);
    let place = |shifts: usize| {
        let maps = Explainer::new(&coarse, Weighing::Each, shifts)
            .heat_maps(&batch, &[0])
            .unwrap();
        maps[0].hottest().unwrap().map(|share| share * 16.0)
    };
    assert_eq!(place(1).map(|place| place as usize / 4), [2, 0], "its cell");
    let [row, column] = place(4);
    assert!(
        (row - 9.5).abs() <= 1.0 && (column - 2.5).abs() <= 1.0,
        "{row} {column}"
    );
}

#[test]
fn a_strided_network_is_corrected_for_looking_up_and_to_the_left() {
    let device = Device::flex();
    let mut conv = Conv2dConfig::new([1, 2], [9, 9])
        .with_stride([8, 8])
        .with_padding(PaddingConfig2d::Explicit(4, 4, 4, 4))
        .with_bias(false)
        .init(&device);
    // Each cell sees the pixel at the middle of its 9 × 9 alone: 8 × its place, not 8 × its place + 4.
    conv.weight = conv.weight.map(|weight| {
        let mut values = vec![0.0f32; 2 * 81];
        values[40] = 1.0;
        values[81 + 40] = -1.0;
        Tensor::from_data(TensorData::new(values, weight.dims()), &device)
    });
    let mut padded = model();
    let head = padded.network.head.clone();
    padded.network = Network::new(Coarse { conv }, COUNT, 0.5, &device).valid();
    padded.network.head = head;
    let mut hu = vec![0; 64 * 64];
    hu[32 * 64 + 24] = 100;
    let batch = HuBatch::upload(hu, 64, 64, vec![Default::default()], &device);
    for shifts in [1, 8] {
        let maps = Explainer::new(&padded, Weighing::Each, shifts)
            .heat_maps(&batch, &[0])
            .unwrap();
        let hottest = maps[0].hottest().unwrap().map(|share| share * 64.0);
        let apart = if shifts == 1 { 4.0 } else { 0.5 };
        assert!(
            (hottest[0] - 32.5).abs() <= apart && (hottest[1] - 24.5).abs() <= apart,
            "{hottest:?} at {shifts} shifts"
        );
    }
}
