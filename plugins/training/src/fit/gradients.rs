//! Gradients of a whole network at once: their norm, clipping.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// What is done to gradients before a step.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clipping {
    /// Largest size of an entry.
    pub value: Option<f64>,
    /// Largest norm of all together.
    pub norm: Option<f64>,
}

impl Clipping {
    /// Clips by value, then by norm, and says the norm before the latter, `[1]`.
    pub(super) fn apply<M: Module>(
        self,
        network: &M,
        mut gradients: GradientsParams,
    ) -> (GradientsParams, Option<Tensor<1>>) {
        if let Some(limit) = self.value {
            clip_value(network, &mut gradients, limit);
        }
        let norm = norm(network, &gradients);
        if let (Some(limit), Some(norm)) = (self.norm, &norm) {
            clip_norm(network, &mut gradients, norm.clone(), limit);
        }
        (gradients, norm)
    }
}

/// Euclidean norm of all gradients together, on the device, `[1]`; nothing where there is no gradient.
pub fn norm<M: Module>(network: &M, gradients: &GradientsParams) -> Option<Tensor<1>> {
    struct Squares<'a> {
        gradients: &'a GradientsParams,
        sums: Vec<Tensor<1>>,
    }

    impl ModuleVisitor for Squares<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(gradient) = self.gradients.get::<D>(param.id) {
                self.sums.push(gradient.square().sum());
            }
        }
    }

    let mut squares = Squares {
        gradients,
        sums: Vec::new(),
    };
    network.visit(&mut squares);
    (!squares.sums.is_empty()).then(|| Tensor::cat(squares.sums, 0).sum().sqrt())
}

/// Holds every entry between `−limit` and `limit`, as PyTorch's `clip_grad_value_`.
pub fn clip_value<M: Module>(network: &M, gradients: &mut GradientsParams, limit: f64) {
    let clamp = Clamp { limit };
    network.visit(&mut Each(gradients, clamp));
}

/// Scales all gradients so that their norm is at most `limit`, as PyTorch's `clip_grad_norm_`. `norm` is
/// theirs. burn's own clipping by norm takes each tensor by itself.
pub fn clip_norm<M: Module>(network: &M, gradients: &mut GradientsParams, norm: Tensor<1>, limit: f64) {
    let factor = norm.add_scalar(1e-6).recip().mul_scalar(limit).clamp_max(1.0);
    network.visit(&mut Each(gradients, Scale { factor }));
}

trait Change {
    fn change<const D: usize>(&self, gradient: Tensor<D>) -> Tensor<D>;
}

struct Clamp {
    limit: f64,
}

impl Change for Clamp {
    fn change<const D: usize>(&self, gradient: Tensor<D>) -> Tensor<D> {
        gradient.clamp(-self.limit, self.limit)
    }
}

struct Scale {
    factor: Tensor<1>,
}

impl Change for Scale {
    fn change<const D: usize>(&self, gradient: Tensor<D>) -> Tensor<D> {
        gradient * self.factor.clone().reshape([1; D])
    }
}

struct Each<'a, C>(&'a mut GradientsParams, C);

impl<C: Change> ModuleVisitor for Each<'_, C> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.0.remove::<D>(param.id) {
            self.0.register(param.id, self.1.change(gradient));
        }
    }
}
