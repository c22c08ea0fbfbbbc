//! Finding, for every input, the output that feeds it, and what is known of it before anything runs.

use std::collections::BTreeMap;

use ichflow_api::ports::{ArtifactType, Descriptions, InputPort, Need, OutputPort};
use ichflow_api::registry::Registry;

use crate::recipe::problem::{Code, Problem};
use crate::recipe::source::Place;
use crate::recipe::stage::RecipeStage;
use crate::recipe::suggest;

/// Where an input's artifact comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wire {
    /// Index of the stage in the recipe.
    pub stage: usize,
    /// Name of its output.
    pub output: &'static str,
}

/// What wiring finds for one stage.
#[derive(Default)]
pub(super) struct Wired {
    /// Port → where its artifact comes from.
    pub wires: BTreeMap<&'static str, Wire>,
    /// Those of its outputs that exist.
    pub outputs: Vec<&'static str>,
    /// What is known of what it takes.
    pub takes: Descriptions,
    /// What is known of what it will offer.
    offers: Descriptions,
}

/// Wires every stage to earlier ones.
pub(super) fn wire(stages: &[RecipeStage], registry: &Registry, problems: &mut Vec<Problem>) -> Vec<Wired> {
    let mut wired: Vec<Wired> = Vec::new();
    for (index, stage) in stages.iter().enumerate() {
        let before = problems.len();
        let mut found = Wired::default();
        for input in &stage.ports.inputs {
            let wire = match stage.picks.get(input.name) {
                Some((source, place)) => picked(stages, index, input, source, place, &wired, problems),
                None => nearest(stages, index, input, &wired, registry, problems),
            };
            if let Some(wire) = wire {
                let known = wired[wire.stage].offers.any(wire.output).cloned();
                found.takes = found.takes.with_any(input.name, known.unwrap_or_default());
                check_channels(stages, index, input, &wire, &found.takes, problems);
                check_labels(stages, index, input, &wire, &found.takes, problems);
                found.wires.insert(input.name, wire);
            }
        }
        check_learned(stage, &found.takes, problems);
        found.outputs = stage
            .ports
            .outputs
            .iter()
            .filter(|output| {
                output
                    .only_with
                    .is_none_or(|input| found.wires.contains_key(input))
            })
            .map(|output| output.name)
            .collect();
        // A stage that is wired wrong would tell of what it was not meant to take.
        if problems.len() == before {
            found.offers = stage.stage.describe(&found.takes);
        }
        found.offers = pass_on_learned(stage, &found.takes, found.offers);
        found.offers = pass_on_unlabelled(stage, &found.takes, found.offers);
        wired.push(found);
    }
    wired
}

fn offered<'a>(stage: &'a RecipeStage, wired: &'a Wired) -> impl Iterator<Item = &'a OutputPort> + Clone {
    stage
        .ports
        .outputs
        .iter()
        .filter(|output| wired.outputs.contains(&output.name))
}

/// The output that an input takes from one stage, if any.
fn choose<'a>(
    mut offers: impl Iterator<Item = &'a OutputPort> + Clone,
    artifact: ArtifactType,
    name: &str,
    by_name: bool,
) -> Option<&'a OutputPort> {
    let of_type = |output: &&OutputPort| output.artifact == artifact;
    offers
        .clone()
        .find(|output| of_type(output) && output.name == name)
        .or_else(|| if by_name { None } else { offers.find(of_type) })
}

fn nearest(
    stages: &[RecipeStage],
    index: usize,
    input: &InputPort,
    wired: &[Wired],
    registry: &Registry,
    problems: &mut Vec<Problem>,
) -> Option<Wire> {
    let by_name = input.need != Need::Required;
    for stage in (0..index).rev() {
        if let Some(output) = choose(
            offered(&stages[stage], &wired[stage]),
            input.artifact,
            input.name,
            by_name,
        ) {
            return Some(Wire {
                stage,
                output: output.name,
            });
        }
    }
    if input.need != Need::Optional {
        let user = &stages[index];
        let named = if by_name {
            format!(" called `{}`", input.name)
        } else {
            String::new()
        };
        let mut problem = Problem::at(
            Code::NothingOffered,
            &user.place,
            format!(
                "`{}` needs a {}{named} for its input `{}`, and no earlier stage offers one",
                user.name, input.artifact.name, input.name
            ),
        );
        problem.help = advice(stages, index, input, by_name, registry);
        problems.push(problem);
    }
    None
}

/// Which stages could offer what is missing: one that stands too late, or those of the registry.
fn advice(
    stages: &[RecipeStage],
    index: usize,
    input: &InputPort,
    by_name: bool,
    registry: &Registry,
) -> Option<String> {
    let offers =
        |outputs: &[OutputPort]| choose(outputs.iter(), input.artifact, input.name, by_name).is_some();
    if let Some(later) = stages[index + 1..]
        .iter()
        .find(|stage| offers(&stage.ports.outputs))
    {
        return Some(format!(
            "`{}` offers one, but stands later: put it before `{}`",
            later.name, stages[index].name
        ));
    }
    let able: Vec<_> = registry
        .all()
        .into_iter()
        .filter(|registration| offers(&registration.ports().outputs))
        .map(|registration| registration.name)
        .collect();
    (!able.is_empty()).then(|| format!("put a stage before it that offers one: {}", able.join(", ")))
}

