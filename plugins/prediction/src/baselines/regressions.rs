//! A logistic regression for each label, on standardised features.

use ichflow_api::prelude::*;
use rayon::prelude::*;

use crate::logistic::LogisticRegression;

/// One regression a label.
pub(super) struct Regressions {
    scale: Scale,
    models: Vec<LogisticRegression>,
}

impl Regressions {
    /// Fits to slices with labels and their features, a row each.
    ///
    /// # Errors
    /// Where a regression cannot be fitted.
    pub(super) fn fit(slices: &[Slice], mut rows: Vec<Vec<f64>>, labels: usize, l2: f64) -> Result<Self> {
        let scale = Scale::of(&rows);
        rows.iter_mut().for_each(|row| scale.apply(row));
        let models = (0..labels)
            .into_par_iter()
            .map(|label| {
                let known = slices.iter().zip(&rows);
                let (truth, rows): (Vec<bool>, Vec<&[f64]>) = known
                    .filter_map(|(slice, row)| {
                        Some((slice.labels.as_ref()?.positive(label)?, row.as_slice()))
                    })
                    .unzip();
                LogisticRegression::fit(&rows, &truth, l2)
            })
            .collect::<Result<_>>()?;
        Ok(Self { scale, models })
    }

    /// The probabilities of slices, from their features.
    pub(super) fn predict(&self, mut rows: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
        rows.iter_mut().for_each(|row| self.scale.apply(row));
        let predicted = |row: &Vec<f64>| self.models.iter().map(|model| model.predict(row)).collect();
        rows.iter().map(predicted).collect()
    }
}

/// Mean and spread of each feature over the training slices.
struct Scale {
    mean: Vec<f64>,
    spread: Vec<f64>,
}

impl Scale {
    fn of(rows: &[Vec<f64>]) -> Self {
        let columns = rows.first().map_or(0, Vec::len);
        let average = |of: &dyn Fn(&Vec<f64>) -> f64| rows.iter().map(of).sum::<f64>() / rows.len() as f64;
        let mean: Vec<f64> = (0..columns).map(|column| average(&|row| row[column])).collect();
        let spread = (0..columns)
            .map(|column| average(&|row| (row[column] - mean[column]).powi(2)).sqrt())
            .collect();
        Self { mean, spread }
    }

    fn apply(&self, row: &mut [f64]) {
        for ((x, mean), spread) in row.iter_mut().zip(&self.mean).zip(&self.spread) {
            // A feature that is the same everywhere says nothing.
            *x = if *spread > 1e-9 { (*x - mean) / spread } else { 0.0 };
        }
    }
}
