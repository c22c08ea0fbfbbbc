//! From a recipe file to its plans.

use std::path::Path;

use ichflow_api::counted::counted;
use ichflow_api::registry::Registry;

use super::ready::Plan;
use super::wiring;
use crate::recipe::problem::{Code, Problem, Problems};
use crate::recipe::raw::{self, RawRecipe};
use crate::recipe::source::Sources;
use crate::recipe::stage::Files;
use crate::recipe::{Recipe, suggest};

/// The plans of a recipe: one, or one for each trial of its sweep.
pub struct Planned {
    /// In the order they run.
    pub plans: Vec<Plan>,
    /// Whether the recipe has a sweep.
    pub is_sweep: bool,
    /// The texts they were made of.
    pub sources: Sources,
}

impl Planned {
    /// Reads a recipe with what is set over it, checks and wires it.
    ///
    /// # Errors
    /// When anything is wrong: everything that is.
    pub fn read(path: &Path, sets: &[String], files: Files, registry: &Registry) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let recipes = raw::read(path, sets, registry, &mut problems);
        let mut plans = Vec::new();
        let mut all = std::mem::take(&mut problems.list);
        for recipe in recipes {
            let mut found = Problems {
                list: all.clone(),
                ..std::mem::take(&mut problems)
            };
            let before = found.list.len();
            plans.extend(plan(recipe, path, files, registry, &mut found));
            // What is wrong with the recipe is wrong with each of its trials, and is said once.
            for problem in found.list.split_off(before) {
                let known =
                    |other: &Problem| other.place == problem.place && other.message == problem.message;
                if !all.iter().any(known) {
                    all.push(problem);
                }
            }
            problems.sources = found.sources;
        }
        problems.list = all;
        problems.sort();
        if !problems.list.is_empty() {
            return Err(problems);
        }
        Ok(Self {
            is_sweep: plans.iter().any(|plan| plan.trial.is_some()),
            plans,
            sources: problems.sources,
        })
    }

    /// The only plan, or that of one trial of the sweep.
    ///
    /// # Errors
    /// When a trial is named and there is none of that name, or none is named and there are several.
    pub fn one(self, path: &Path, trial: Option<&str>) -> Result<(Plan, Sources), Problems> {
        let path = path.display();
        let wrong = |message: String, help: String| {
            let mut problems = Problems::default();
            problems
                .list
                .push(Problem::nowhere(Code::Sweep, message).help(help));
            problems
        };
        let names: Vec<String> = self.plans.iter().filter_map(|plan| plan.trial.clone()).collect();
        let list = || {
            names
                .iter()
                .take(10)
                .map(|name| format!("\"{name}\""))
                .collect::<Vec<_>>()
                .join(", ")
        };
        match trial {
            Some(_) if !self.is_sweep => Err(wrong(
                format!("{path} has no trials"),
                "leave out --trial, or add a table [sweep] to the recipe".into(),
            )),
            None if self.is_sweep => Err(wrong(
                format!("{path} is a sweep of {}", counted(names.len(), "trial", "trials")),
                format!(
                    "`ichflow sweep {path}` runs them all, `--trial NAME` one of them: {}",
                    list()
                ),
            )),
            _ => {
                let sources = self.sources;
                let plan = self.plans.into_iter().find(|plan| plan.trial.as_deref() == trial);
                plan.map(|plan| (plan, sources)).ok_or_else(|| {
                    let name = trial.unwrap_or_default();
                    let closest = suggest::closest(name, names.iter().map(String::as_str));
                    let help = match closest {
                        Some(closest) => format!("did you mean \"{closest}\"?"),
                        None => format!("its trials are {}", list()),
                    };
                    wrong(format!("{path} has no trial \"{name}\""), help)
                })
            }
        }
    }
}

/// The plan of a recipe, or all that is wrong with it added to `problems`.
fn plan(
    recipe: RawRecipe,
    path: &Path,
    files: Files,
    registry: &Registry,
    problems: &mut Problems,
) -> Option<Plan> {
    match Recipe::check(recipe, path, files, registry, problems) {
        Ok(recipe) => match Plan::new(recipe, registry) {
            Ok(plan) => Some(plan),
            Err(wrong) => {
                problems.list.extend(wrong);
                None
            }
        },
        Err(sound) => {
            let mut wrong = Vec::new();
            wiring::wire(&sound, registry, &mut wrong);
            // A stage left out for its own mistakes would make later inputs look unfed: those are not reported.
            wrong.retain(|problem| problem.code != Code::NothingOffered);
            problems.list.extend(wrong);
            None
        }
    }
}
