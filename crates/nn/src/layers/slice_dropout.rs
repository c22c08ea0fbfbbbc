//! Dropout over the slices of series.

use burn::module::Module;
use burn::tensor::{Distribution, Int, Tensor};

use crate::context::ForwardContext;
use crate::cpu;
use crate::kernels::dropout::Dropout;

/// Dropout (Srivastava et al., 2014) of values `[slices, features]`: while training, on a device with autodiff, a share
/// of them become 0, and the others grow so that their sum is expected to stay.
///
/// burn's own draws every value from the device's generator, one after another. Here that generator gives a seed, and
/// on the CPU a hash of seed and place says which values stay.
#[derive(Module, Debug)]
pub struct SliceDropout {
    share: f64,
}

impl SliceDropout {
    /// Drops `share` of the values, 0 to below 1.
    pub fn new(share: f64) -> Self {
        Self { share }
    }

    /// From `[slices, features]` to the same.
    pub fn forward(&self, x: Tensor<2>, context: &ForwardContext) -> Tensor<2> {
        let device = x.device();
        if self.share == 0.0 || !device.is_autodiff() {
            return x;
        }
        let result = context.kernel(x, |x| {
            if !cpu::series::is_at_hand(&x) {
                return Err(x);
            }
            let bound = f64::from(1 << 24);
            let plain = device.clone().without_autodiff();
            let seeds = Tensor::<1>::random([4], Distribution::Uniform(0.0, bound), &plain);
            let seeds: Vec<u32> = seeds
                .into_data()
                .iter::<f64>()
                .map(|value| value as u32)
                .collect();
            let seed = [(seeds[0] << 12) ^ seeds[1], (seeds[2] << 12) ^ seeds[3]];
            let share = self.share;
            cpu::series::dropout(Dropout { seed, share }, x)
        });
        match result {
            Ok(y) => y,
            Err(x) => {
                let stays = Distribution::Bernoulli(1.0 - self.share);
                let mask = Tensor::<2, Int>::random(x.dims(), stays, &device).float();
                x.clone() * mask.cast(x.dtype()) / (1.0 - self.share)
            }
        }
    }
}
