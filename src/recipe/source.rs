//! The texts a recipe is made of: its own file, those it extends, and `--set` arguments.

use std::ops::Range;

/// What kind of layer a text is; later ones win over earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerKind {
    /// A file that the recipe extends, directly or not.
    Base,
    /// The recipe itself.
    Recipe,
    /// A `--set KEY=VALUE` argument.
    Set,
}

/// One text.
#[derive(Clone, Debug)]
pub struct Source {
    /// File name as given, or `--set`.
    pub name: String,
    /// The whole text.
    pub text: String,
    /// What kind of layer it is.
    pub kind: LayerKind,
}

/// A stretch of one of the texts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Index into [`Sources`].
    pub source: usize,
    /// Byte offset of the first character.
    pub start: usize,
    /// Byte offset after the last character.
    pub end: usize,
}

impl Place {
    /// A stretch of text number `source`.
    pub fn new(source: usize, span: Range<usize>) -> Self {
        Self {
            source,
            start: span.start,
            end: span.end,
        }
    }
}

/// All texts, in the order they apply.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The texts; the first is applied first.
    pub texts: Vec<Source>,
}

impl Sources {
    /// Line and column (both from 1, columns in characters) of a place.
    pub fn line_and_column(&self, place: &Place) -> (usize, usize) {
        let text = &self.texts[place.source].text;
        let before = &text[..floor_char_boundary(text, place.start)];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        (line, column)
    }
}

/// The largest character boundary at or below `index`: spans come from parsers and are not trusted blindly.
pub fn floor_char_boundary(text: &str, index: usize) -> usize {
    let mut index = index.min(text.len());
    while !text.is_char_boundary(index) {
        index -= 1;
    }
    index
}
