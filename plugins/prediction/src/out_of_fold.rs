//! `out-of-fold`: embeddings of several networks put together, each slice by those that were not trained on it.

use std::collections::BTreeMap;

use ichflow_api::prelude::*;
use ichflow_api::tensors::embeddings::Rows;

/// Most members there can be.
const MOST: usize = 8;
const EMBEDDINGS: [OptionalInput<Embeddings>; MOST] = [
    OptionalInput::new("embeddings"),
    OptionalInput::new("embeddings_2"),
    OptionalInput::new("embeddings_3"),
    OptionalInput::new("embeddings_4"),
    OptionalInput::new("embeddings_5"),
    OptionalInput::new("embeddings_6"),
    OptionalInput::new("embeddings_7"),
    OptionalInput::new("embeddings_8"),
];
const TEST: [OptionalInput<Embeddings>; MOST] = [
    OptionalInput::new("test"),
    OptionalInput::new("test_2"),
    OptionalInput::new("test_3"),
    OptionalInput::new("test_4"),
    OptionalInput::new("test_5"),
    OptionalInput::new("test_6"),
    OptionalInput::new("test_7"),
    OptionalInput::new("test_8"),
];

/// Puts embeddings of the networks of k folds together: every slice has the features and logits of the network that was
/// not trained on it, or their mean where there are several such. So its logits too may be learned from.
///
/// `embeddings` and `test` are the nearest earlier ones; the others are named in the recipe, with `embeddings_2 =
/// "embed_1.embeddings"`, `test_2 = "embed_1.test"` and so on. Test slices, which no network was trained on, have the
/// mean over all. A slice that every network was trained on is refused.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OutOfFold {
    /// How many embeddings there are.
    #[schemars(range(min = 2, max = 8))]
    pub members: usize,
    /// Whether there are embeddings of test slices; if so, every member must have them.
    pub with_test: bool,
}

impl Default for OutOfFold {
    fn default() -> Self {
        Self {
            members: 2,
            with_test: true,
        }
    }
}

impl Stage for OutOfFold {
    const NAME: &'static str = "out-of-fold";
    const FAMILY: Family = Family::Predict;
    const SUMMARY: &'static str =
        "puts embeddings of k folds together, each by the network that did not see the slice";
    const EXAMPLE: &'static str = "[out_of_fold]\nuse = \"out-of-fold\"\nmembers = 5                         # with embeddings_2 = \"embed_1.embeddings\" and so on\n";

    fn ports() -> Ports {
        let all = EMBEDDINGS
            .into_iter()
            .chain(TEST)
            .fold(Ports::new(), Ports::takes);
        let least = EMBEDDINGS.into_iter().take(2).chain(TEST.into_iter().take(2));
        least
            .fold(all, Ports::requires)
            .offers(output::EMBEDDINGS)
            .offers(output::TEST_EMBEDDINGS)
    }

    fn narrow(&self, all: Ports) -> Ports {
        let members = EMBEDDINGS.into_iter().take(self.members);
        let members = members.chain(TEST.into_iter().take(self.members));
        let narrowed = members.fold(all, Ports::requires);
        TEST.into_iter()
            .fold(narrowed, |ports, test| ports.takes_only_if(self.with_test, test))
            .offers_only_if(self.with_test, output::TEST_EMBEDDINGS)
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let gather = |part: [OptionalInput<Embeddings>; MOST]| -> Result<Vec<Embeddings>> {
            let members = part.into_iter().take(self.members);
            members
                .map(|port| Ok((*inputs.take(port.required())?).clone()))
                .collect()
        };
        let embeddings = together(gather(EMBEDDINGS)?)?;
        context.say(format!(
            "{} slices, each by networks that were not trained on it",
            embeddings.slices().len()
        ));
        let test = if self.with_test {
            Some(together(gather(TEST)?)?)
        } else {
            None
        };
        Ok(Outputs::new()
            .with(output::EMBEDDINGS, embeddings)
            .with_some(output::TEST_EMBEDDINGS, test))
    }
}

ichflow_api::register!(OutOfFold);

