//! Runs the stages of a plan, one after the other.

use std::collections::BTreeMap;
use std::fs;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use ichflow_api::cache::shard::Shard;
use ichflow_api::context::{Context, Quarantined, RunContext, SummaryLine};
use ichflow_api::data::comparison::LOCK;
use ichflow_api::device::DeviceId;
use ichflow_api::digest::Digest;
use ichflow_api::error::{Error, Result, ResultExt};
use ichflow_api::guard;
use ichflow_api::path_text::path_text;
use ichflow_api::ports::{AnyArtifact, Inputs, Outputs};
use serde_json::{Value, json};

use super::observer::TerminalObserver;
use super::record::StageRecord;
use super::{directory, provenance};
use crate::plan::{Plan, PlannedStage};
use crate::recipe::source::Sources;

/// What a run needs beside its plan.
pub struct RunOptions<'a> {
    /// The recipe's file; its name names the run.
    pub recipe: &'a Path,
    /// The texts the recipe was made of; they are kept with the run.
    pub sources: &'a Sources,
    /// Directory that holds runs and the cache.
    pub out: &'a Path,
    /// Where tensors live.
    pub device: DeviceId,
    /// Set when the run should stop.
    pub stop: &'static AtomicBool,
    /// The part of the work to do; none: all of it.
    pub shard: Option<Shard>,
    /// The index of the last stage to run; none: the recipe's last.
    pub until: Option<usize>,
}

/// A run that came to its end.
pub struct Finished {
    /// Its directory.
    pub directory: PathBuf,
    /// What stages want shown.
    pub summary: Vec<SummaryLine>,
    /// Excluded slices.
    pub quarantined: Vec<Quarantined>,
    /// The report, if a stage wrote one.
    pub report: Option<PathBuf>,
    /// How long it took.
    pub took: Duration,
    /// Stages that came to their end, by their names in the recipe.
    pub done: Vec<String>,
    /// Stages that were not run, as this is a shard or stops earlier.
    pub left: Vec<String>,
}

/// Runs a plan. Whatever happens, the run directory says what was done: `provenance.json` ends with the
/// outcome, `events.jsonl` with the last event.
///
/// # Errors
/// Where a stage fails, the run directory cannot be written, or the run is interrupted.
pub fn run(plan: &Plan, options: RunOptions) -> Result<Finished> {
    let begun = Instant::now();
    let parent = directory::parent(options.out, options.recipe, plan.trial.as_deref());
    // A shard has no results of its own: its directory stands apart from those of whole runs.
    let directory = match options.shard {
        Some(shard) => directory::create(&parent.join("shards"), &plan.key(), Some(shard))?,
        None => directory::create(&parent, &plan.key(), None)?,
    };
    let lock = hold(&directory)?;
    let observer = TerminalObserver::new(&directory.join("events.jsonl"))?;
    let mut context = RunContext::new(
        directory.clone(),
        options.out.join("cache"),
        options.device,
        Box::new(observer),
    );
    context.seed = plan.seed;
    context.labels = plan.labels.clone();
    context.title = plan.title.clone();
    context.resolved_recipe = plan.resolved_recipe()?;
    context.provenance = provenance::before(plan, options.sources, &options.device.to_string());
    context.stop = options.stop;
    context.shard = options.shard;
    if let Some(shard) = options.shard {
        context.provenance["shard"] = json!(shard.to_string());
    }
    write(
        &directory.join("recipe.resolved.toml"),
        context.resolved_recipe.as_bytes(),
    )?;
    write_layers(&directory, options.sources)?;
    if options.shard.is_none() {
        directory::point_latest(&directory)?;
    }

    write_quarantine(&context)?;
    let mut done = Vec::new();
    let wanted = wanted(plan, options.shard.is_some(), options.until);
    let outcome = run_stages(plan, &wanted, &context, &mut done);
    let mut record = context.provenance.clone();
    record["finished"] = json!(jiff::Zoned::now().to_string());
    record["outcome"] = match &outcome {
        Ok(()) => json!("done"),
        Err(Error::Interrupted) => json!("interrupted"),
        Err(error) => json!({"failed": error.chain()}),
    };
    let seconds = done
        .iter()
        .map(|stage| (stage.name.clone(), json!(stage.seconds)));
    record["seconds_by_stage"] = Value::Object(seconds.collect());
    record["stages"] = json!(done);
    record["facts"] = json!(context.facts());
    // On a full disk neither can be written; what stopped the run is what matters.
    let written = write(&directory.join("provenance.json"), pretty(&record).as_bytes());
    drop(lock);
    // Where it stays, it says as much: nobody holds it.
    let _ = fs::remove_file(directory.join(LOCK));
    outcome?;
    written?;
    Ok(Finished {
        directory,
        summary: context.summary(),
        quarantined: context.quarantined(),
        report: context.report(),
        took: begun.elapsed(),
        left: plan
            .stages
            .iter()
            .map(|planned| planned.stage.name.clone())
            .filter(|name| done.iter().all(|stage| stage.name != *name))
            .collect(),
        done: done.into_iter().map(|stage| stage.name).collect(),
    })
}

