//! A trained model: everything between Hounsfield units and probabilities.

use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;

use crate::data::trained_on::TrainedOn;
use crate::ports::{Artifact, Description};
use crate::tensors::hu_batch::HuBatch;
use crate::tensors::resample;
use crate::tensors::views::Views;
use crate::tensors::window::Window;
use ichflow_nn::{EmbeddedLayer, ForwardContext, LearnedWindow, Network, Normalisation};

/// The side of the square images a network sees, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resize {
    /// Rows and columns.
    pub size: usize,
}

impl Artifact for Resize {
    const NAME: &'static str = "resize";

    fn describe(&self) -> Description {
        Description::new().size(self.size, self.size)
    }
}

/// What happens to a batch before the network sees it; the same in training and in prediction.
#[derive(Clone)]
pub struct Preparation {
    /// From HU to channels.
    pub window: Window,
    /// Size of the network's images; `None` keeps the stored size.
    pub resize: Option<Resize>,
    /// The network's own shift and scale.
    pub normalisation: Normalisation,
}

impl Preparation {
    /// Windowed and resized images `[batch, channels, height, width]`, as people look at them; `learned` are
    /// the windows of the network they are for.
    pub fn images(&self, batch: &HuBatch, learned: Option<&LearnedWindow>) -> Tensor<4> {
        let images = self.window.apply_with(batch, learned);
        match self.resize {
            Some(Resize { size }) => resample::resize(images, size),
            None => images,
        }
    }
}

/// A trained model.
#[derive(Clone)]
pub struct Model {
    /// From HU to images.
    pub preparation: Preparation,
    /// From images to logits, without autodiff and not in training mode.
    pub network: Network,
    /// The architecture in words.
    pub description: String,
    /// Views of each slice whose probabilities are averaged.
    pub views: Views,
    /// The slices that the network was trained on, as far as that is known.
    pub trained_on: TrainedOn,
}

impl Artifact for Model {
    const NAME: &'static str = "model";
}

impl Model {
    /// A recipe's title with the network that ran, where the title does not name it: `--set network.use=…` changes the
    /// network, and the title stays.
    pub fn in_title(&self, title: &str) -> String {
        titled(&self.description, title)
    }

    /// Windowed and resized images `[batch, channels, height, width]`, as people look at them.
    pub fn images(&self, batch: &HuBatch) -> Tensor<4> {
        self.preparation.images(batch, self.network.window.as_ref())
    }

    /// Probabilities `[batch, labels]`, the mean over the model's views.
    pub fn predict(&self, batch: &HuBatch) -> Tensor<2> {
        let images = self.preparation.normalisation.apply(self.images(batch));
        self.views
            .mean(images, |images| sigmoid(self.network.forward(images)))
    }

    /// Pooled features `[batch, features]`, the mean over the model's views, and the very probabilities of
    /// [`Model::predict`], in one pass.
    pub fn features_and_predict(&self, batch: &HuBatch) -> [Tensor<2>; 2] {
        let images = self.preparation.normalisation.apply(self.images(batch));
        let context = ForwardContext::default();
        let mut of_views = Vec::new();
        let probabilities = self.views.mean(images, |images| {
            let maps = self.network.backbone.features(images, &context);
            let pooled = self.network.head.pooled(maps, &context);
            of_views.push(pooled.clone());
            sigmoid(self.network.head.logits(pooled, &context))
        });
        let views = of_views.len() as f64;
        let sum = of_views.into_iter().reduce(|sum, features| sum + features);
        // There is a view, the plain one at least.
        let features = sum.map_or_else(|| probabilities.clone(), |sum| sum.div_scalar(views));
        [features, probabilities]
    }

    /// What `layer` makes of slices, `[batch, features]`, and the logits `[batch, labels]`: means over the model's
    /// views. Nothing where the layer tells nobody what it gives, see [`EmbeddedLayer::embed`].
    pub fn embed(&self, batch: &HuBatch, layer: EmbeddedLayer) -> Option<[Tensor<2>; 2]> {
        let images = self.preparation.normalisation.apply(self.images(batch));
        let mut sum: Option<[Tensor<2>; 2]> = None;
        for view in self.views.all() {
            let [features, logits] = layer.embed(&self.network, view.of(images.clone()))?;
            sum = Some(match sum {
                None => [features, logits],
                Some([of_features, of_logits]) => [of_features + features, of_logits + logits],
            });
        }
        let views = self.views.all().len() as f64;
        Some(sum?.map(|sum| sum.div_scalar(views)))
    }
}

/// See [`Model::in_title`].
fn titled(description: &str, title: &str) -> String {
    let network = description.split(',').next().unwrap_or_default().trim();
    // What follows the name is its parameters: "small-cnn of width 16".
    let name = network.split_whitespace().next().unwrap_or_default();
    let letters = |text: &str| -> String {
        text.chars()
            .filter(|letter| letter.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect()
    };
    match title.trim() {
        title if network.is_empty() || letters(title).contains(&letters(name)) => title.to_owned(),
        "" => network.to_owned(),
        title => format!("{title} · network {network}"),
    }
}

#[cfg(test)]
mod tests {
    use super::titled;

    #[test]
    fn a_title_names_the_network_that_ran() {
        let description = "efficientnet-b0, weights of timm/efficientnet_b0.ra_in1k";
        let title = "EfficientNet-B0 on two windows";
        assert_eq!(titled(description, title), title);
        assert_eq!(
            titled("resnet18, random weights", title),
            "EfficientNet-B0 on two windows · network resnet18"
        );
        let title = "A small CNN on a phantom";
        assert_eq!(titled("small-cnn of width 16, random weights", title), title);
        assert_eq!(titled(description, " "), "efficientnet-b0");
        assert_eq!(titled("", "Untitled"), "Untitled");
    }
}
