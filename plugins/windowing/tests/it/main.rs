//! Windowing schemes beside other programs' numbers, and beside themselves computed another way.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails at the right line")]

mod looked_up;
mod reference;
