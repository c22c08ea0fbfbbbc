//! What a run would take, as its stages tell before anything runs.

use ichflow_api::device::DeviceId;
use ichflow_api::error::Result;
use ichflow_api::needs::{Known, Needs};

use super::Plan;

/// What each stage would take, by its name.
///
/// # Errors
/// When a stage cannot look at what it will read.
pub fn of_plan(plan: &Plan) -> Result<Vec<(String, Needs)>> {
    let mut foreseen = None;
    let mut all = Vec::new();
    for planned in &plan.stages {
        let needs = planned.stage.stage.needs(&Known {
            inputs: planned.takes.clone(),
            foreseen,
            // A step is tried on the processor, whose memory the system tells of.
            device: DeviceId::Cpu,
        })?;
        foreseen = needs.foreseen.or(foreseen);
        all.push((planned.stage.name.clone(), needs));
    }
    Ok(all)
}
