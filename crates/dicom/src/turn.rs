//! One orientation for all axial images, however a patient lay and a writer stored them.

/// A turn of an image by quarters and mirrors, without any resampling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// Whether rows and columns change places, before anything else.
    pub transposed: bool,
    /// Whether the columns come in reverse.
    pub columns_reversed: bool,
    /// Whether the rows come in reverse.
    pub rows_reversed: bool,
}

impl Turn {
    /// The turn after which a row leads to the patient's left and a column to the back, as near as quarters come to it;
    /// `orientation` are the directions of a row and of a column, as ImageOrientationPatient has them.
    pub fn of(orientation: [f64; 6]) -> Self {
        let [row_x, row_y, _, column_x, column_y, _] = orientation;
        let transposed = row_x.abs() + column_y.abs() < row_y.abs() + column_x.abs();
        let (left, back) = match transposed {
            true => (column_x, row_y),
            false => (row_x, column_y),
        };
        Self {
            transposed,
            columns_reversed: left < 0.0,
            rows_reversed: back < 0.0,
        }
    }

    /// Rows and columns after the turn, in their order: of numbers of them, or of what is between them.
    pub fn size<T>(self, rows: T, columns: T) -> (T, T) {
        match self.transposed {
            true => (columns, rows),
            false => (rows, columns),
        }
    }

    /// The directions of a row and of a column after the turn.
    pub fn orientation(self, orientation: [f64; 6]) -> [f64; 6] {
        let [a, b, c, d, e, f] = orientation;
        let (row, column) = self.size([a, b, c], [d, e, f]);
        let sign = |reversed: bool| if reversed { -1.0 } else { 1.0 };
        // Zeros keep their sign, so that what is not turned is unchanged.
        let turned = |axis: [f64; 3], reversed: bool| {
            axis.map(|part| if part == 0.0 { part } else { part * sign(reversed) })
        };
        let (row, column) = (
            turned(row, self.columns_reversed),
            turned(column, self.rows_reversed),
        );
        [row[0], row[1], row[2], column[0], column[1], column[2]]
    }

    /// The values of an image of `rows × columns` after the turn, row by row.
    pub fn apply<T: Copy>(self, rows: usize, columns: usize, values: Vec<T>) -> Vec<T> {
        if self == Self::default() || values.len() != rows * columns {
            return values;
        }
        let (new_rows, new_columns) = self.size(rows, columns);
        let mut turned = Vec::with_capacity(values.len());
        for row in 0..new_rows {
            let row = if self.rows_reversed {
                new_rows - 1 - row
            } else {
                row
            };
            for column in 0..new_columns {
                let column = match self.columns_reversed {
                    true => new_columns - 1 - column,
                    false => column,
                };
                let (row, column) = self.size(row, column);
                turned.push(values[row * columns + column]);
            }
        }
        turned
    }

    /// The turn in words; none where there is none.
    pub fn in_words(self) -> Option<&'static str> {
        match (self.transposed, self.columns_reversed, self.rows_reversed) {
            (false, false, false) => None,
            (false, true, true) => Some("turned by 180°"),
            (false, true, false) => Some("mirrored left to right"),
            (false, false, true) => Some("mirrored top to bottom"),
            (true, true, false) => Some("turned clockwise by 90°"),
            (true, false, true) => Some("turned counterclockwise by 90°"),
            (true, false, false) => Some("mirrored at its diagonal"),
            (true, true, true) => Some("mirrored at its other diagonal"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever way an image is stored, its pixels come out by where they are in the patient.
    #[test]
    fn every_way_of_storing_gives_the_same_image() {
        let (rows, columns) = (2, 3);
        // What is expected: a row leads to the left (x), a column to the back (y).
        let expected: Vec<i32> = vec![0, 1, 2, 10, 11, 12];
        let axes = [[1, 0], [-1, 0], [0, 1], [0, -1]];
        let mut ways = 0;
        for row in axes {
            for column in axes {
                if row[0] * column[0] + row[1] * column[1] != 0 {
                    continue;
                }
                ways += 1;
                let (stored_rows, stored_columns) = if row[0] == 0 {
                    (columns, rows)
                } else {
                    (rows, columns)
                };
                let start = |axis: usize, last: i32| if row[axis] + column[axis] < 0 { last } else { 0 };
                let (x0, y0) = (start(0, columns as i32 - 1), start(1, rows as i32 - 1));
                let at =
                    |r: i32, c: i32| (y0 + r * column[1] + c * row[1]) * 10 + x0 + r * column[0] + c * row[0];
                let stored: Vec<i32> = (0..stored_rows as i32)
                    .flat_map(|r| (0..stored_columns as i32).map(move |c| at(r, c)))
                    .collect();
                let parts = [row[0], row[1], 0, column[0], column[1], 0].map(f64::from);
                let turn = Turn::of(parts);
                assert_eq!(
                    turn.apply(stored_rows, stored_columns, stored),
                    expected,
                    "{parts:?}"
                );
                assert_eq!(
                    turn.orientation(parts),
                    [1.0, 0.0, 0.0, 0.0, 1.0, 0.0],
                    "{parts:?}"
                );
                assert_eq!(turn.size(stored_rows, stored_columns), (rows, columns));
                assert_eq!(turn.in_words().is_none(), turn == Turn::default());
            }
        }
        assert_eq!(ways, 8);
    }
}