/// Holds the run's directory, by which others see that it is worked on. The lock goes with the process, however that ends.
fn hold(directory: &Path) -> Result<fs::File> {
    let path = directory.join(LOCK);
    let file = fs::File::create(&path).at("create", &path)?;
    // Where a file system has no locks, runs work all the same.
    let _ = file.lock();
    Ok(file)
}

/// Which stages to run: up to `until`, and of those in a shard only what can be split, with what that needs.
fn wanted(plan: &Plan, is_shard: bool, until: Option<usize>) -> Vec<bool> {
    let last = until.unwrap_or(usize::MAX);
    let mut wanted: Vec<bool> = plan
        .stages
        .iter()
        .enumerate()
        .map(|(index, planned)| index <= last && (!is_shard || planned.stage.registration.sharded))
        .collect();
    for index in (0..wanted.len()).rev().filter(|_| is_shard) {
        if wanted[index] {
            for wire in plan.stages[index].wires.values() {
                wanted[wire.stage] = true;
            }
        }
    }
    wanted
}

/// An output of a stage that has run.
struct Made {
    artifact: AnyArtifact,
    /// The digest of its content, else of what made it.
    known_by: String,
    /// Whether it is only a shard's part.
    is_part: bool,
}

fn run_stages(plan: &Plan, wanted: &[bool], context: &RunContext, done: &mut Vec<StageRecord>) -> Result<()> {
    for (planned, _) in plan.stages.iter().zip(wanted).filter(|(_, wanted)| **wanted) {
        named(&planned.stage.name, planned.stage.stage.fetch())?;
    }
    let mut made: BTreeMap<(usize, &'static str), Made> = BTreeMap::new();
    for (index, planned) in plan.stages.iter().enumerate() {
        let name = &planned.stage.name;
        let registration = planned.stage.registration;
        let sources = || {
            planned
                .wires
                .values()
                .map(|wire| made.get(&(wire.stage, wire.output)))
        };
        // In a shard, what stands on something that was left is left too.
        let is_fed = sources().all(|source| source.is_some());
        let of_part = sources().flatten().any(|source| source.is_part);
        if !wanted[index] || !is_fed || (of_part && !registration.sharded) {
            continue;
        }
        let inputs = planned
            .wires
            .iter()
            .fold(Inputs::default(), |inputs, (port, wire)| {
                match made.get(&(wire.stage, wire.output)) {
                    Some(source) => inputs.with_any(port, source.artifact.clone()),
                    None => inputs,
                }
            });
        let mut record = StageRecord::of(plan, planned, |wire| {
            made.get(&(wire.stage, wire.output))
                .map_or("", |source| source.known_by.as_str())
        })?;
        let made_of = record.made_of.clone();
        let view = Context::new(context, name, registration.name, &planned.key).made_of(&made_of);
        let view = match planned.stage.seed {
            Some(seed) => view.seed(seed),
            None => view,
        };
        view.checkpoint()?;
        view.event("started", json!({"use": registration.name, "made_of": made_of}));
        let begun = Instant::now();
        let result = run_one(planned, &inputs, &view);
        let seconds = begun.elapsed().as_secs_f64();
        record.keeps = context.keeps(name);
        record.cached = context.was_cached(name);
        record.took(seconds, &context.cache);
        match &result {
            Ok(_) => view.event("finished", json!({"seconds": seconds})),
            Err(error) => view.event("stopped", json!({"seconds": seconds, "reason": error.chain()})),
        }
        // Kept up to date, so that a run that is killed has it too.
        let written = write_quarantine(context);
        let mut outputs = match result {
            Ok(outputs) => outputs,
            Err(Error::LeftToWholeRun) => continue,
            Err(error) => {
                done.push(record);
                return Err(error);
            }
        };
        written?;
        let is_part = of_part || outputs.is_part();
        for output in &planned.outputs {
            let known_by = outputs
                .digest(output)
                .map_or_else(|| Digest::new().add(&made_of).add(output).hex(), str::to_owned);
            record.outputs.insert((*output).to_owned(), known_by.clone());
            let artifact = outputs.take_any(output).ok_or_else(|| {
                Error::new(format!(
                    "`{}` did not make its output `{output}`",
                    registration.name
                ))
                .help(format!("this is a mistake in the plugin {}", registration.plugin))
            })?;
            let made_now = Made {
                artifact,
                known_by,
                is_part,
            };
            made.insert((index, output), made_now);
        }
        record.done = true;
        if !is_part {
            record.remember(&context.cache)?;
        }
        done.push(record);
    }
    Ok(())
}

/// A panic in a plugin is that plugin's mistake; it ends the run like any other error.
fn run_one(planned: &PlannedStage, inputs: &Inputs, context: &Context) -> Result<Outputs> {
    let name = &planned.stage.name;
    let result = guard::catch(AssertUnwindSafe(|| planned.stage.stage.run(inputs, context)));
    match result {
        Ok(result) => named(name, result),
        Err(text) if is_of_memory(&text) => Err(Error::new(format!(
            "`{name}`: the device's memory is full: {text}"
        ))
        .help(
            "smaller images, a smaller `batch` (with `accumulate` a step stays as large), or another device",
        )),
        Err(text) => Err(Error::new(format!("`{name}` broke off: {text}")).help(format!(
            "this is a mistake in the plugin {}, not in the recipe; please report it",
            planned.stage.registration.plugin
        ))),
    }
}

/// An error that says in which stage it happened.
fn named<T>(stage: &str, result: Result<T>) -> Result<T> {
    result.map_err(|error| match error {
        Error::Failed {
            message,
            help,
            source,
        } => Error::Failed {
            message: format!("`{stage}`: {message}"),
            help,
            source,
        },
        stopped @ (Error::Interrupted | Error::LeftToWholeRun) => stopped,
    })
}

/// Whether a panic says that a device has no memory left: backends have no other way to say so.
fn is_of_memory(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["out of memory", "outofmemory", "out_of_memory"]
        .iter()
        .any(|said| text.contains(said))
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).at("write", path)
}

fn pretty(value: &Value) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string());
    text.push('\n');
    text
}

/// Keeps the texts as they were written: what a person edited, not only what it came to.
fn write_layers(directory: &Path, sources: &Sources) -> Result<()> {
    let layers = directory.join("layers");
    fs::create_dir_all(&layers).at("create the directory", &layers)?;
    for (index, source) in sources.texts.iter().enumerate() {
        let name = Path::new(&source.name)
            .file_name()
            .map_or("set.toml".into(), |name| name.to_string_lossy());
        let name = if name == "--set" { "set.txt".into() } else { name };
        write(&layers.join(format!("{index}-{name}")), source.text.as_bytes())?;
    }
    Ok(())
}

fn write_quarantine(context: &RunContext) -> Result<()> {
    let path = context.directory.join("quarantine.csv");
    let mut writer = csv::Writer::from_path(&path).at("write", &path)?;
    writer.write_record(["id", "file", "reason"]).at("write", &path)?;
    for slice in context.quarantined() {
        let file = path_text(&slice.file);
        writer
            .write_record([&slice.id, &file, &slice.reason])
            .at("write", &path)?;
    }
    writer.flush().at("write", &path)
}
