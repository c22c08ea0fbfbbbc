//! Between a tensor and what a kernel gives: off the tape, or as a node of it.

use std::fmt::Debug;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, DispatchDevice, Flex};
use burn::tensor::{DType, Tensor};

type OnTape = FloatTensor<Autodiff<Flex>>;

/// A tensor of the CPU backend.
#[derive(Clone)]
pub(crate) enum Operand {
    /// Off the tape.
    Plain(FlexTensor),
    /// On it.
    Tracked(OnTape),
}

impl Operand {
    /// A tensor's own primitive, if kernels can work on it: f32 on the CPU, without gradient checkpointing.
    pub(crate) fn of<const D: usize>(tensor: &Tensor<D>) -> Option<Self> {
        let device = tensor.device();
        if tensor.dtype() != DType::F32 {
            return None;
        }
        let tracked = device.is_autodiff();
        if !matches!(device.without_autodiff().as_dispatch(), DispatchDevice::Flex(_)) {
            return None;
        }
        let tensor = tensor.clone();
        if tracked {
            let tensor = tensor.try_into_primitive::<Autodiff<Flex>>().ok()?;
            Some(Self::Tracked(tensor))
        } else {
            Some(Self::Plain(tensor.try_into_primitive::<Flex>().ok()?))
        }
    }

    fn is_tracked(&self) -> bool {
        matches!(self, Self::Tracked(_))
    }

    /// The values.
    pub(crate) fn values(self) -> FlexTensor {
        match self {
            Self::Plain(tensor) => tensor,
            Self::Tracked(tensor) => tensor.into_primitive(),
        }
    }

    fn tracked(self) -> OnTape {
        match self {
            // A constant beside tensors that are on the tape.
            Self::Plain(tensor) => OnTape::new(tensor),
            Self::Tracked(tensor) => tensor,
        }
    }
}

/// An operation on `N` tensors that knows its gradients.
pub(crate) trait Operation<const N: usize>: Debug + Send + 'static {
    /// What the way back needs of the way there.
    type Saved: Debug + Clone + Send + 'static;

    /// Gradients of the inputs that want one, from that of the output.
    fn gradients(saved: Self::Saved, gradient: FlexTensor, wanted: [bool; N]) -> [Option<FlexTensor>; N];
}

/// Runs `forward` on the operands' values; if one of them is on the tape, as a node `operation` of it.
pub(crate) fn run<const N: usize, const D: usize, O: Operation<N>>(
    operation: O,
    operands: [Operand; N],
    forward: impl FnOnce([FlexTensor; N]) -> (FlexTensor, O::Saved),
) -> Tensor<D> {
    if !operands.iter().any(Operand::is_tracked) {
        let (output, _) = forward(operands.map(Operand::values));
        return Tensor::from_primitive::<Flex>(output);
    }
    let tensors = operands.map(Operand::tracked);
    let nodes = tensors.each_ref().map(OnTape::node);
    let prepared = Node(operation)
        .prepare::<NoCheckpointing>(nodes)
        .compute_bound()
        .stateful();
    let output = match prepared {
        OpsKind::Tracked(prepared) => {
            let (output, saved) = forward(tensors.map(OnTape::into_primitive));
            prepared.finish(saved, output)
        }
        OpsKind::UnTracked(prepared) => {
            let (output, _) = forward(tensors.map(OnTape::into_primitive));
            prepared.finish(output)
        }
    };
    Tensor::from_primitive::<Autodiff<Flex>>(output)
}

/// Whether the result of an operation on these will have gradients asked of it.
pub(crate) fn any_tracked(operands: &[&Operand]) -> bool {
    operands.iter().any(|operand| operand.is_tracked())
}

#[derive(Debug)]
struct Node<O>(O);

impl<const N: usize, O: Operation<N>> Backward<Flex, N> for Node<O> {
    type State = O::Saved;

    fn backward(self, ops: Ops<O::Saved, N>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = gradients.consume::<Flex>(&ops.node);
        let wanted = ops.parents.each_ref().map(Option::is_some);
        let found = O::gradients(ops.state, gradient, wanted);
        for (parent, gradient) in ops.parents.into_iter().zip(found) {
            if let (Some(parent), Some(gradient)) = (parent, gradient) {
                gradients.register::<Flex>(parent.id, gradient);
            }
        }
    }
}
