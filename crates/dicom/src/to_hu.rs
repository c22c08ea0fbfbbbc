//! From the stored words of a frame to Hounsfield units, put right where the words show that the header is wrong.

use crate::repairs::Repairs;
use crate::rescale::to_hu_of;
use crate::storage::Storage;

/// Hounsfield units of stored words, and what the words had to be put right for.
pub(crate) fn converted<T>(stored: &[T], word: impl Fn(&T) -> u16, storage: &Storage) -> (Vec<i16>, Repairs) {
    if !Repairs::may_be_needed(storage) && storage.lut.is_none() {
        return (to_hu_of(stored, word, &storage.rescale), Repairs::default());
    }
    let words: Vec<u16> = stored.iter().map(word).collect();
    let repairs = Repairs::of(&words, storage);
    if repairs == Repairs::default() && storage.lut.is_none() {
        return (to_hu_of(&words, |word| *word, &storage.rescale), repairs);
    }
    let all = 1 << 16;
    let hu = if words.len() < all {
        words.iter().map(|word| repairs.hu(*word, storage)).collect()
    } else {
        let table: Vec<i16> = (0..=u16::MAX).map(|word| repairs.hu(word, storage)).collect();
        words.iter().map(|word| table[usize::from(*word)]).collect()
    };
    (hu, repairs)
}
