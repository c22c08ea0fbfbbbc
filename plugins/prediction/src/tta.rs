//! `tta`: predictions averaged over several views of each slice.

use ichflow_api::prelude::*;
use ichflow_api::tensors::views::{View, Views};

/// Test-time augmentation: the model looks at every slice several times, mirrored and cropped as in
/// training, and predicts the mean of the probabilities.
///
/// It refines the model: whatever predicts after it, `predict` among others, does so. The time of a
/// prediction grows with the number of views.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TestTimeAugmentation {
    /// Whether each view is also looked at with left and right changed.
    pub flip: bool,
    /// Size of five crops beside the whole image (the four corners and the middle): pixels of the network's
    /// image that are cut away along each axis before the rest is stretched to the whole size again; 0 for
    /// no crops. Crops need square images, as `resize` or the store's `size` make them.
    #[schemars(range(min = 0, max = 1024))]
    pub crop: u32,
}

impl Default for TestTimeAugmentation {
    fn default() -> Self {
        Self { flip: true, crop: 0 }
    }
}

impl TestTimeAugmentation {
    fn views(&self) -> Views {
        let (cut, half) = (self.crop, self.crop / 2);
        let mut crops = vec![[0; 4]];
        if cut > 0 {
            crops.extend([
                [0, cut, 0, cut],
                [0, cut, cut, 0],
                [cut, 0, 0, cut],
                [cut, 0, cut, 0],
                [half, cut - half, half, cut - half],
            ]);
        }
        let sides: &[bool] = if self.flip { &[false, true] } else { &[false] };
        let views = crops.into_iter().flat_map(|crop| {
            sides.iter().map(move |mirrored| View {
                mirrored: *mirrored,
                crop,
            })
        });
        Views::new(views.collect())
    }
}

impl Stage for TestTimeAugmentation {
    const NAME: &'static str = "tta";
    const FAMILY: Family = Family::Predict;
    const SUMMARY: &'static str = "averages predictions over flips and crops of each slice";
    const EXAMPLE: &'static str =
        "[tta]                               # between fit and predict\nuse = \"tta\"\nflip = true\n";

    fn ports() -> Ports {
        Ports::new().takes(input::MODEL).offers(output::MODEL)
    }

    fn check(&self) -> Vec<Problem> {
        if self.flip || self.crop > 0 {
            return Vec::new();
        }
        vec![
            Problem::new("flip", "without flips and crops there is only the slice itself")
                .help("write `flip = true`, or leave the stage out"),
        ]
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let mut model = (*inputs.take(input::MODEL)?).clone();
        model.views = self.views();
        context.say(format!("{} views of each slice", model.views.all().len()));
        Ok(Outputs::new().with(output::MODEL, model))
    }
}

ichflow_api::register!(TestTimeAugmentation);

#[cfg(test)]
mod tests {
    use super::*;
    use burn::module::Module;
    use burn::nn::conv::{Conv2d, Conv2dConfig};
    use burn::tensor::TensorData;
    use burn::tensor::activation::sigmoid;
    use ichflow_api::data::labels::rsna::COUNT;
    use ichflow_api::tensors::model::Preparation;
    use ichflow_api::tensors::resample::{Span, resample};
    use ichflow_api::testkit;

    #[derive(Module, Debug)]
    struct Tiny {
        conv: Conv2d,
    }

    impl Backbone for Tiny {
        fn features(&self, images: Tensor<4>, _context: &ForwardContext) -> Tensor<4> {
            // Not linear: the mean of the views is not the view of their mean.
            self.conv.forward(images).tanh()
        }
        fn feature_count(&self) -> usize {
            3
        }
    }

    struct Brain;

    impl WindowScheme for Brain {
        fn channels(&self) -> usize {
            1
        }
        fn apply(&self, batch: &HuBatch) -> Tensor<4> {
            linear_window(batch.hu(), 40.0, 80.0)
        }
    }

    fn model() -> Model {
        let device = Device::flex();
        device.seed(5);
        let backbone = Tiny {
            conv: Conv2dConfig::new([1, 3], [5, 5]).init(&device),
        };
        Model {
            preparation: Preparation {
                window: Window::new(Brain),
                resize: None,
                normalisation: Normalisation::none(),
            },
            network: Network::new(backbone, COUNT, 0.0, &device),
            description: String::new(),
            views: Views::default(),
            trained_on: Default::default(),
        }
    }

    /// Two slices of 16 × 16, alike in nothing.
    fn batch() -> HuBatch {
        let hu: Vec<f32> = (0..512).map(|i| ((i * 7919) % 97) as f32 - 10.0).collect();
        let hu = Tensor::from_data(TensorData::new(hu, [2, 1, 16, 16]), &Device::flex());
        HuBatch::new(hu, vec![Default::default(); 2])
    }

    fn refined(stage: &TestTimeAugmentation, model: &Model) -> Model {
        let directory = tempfile::tempdir().unwrap();
        let run = testkit::run_context(directory.path());
        let context = Context::new(&run, "tta", TestTimeAugmentation::NAME, "key");
        let mut outputs = stage
            .run(&Inputs::default().with(input::MODEL, model.clone()), &context)
            .unwrap();
        (*outputs.take(output::MODEL).unwrap()).clone()
    }

    fn values(tensor: Tensor<2>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    fn assert_same(found: &[f32], expected: &[f32]) {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }

    #[test]
    fn flips_are_averaged_as_by_hand() {
        let model = model();
        let images = model.images(&batch());
        let mirrored: Vec<f32> = images
            .clone()
            .into_data()
            .try_to_vec::<f32>()
            .unwrap()
            .chunks(16)
            .flat_map(|row| row.iter().rev().copied())
            .collect();
        let mirrored = Tensor::from_data(TensorData::new(mirrored, [2, 1, 16, 16]), &Device::flex());
        let plain = values(sigmoid(model.network.forward(images)));
        let other = values(sigmoid(model.network.forward(mirrored)));
        assert!(plain.iter().zip(&other).any(|(a, b)| (a - b).abs() > 1e-4));
        let by_hand: Vec<f32> = plain.iter().zip(&other).map(|(a, b)| (a + b) / 2.0).collect();
        let flipped = refined(&TestTimeAugmentation::default(), &model);
        assert_same(&values(flipped.predict(&batch())), &by_hand);
        assert_same(&values(model.predict(&batch())), &plain);
    }

    #[test]
    fn crops_are_the_corners_and_the_middle() {
        let model = model();
        let stage = TestTimeAugmentation { flip: false, crop: 3 };
        let images = model.images(&batch());
        let span = |from: f64| Span {
            from,
            to: from + 13.0,
        };
        let whole = Span::whole(16);
        let parts = [
            (whole, whole),
            (span(0.0), span(0.0)),
            (span(0.0), span(3.0)),
            (span(3.0), span(0.0)),
            (span(3.0), span(3.0)),
            (span(1.0), span(1.0)),
        ];
        let mut by_hand = vec![0.0; 2 * COUNT];
        for (rows, columns) in parts {
            let view = resample(images.clone(), 16, &[rows], &[columns]);
            for (sum, p) in by_hand
                .iter_mut()
                .zip(values(sigmoid(model.network.forward(view))))
            {
                *sum += p / 6.0;
            }
        }
        assert_same(&values(refined(&stage, &model).predict(&batch())), &by_hand);
        let both = TestTimeAugmentation { flip: true, crop: 3 };
        assert_eq!(both.views().all().len(), 12);
        assert_eq!(TestTimeAugmentation { flip: false, crop: 0 }.check().len(), 1);
    }
}
