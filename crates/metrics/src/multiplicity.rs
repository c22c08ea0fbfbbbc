//! Many tests at once: some look remarkable by chance.

use crate::{MetricsError, checks};

/// Holm's adjusted p values (1979), in the order given: calling all at most α real is wrong about any of them
/// with a probability of at most α, whatever their dependence.
///
/// # Errors
/// [`MetricsError::Range`] for a value outside 0 to 1 or NaN.
pub fn holm(p_values: &[f64]) -> Result<Vec<f64>, MetricsError> {
    let order = ascending(p_values)?;
    let mut adjusted = vec![0.0; p_values.len()];
    let mut largest: f64 = 0.0;
    for (rank, index) in order.iter().enumerate() {
        let left = (p_values.len() - rank) as f64;
        largest = largest.max((p_values[*index] * left).min(1.0));
        adjusted[*index] = largest;
    }
    Ok(adjusted)
}

/// Benjamini and Hochberg's adjusted p values (1995), in the order given: of those at most α, a share of at
/// most α is expected to be chance, for independent or positively dependent tests.
///
/// # Errors
/// [`MetricsError::Range`] for a value outside 0 to 1 or NaN.
pub fn benjamini_hochberg(p_values: &[f64]) -> Result<Vec<f64>, MetricsError> {
    let order = ascending(p_values)?;
    let mut adjusted = vec![0.0; p_values.len()];
    let mut smallest: f64 = 1.0;
    for (rank, index) in order.iter().enumerate().rev() {
        let share = p_values.len() as f64 / (rank + 1) as f64;
        smallest = smallest.min(p_values[*index] * share);
        adjusted[*index] = smallest;
    }
    Ok(adjusted)
}

/// Indices by ascending value.
fn ascending(p_values: &[f64]) -> Result<Vec<usize>, MetricsError> {
    for p in p_values {
        checks::share("a p value", *p)?;
    }
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn refusals_and_nothing() {
        assert!(holm(&[0.5, f64::NAN]).is_err() && benjamini_hochberg(&[1.5]).is_err());
        assert_eq!(holm(&[]).unwrap(), Vec::<f64>::new());
        assert_eq!(holm(&[0.3]).unwrap(), benjamini_hochberg(&[0.3]).unwrap());
    }

    proptest! {
        #[test]
        fn adjusting_raises_keeps_the_order_and_holm_is_stricter(
            p_values in prop::collection::vec(0.0_f64..=1.0, 1..40),
        ) {
            let (strict, mild) = (holm(&p_values).unwrap(), benjamini_hochberg(&p_values).unwrap());
            for i in 0..p_values.len() {
                prop_assert!(p_values[i] <= mild[i] + 1e-15 && mild[i] <= strict[i] + 1e-12 && strict[i] <= 1.0);
                for j in 0..p_values.len() {
                    prop_assert!(p_values[i] > p_values[j] || (strict[i] <= strict[j] && mild[i] <= mild[j]));
                }
            }
        }
    }
}
