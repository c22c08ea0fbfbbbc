//! Series of like length in one batch.

/// Batches that are put together and dealt anew by length: enough that lengths in a batch are alike, few enough that
/// batches stay a random choice.
const POOL: usize = 16;

/// The batches of an epoch with series of like length together. `drawn` are in random order; the batches have the same
/// sizes as those, and follow one another as randomly.
pub(super) fn bucketed(drawn: Vec<Vec<usize>>, length: impl Fn(usize) -> usize) -> Vec<Vec<usize>> {
    let mut batches = Vec::with_capacity(drawn.len());
    for pool in drawn.chunks(POOL) {
        // With the place at which each was drawn, which orders what is alike, and later the batches.
        let mut units: Vec<(usize, usize)> = pool.concat().into_iter().enumerate().collect();
        units.sort_by_key(|(place, unit)| (length(*unit), *place));
        let mut rest = units.as_slice();
        let mut dealt: Vec<&[(usize, usize)]> = Vec::with_capacity(pool.len());
        for batch in pool {
            let (these, others) = rest.split_at(batch.len());
            dealt.push(these);
            rest = others;
        }
        dealt.sort_by_key(|batch| batch.iter().map(|(place, _)| *place).min());
        batches.extend(
            dealt
                .into_iter()
                .map(|batch| batch.iter().map(|(_, unit)| *unit).collect()),
        );
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_series_stays_once_and_lengths_are_alike() {
        // Unit u has u mod 40 slices; 320 of them, drawn in a fixed mixed order.
        let order: Vec<usize> = (0..320).map(|index| (index * 7919) % 320).collect();
        let drawn: Vec<Vec<usize>> = order.chunks(10).map(<[usize]>::to_vec).collect();
        let found = bucketed(drawn.clone(), |unit| unit % 40);
        assert!(found.iter().all(|batch| batch.len() == 10));
        let mut all = found.concat();
        all.sort_unstable();
        assert_eq!(all, (0..320).collect::<Vec<_>>());
        let spread = |batches: &[Vec<usize>]| -> usize {
            let of = |batch: &Vec<usize>| {
                let lengths = batch.iter().map(|unit| unit % 40);
                lengths.clone().max().unwrap() - lengths.min().unwrap()
            };
            batches.iter().map(of).sum()
        };
        assert!(spread(&found) * 4 < spread(&drawn));
        // Short ones do not come first.
        assert!(found[0][0] % 40 != 0 || found[1][0] % 40 != 0);
        assert_eq!(found, bucketed(drawn, |unit| unit % 40));
    }
}
