//! What layers say of themselves while an image goes through them.

use std::cell::RefCell;
use std::collections::HashMap;

use burn::module::ParamId;

/// What layers have said of themselves while an image went through.
pub(crate) struct Seen {
    pub(crate) output: Vec<usize>,
    pub(crate) multiply_adds: u64,
}

thread_local! {
    static SEEN: RefCell<Option<HashMap<ParamId, Seen>>> = const { RefCell::new(None) };
}

/// Called for every layer that computes; does nothing unless a summary is being made on this thread. `output` is the shape of what it gave, `each` the multiply-adds of one value of it.
pub(crate) fn seen<const D: usize>(weight: ParamId, output: [usize; D], each: usize) {
    SEEN.with_borrow_mut(|seen| {
        if let Some(seen) = seen {
            // One image goes through: a first side above 1 is its places, put side by side.
            let of_one = match output.split_first() {
                Some((1, rest)) => rest.to_vec(),
                _ => output.to_vec(),
            };
            let values: usize = output.iter().product();
            let entry = seen.entry(weight).or_insert(Seen {
                output: of_one,
                multiply_adds: 0,
            });
            // A layer that is called twice works twice.
            entry.multiply_adds += (values * each) as u64;
        }
    });
}

/// What the layers that `work` calls on this thread say of themselves, by their weights.
pub(crate) fn during(work: impl FnOnce()) -> HashMap<ParamId, Seen> {
    SEEN.set(Some(HashMap::new()));
    work();
    SEEN.take().unwrap_or_default()
}
