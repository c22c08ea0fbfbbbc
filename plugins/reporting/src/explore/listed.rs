//! Long lists, of which a page shows the first.

use crate::render::numbers::{counted, thousands};

/// More lines than this help nobody.
const MOST_ROWS: usize = 100;

/// The first of some things.
pub(super) struct Listed<T> {
    /// They themselves, as the page shows them.
    pub rows: Vec<T>,
    /// How many there are, in words.
    pub count: String,
    /// How many more there are, in words; empty where all are shown.
    pub more: String,
}

impl<T> Listed<T> {
    /// The first of `all`, which are the first of `count`.
    pub(super) fn of<S>(all: &[S], count: usize, (one, many): (&str, &str), show: impl Fn(&S) -> T) -> Self {
        let rows: Vec<T> = all.iter().take(MOST_ROWS).map(show).collect();
        let more = count - rows.len();
        Self {
            count: counted(count, one, many),
            more: if more == 0 { String::new() } else { thousands(more) },
            rows,
        }
    }
}
