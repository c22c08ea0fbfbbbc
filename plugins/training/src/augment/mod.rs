//! Augmentation of training data, one file per kind.

pub mod affine;
pub mod erase;
pub mod flip_crop;
pub mod intensity_jitter;
pub mod mixup;

use ichflow_api::prelude::*;

/// The ports of an augmentation: those before it in, these and itself out.
fn ports() -> Ports {
    Ports::new()
        .input(Input::of::<Augment>("augment").optional())
        .output(Output::of::<Augment>("augment"))
}

/// `augmentation` after those that came in.
fn chained(inputs: &Inputs, augmentation: impl Augmentation + 'static) -> Result<Outputs> {
    let earlier = inputs.find::<Augment>("augment")?;
    Ok(Outputs::new().with("augment", Augment::after(earlier.as_deref(), augmentation)))
}
