//! Loaders of one recipe whose images come from the same place.

use super::problem::{Code, Problem};
use super::stage::RecipeStage;

/// Adds advice to every loader that shares its images' origin with another one before it: an image under two names may
/// stand on both sides of a split, and no name tells.
pub(super) fn advise(stages: &mut [RecipeStage]) {
    let origins: Vec<Vec<&'static str>> = stages.iter().map(|stage| stage.stage.origins()).collect();
    for later in 0..stages.len() {
        for earlier in 0..later {
            // Two of one kind are two parts of one set, which their author has chosen.
            if stages[earlier].registration.name == stages[later].registration.name {
                continue;
            }
            let shared = origins[later]
                .iter()
                .find(|origin| origins[earlier].contains(origin));
            if let Some(origin) = shared {
                let message = format!(
                    "images of `{}` and of `{}` both come from {origin}: the same one may be in both under two names",
                    stages[earlier].name, stages[later].name
                );
                let problem = Problem::at(Code::Inconsistent, &stages[later].place, message).help(
                    "do not train on one and test on the other, unless `leak-check` or a split that sees both finds nothing",
                );
                stages[later].advice.push(problem);
            }
        }
    }
}
