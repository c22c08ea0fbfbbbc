//! Using a model bundle: `ichflow predict` on files, `ichflow serve` over HTTP, `ichflow drift` on periods of what they
//! wrote.

mod drift;
mod engine;
mod http;
mod predict;
mod runs;
mod serve;
