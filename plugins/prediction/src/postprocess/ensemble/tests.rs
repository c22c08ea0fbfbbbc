//! Every way to combine, and what is refused.

use super::*;
use ichflow_api::testkit;
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn member(rows: &[(&str, f64)]) -> Predictions {
    Predictions {
        slices: rows.iter().map(|(id, _)| testkit::slice(id, id, None)).collect(),
        probabilities: rows.iter().map(|(_, p)| vec![*p; 6]).collect(),
        ..Predictions::default()
    }
}

fn run(stage: &Ensemble, members: &[Predictions]) -> Result<Vec<(String, f64)>> {
    assert_eq!(stage.check(), []);
    let directory = tempfile::tempdir().unwrap();
    let run = testkit::run_context(directory.path());
    let context = Context::new(&run, "ensemble", Ensemble::NAME, "key");
    let mut inputs = Inputs::default();
    for (port, member) in VALID.into_iter().zip(members) {
        inputs = inputs.with(port, member.clone());
    }
    let mut outputs = stage.run(&inputs, &context)?;
    let valid = outputs.take(output::VALID).unwrap();
    let ids = valid.slices.iter().map(|slice| slice.id.clone());
    Ok(ids.zip(valid.probabilities.iter().map(|row| row[3])).collect())
}

fn stage(method: Combine) -> Ensemble {
    Ensemble {
        method,
        weights: if method == Combine::Weighted {
            vec![3.0, 1.0]
        } else {
            Vec::new()
        },
        with_test: false,
        ..Default::default()
    }
}

#[test]
fn members_meet_by_id_and_each_method_does_what_it_says() {
    let members = [
        member(&[("a", 0.2), ("b", 0.8), ("c", 0.5)]),
        member(&[("c", 0.5), ("a", 0.6), ("b", 0.8)]),
    ];
    let expected = [
        (Combine::Mean, [0.4, 0.8, 0.5]),
        (Combine::Weighted, [0.3, 0.8, 0.5]),
        (
            Combine::Geometric,
            [sigmoid((logit(0.2) + logit(0.6)) / 2.0), 0.8, 0.5],
        ),
        (Combine::Rank, [1.0 / 3.0, 2.5 / 3.0, 1.0 / 3.0]),
    ];
    for (method, expected) in expected {
        let found = run(&stage(method), &members).unwrap();
        let ids: Vec<&str> = found.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(ids, ["a", "b", "c"]);
        for ((_, found), expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-9, "{method:?} {found} {expected}");
        }
    }
}

#[test]
fn folds_are_put_together_and_a_muddle_is_refused() {
    let folds = [member(&[("a", 0.2)]), member(&[("c", 0.5), ("b", 0.8)])];
    let found = run(&stage(Combine::Mean), &folds).unwrap();
    assert_eq!(found, [("a".into(), 0.2), ("c".into(), 0.5), ("b".into(), 0.8)]);
    let muddle = [
        member(&[("a", 0.2), ("b", 0.1)]),
        member(&[("c", 0.5), ("b", 0.8)]),
    ];
    let error = run(&stage(Combine::Mean), &muddle).unwrap_err();
    assert!(
        error.to_string().contains("different validation slices"),
        "{error}"
    );
    let fewer = [member(&[("a", 0.2)]), member(&[("a", 0.5), ("b", 0.8)])];
    assert!(run(&stage(Combine::Mean), &fewer).is_err());
}

#[test]
fn more_predictions_than_members_are_refused() {
    let members = vec![member(&[("a", 0.25)]); 3];
    let error = run(&stage(Combine::Mean), &members).unwrap_err().to_string();
    assert_eq!(error, "`valid_3` is wired, but there are 2 members");
    let three = Ensemble {
        members: 3,
        ..stage(Combine::Mean)
    };
    assert_eq!(run(&three, &members).unwrap(), [("a".into(), 0.25)]);
}

