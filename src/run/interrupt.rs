//! Ctrl-C: once stops at the next safe point, twice stops at once.

use std::sync::atomic::{AtomicBool, Ordering};

static STOP: AtomicBool = AtomicBool::new(false);

/// Exit code of an interrupted program, as shells have it.
pub const INTERRUPTED: u8 = 130;

/// Starts listening for Ctrl-C and termination; the flag returned is set on the first.
pub fn listen() -> &'static AtomicBool {
    // A handler can be set once; a second call (in tests) keeps the first one.
    let _ = ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::SeqCst) {
            std::process::exit(i32::from(INTERRUPTED));
        }
        eprintln!("\nstopping at the next safe point; press Ctrl-C again to stop at once");
    });
    &STOP
}
