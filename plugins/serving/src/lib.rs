//! Using a model bundle: `ichflow predict` on files, `ichflow drift` on periods of what it wrote.

mod drift;
mod predict;
