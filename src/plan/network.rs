//! The network of a recipe, without its data: what it consists of and how much it computes.

use ichflow_api::data::labels::LabelSet;
use ichflow_api::data::pixels::Pixels;
use ichflow_api::device::DeviceId;
use ichflow_api::error::Result;
use ichflow_api::nn::Network;
use ichflow_api::nn::series::SeriesShape;
use ichflow_api::nn::summary::SeriesSummary;
use ichflow_api::ports::{Artifact, ArtifactType, Description, Descriptions, InputPort};
use ichflow_api::stage::AnyStage;
use ichflow_api::tensors::model::{Model, Resize};
use ichflow_api::tensors::network::NetworkSpec;
use ichflow_api::tensors::series::SeriesNetworkSpec;
use ichflow_api::tensors::window::Window;

use super::ready::{Plan, PlannedStage};

/// Side of an image where nothing says it: most published figures are for this size.
pub const USUAL_SIZE: usize = 224;

/// A network and the image it is for.
pub struct Built {
    /// With random weights, or those its stage starts from.
    pub network: Network,
    /// Channels, height and width of its images.
    pub image: [usize; 3],
    /// Whether nothing says the image's size, and the usual one stands for it.
    pub usual_size: bool,
}

/// The network that a stage by itself makes, for images of three channels and the usual size; nothing if the stage
/// makes none, or needs more than a window to do so.
///
/// # Errors
/// When the network cannot be built.
pub fn of_stage(stage: &dyn AnyStage) -> Result<Option<Built>> {
    let ports = stage.ports();
    let windows = ports.inputs.iter().filter(|input| is::<Window>(input));
    let takes = windows.fold(Descriptions::new(), |takes, window| {
        takes.with_any(window.name, Description::new().channels(3))
    });
    let offers = stage.describe(&takes);
    let outputs = ports.outputs.iter();
    let network = outputs.filter_map(|output| offers.any(output.name)).next();
    build(network, 3, LabelSet::default().len(), None)
}

/// Values of an embedding where nothing says it: EfficientNet-B0's.
pub const USUAL_FEATURES: usize = 1280;
/// Slices of a series where nothing says it: the competition's mode.
pub const USUAL_SLICES: usize = 32;

/// The network over series that a stage by itself makes, in numbers, for embeddings and series of the usual size;
/// nothing if the stage makes none.
///
/// # Errors
/// When the network cannot be built.
pub fn series_of_stage(stage: &dyn AnyStage, labels: usize) -> Result<Option<SeriesSummary>> {
    let offers = stage.describe(&Descriptions::new());
    let outputs = stage.ports().outputs;
    let offered = outputs.iter().filter_map(|output| offers.any(output.name));
    let mut specs = offered.filter_map(Description::artifact::<SeriesNetworkSpec>);
    let Some(spec) = specs.next() else {
        return Ok(None);
    };
    let shape = SeriesShape {
        features: USUAL_FEATURES,
        logits: labels,
        labels,
    };
    let device = DeviceId::Cpu.open();
    let network = spec.build(shape, &device)?;
    Ok(Some(SeriesSummary::of(&network, shape, USUAL_SLICES, &device)))
}

/// The networks that a recipe trains, by the name of the stage that trains.
///
/// # Errors
/// When a network cannot be built.
pub fn of_plan(plan: &Plan) -> Result<Vec<(String, Built)>> {
    let mut built = Vec::new();
    for trains in plan.stages.iter().filter(|planned| trains(planned)) {
        let channels = taken::<Window>(trains).and_then(|window| window.channels);
        let images = taken::<Resize>(trains).or_else(|| taken::<Pixels>(trains));
        let made = build(
            taken::<NetworkSpec>(trains),
            channels.unwrap_or(3),
            plan.labels.len(),
            images.and_then(|images| images.size),
        )?;
        built.extend(made.map(|made| (trains.stage.name.clone(), made)));
    }
    Ok(built)
}

fn trains(planned: &PlannedStage) -> bool {
    let ports = &planned.stage.ports;
    let model = ArtifactType::of::<Model>();
    ports.inputs.iter().any(is::<NetworkSpec>) && ports.outputs.iter().any(|output| output.artifact == model)
}

fn is<A: Artifact>(input: &InputPort) -> bool {
    input.artifact == ArtifactType::of::<A>()
}

/// What is known of what a stage takes of this type, if anything is wired to that input.
fn taken<A: Artifact>(planned: &PlannedStage) -> Option<&Description> {
    let input = planned.stage.ports.inputs.iter().find(|input| is::<A>(input))?;
    planned.takes.any(input.name)
}

fn build(
    network: Option<&Description>,
    channels: usize,
    labels: usize,
    size: Option<[usize; 2]>,
) -> Result<Option<Built>> {
    let Some(spec) = network.and_then(Description::artifact::<NetworkSpec>) else {
        return Ok(None);
    };
    let [rows, columns] = size.unwrap_or([USUAL_SIZE; 2]);
    Ok(Some(Built {
        network: spec.build(channels, labels, &DeviceId::Cpu.open())?,
        image: [channels, rows, columns],
        usual_size: size.is_none(),
    }))
}
