//! What holds of variances of areas whatever the data.

use ichflow_metrics::*;
use proptest::prelude::*;

/// Truth, two models' scores with ties, and patients of one or several cases.
fn cases() -> impl Strategy<Value = (Vec<bool>, Vec<f64>, Vec<f64>, Vec<usize>)> {
    prop::collection::vec((any::<bool>(), 0_u8..12, 0_u8..12, 0_usize..25), 8..80).prop_map(|cases| {
        let truth = cases.iter().map(|case| case.0).collect();
        let first = cases.iter().map(|case| f64::from(case.1)).collect();
        let second = cases.iter().map(|case| f64::from(case.2)).collect();
        (truth, first, second, cases.iter().map(|case| case.3).collect())
    })
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-11 * (1.0 + a.abs())
}

proptest! {
    #[test]
    fn the_area_is_the_crates_and_only_the_order_counts((truth, scores, _, patients) in cases()) {
        let Ok(found) = auroc_clustered(&truth, &scores, &patients) else { return Ok(()) };
        prop_assert!(close(found.auroc, auroc(&truth, &scores).unwrap()));
        prop_assert!(found.variance >= 0.0 && found.variance.is_finite());
        let risen: Vec<f64> = scores.iter().map(|score| (score / 3.0).exp() - 7.0).collect();
        prop_assert_eq!(auroc_clustered(&truth, &risen, &patients).unwrap(), found);
        if let Some(interval) = found.interval(Confidence::PERCENT_95) {
            prop_assert!(0.0 <= interval.low && interval.low < found.auroc);
            prop_assert!(found.auroc < interval.high && interval.high <= 1.0);
        }
    }

    #[test]
    fn what_is_called_positive_does_not_matter((truth, first, second, patients) in cases()) {
        let Ok(found) = auroc_difference_clustered(&truth, &first, &second, &patients) else { return Ok(()) };
        let other: Vec<bool> = truth.iter().map(|truth| !truth).collect();
        let turned = auroc_difference_clustered(&other, &first, &second, &patients).unwrap();
        prop_assert!(close(found.first.auroc, 1.0 - turned.first.auroc));
        prop_assert!(close(found.first.variance, turned.first.variance));
        prop_assert!(close(found.covariance, turned.covariance));
    }

    #[test]
    fn models_change_places((truth, first, second, patients) in cases()) {
        let Ok(found) = auroc_difference_clustered(&truth, &first, &second, &patients) else { return Ok(()) };
        let other = auroc_difference_clustered(&truth, &second, &first, &patients).unwrap();
        prop_assert!(close(found.difference(), -other.difference()));
        prop_assert!(close(found.standard_error(), other.standard_error()));
        prop_assert_eq!(found.z().is_some(), other.z().is_some());
        let same = auroc_difference_clustered(&truth, &first, &first, &patients).unwrap();
        prop_assert_eq!((same.difference(), same.z(), same.p_value()), (0.0, None, None));
    }

    /// Copies of cases are no evidence: DeLong's variance would shrink with every copy.
    #[test]
    fn a_patient_whose_cases_are_copies_counts_once((truth, scores, _, _) in cases(), copies in 2_usize..5) {
        let patients: Vec<usize> = (0..truth.len()).collect();
        let Ok(once) = auroc_delong(&truth, &scores, &patients) else { return Ok(()) };
        let often = auroc_clustered(&truth.repeat(copies), &scores.repeat(copies), &patients.repeat(copies));
        prop_assert!(close(often.clone().unwrap().auroc, once.auroc));
        prop_assert!((often.unwrap().variance - once.variance).abs() <= 1e-12);
    }
}

#[test]
fn degenerate_cases_have_an_error_or_no_interval() {
    let (truth, scores) = ([false, false, true, true], [0.1, 0.4, 0.6, 0.9]);
    let of = |truth: &[bool], scores: &[f64], patients: &[usize]| auroc_delong(truth, scores, patients);
    let apart = of(&truth, &scores, &[0, 1, 2, 3]).unwrap();
    assert_eq!((apart.auroc, apart.variance), (1.0, 0.0));
    assert_eq!(
        apart.interval(Confidence::PERCENT_95),
        None,
        "four cases in order prove little"
    );
    assert_eq!(apart.wald_interval(Confidence::PERCENT_95), None);
    let ties = of(&truth, &[0.5; 4], &[0, 1, 2, 3]).unwrap();
    assert_eq!((ties.auroc, ties.interval(Confidence::PERCENT_95)), (0.5, None));
    let infinite = of(
        &truth,
        &[f64::NEG_INFINITY, 0.5, 0.4, f64::INFINITY],
        &[0, 1, 2, 3],
    )
    .unwrap();
    assert_eq!(infinite.auroc, 0.75, "infinite scores have an order");
    for (truth, scores, patients) in [
        (&[true; 4][..], &scores[..], &[0, 1, 2, 3][..]),
        (&[false; 4], &scores, &[0, 1, 2, 3]),
        (&[false, false, false, true], &scores, &[0, 1, 2, 3]),
        (&[true], &[0.1], &[0]),
        (&[], &[], &[]),
    ] {
        assert!(matches!(
            of(truth, scores, patients),
            Err(MetricsError::TooFew { .. })
        ));
    }
    assert!(matches!(
        of(&truth, &[0.1, f64::NAN, 0.6, 0.9], &[0, 1, 2, 3]),
        Err(MetricsError::Range { .. })
    ));
    assert!(matches!(
        of(&truth, &scores[..3], &[0, 1, 2, 3]),
        Err(MetricsError::Length { .. })
    ));
    assert!(matches!(
        of(&truth, &scores, &[0, 1, 2]),
        Err(MetricsError::Length { .. })
    ));
    assert!(matches!(
        auroc_clustered(&truth, &scores, &[0, 1, 2, 2]),
        Err(MetricsError::TooFew { found: 1, .. })
    ));
    let error = of(&truth, &scores, &[0, 1, 2, 2]).unwrap_err().to_string();
    assert!(
        error.contains("patient 2 has 2 cases") && error.contains("auroc_clustered"),
        "{error}"
    );
}
