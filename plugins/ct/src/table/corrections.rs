//! What a correction changes.

use ichflow_api::prelude::*;

/// Puts what a correction says in place of what was known; what it leaves open stays. The union of the other labels follows
/// where the correction does not say it and it was their union before. Says whether anything changed.
pub(crate) fn correct(known: &mut [Option<f32>], said: &[Option<f32>], set: &LabelSet) -> bool {
    let agreed = agrees(known, set);
    let before = known.to_vec();
    for (known, said) in known.iter_mut().zip(said) {
        *known = said.or(*known);
    }
    let changed = *known != before;
    if let Some(union) = set
        .union()
        .filter(|union| changed && agreed && said[*union].is_none())
        && let Some(of_others) = union_of(known, union)
    {
        known[union] = Some(of_others);
    }
    changed
}

/// Whether the union is that of the other labels, as far as they are known.
pub(crate) fn agrees(values: &[Option<f32>], set: &LabelSet) -> bool {
    let Some(union) = set.union() else { return true };
    match (values[union], union_of(values, union)) {
        (Some(stated), Some(of_others)) => (stated >= 0.5) == (of_others >= 0.5),
        _ => true,
    }
}

/// The greatest of the other labels if one is positive or all are known, else nothing.
fn union_of(values: &[Option<f32>], union: usize) -> Option<f32> {
    let others = (0..values.len()).filter(|label| *label != union);
    super::rows::either(others.map(|label| values[label]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corrected(known: [Option<f32>; 3], said: [Option<f32>; 3]) -> ([Option<f32>; 3], bool) {
        let names = ["any", "a", "b"].map(str::to_owned).to_vec();
        let set = LabelSet::new(names, Some("any"), vec![1.0; 3]).unwrap();
        let mut values = known;
        let changed = correct(&mut values, &said, &set);
        assert!(changed == (values != known));
        (values, agrees(&values, &set))
    }

    #[test]
    fn what_is_left_open_stays() {
        let known = [Some(1.0), Some(1.0), Some(0.0)];
        assert_eq!(corrected(known, [None; 3]), (known, true));
        assert_eq!(corrected(known, [None, Some(1.0), None]), (known, true));
    }

    #[test]
    fn the_union_follows_the_others() {
        let (yes, no) = (Some(1.0), Some(0.0));
        assert_eq!(corrected([yes, yes, no], [None, no, None]), ([no, no, no], true));
        assert_eq!(corrected([no, no, no], [None, None, yes]), ([yes, no, yes], true));
        assert_eq!(
            corrected([yes, yes, yes], [None, no, None]),
            ([yes, no, yes], true)
        );
        // It is unknown whether another one holds.
        assert_eq!(
            corrected([yes, yes, None], [None, no, None]),
            ([yes, no, None], true)
        );
        // Said, or wrong before: it stays as it is.
        assert_eq!(corrected([yes, yes, no], [yes, no, None]), ([yes, no, no], false));
        assert_eq!(corrected([yes, no, no], [None, None, no]), ([yes, no, no], false));
        assert_eq!(
            corrected([no, yes, no], [None, None, yes]),
            ([no, yes, yes], false)
        );
    }
}
