//! Catching panics of code that is not ours, without their noise on stderr.

use std::cell::RefCell;
use std::panic::{UnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// While a guarded closure runs on this thread: the message of its panic.
    static CAUGHT: RefCell<Option<Option<String>>> = const { RefCell::new(None) };
}

/// Runs `work`; a panic in it (on this thread) becomes its message and place, and prints nothing.
///
/// # Errors
/// The message and place of a panic.
pub fn catch<T>(work: impl FnOnce() -> T + UnwindSafe) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let default = take_hook();
        set_hook(Box::new(move |panic| {
            let guarded = CAUGHT.with_borrow_mut(|caught| match caught {
                Some(message) => {
                    *message = Some(panic.to_string().replace('\n', " "));
                    true
                }
                None => false,
            });
            if !guarded {
                default(panic);
            }
        }));
    });
    let outer = CAUGHT.replace(Some(None));
    let result = catch_unwind(work);
    let message = CAUGHT.replace(outer).flatten();
    result.map_err(|_| message.unwrap_or_else(|| "no message".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_message() {
        let numbers: Vec<u8> = Vec::new();
        let message = catch(|| numbers[3]).unwrap_err();
        assert!(
            message.contains("index is 3") && message.contains("guard.rs"),
            "{message}"
        );
        assert_eq!(catch(|| 7), Ok(7));
    }

    #[test]
    fn guards_nest() {
        let result = catch(|| {
            let inner = catch(|| panic!("inner"));
            assert!(inner.unwrap_err().contains("inner"));
            panic!("outer");
        });
        let message = result.map(|()| String::new()).unwrap_err();
        assert!(message.contains("outer"), "{message}");
    }
}
