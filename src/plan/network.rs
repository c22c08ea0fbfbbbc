//! The network of a recipe, without its data: what it consists of and how much it computes.

use burn::tensor::Tensor;
use ichflow_api::context::{Context, RunContext, Silent};
use ichflow_api::data::labels::COUNT;
use ichflow_api::data::pixels::Pixels;
use ichflow_api::device::DeviceId;
use ichflow_api::error::Result;
use ichflow_api::nn::Network;
use ichflow_api::ports::{Artifact, ArtifactType, Inputs};
use ichflow_api::stage::AnyStage;
use ichflow_api::tensors::hu_batch::HuBatch;
use ichflow_api::tensors::model::{Model, Resize};
use ichflow_api::tensors::network::NetworkSpec;
use ichflow_api::tensors::window::{Window, WindowScheme};

use super::{Plan, PlannedStage};

/// Side of an image where nothing says it: most published figures are for this size.
pub const USUAL_SIZE: usize = 224;

/// A window of so many channels, of which only their number counts.
struct Blank(usize);

impl WindowScheme for Blank {
    fn channels(&self) -> usize {
        self.0
    }

    fn apply(&self, batch: &HuBatch) -> Tensor<4> {
        batch.hu().repeat_dim(1, self.0)
    }
}

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
pub fn of_stage(stage: &dyn AnyStage, name: &str) -> Result<Option<Built>> {
    build(stage, name, 3, None)
}

/// The networks that a recipe trains, by the name of the stage that trains.
pub fn of_plan(plan: &Plan) -> Result<Vec<(String, Built)>> {
    let mut built = Vec::new();
    for trains in plan.stages.iter().filter(|planned| trains(planned)) {
        let Some(network) = first_network(plan, trains) else {
            continue;
        };
        let channels = source::<Window>(plan, trains).and_then(|(window, output)| {
            let outputs = window.stage.stage.ports().outputs;
            outputs.iter().find(|port| port.name == output)?.channels
        });
        let size = match source::<Resize>(plan, trains) {
            Some((resize, output)) => {
                let made = run(resize.stage.stage.as_ref(), &resize.stage.name, Inputs::default())?;
                made.and_then(|mut made| made.take_as::<Resize>(output))
                    .map(|resize| resize.size)
            }
            None => source::<Pixels>(plan, trains).and_then(|(pixels, _)| {
                let params = pixels.stage.stage.params().ok()?;
                usize::try_from(params.get("size")?.as_integer()?).ok()
            }),
        };
        let stage = network.stage.stage.as_ref();
        let made = build(
            stage,
            network.stage.registration.name,
            channels.unwrap_or(3),
            size,
        )?;
        built.extend(made.map(|made| (trains.stage.name.clone(), made)));
    }
    Ok(built)
}

fn trains(planned: &PlannedStage) -> bool {
    let ports = planned.stage.stage.ports();
    let model = ArtifactType::of::<Model>();
    ports
        .inputs
        .iter()
        .any(|input| input.artifact == ArtifactType::of::<NetworkSpec>())
        && ports.outputs.iter().any(|output| output.artifact == model)
}

/// The stage an input of this type is wired to, and its output.
fn source<'a, A: Artifact>(
    plan: &'a Plan,
    planned: &PlannedStage,
) -> Option<(&'a PlannedStage, &'static str)> {
    let ports = planned.stage.stage.ports();
    let input = ports
        .inputs
        .iter()
        .find(|input| input.artifact == ArtifactType::of::<A>())?;
    let wire = planned.wires.get(input.name)?;
    Some((plan.stages.get(wire.stage)?, wire.output))
}

/// Behind the stages that only refine a network, the one that makes it.
fn first_network<'a>(plan: &'a Plan, trains: &PlannedStage) -> Option<&'a PlannedStage> {
    let (mut network, _) = source::<NetworkSpec>(plan, trains)?;
    while let Some((earlier, _)) = source::<NetworkSpec>(plan, network) {
        network = earlier;
    }
    Some(network)
}

fn build(stage: &dyn AnyStage, name: &str, channels: usize, size: Option<usize>) -> Result<Option<Built>> {
    let inputs = Inputs::default().with("window", Window::new(Blank(channels)));
    let Some(spec) = run(stage, name, inputs)?.and_then(|mut made| made.take_as::<NetworkSpec>("network"))
    else {
        return Ok(None);
    };
    let side = size.unwrap_or(USUAL_SIZE);
    Ok(Some(Built {
        network: spec.build(channels, COUNT, &DeviceId::Cpu.open())?,
        image: [channels, side, side],
        usual_size: size.is_none(),
    }))
}

/// Runs a stage that needs nothing but what it is given; nothing if it needs more.
fn run(stage: &dyn AnyStage, name: &str, inputs: Inputs) -> Result<Option<ichflow_api::ports::Outputs>> {
    let known = stage.ports().inputs;
    if known
        .iter()
        .any(|input| input.artifact != ArtifactType::of::<Window>())
    {
        return Ok(None);
    }
    // Nothing is written: such stages only put their parameters together.
    let nowhere = std::env::temp_dir();
    let context = RunContext::new(nowhere.clone(), nowhere, DeviceId::Cpu, Box::new(Silent));
    stage
        .run(&inputs, &Context::new(&context, name, name, "check"))
        .map(Some)
}
