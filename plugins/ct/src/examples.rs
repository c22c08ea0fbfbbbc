//! A count with its first few examples.

/// Examples shown of one kind of mistake.
const EXAMPLES: usize = 5;

/// A count with its first few examples.
#[derive(Default)]
pub(crate) struct Examples {
    /// How many there are.
    pub count: usize,
    shown: Vec<String>,
}

impl Examples {
    /// Counts one more.
    pub(crate) fn add(&mut self, example: impl FnOnce() -> String) {
        self.count += 1;
        if self.shown.len() < EXAMPLES {
            self.shown.push(example());
        }
    }

    /// "a, b, c, …".
    pub(crate) fn text(&self) -> String {
        let more = if self.count > self.shown.len() {
            ", …"
        } else {
            ""
        };
        format!("{}{more}", self.shown.join(", "))
    }
}
