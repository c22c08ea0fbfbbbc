//! What every page is drawn with: pictures, images as PNG, numbers in words, hashed identifiers, the slices worth
//! showing; and beside them the style sheet and the pieces of HTML that pages share.

pub(crate) mod choose;
pub(crate) mod look;
pub(crate) mod numbers;
pub(crate) mod plots;
pub(crate) mod png;
pub(crate) mod privacy;