#[test]
fn weights_belong_to_members() {
    let with = |method, weights: &[f64]| Ensemble {
        method,
        weights: weights.to_vec(),
        ..Default::default()
    };
    assert_eq!(with(Combine::Mean, &[1.0, 1.0]).check().len(), 1);
    assert_eq!(with(Combine::Weighted, &[1.0]).check().len(), 1);
    assert_eq!(with(Combine::Weighted, &[0.0, 0.0]).check().len(), 1);
    assert_eq!(with(Combine::Weighted, &[1.0, f64::NAN]).check().len(), 1);
    assert!(with(Combine::Weighted, &[1.0, 0.0]).check().is_empty());
    assert_eq!(
        Ensemble::default().narrow(Ensemble::ports()).inputs.len(),
        2 * MOST
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn the_mean_and_the_geometric_mean_lose_no_more_than_the_members_do_on_average(
        rows in prop::collection::vec((0.01_f64..0.99, 0.01_f64..0.99, any::<bool>()), 1..40),
    ) {
        // The log loss is convex in the probability and in the logit (Jensen).
        let loss = |p: &[f64]| -> f64 {
            let of = |((.., truth), p): (&(f64, f64, bool), &f64)| if *truth { -p.ln() } else { -(1.0 - p).ln() };
            rows.iter().zip(p).map(of).sum()
        };
        let named = |of: &dyn Fn(&(f64, f64, bool)) -> f64| {
            let ids: Vec<String> = (0..rows.len()).map(|i| format!("s{i}")).collect();
            let rows: Vec<(&str, f64)> =
                ids.iter().map(String::as_str).zip(rows.iter().map(of)).collect();
            member(&rows)
        };
        let members = [named(&|row| row.0), named(&|row| row.1)];
        let column = |member: &Predictions| -> Vec<f64> {
            member.probabilities.iter().map(|row| row[0]).collect()
        };
        let average = (loss(&column(&members[0])) + loss(&column(&members[1]))) / 2.0;
        for method in [Combine::Mean, Combine::Geometric] {
            let combined: Vec<f64> =
                run(&stage(method), &members).unwrap().into_iter().map(|(_, p)| p).collect();
            prop_assert!(loss(&combined) <= average + 1e-9);
        }
    }
}

/// Two members that know different things, and a third that knows nothing.
fn three_members(patients: usize) -> Vec<Predictions> {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut members = vec![Predictions::default(); 3];
    for index in 0..patients * 6 {
        let [a, b, c, draw]: [f64; 4] = std::array::from_fn(|_| rng.random());
        let (a, b) = (4.0 * a - 2.0, 4.0 * b - 2.0);
        let bleeds = draw < sigmoid(2.0 * a + b - 1.0);
        let slice = testkit::slice(
            &format!("s{index}"),
            &format!("p{}", index / 6),
            Some([bleeds; 6].into()),
        );
        for (member, z) in members.iter_mut().zip([a, b, c]) {
            member.slices.push(slice.clone());
            member.probabilities.push(vec![sigmoid(z); 6]);
        }
    }
    members
}

#[test]
fn stacking_believes_who_is_right_and_is_fitted_without_the_patient() {
    let members = three_members(150);
    let truth: Vec<bool> = members[0]
        .slices
        .iter()
        .map(|slice| slice.labels.as_ref().unwrap().is_positive(0))
        .collect();
    let loss = |rows: &[f64]| ichflow_api::metrics::label_log_loss(&truth, rows, 1e-15).unwrap();
    let three = |method| Ensemble {
        members: 3,
        ..stage(method)
    };
    let column = |method| -> Vec<f64> {
        run(&three(method), &members)
            .unwrap()
            .into_iter()
            .map(|(_, p)| p)
            .collect()
    };
    let (stacked, mean) = (column(Combine::Stacking), column(Combine::Mean));
    assert!(
        loss(&stacked) < loss(&mean) - 0.05,
        "{} {}",
        loss(&stacked),
        loss(&mean)
    );
    // Another truth of one patient changes the others' predictions and not its own. It must bleed as often
    // as before, since patients are dealt into parts by that.
    let bleeding = |patient: usize| truth[6 * patient..6 * patient + 6].iter().filter(|t| **t).count();
    let patient = (0..150).find(|patient| bleeding(*patient) == 3).unwrap();
    let own = 6 * patient..6 * patient + 6;
    let mut turned = members.clone();
    for member in &mut turned {
        for slice in &mut member.slices[own.clone()] {
            slice.labels = slice
                .labels
                .take()
                .map(|labels| Labels::new(labels.iter().map(|value| Some(1.0 - value?)).collect()));
        }
    }
    let again = run(&three(Combine::Stacking), &turned).unwrap();
    assert!(own.clone().all(|place| again[place].1 == stacked[place]));
    assert!((0..truth.len()).any(|place| again[place].1 != stacked[place]));
    let folds = [member(&[("a", 0.2)]), member(&[("c", 0.5), ("b", 0.8)])];
    let error = run(&stage(Combine::Stacking), &folds).unwrap_err().to_string();
    assert!(error.contains("slices of its own"), "{error}");
}
