//! What a run would take, as its stages tell before anything runs, held against what there is.

use std::path::Path;

use ichflow_api::device::DeviceId;
use ichflow_api::error::Result;
use ichflow_api::needs::{Foreseen, Known, Needs};

use super::machine;
use super::ready::Plan;

/// What a run would take.
pub struct Outlook {
    /// The slices that its loader would find, if it can tell.
    pub slices: Option<Foreseen>,
    /// Memory, by the stages that can tell.
    pub memory: Vec<(String, Held)>,
    /// Disk, of all stages together; none if they write nothing to speak of.
    pub disk: Option<Held>,
}

/// A number of bytes, held against what there is.
pub struct Held {
    /// The number.
    pub bytes: u64,
    /// What it is made of.
    pub how: String,
    /// What is free, where the system tells.
    pub there: Option<u64>,
}

impl Held {
    /// Whether there is enough; where nothing is known, there may be.
    pub fn fits(&self) -> bool {
        self.there.is_none_or(|there| self.bytes <= there)
    }
}

impl Outlook {
    /// Asks every stage of a plan that would run on `device` and write below `out`.
    ///
    /// # Errors
    /// When a stage cannot look at what it will read.
    pub fn of(plan: &Plan, device: DeviceId, out: &Path) -> Result<Self> {
        let needs = needs_of(plan)?;
        let free = match device {
            DeviceId::Cpu => machine::memory().map(|(free, _)| free),
            DeviceId::Cuda(_) => machine::gpu_memory(device),
        };
        let (mut memory, mut bytes, mut how) = (Vec::new(), 0, Vec::new());
        let slices = needs.iter().find_map(|(_, needs)| needs.foreseen);
        for (stage, needs) in needs {
            if let Some(disk) = needs.disk {
                bytes += disk.bytes;
                how.push(format!("`{stage}` {}", disk.how));
            }
            if let Some(need) = needs.memory {
                let held = Held {
                    bytes: need.bytes,
                    how: need.how,
                    there: free,
                };
                memory.push((stage, held));
            }
        }
        let disk = (bytes > 0).then(|| Held {
            bytes,
            how: how.join(", "),
            there: machine::free_disk(out),
        });
        Ok(Self { slices, memory, disk })
    }

    /// Whether there is enough of everything.
    pub fn fits(&self) -> bool {
        let memory = self.memory.iter().map(|(_, need)| need);
        memory.chain(&self.disk).all(Held::fits)
    }
}

/// What each stage would take, by its name.
fn needs_of(plan: &Plan) -> Result<Vec<(String, Needs)>> {
    let mut foreseen = None;
    let mut all = Vec::new();
    for planned in &plan.stages {
        let needs = planned.stage.stage.needs(&Known {
            inputs: planned.takes.clone(),
            foreseen,
            labels: plan.labels.clone(),
            // A step is tried on the processor, whose memory the system tells of.
            device: DeviceId::Cpu,
        })?;
        foreseen = needs.foreseen.or(foreseen);
        all.push((planned.stage.name.clone(), needs));
    }
    Ok(all)
}
