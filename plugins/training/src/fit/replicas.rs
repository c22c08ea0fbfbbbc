//! One batch on several devices.
//!
//! Every device gets a copy of the network and a part of the batch; the gradients are brought to the first, added by
//! the parts' share of the batch, and move the one network there is. Copies live for a step, so nothing has to be
//! kept alike. What a batch has in common is then common to a part only: batch statistics (the running ones are those
//! of the first device's parts, as in PyTorch's DataParallel), pairs that an augmentation mixes, random numbers.

use burn::module::Module;
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::{Device, Tensor};
use ichflow_api::nn::Network;

/// The mean loss of the parts of a batch, off the tape and on the first device, and the gradients of `scale` times
/// it. `loss_of` gives a part's loss `[1]` by a copy of the network on the given device; parts come with their number
/// of slices.
pub(super) fn gradients<P>(
    network: &Network,
    devices: &[Device],
    parts: Vec<(P, usize)>,
    scale: f64,
    loss_of: impl Fn(&Network, P, &Device, usize) -> Tensor<1>,
) -> Option<(Tensor<1>, GradientsParams)> {
    let first = devices.first()?;
    let slices: usize = parts.iter().map(|(_, size)| size).sum();
    let mut gathered = GradientsAccumulator::new();
    let mut total: Option<Tensor<1>> = None;
    // Everything is asked of all devices before anything is read, so that those that work by themselves do so at
    // the same time.
    for (index, ((part, size), device)) in parts.into_iter().zip(devices).enumerate() {
        let copy = match index {
            0 => network.clone(),
            _ => network.clone().fork(device),
        };
        let share = size as f64 / slices as f64;
        let loss = loss_of(&copy, part, device, index);
        let plain = loss.clone().inner().to_device(&first.clone().inner());
        let plain = if share == 1.0 {
            plain
        } else {
            plain.mul_scalar(share)
        };
        total = Some(match total {
            None => plain,
            Some(total) => total + plain,
        });
        let loss = match share * scale {
            1.0 => loss,
            factor => loss.mul_scalar(factor),
        };
        let gradients = GradientsParams::from_grads(loss.backward(), &copy);
        let gradients = match index {
            0 => gradients,
            _ => gradients.to_device(&first.clone().inner(), network),
        };
        gathered.accumulate(network, gradients);
    }
    Some((total?, gathered.grads()))
}

#[cfg(test)]
mod tests {
    use burn::module::{ModuleVisitor, Param};
    use burn::nn::PaddingConfig2d;
    use burn::nn::conv::{Conv2d, Conv2dConfig};
    use burn::tensor::Distribution;
    use ichflow_api::nn::{Backbone, ForwardContext};

    use super::*;

    /// A backbone without normalisation, so that a part of a batch sees nothing of the rest.
    #[derive(Module, Debug)]
    struct Plain {
        first: Conv2d,
        second: Conv2d,
    }

    impl Backbone for Plain {
        fn features(&self, images: Tensor<4>, _context: &ForwardContext) -> Tensor<4> {
            self.second
                .forward(burn::tensor::activation::relu(self.first.forward(images)))
        }
        fn feature_count(&self) -> usize {
            6
        }
    }

    fn network(device: &Device) -> Network {
        let conv = |inputs, outputs| {
            Conv2dConfig::new([inputs, outputs], [3, 3])
                .with_padding(PaddingConfig2d::Same)
                .init(device)
        };
        let backbone = Plain {
            first: conv(3, 8),
            second: conv(8, 6),
        };
        Network::new(backbone, 6, 0.0, device)
    }

    struct Largest<'a>([&'a GradientsParams; 2], f32, usize);

    impl ModuleVisitor for Largest<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let [a, b] = self.0.map(|gradients| gradients.get::<D>(param.id).unwrap());
            let scale: f32 = b.clone().abs().max().into_scalar();
            let difference: f32 = (a - b).abs().max().into_scalar();
            self.1 = self.1.max(difference / scale);
            self.2 += 1;
        }
    }

    #[test]
    fn several_devices_give_the_loss_and_gradients_of_one() {
        let device = Device::flex().autodiff();
        device.seed(3);
        let network = network(&device);
        let images = Tensor::<4>::random([7, 3, 9, 9], Distribution::Normal(0.0, 1.0), &device);
        let loss_of = |network: &Network, range: std::ops::Range<usize>, _: &Device, _| {
            let part = images.clone().slice([range]);
            network.forward(part).square().mean()
        };
        let run = |cuts: &[usize]| {
            let parts = cuts
                .windows(2)
                .map(|cut| (cut[0]..cut[1], cut[1] - cut[0]))
                .collect();
            let devices = vec![device.clone(); cuts.len() - 1];
            gradients(&network, &devices, parts, 0.5, loss_of).unwrap()
        };
        let (whole, of_whole) = run(&[0, 7]);
        for cuts in [&[0, 4, 7][..], &[0, 1, 3, 7]] {
            let (loss, of_parts) = run(cuts);
            let (loss, whole): (f32, f32) = (loss.into_scalar(), whole.clone().into_scalar());
            assert!((loss - whole).abs() < 1e-6 * whole.abs(), "{loss} {whole}");
            let mut largest = Largest([&of_parts, &of_whole], 0.0, 0);
            network.visit(&mut largest);
            assert!(largest.1 < 1e-5 && largest.2 == 6, "{} {}", largest.1, largest.2);
        }
    }
}
