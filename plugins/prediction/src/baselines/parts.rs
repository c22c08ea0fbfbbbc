//! Which slices a baseline learns from, and which it predicts.

use std::sync::Arc;

use ichflow_api::prelude::*;

/// The slices of a run, as a baseline sees them.
pub(super) struct Parts {
    /// The cohort that was split.
    pub cohort: Arc<Cohort>,
    /// Training slices with labels, by their places in the cohort.
    pub train: Vec<usize>,
    /// Validation slices, by their places in the cohort.
    pub valid: Vec<usize>,
    /// Test slices.
    pub test: Option<Arc<Cohort>>,
}

impl Parts {
    /// # Errors
    /// Where no training slice has labels.
    pub(super) fn of(inputs: &Inputs) -> Result<Self> {
        let cohort = inputs.take(input::COHORT)?;
        let folds = inputs.take(input::FOLDS)?;
        let of_fold = |fold| {
            let indices = folds.indices(fold).into_iter();
            indices.filter(|index| *index < cohort.len())
        };
        let train: Vec<usize> = of_fold(Fold::Train)
            .filter(|index| cohort.slices[*index].labels.is_some())
            .collect();
        if train.is_empty() {
            return Err(
                Error::new("no slice of the training fold has labels").help("give the loader a labels file")
            );
        }
        Ok(Self {
            train,
            valid: of_fold(Fold::Valid).collect(),
            test: inputs.get(optional::TEST_COHORT)?,
            cohort,
        })
    }

    /// Slices by their places in the cohort.
    pub(super) fn slices(&self, indices: &[usize]) -> Vec<Slice> {
        indices
            .iter()
            .map(|index| self.cohort.slices[*index].clone())
            .collect()
    }

    /// Predictions of slices, a row each.
    pub(super) fn predictions(&self, slices: Vec<Slice>, probabilities: Vec<Vec<f64>>) -> Predictions {
        Predictions {
            slices,
            probabilities,
            ..Predictions::none_of(&self.cohort)
        }
    }
}

/// Writes the predictions of a baseline under its own name, and offers them on ports of that name: what follows goes on
/// with the network's.
pub(super) fn offer_as(
    [valid_port, test_port]: [Output<Predictions>; 2],
    valid: Predictions,
    test: Option<Predictions>,
    context: &Context,
) -> Result<Outputs> {
    valid.write_csv(&context.file(&format!("predictions/{}.csv", valid_port.name()))?)?;
    if let Some(test) = &test {
        test.write_csv(&context.file(&format!("predictions/{}.csv", test_port.name()))?)?;
    }
    Ok(Outputs::new().with(valid_port, valid).with_some(test_port, test))
}
