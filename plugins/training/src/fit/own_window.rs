//! How windows that are learned with a network are trained: by an Adam and a learning rate of their own.

use burn::optim::lr_scheduler::module_lr_scheduler::{ModuleLearningRate, ModuleLrScheduler};
use burn::optim::{AdamConfig, ModuleOptimizer};
use ichflow_api::network::Network;

/// `optimiser`, but Adam without weight decay for learned windows: their rate is a number of HU under Adam
/// alone, and a width that decays would say nothing about the images.
pub fn optimised(optimiser: ModuleOptimizer, network: &Network) -> ModuleOptimizer {
    match &network.window {
        Some(window) => optimiser.with_group(window.group(), AdamConfig::new().build(), None),
        None => optimiser,
    }
}

/// Learning rates of one step: `lr` for the network, and for learned windows their own, lowered as `lr` is
/// below `highest`, the highest of the recipe; 0 as long as they are to stay. `epoch` counts from 1.
pub fn rates(network: &Network, lr: f64, highest: f64, epoch: usize) -> ModuleLearningRate {
    let Some(window) = &network.window else {
        return lr.into();
    };
    let of_window = if epoch <= window.freeze_epochs {
        0.0
    } else {
        window.lr * lr / highest
    };
    ModuleLrScheduler::new(lr).with_group(window.group(), of_window).step()
}
