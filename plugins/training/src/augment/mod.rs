//! Augmentation of training data, one file per kind.

pub mod affine;
pub mod erase;
pub mod flip_crop;
pub mod intensity_jitter;
pub mod mixup;

use ichflow_api::prelude::*;

/// The ports of an augmentation: those before it in, these and itself out.
fn ports() -> Ports {
    Ports::new().takes(optional::AUGMENT).offers(output::AUGMENT)
}

/// What [`chained`] will offer.
fn describe(inputs: &Descriptions, augmentation: impl Augmentation + 'static) -> Descriptions {
    let earlier = inputs.artifact(optional::AUGMENT);
    let augment = Augment::after(earlier.as_deref(), augmentation);
    Descriptions::new().with(output::AUGMENT, Description::of(augment))
}

/// `augmentation` after those that came in.
fn chained(inputs: &Inputs, augmentation: impl Augmentation + 'static) -> Result<Outputs> {
    let earlier = inputs.get(optional::AUGMENT)?;
    Ok(Outputs::new().with(output::AUGMENT, Augment::after(earlier.as_deref(), augmentation)))
}
