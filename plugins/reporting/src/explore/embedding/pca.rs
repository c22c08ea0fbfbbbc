//! Principal components of a few features.

/// The first two components.
pub(super) struct Components {
    /// Where each row lies along the two.
    pub places: Vec<(f64, f64)>,
    /// Share of the total variance along each of the two, 0 to 1.
    pub explained: [f64; 2],
}

/// The two directions in which centred rows vary most (Pearson 1901). Where they vary along one alone, all second
/// coordinates are 0. Each component points to where its largest loading is positive.
pub(super) fn of(rows: &[Vec<f64>]) -> Components {
    let width = rows.first().map_or(0, Vec::len);
    let count = rows.len().max(1) as f64;
    let covariance: Vec<Vec<f64>> = (0..width)
        .map(|a| {
            (0..width)
                .map(|b| rows.iter().map(|row| row[a] * row[b]).sum::<f64>() / count)
                .collect()
        })
        .collect();
    let total: f64 = (0..width).map(|a| covariance[a][a]).sum();
    let mut components = eigen(covariance);
    components.sort_by(|a, b| b.0.total_cmp(&a.0));
    let along = |place: usize| -> (f64, Vec<f64>) {
        let Some((variance, direction)) = components.get(place) else {
            return (0.0, vec![0.0; rows.len()]);
        };
        // What rounding leaves of a component that is not there would look like a picture.
        if *variance <= 1e-12 * total {
            return (0.0, vec![0.0; rows.len()]);
        }
        let sums = rows.iter().map(|row| {
            row.iter()
                .zip(direction)
                .map(|(value, loading)| value * loading)
                .sum()
        });
        (variance / total, sums.collect())
    };
    let ((first, x), (second, y)) = (along(0), along(1));
    Components {
        places: x.into_iter().zip(y).collect(),
        explained: [first, second],
    }
}

/// Eigenvalues and unit eigenvectors of a symmetric matrix, by cyclic Jacobi rotations (Golub and Van Loan, Matrix
/// Computations, section 8.5). Meant for a few dozen rows.
fn eigen(mut matrix: Vec<Vec<f64>>) -> Vec<(f64, Vec<f64>)> {
    /// Far more than are ever needed: convergence is quadratic.
    const SWEEPS: usize = 60;
    let size = matrix.len();
    let mut vectors: Vec<Vec<f64>> = (0..size)
        .map(|row| {
            (0..size)
                .map(|column| f64::from(u8::from(row == column)))
                .collect()
        })
        .collect();
    for _ in 0..SWEEPS {
        let beside: f64 = (0..size)
            .flat_map(|row| (0..row).map(move |column| (row, column)))
            .map(|(row, column)| matrix[row][column].powi(2))
            .sum();
        if beside < 1e-24 {
            break;
        }
        for p in 0..size {
            for q in p + 1..size {
                if matrix[p][q] == 0.0 {
                    continue;
                }
                let theta = (matrix[q][q] - matrix[p][p]) / (2.0 * matrix[p][q]);
                let tangent = theta.signum() / (theta.abs() + theta.hypot(1.0));
                let cosine = 1.0 / tangent.hypot(1.0);
                let sine = tangent * cosine;
                for row in &mut matrix {
                    (row[p], row[q]) = (cosine * row[p] - sine * row[q], sine * row[p] + cosine * row[q]);
                }
                let (above, below) = matrix.split_at_mut(q);
                for (a, b) in above[p].iter_mut().zip(&mut below[0]) {
                    (*a, *b) = (cosine * *a - sine * *b, sine * *a + cosine * *b);
                }
                for row in &mut vectors {
                    (row[p], row[q]) = (cosine * row[p] - sine * row[q], sine * row[p] + cosine * row[q]);
                }
            }
        }
    }
    (0..size)
        .map(|place| {
            let mut vector: Vec<f64> = vectors.iter().map(|row| row[place]).collect();
            let largest =
                vector.iter().copied().fold(
                    0.0,
                    |most: f64, value| if value.abs() > most.abs() { value } else { most },
                );
            if largest < 0.0 {
                vector.iter_mut().for_each(|value| *value = -*value);
            }
            (matrix[place][place], vector)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_the_total_variance() {
        // Three features of their own: 6, 3 and 1 times as much variance.
        let scales = [6.0_f64.sqrt(), 3.0_f64.sqrt(), 1.0];
        let rows: Vec<Vec<f64>> = (0..8)
            .map(|row| {
                (0..3)
                    .map(|bit| {
                        if row >> bit & 1 == 1 {
                            scales[bit]
                        } else {
                            -scales[bit]
                        }
                    })
                    .collect()
            })
            .collect();
        let found = of(&rows);
        assert!((found.explained[0] - 0.6).abs() < 1e-12 && (found.explained[1] - 0.3).abs() < 1e-12);
        assert!(
            (found.places[0].0 + scales[0]).abs() < 1e-12,
            "{:?}",
            found.places[0]
        );
    }

    #[test]
    fn mixed_features_are_taken_apart() {
        // (1, 1)/√2 with variance 4, (1, −1)/√2 with variance 1.
        let rows: Vec<Vec<f64>> = [(2.0, 1.0), (2.0, -1.0), (-2.0, 1.0), (-2.0, -1.0)]
            .iter()
            .map(|(a, b)| {
                let half = 0.5_f64.sqrt();
                vec![half * (a + b), half * (a - b)]
            })
            .collect();
        let found = of(&rows);
        assert!((found.explained[0] - 0.8).abs() < 1e-12);
        for (place, (a, b)) in found
            .places
            .iter()
            .zip([(2.0, 1.0), (2.0, -1.0), (-2.0, 1.0), (-2.0, -1.0)])
        {
            assert!((place.0 - a).abs() < 1e-12 && (place.1.abs() - f64::abs(b)).abs() < 1e-12);
        }
    }

    #[test]
    fn one_direction_or_none_is_not_an_error() {
        let line: Vec<Vec<f64>> = (-2..=2).map(|i| vec![f64::from(i), f64::from(2 * i)]).collect();
        let found = of(&line);
        assert!((found.explained[0] - 1.0).abs() < 1e-12);
        assert_eq!(found.explained[1], 0.0);
        assert!(found.places.iter().all(|place| place.1 == 0.0));
        let single = of(&[vec![-1.0], vec![1.0]]);
        assert_eq!(
            (single.explained, single.places),
            ([1.0, 0.0], vec![(-1.0, 0.0), (1.0, 0.0)])
        );
        assert!(of(&[]).places.is_empty());
    }
}