fn picked(
    stages: &[RecipeStage],
    index: usize,
    input: &InputPort,
    source: &str,
    place: &Place,
    wired: &[Wired],
    problems: &mut Vec<Problem>,
) -> Option<Wire> {
    let (stage_name, output_name) = match source.split_once('.') {
        Some((stage, output)) => (stage, Some(output)),
        None => (source, None),
    };
    let Some(position) = stages.iter().position(|stage| stage.name == stage_name) else {
        let mut problem = Problem::at(Code::BadWire, place, format!("there is no stage `{stage_name}`"));
        problem.help = suggest::help(
            stage_name,
            stages[..index].iter().map(|stage| stage.name.as_str()),
        );
        problems.push(problem);
        return None;
    };
    if position >= index {
        problems.push(
            Problem::at(
                Code::BadWire,
                place,
                format!("`{stage_name}` does not run before `{}`", stages[index].name),
            )
            .help("stages run in the order written; an input comes from an earlier one"),
        );
        return None;
    }
    let offers = offered(&stages[position], &wired[position]);
    let list = || {
        let list: Vec<_> = offers
            .clone()
            .map(|output| format!("{stage_name}.{} ({})", output.name, output.artifact.name))
            .collect();
        if list.is_empty() {
            "it offers nothing".to_owned()
        } else {
            format!("it offers {}", list.join(", "))
        }
    };
    let found = match output_name {
        None => choose(offers.clone(), input.artifact, input.name, false),
        Some(name) => offers.clone().find(|output| output.name == name),
    };
    match found {
        Some(output) if output.artifact == input.artifact => Some(Wire {
            stage: position,
            output: output.name,
        }),
        Some(output) => {
            problems.push(
                Problem::at(
                    Code::BadWire,
                    place,
                    format!(
                        "`{source}` is a {}, but the input `{}` takes a {}",
                        output.artifact.name, input.name, input.artifact.name
                    ),
                )
                .help(list()),
            );
            None
        }
        None => {
            let message = match output_name {
                Some(name) => format!("`{stage_name}` has no output `{name}`"),
                None => format!("`{stage_name}` offers no {}", input.artifact.name),
            };
            problems.push(Problem::at(Code::BadWire, place, message).help(list()));
            None
        }
    }
}

fn check_channels(
    stages: &[RecipeStage],
    index: usize,
    input: &InputPort,
    wire: &Wire,
    takes: &Descriptions,
    problems: &mut Vec<Problem>,
) {
    let source = &stages[wire.stage];
    let offered = takes.any(input.name).and_then(|known| known.channels);
    if let (Some(wanted), Some(given)) = (input.channels, offered)
        && wanted != given
    {
        let user = &stages[index];
        problems.push(
            Problem::at(
                Code::ChannelMismatch,
                &user.place,
                format!(
                    "`{}` wants {wanted} channel{}, but `{}` gives {given}",
                    user.name,
                    if wanted == 1 { "" } else { "s" },
                    source.name
                ),
            )
            .help(format!(
                "use a window of {wanted} channels, for example use = \"bsb\" for three"
            )),
        );
    }
}

fn check_labels(
    stages: &[RecipeStage],
    index: usize,
    input: &InputPort,
    wire: &Wire,
    takes: &Descriptions,
    problems: &mut Vec<Problem>,
) {
    let unlabelled = takes.any(input.name).is_some_and(|known| known.unlabelled);
    if !input.labels || !unlabelled {
        return;
    }
    let (user, source) = (&stages[index], &stages[wire.stage]);
    problems.push(
        Problem::at(
            Code::NothingOffered,
            &user.place,
            format!(
                "`{}` learns from labels, and the slices of `{}` have none",
                user.name, source.name
            ),
        )
        .help("use a loader that gives labels: `rsna` takes them from a CSV, by its key `labels`"),
    );
}

/// Slices without labels have none after a stage that works on them either.
fn pass_on_unlabelled(stage: &RecipeStage, takes: &Descriptions, offers: Descriptions) -> Descriptions {
    let inputs = || stage.ports.inputs.iter();
    let is_passed = |output: &&OutputPort| {
        let mut same = inputs().filter(|input| input.artifact == output.artifact);
        same.any(|input| takes.any(input.name).is_some_and(|known| known.unlabelled))
    };
    let outputs = stage.ports.outputs.iter().filter(is_passed);
    outputs.fold(offers, |offers, output| {
        let known = offers.any(output.name).cloned().unwrap_or_default();
        offers.with_any(output.name, known.unlabelled())
    })
}

/// The inputs on which a stage takes something of which a network learns a part.
fn learned<'a>(stage: &'a RecipeStage, takes: &'a Descriptions) -> impl Iterator<Item = &'a InputPort> {
    stage
        .ports
        .inputs
        .iter()
        .filter(|input| takes.any(input.name).is_some_and(|known| known.learned))
}

/// Refuses a stage that takes two windows of which a network learns a part.
fn check_learned(stage: &RecipeStage, takes: &Descriptions, problems: &mut Vec<Problem>) {
    let mut learned = learned(stage, takes);
    if let (Some(first), Some(second)) = (learned.next(), learned.next()) {
        problems.push(
            Problem::at(
                Code::Inconsistent,
                &stage.place,
                format!(
                    "`{}` takes two windows that are learned, `{}` and `{}`, and a network has one set",
                    stage.name, first.name, second.name
                ),
            )
            .help("give one `learned` all the windows"),
        );
    }
}

/// What is made of something learned is learned too, where it is of the same type.
fn pass_on_learned(stage: &RecipeStage, takes: &Descriptions, offers: Descriptions) -> Descriptions {
    let of_learned = |output: &&OutputPort| {
        let mut learned = learned(stage, takes);
        learned.any(|input| input.artifact == output.artifact)
    };
    let outputs = stage.ports.outputs.iter().filter(of_learned);
    outputs.fold(offers, |offers, output| {
        let known = offers.any(output.name).cloned().unwrap_or_default();
        offers.with_any(output.name, known.learned())
    })
}
