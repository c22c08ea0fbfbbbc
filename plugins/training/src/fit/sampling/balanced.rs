//! `balanced`.

use ichflow_api::prelude::*;

use super::Sampling;
use super::decks::{Class, Decks, has_bleed};

/// As many slices without a bleed as with each of the types: rare types come more often than they are, common
/// ones more seldom. Within a class every slice comes once before any comes twice. A network trained so sees bleeds
/// more often than they are and predicts them as too likely: scores keep their order, probabilities (and the log
/// loss) want a `calibrate` stage fitted on slices as they are.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Balanced {}

/// The classes of which there are slices.
fn classes(decks: &Decks) -> Vec<Class> {
    let there = |class: &Class| decks.count(|truth| class.holds(truth)) > 0;
    Class::all(decks.labels()).filter(there).collect()
}

impl Sampling for Balanced {
    fn whole(&self, decks: &Decks) -> usize {
        decks.len()
    }

    /// The same number from every class that there is; what is left over goes to other classes every time.
    fn draw(&self, decks: &mut Decks, size: usize) -> Vec<usize> {
        let classes = classes(decks);
        let count = classes.len().max(1);
        let mut order: Vec<usize> = (0..classes.len()).collect();
        decks.mix(&mut order);
        let mut drawn = Vec::with_capacity(size);
        for (rank, index) in order.into_iter().enumerate() {
            let share = size / count + usize::from(rank < size % count);
            let class = classes[index];
            let name = format!("order of {}", class.name(decks.labels()));
            drawn.extend(decks.deal(&name, |labels| class.holds(labels), share));
        }
        decks.mix(&mut drawn);
        drawn
    }

    fn describe(&self, decks: &Decks, size: usize) -> String {
        let classes = classes(decks);
        let names: Vec<String> = classes
            .iter()
            .map(|class| {
                let there = decks.count(|labels| class.holds(labels));
                format!("{} ({there} there)", class.name(decks.labels()))
            })
            .collect();
        format!(
            "about {} of each class: {}",
            size / names.len().max(1),
            names.join(", ")
        )
    }

    fn lacks(&self, decks: &Decks) -> Option<String> {
        (decks.count(has_bleed) == 0)
            .then(|| "no training slice has a bleed, so there are no classes to balance".into())
    }
}

crate::kind!("balanced", Balanced: dyn Sampling);
