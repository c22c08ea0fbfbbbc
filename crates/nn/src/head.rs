//! The head of a network: from feature maps to logits.

use burn::module::{Module, Param};
use burn::nn::{Dropout, DropoutConfig, Initializer, Linear, LinearConfig};
use burn::tensor::{Device, Tensor, activation};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::context::ForwardContext;
use crate::layers::{ChannelNorm, global_avg_pool, project};

/// What becomes of a feature map's values, one number a map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Pool {
    /// Their mean.
    #[default]
    Average,
    /// The largest of them.
    Max,
    /// Their generalised mean `(mean xᵖ)^(1/p)` with a learned p that starts at 3 (Radenović et al., 2018);
    /// values below 1e-6 count as 1e-6.
    Gem,
}

/// What makes logits of pooled features.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HeadKind {
    /// One linear layer.
    #[default]
    Linear,
    /// A small network of its own for every label: a linear layer, ReLU, a linear layer to the label's logit.
    PerLabel,
}

/// Describes a [`Head`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeadPlan {
    /// How maps are pooled.
    pub pool: Pool,
    /// What follows.
    pub kind: HeadKind,
    /// Values in the hidden layer of each label, for [`HeadKind::PerLabel`].
    pub hidden: usize,
    /// Share of the pooled features dropped while training.
    pub dropout: f64,
    /// Epsilon of a layer normalisation of pooled features, where the architecture has one.
    pub norm: Option<f64>,
}

impl HeadPlan {
    /// Average pooling and one linear layer.
    pub fn linear(dropout: f64) -> Self {
        Self {
            pool: Pool::Average,
            kind: HeadKind::Linear,
            hidden: 0,
            dropout,
            norm: None,
        }
    }
}

/// Pools feature maps and turns them into logits.
#[derive(Module, Debug)]
pub struct Head {
    /// From maps to features.
    pub pool: Pooling,
    /// Normalises the pooled features, where the architecture does.
    pub norm: Option<ChannelNorm>,
    /// Applied to the pooled features while training.
    pub dropout: Dropout,
    /// The hidden layers of all labels side by side, if every label has its own.
    pub hidden: Option<Linear>,
    /// From features to logits. With hidden layers, column l of its weights `[hidden, labels]` reads those of
    /// label l alone.
    pub classifier: Linear,
}

impl Head {
    /// A fresh head: average pooling, dropout, one linear layer.
    pub fn new(features: usize, outputs: usize, dropout: f64, device: &Device) -> Self {
        Self::of(&HeadPlan::linear(dropout), features, outputs, device)
    }

    /// A fresh head as `plan` says.
    pub fn of(plan: &HeadPlan, features: usize, outputs: usize, device: &Device) -> Self {
        let linear = |inputs, outputs| LinearConfig::new(inputs, outputs).init(device);
        let (hidden, inputs) = match plan.kind {
            HeadKind::Linear => (None, features),
            HeadKind::PerLabel => (Some(linear(features, outputs * plan.hidden)), plan.hidden),
        };
        Self {
            pool: Pooling::new(plan.pool, device),
            norm: plan
                .norm
                .map(|epsilon| ChannelNorm::new(features, epsilon, device)),
            dropout: DropoutConfig::new(plan.dropout).init(),
            hidden,
            classifier: linear(inputs, outputs),
        }
    }

    /// From feature maps `[batch, features, h, w]` to logits `[batch, outputs]`.
    pub fn forward(&self, features: Tensor<4>, context: &ForwardContext) -> Tensor<2> {
        self.logits(self.pooled(features, context), context)
    }

    /// From feature maps `[batch, features, h, w]` to pooled features `[batch, features]`.
    pub fn pooled(&self, features: Tensor<4>, context: &ForwardContext) -> Tensor<2> {
        let pooled = self.pool.forward(features, context);
        match &self.norm {
            Some(norm) => norm.forward(pooled),
            None => pooled,
        }
    }

    /// From pooled features `[batch, features]` to logits `[batch, outputs]`.
    pub fn logits(&self, pooled: Tensor<2>, context: &ForwardContext) -> Tensor<2> {
        let pooled = self.dropout.forward(pooled);
        match &self.hidden {
            Some(hidden) => self.each_label(activation::relu(project(hidden, pooled, context))),
            None => project(&self.classifier, pooled, context),
        }
    }

    /// Logits `[batch, labels]` of the hidden layers `[batch, labels · hidden]`.
    fn each_label(&self, hidden: Tensor<2>) -> Tensor<2> {
        let weight = self.classifier.weight.val().transpose();
        let [labels, inner] = weight.dims();
        let batch = hidden.dims()[0];
        let products = hidden.reshape([batch, labels, inner]) * weight.unsqueeze::<3>();
        let logits = products.sum_dim(2).reshape([batch, labels]);
        match &self.classifier.bias {
            Some(bias) => logits + bias.val().unsqueeze::<2>(),
            None => logits,
        }
    }
}

/// Pools feature maps.
#[derive(Module, Debug)]
pub struct Pooling {
    /// The power of the generalised mean, `[1]`.
    pub p: Option<Param<Tensor<1>>>,
    #[module(skip)]
    pool: Pool,
}

impl Pooling {
    /// Where the power starts.
    const POWER: f64 = 3.0;
    /// What values below it count as, so that powers and their gradients are finite.
    const LEAST: f64 = 1e-6;

    fn new(pool: Pool, device: &Device) -> Self {
        let p = (pool == Pool::Gem).then(|| Initializer::Constant { value: Self::POWER }.init([1], device));
        Self { p, pool }
    }

    /// From maps `[batch, features, h, w]` to features `[batch, features]`.
    pub fn forward(&self, maps: Tensor<4>, context: &ForwardContext) -> Tensor<2> {
        let pooled = match (self.pool, &self.p) {
            (Pool::Max, _) => maps.max_dim(3).max_dim(2),
            (Pool::Gem, Some(p)) => {
                let p = p.val().reshape([1, 1, 1, 1]);
                let powers = (maps.clamp_min(Self::LEAST).log() * p.clone()).exp();
                (powers.mean_dim(3).mean_dim(2).log() / p).exp()
            }
            _ => global_avg_pool(maps, context),
        };
        pooled.flatten::<2>(1, 3)
    }
}
