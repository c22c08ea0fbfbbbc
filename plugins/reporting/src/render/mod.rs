//! What every page is drawn with: pictures, images as PNG, numbers in words, hashed identifiers, the slices worth
//! showing; and beside them the pieces of HTML that reports share. What every page has is `ichflow-pages`'.

pub(crate) mod choose;
pub(crate) mod look;
pub(crate) mod numbers;
pub(crate) mod plots;
pub(crate) mod png;
pub(crate) mod privacy;
pub(crate) mod shrink;
