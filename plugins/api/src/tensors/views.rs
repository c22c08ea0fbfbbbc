//! Several views of one image, whose predictions are averaged.

use burn::tensor::Tensor;

use crate::tensors::resample::{Span, resample};

/// One view of an image: mirrored or not, whole or a part that is stretched to the whole size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Left and right change places.
    pub mirrored: bool,
    /// What each side loses, in pixels of the network's image: top, bottom, left, right.
    pub crop: [u32; 4],
}

impl View {
    /// The image as it is.
    pub const PLAIN: Self = Self {
        mirrored: false,
        crop: [0; 4],
    };

    /// The view of images `[batch, channels, height, width]`; a crop makes them square.
    pub fn of(self, images: Tensor<4>) -> Tensor<4> {
        let [_, _, height, width] = images.dims();
        if self.crop == [0; 4] {
            return if self.mirrored { images.flip([3]) } else { images };
        }
        let [top, bottom, left, right] = self.crop;
        let part = |size: usize, from: u32, to: u32| Span {
            from: f64::from(from),
            to: size as f64 - f64::from(to),
        };
        let columns = part(width, left, right);
        let columns = if self.mirrored {
            columns.mirrored()
        } else {
            columns
        };
        resample(images, height, &[part(height, top, bottom)], &[columns])
    }
}

/// The views a model looks at; it predicts the mean of their probabilities.
#[derive(Clone, Debug, PartialEq)]
pub struct Views(Vec<View>);

impl Default for Views {
    fn default() -> Self {
        Self(vec![View::PLAIN])
    }
}

impl Views {
    /// Some views; the plain one alone where there is none.
    pub fn new(views: Vec<View>) -> Self {
        if views.is_empty() {
            Self::default()
        } else {
            Self(views)
        }
    }

    /// The views, in order.
    pub fn all(&self) -> &[View] {
        &self.0
    }

    /// The mean of what `predict` makes of every view: `[batch, labels]`.
    pub fn mean(&self, images: Tensor<4>, mut predict: impl FnMut(Tensor<4>) -> Tensor<2>) -> Tensor<2> {
        let (first, others) = match self.0.split_first() {
            Some((first, others)) => (*first, others),
            None => (View::PLAIN, &[][..]),
        };
        let sum = others
            .iter()
            .fold(predict(first.of(images.clone())), |sum, view| {
                sum + predict(view.of(images.clone()))
            });
        sum.div_scalar((others.len() + 1) as f64)
    }
}
