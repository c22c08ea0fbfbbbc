//! Every variable of every period beside the reference.

use std::collections::BTreeSet;

use ichflow_api::data::drift::{Drift, Period, Shift, Variable};
use ichflow_api::data::profile::HeaderField;
use ichflow_api::metrics::{StabilityTest, holm, kolmogorov_smirnov, stability_test};
use ichflow_api::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::period::mean;
use ichflow_api::bundle::{BundleIndex, Reference};

/// How often exams are shuffled between reference and period.
const DRAWS: usize = 4999;
/// Bins of values that have an order.
const TENTHS: usize = 10;
/// With less exams little can be told.
const FEW: usize = 20;

/// Compares periods with what the bundle knows.
///
/// # Errors
/// Where a period has no exam.
pub(super) fn compare(index: &BundleIndex, reference: Reference, periods: Vec<Period>) -> Result<Drift> {
    if let Some(empty) = periods.iter().find(|period| period.exams == 0) {
        return Err(
            Error::new(format!("{} has no exam with a prediction", empty.name))
                .help("the table says in its column `reason` why slices were excluded"),
        );
    }
    let profile = reference.profile;
    let ascending = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values
    };
    let exams = &profile.validation;
    let of_bundle = Period {
        name: "reference".into(),
        exams: exams.len(),
        flagged: profile.validation_flagged,
        mean_probability: reference
            .probabilities
            .iter()
            .map(|values| mean(values))
            .collect(),
        probabilities: reference.probabilities,
        distances: ascending(exams.iter().map(|exam| exam.distance).collect()),
        hu_indices: ascending(exams.iter().map(|exam| exam.hu_index).collect()),
        headers: profile.headers.clone(),
        ..Period::default()
    };
    let variables: Vec<Variable> = index
        .labels
        .iter()
        .enumerate()
        .map(|(place, label)| Variable::Probability(place, label.clone()))
        .chain([Variable::Distance, Variable::HuIndex])
        .chain(HeaderField::ALL.map(Variable::Header))
        .collect();
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut shifts = Vec::new();
    for (number, period) in periods.iter().enumerate() {
        for variable in &variables {
            shifts.push(shift(number, variable, &of_bundle, period, &mut rng)?);
        }
    }
    let p_values: Vec<f64> = shifts.iter().map(|shift| shift.p_value).collect();
    let adjusted = holm(&p_values).doing("p values cannot be adjusted")?;
    for (shift, adjusted) in shifts.iter_mut().zip(adjusted) {
        shift.adjusted_p = adjusted;
    }
    let mut remarks = Vec::new();
    let all = std::iter::once(&of_bundle).chain(&periods);
    for few in all.filter(|period| period.exams < FEW) {
        remarks.push(format!(
            "The {} has {} exams: a shift would have to be large to show.",
            if few.name == "reference" {
                "reference".to_owned()
            } else {
                format!("period {}", few.name)
            },
            few.exams
        ));
    }
    Ok(Drift {
        model: index.title.clone(),
        labels: index.labels.clone(),
        limits: profile.limits,
        reference: of_bundle,
        periods,
        shifts,
        remarks,
    })
}

fn shift(
    number: usize,
    variable: &Variable,
    reference: &Period,
    period: &Period,
    rng: &mut ChaCha8Rng,
) -> Result<Shift> {
    let cannot = || format!("{} of {} cannot be compared", variable.in_words(), period.name);
    let (stability, distance, p_value) = match (variable, variable.values(reference), variable.values(period))
    {
        (Variable::Header(field), _, _) => {
            let stability = of_values(*field, reference, period, rng).doing(cannot())?;
            (stability, None, stability.p_value)
        }
        (_, Some(before), Some(after)) => {
            let stability = of_tenths(before, after, rng).doing(cannot())?;
            let test = kolmogorov_smirnov(before, after).doing(cannot())?;
            (stability, Some(test.statistic), test.p_value.min(1.0))
        }
        _ => return Err(Error::new(cannot())),
    };
    Ok(Shift {
        period: number,
        variable: variable.clone(),
        stability,
        kolmogorov_smirnov: distance,
        p_value,
        adjusted_p: p_value,
    })
}

/// Over the values that a header field has in either.
fn of_values(
    field: HeaderField,
    reference: &Period,
    period: &Period,
    rng: &mut ChaCha8Rng,
) -> std::result::Result<StabilityTest, ichflow_api::metrics::MetricsError> {
    let none = Default::default();
    let of = |period: &Period| period.headers.get(&field).unwrap_or(&none).clone();
    let (before, after) = (of(reference), of(period));
    let values: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let counts = |counted: &std::collections::BTreeMap<String, usize>| {
        values
            .iter()
            .map(|value| counted.get(*value).copied().unwrap_or(0))
            .collect::<Vec<usize>>()
    };
    stability_test(&counts(&before), &counts(&after), DRAWS, rng)
}

/// Over bins that have a tenth of the reference each, or less bins where values are alike.
fn of_tenths(
    before: &[f64],
    after: &[f64],
    rng: &mut ChaCha8Rng,
) -> std::result::Result<StabilityTest, ichflow_api::metrics::MetricsError> {
    let mut edges: Vec<f64> = (1..TENTHS)
        .filter_map(|tenth| before.get(tenth * before.len() / TENTHS).copied())
        .collect();
    edges.dedup();
    let counts = |values: &[f64]| {
        let mut counts = vec![0; edges.len() + 1];
        for value in values {
            counts[edges.partition_point(|edge| edge <= value)] += 1;
        }
        counts
    };
    stability_test(&counts(before), &counts(after), DRAWS, rng)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rng() -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(0)
    }

    #[test]
    fn tenths_of_the_reference_are_bins() {
        let before: Vec<f64> = (0..100).map(f64::from).collect();
        assert!(of_tenths(&before, &before, &mut rng()).unwrap().index.abs() < 1e-12);
        let above: Vec<f64> = (0..40).map(|value| 90.0 + f64::from(value % 10)).collect();
        let shifted = of_tenths(&before, &above, &mut rng()).unwrap();
        assert!(
            shifted.index > 1.0 && shifted.p_value == 1.0 / (DRAWS + 1) as f64,
            "{shifted:?}"
        );
        // Of a reference whose values are all alike there are two bins at most.
        let alike = of_tenths(&[0.5; 30], &[0.5; 10], &mut rng()).unwrap();
        assert_eq!((alike.index, alike.p_value), (0.0, 1.0));
    }

    #[test]
    fn values_of_headers_are_compared_by_their_shares() {
        let period = |counts: &[(&str, usize)]| Period {
            headers: [(
                HeaderField::Kernel,
                counts
                    .iter()
                    .map(|(value, count)| ((*value).to_owned(), *count))
                    .collect(),
            )]
            .into(),
            ..Period::default()
        };
        let reference = period(&[("H30s", 60), ("SOFT", 40)]);
        let same = of_values(
            HeaderField::Kernel,
            &reference,
            &period(&[("H30s", 12), ("SOFT", 8)]),
            &mut rng(),
        );
        assert!(same.unwrap().p_value > 0.9);
        let new = of_values(
            HeaderField::Kernel,
            &reference,
            &period(&[("FC21", 20)]),
            &mut rng(),
        );
        assert_eq!(new.unwrap().p_value, 1.0 / (DRAWS + 1) as f64);
    }
}
