//! Which slices are computed together: as many as memory and disk have room for, and never a part of a series.

use std::collections::BTreeMap;

use ichflow_api::data::identity::series_of;
use ichflow_api::prelude::*;

/// Pixels of a portion, unless a single series has more: 512 slices of 512 × 512.
const PIXELS: u64 = 512 * 512 * 512;

/// Slices computed together: whole series.
pub(super) type Portion = Vec<Vec<Slice>>;

/// Cuts slices into portions. Steps that look along a series see all of it; series of images of one size are computed
/// together up to a bound, and a series of several sizes alone.
pub(super) fn portions(slices: Vec<Slice>) -> Vec<Portion> {
    let series = series_of(&slices);
    let mut slices: Vec<Option<Slice>> = slices.into_iter().map(Some).collect();
    let series = series.into_iter().map(|indices| -> Vec<Slice> {
        let of_series = indices.into_iter().filter_map(|index| slices[index].take());
        of_series.collect()
    });
    let mut alike: BTreeMap<(u32, u32), Vec<Vec<Slice>>> = BTreeMap::new();
    let mut portions = Vec::new();
    for series in series {
        match by_size(&series).as_slice() {
            [(size, _)] => alike.entry(*size).or_default().push(series),
            _ => portions.push(vec![series]),
        }
    }
    for ((rows, columns), of_size) in alike {
        let most = PIXELS / (u64::from(rows) * u64::from(columns)).max(1);
        let mut portion: Portion = Vec::new();
        let mut count = 0;
        for series in of_size {
            if count > 0 && count + series.len() as u64 > most {
                portions.push(std::mem::take(&mut portion));
                count = 0;
            }
            count += series.len() as u64;
            portion.push(series);
        }
        portions.push(portion);
    }
    portions
}

/// Smaller portions with the same slices, for one that cannot be computed as a whole: its series, or the sizes within its
/// only series; nothing where there are none.
pub(super) fn smaller(portion: Portion) -> Vec<Portion> {
    match <[_; 1]>::try_from(portion) {
        Ok([series]) => {
            let of_sizes = by_size(&series);
            match of_sizes.len() {
                0 | 1 => Vec::new(),
                _ => of_sizes.into_iter().map(|(_, slices)| vec![slices]).collect(),
            }
        }
        Err(several) => several.into_iter().map(|series| vec![series]).collect(),
    }
}

fn by_size(series: &[Slice]) -> Vec<((u32, u32), Vec<Slice>)> {
    let mut sizes: BTreeMap<(u32, u32), Vec<Slice>> = BTreeMap::new();
    for slice in series {
        sizes
            .entry((slice.rows, slice.columns))
            .or_default()
            .push(slice.clone());
    }
    sizes.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::testkit;

    fn slices(series: &str, count: usize, side: u32) -> Vec<Slice> {
        let slice = |number| Slice {
            series: series.to_owned(),
            rows: side,
            columns: side,
            ..testkit::slice(&format!("{series}{number}"), "p", None)
        };
        (0..count).map(slice).collect()
    }

    fn counts(portions: &[Portion]) -> Vec<Vec<usize>> {
        portions
            .iter()
            .map(|portion| portion.iter().map(Vec::len).collect())
            .collect()
    }

    #[test]
    fn series_stay_whole_and_portions_are_bounded() {
        let all = [
            slices("a", 300, 512),
            slices("b", 300, 512),
            slices("c", 20, 512),
            slices("d", 4, 256),
            slices("e", 1, 4096),
            slices("long", 600, 512),
        ];
        let got = portions(all.concat());
        let expected: Vec<Vec<usize>> = vec![vec![4], vec![300], vec![300, 20], vec![600], vec![1]];
        assert_eq!(counts(&got), expected);
    }

    #[test]
    fn what_fails_together_is_tried_in_parts() {
        let mixed = [slices("a", 2, 64), slices("a", 3, 32)].concat();
        let got = portions([mixed, slices("b", 1, 64)].concat());
        assert_eq!(counts(&got), [[5], [1]]);
        let parts = smaller(got[0].clone());
        assert_eq!(counts(&parts), [[3], [2]]);
        assert!(smaller(parts[0].clone()).is_empty());
        assert_eq!(
            counts(&smaller(vec![slices("c", 1, 8), slices("d", 2, 8)])),
            [[1], [2]]
        );
    }
}
