//! `ichflow reference | head`: whoever reads the output may have seen enough.

use std::panic::{set_hook, take_hook};
use std::process::exit;

/// What a shell calls a program that a closed pipe ended.
const PIPE_CLOSED: i32 = 141;

/// Ends the program without a word when nobody reads its output any more. Writing to a closed pipe is a panic of
/// `println!`, which would look like a fault of ours.
pub(super) fn end_when_nobody_reads() {
    let before = take_hook();
    set_hook(Box::new(move |panic| {
        let said = panic.payload_as_str().unwrap_or_default();
        if said.starts_with("failed printing to stdout") && said.contains("Broken pipe") {
            exit(PIPE_CLOSED);
        }
        before(panic);
    }));
}
