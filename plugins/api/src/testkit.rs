//! What a plugin's tests share: checks that hold for every registered stage, and small stand-ins.

use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::context::{RunContext, Silent};
use crate::data::cohort::{Cohort, HeaderNotes, PixelEncoding, Slice, SliceTags};
use crate::data::labels::Labels;
use crate::data::pixels::{HuImage, PixelSource};
use crate::device::DeviceId;
use crate::error::{Error, Result};
use crate::ports::Descriptions;
use crate::registry::{Registration, Registry};

/// Checks every stage of one plugin: its example is TOML, fits its parameters, passes its own check,
/// survives being written and read back; every parameter has a description, and none is called like a
/// port; nothing but outputs is described. Returns what is wrong, one line a fault.
pub fn faults(plugin: &str) -> Vec<String> {
    let registry = match Registry::collect() {
        Ok(registry) => registry,
        Err(duplicate) => return vec![duplicate.to_string()],
    };
    let stages: Vec<_> = registry
        .all()
        .into_iter()
        .filter(|r| r.plugin == plugin)
        .collect();
    if stages.is_empty() {
        return vec![format!("no stage of {plugin} is registered")];
    }
    stages
        .into_iter()
        .flat_map(|stage| {
            faults_of(stage)
                .into_iter()
                .map(move |fault| format!("{}: {fault}", stage.name))
        })
        .collect()
}

fn faults_of(registration: &Registration) -> Vec<String> {
    let mut faults = Vec::new();
    let stage = match registration.build_example() {
        Ok(stage) => stage,
        Err(error) => return vec![error.chain()],
    };
    for problem in stage.check() {
        faults.push(format!(
            "its example has a problem at `{}`: {}",
            problem.key, problem.message
        ));
    }
    match stage.params().map(|params| registration.build(params)) {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => faults.push(format!("its parameters do not read back: {error}")),
        Err(error) => faults.push(error.chain()),
    }
    let schema = registration.schema();
    if schema.get("description").is_none() {
        faults.push("its type has no documentation comment".into());
    }
    for (old, _) in registration.renamed {
        if schema["properties"].get(old).is_some() {
            faults.push(format!("its old key `{old}` is a parameter"));
        }
    }
    let ports = registration.ports();
    let port_names: Vec<_> = ports.inputs.iter().map(|input| input.name).collect();
    let offered: Vec<_> = ports.outputs.iter().map(|output| output.name).collect();
    let described = stage.describe(&Descriptions::new());
    for unknown in described.names().filter(|name| !offered.contains(name)) {
        faults.push(format!("it describes `{unknown}`, which is none of its outputs"));
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        if property.get("description").is_none() {
            faults.push(format!("its parameter `{name}` has no documentation comment"));
        }
        if port_names.contains(&name.as_str()) || name == "use" {
            faults.push(format!("its parameter `{name}` is called like a port"));
        }
    }
    faults
}

/// A run that shows nothing, on the CPU, in `directory`.
pub fn run_context(directory: &Path) -> RunContext {
    RunContext::new(
        directory.join("run"),
        directory.join("cache"),
        DeviceId::Cpu,
        Box::new(Silent),
    )
}

/// A slice of nothing in particular.
pub fn slice(id: &str, patient: &str, labels: Option<Labels>) -> Slice {
    Slice {
        id: id.into(),
        file: format!("{id}.dcm").into(),
        frame: 0,
        patient: patient.into(),
        study: format!("study of {patient}"),
        series: format!("series of {patient}"),
        instance: String::new(),
        accession: String::new(),
        position_mm: Some(0.0),
        rows: 4,
        columns: 4,
        tags: SliceTags {
            window_center: Some(40.0),
            window_width: Some(80.0),
            ..SliceTags::default()
        },
        encoding: PixelEncoding::default(),
        header: HeaderNotes::default(),
        scan: Arc::default(),
        labels,
    }
}

/// A cohort of slices.
pub fn cohort(slices: Vec<Slice>) -> Cohort {
    Cohort {
        slices,
        ..Cohort::default()
    }
}

/// Pixels made by a function; remembers which slices were read.
pub struct MadePixels<F> {
    make: F,
    /// Ids of the slices read so far.
    pub reads: Mutex<Vec<String>>,
}

impl<F: Fn(&Slice) -> Option<HuImage> + Send + Sync> MadePixels<F> {
    /// `make` returns nothing for a slice that cannot be read.
    pub fn new(make: F) -> Self {
        Self {
            make,
            reads: Mutex::default(),
        }
    }
}

impl<F: Fn(&Slice) -> Option<HuImage> + Send + Sync> PixelSource for MadePixels<F> {
    fn read(&self, slice: &Slice) -> Result<HuImage> {
        self.reads
            .lock()
            .map_err(|_| Error::new("a reader panicked"))?
            .push(slice.id.clone());
        (self.make)(slice).ok_or_else(|| Error::new("made to be unreadable"))
    }

    fn describe(&self) -> String {
        "made pixels".into()
    }
}
