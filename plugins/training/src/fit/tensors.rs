//! Tensors of any rank, each kept under the parameter it belongs to.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// burn keeps gradients in this way; weights and moments fit as well.
pub(super) type Tensors = GradientsParams;

/// All tensors of a module.
pub(super) fn tensors<M: Module>(module: &M) -> Tensors {
    struct Collector(Tensors);

    impl ModuleVisitor for Collector {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.register(param.id, param.val());
        }
    }

    let mut collector = Collector(Tensors::new());
    module.visit(&mut collector);
    collector.0
}
