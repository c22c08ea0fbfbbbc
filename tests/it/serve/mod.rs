//! `ichflow serve` over a real socket: what it answers, that its numbers are those of `ichflow predict`, and that nothing
//! a client does ends it.

mod attacks;
mod client;
mod numbers;
mod routes;
