//! Which series run together, and in which order their rows stand.

/// Series of a piece: few enough that their states stay in the second-level cache, enough for one product to be worth
/// it.
const SERIES: usize = 32;

/// Some series in one direction.
#[derive(Debug)]
pub(super) struct Piece {
    /// 0 from the first slice to the last, 1 from the last to the first.
    pub(super) direction: usize,
    /// The slice that each row of the piece is, in the order of steps, and of series within a step.
    pub(super) rows: Vec<usize>,
    /// Where each step's rows begin, and at last where all end.
    starts: Vec<usize>,
}

impl Piece {
    fn new(direction: usize, mut series: Vec<[usize; 2]>) -> Self {
        // Stable: the order is a matter of lengths alone.
        series.sort_by_key(|[_, length]| std::cmp::Reverse(*length));
        let longest = series.first().map_or(0, |[_, length]| *length);
        let mut rows = Vec::new();
        let mut starts = vec![0];
        for step in 0..longest {
            let active = series.iter().take_while(|[_, length]| *length > step);
            rows.extend(active.map(|[first, length]| match direction {
                0 => first + step,
                _ => first + length - 1 - step,
            }));
            starts.push(rows.len());
        }
        Self {
            direction,
            rows,
            starts,
        }
    }

    /// How many steps the longest series takes.
    pub(super) fn steps(&self) -> usize {
        self.starts.len() - 1
    }

    /// The first row of a step, and how many it has.
    pub(super) fn step(&self, step: usize) -> [usize; 2] {
        [self.starts[step], self.starts[step + 1] - self.starts[step]]
    }

    /// The first row of the step before, if there is one: that of the same series, which are the first of it.
    pub(super) fn before(&self, step: usize) -> Option<usize> {
        step.checked_sub(1).map(|before| self.starts[before])
    }

    /// Rows of the step that has most, which is the first.
    pub(super) fn widest(&self) -> usize {
        self.starts.get(1).copied().unwrap_or(0)
    }
}

/// The work on series of these lengths, cut by their number alone.
pub(super) fn pieces(lengths: &[usize], directions: usize) -> Vec<Piece> {
    let mut first = 0;
    let series: Vec<[usize; 2]> = lengths
        .iter()
        .map(|&length| {
            first += length;
            [first - length, length]
        })
        .collect();
    let chunks = series.chunks(SERIES);
    chunks
        .flat_map(|chunk| (0..directions).map(|direction| Piece::new(direction, chunk.to_vec())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_begins_at_the_last_slice_of_each() {
        let pieces = pieces(&[1, 3, 0, 2], 2);
        assert_eq!(pieces[0].rows, [1, 4, 0, 2, 5, 3]);
        assert_eq!(pieces[1].rows, [3, 5, 0, 2, 4, 1]);
        assert_eq!(
            (0..3).map(|step| pieces[0].step(step)).collect::<Vec<_>>(),
            [[0, 3], [3, 2], [5, 1]]
        );
        assert_eq!(
            (pieces[0].before(0), pieces[0].before(2), pieces[0].widest()),
            (None, Some(3), 3)
        );
    }
}
