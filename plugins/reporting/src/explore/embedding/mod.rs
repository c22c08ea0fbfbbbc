//! Feature embedding: slices laid out so that similar ones lie close together, by `pca` and by `tsne`.
//!
//! Both are computed here rather than by a library, since a report is made of any cohort: copies of one slice, two kinds
//! of slices, features that are the same everywhere. A tree of points, as Barnes-Hut t-SNE has it, does not end where
//! points coincide.

mod pca;
mod tsne;

use ichflow_api::prelude::*;
use rand::seq::SliceRandom;

use super::gather::{FEATURES, Seen};

/// Fewer slices than this make no embedding.
const FEWEST: usize = 10;

/// Slices on two planes.
pub(super) struct Embedding {
    /// Indices of the slices among all.
    pub slices: Vec<usize>,
    /// Along the two directions in which standardised features vary most.
    pub pca: Vec<(f64, f64)>,
    /// Share of the total variance along each of the two, 0 to 1.
    pub explained: [f64; 2],
    /// t-SNE of the standardised features.
    pub tsne: Vec<(f64, f64)>,
}

/// Lays out `most` slices, drawn by the seed; else why that cannot be done.
///
/// # Errors
///
/// The run was stopped.
pub(super) fn of(seen: &[Seen], most: usize, context: &Context) -> Result<Result<Embedding, &'static str>> {
    let mut drawn: Vec<&Seen> = seen.iter().collect();
    drawn.shuffle(&mut context.rng("maps"));
    drawn.truncate(most);
    drawn.sort_by_key(|one| one.index);
    if drawn.len() < FEWEST {
        return Ok(Err("There are fewer than ten slices to lay out."));
    }
    let features = standardised(&drawn);
    if features.iter().all(Vec::is_empty) {
        return Ok(Err("All slices have the same features."));
    }
    let components = pca::of(&features);
    context.checkpoint()?;
    let tsne = tsne::of(&features, &components.places, context)?;
    Ok(Ok(Embedding {
        slices: drawn.iter().map(|one| one.index).collect(),
        pca: components.places,
        explained: components.explained,
        tsne,
    }))
}

/// One row per slice, features with mean 0 and deviation 1; those that are the same everywhere are left out.
fn standardised(seen: &[&Seen]) -> Vec<Vec<f64>> {
    let count = seen.len() as f64;
    let mut rows = vec![Vec::new(); seen.len()];
    for feature in 0..FEATURES.len() {
        let values: Vec<f64> = seen.iter().map(|one| f64::from(one.features[feature])).collect();
        let mean = values.iter().sum::<f64>() / count;
        let deviation = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt();
        if deviation.is_finite() && deviation > 1e-9 {
            for (row, value) in rows.iter_mut().zip(values) {
                row.push((value - mean) / deviation);
            }
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explore::gather::seen_for_tests;
    use ichflow_api::testkit;

    fn embed(seen: &[Seen]) -> Result<Embedding, &'static str> {
        let directory = tempfile::tempdir().unwrap();
        let run = testkit::run_context(directory.path());
        of(seen, 1000, &Context::new(&run, "report", "eda-report", "key")).unwrap()
    }

    /// Slices of `kinds` kinds, one after the other.
    fn kinds(count: usize, kinds: usize) -> Vec<Seen> {
        (0..count)
            .map(|index| {
                let kind = (index % kinds) as f32;
                seen_for_tests(index, std::array::from_fn(|f| kind * (f as f32 + 1.0)))
            })
            .collect()
    }

    #[test]
    fn few_slices_and_slices_all_alike_say_why_there_is_no_embedding() {
        assert!(embed(&[]).is_err());
        assert!(embed(&kinds(1, 1)).is_err());
        assert!(embed(&kinds(500, 1)).is_err_and(|why| why.contains("the same features")));
    }

    #[test]
    fn a_few_kinds_lie_at_a_few_places() {
        for count in [10, 40, 400] {
            for of_kinds in [2, 3, 5] {
                let found = embed(&kinds(count, of_kinds)).unwrap();
                assert!((found.explained[0] - 1.0).abs() < 1e-9, "{:?}", found.explained);
                for places in [&found.pca, &found.tsne] {
                    assert!(places.iter().all(|(x, y)| x.is_finite() && y.is_finite()));
                    for (index, place) in places.iter().enumerate() {
                        assert_eq!(
                            *place,
                            places[index % of_kinds],
                            "coinciding slices stay together"
                        );
                    }
                    assert_ne!(places[0], places[1], "kinds are told apart");
                }
            }
        }
    }

    #[test]
    fn nearly_coinciding_slices_do_no_harm() {
        let seen: Vec<Seen> = (0..300)
            .map(|index| {
                let kind = (index % 3) as f32;
                let hair = 1e-6 * (index as f32);
                seen_for_tests(index, std::array::from_fn(|f| kind * (f as f32 + 1.0) + hair))
            })
            .collect();
        let found = embed(&seen).unwrap();
        assert!(found.tsne.iter().all(|(x, y)| x.is_finite() && y.is_finite()));
    }
}