/// Every slice of the members, by those that were not trained on it.
fn together(members: Vec<Embeddings>) -> Result<Embeddings> {
    let widths = |one: &Embeddings| [one.width(), one.labels()];
    let first = members
        .iter()
        .find(|one| !one.slices().is_empty())
        .map(widths)
        .unwrap_or_default();
    if members
        .iter()
        .any(|one| !one.slices().is_empty() && widths(one) != first)
    {
        return Err(Error::new("the networks have different numbers of features")
            .help("put embeddings of one architecture together: the folds of one recipe"));
    }
    let members: Vec<Embeddings> = members
        .into_iter()
        .filter(|one| !one.slices().is_empty())
        .collect();
    let mut order: Vec<&Slice> = Vec::new();
    let mut picks: BTreeMap<&str, Vec<(usize, usize)>> = BTreeMap::new();
    for (member, embeddings) in members.iter().enumerate() {
        for (row, slice) in embeddings.slices().iter().enumerate() {
            let of_slice = picks.entry(&slice.id).or_insert_with(|| {
                order.push(slice);
                Vec::new()
            });
            if !embeddings.trained_on().has(slice) {
                of_slice.push((member, row));
            }
        }
    }
    let seen: Vec<&str> = order
        .iter()
        .filter(|slice| picks[slice.id.as_str()].is_empty())
        .map(|slice| slice.id.as_str())
        .collect();
    if let Some(one) = seen.first() {
        return Err(Error::new(format!(
            "every network was trained on {} of {} slices, {one} among them",
            seen.len(),
            order.len()
        ))
        .help("name embeddings of all folds: of each slice one network has not seen the patient"));
    }
    let picks: Vec<Vec<(usize, usize)>> = order
        .iter()
        .map(|slice| picks[slice.id.as_str()].clone())
        .collect();
    let mut logits = Vec::with_capacity(order.len() * first[1]);
    for picks in &picks {
        for label in 0..first[1] {
            let of_label = picks
                .iter()
                .map(|(member, row)| members[*member].logits(*row)[label]);
            logits.push(of_label.sum::<f32>() / picks.len() as f32);
        }
    }
    let slices = order.into_iter().cloned().collect();
    let rows = Rows::mean_of(members, picks);
    Embeddings::new(slices, rows, logits, first[1], TrainedOn::default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::testkit::slice;

    fn embeddings(offset: f32, trained_on: &[&str]) -> Embeddings {
        let slices = ["a", "b", "c"].map(|id| slice(id, "p", None)).to_vec();
        let features = (0..6).map(|value| offset + value as f32).collect();
        let logits = (0..3).map(|row| -offset - row as f32).collect();
        let trained_on = TrainedOn::ids(trained_on.iter().copied());
        Embeddings::new(slices, Rows::in_memory(features, 2), logits, 1, trained_on).unwrap()
    }

    #[test]
    fn each_slice_is_by_the_networks_that_did_not_see_it() {
        let made = together(vec![embeddings(0.0, &["a", "b"]), embeddings(10.0, &["c"])]).unwrap();
        let row = |row| {
            let mut features = [0.0; 2];
            made.features(row, &mut features).unwrap();
            (features, made.logits(row)[0])
        };
        assert_eq!(
            [row(0), row(1), row(2)],
            [([10.0, 11.0], -10.0), ([12.0, 13.0], -11.0), ([4.0, 5.0], -2.0)]
        );
        assert!(made.trained_on().is_empty());
        // Nobody saw `b`: the mean of both.
        let made = together(vec![embeddings(0.0, &["a"]), embeddings(10.0, &["c"])]).unwrap();
        let mut features = [0.0; 2];
        made.features(1, &mut features).unwrap();
        assert_eq!((features, made.logits(1)[0]), ([7.0, 8.0], -6.0));
    }

    #[test]
    fn slices_that_all_have_seen_are_refused() {
        let error = together(vec![embeddings(0.0, &["a"]), embeddings(1.0, &["a", "c"])])
            .err()
            .unwrap();
        assert!(error.to_string().contains("1 of 3 slices, a"), "{error}");
    }
}
