//! What is said when the machine's memory ends.

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Write;

/// The system's allocator, which ends the program with a plain error where it has no memory left, in place of an abort
/// without a word. A program sets it by `#[global_allocator]`.
pub struct Allocator;

/// Whoever asks for memory cannot go on without: the same run again finds what was kept.
fn ended(bytes: usize) -> ! {
    // Nothing is allocated on the way.
    let _ = writeln!(
        std::io::stderr(),
        "error: the machine's memory is full: {bytes} bytes more could not be had\n\
         help: `ichflow doctor RECIPE` says what a recipe takes; a smaller `batch`, smaller images or fewer threads \
         (RAYON_NUM_THREADS) take less. The same command goes on where this stopped"
    );
    std::process::exit(1)
}

fn checked(pointer: *mut u8, bytes: usize) -> *mut u8 {
    if pointer.is_null() {
        ended(bytes);
    }
    pointer
}

// SAFETY: every call goes to the system's allocator with the arguments that came in, and its pointers are handed on as
// they are.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `alloc`.
        checked(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        checked(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `realloc`.
        checked(unsafe { System.realloc(pointer, layout, size) }, size)
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}
