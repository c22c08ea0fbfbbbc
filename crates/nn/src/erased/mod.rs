//! A module whose type is forgotten: one `Module` for all backbones, and one for all sequence networks.
//!
//! `Module::visit` and `Module::map` are generic, hence not object-safe. Behind the box stands an
//! object-safe twin of each: the concrete module walks itself with an adapter that hands every
//! parameter over as `dyn Any`, and the outside gives it back its type by trying the ranks a tensor
//! can have. Only references and moved values cross, so nothing is copied.

pub(crate) mod adapters;
mod backbone;
pub(crate) mod boxed;
#[cfg(test)]
mod tests;

pub use backbone::AnyBackbone;
pub(crate) use boxed::erased_module;
