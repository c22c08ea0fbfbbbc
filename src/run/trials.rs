//! The trials of a sweep: which still have to run, and running them.
//!
//! A trial runs in a process of its own: one that fails, even by a crash or for want of memory, stops no
//! other, and several can run at once. What trials share (loading, the HU store) is done by the first
//! that comes to it and found in the cache by the others.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ichflow_api::device::DeviceChoice;
use ichflow_api::error::{Result, ResultExt};
use serde_json::{Value, json};

use super::directory;
use crate::duration::duration;
use crate::plan::{Plan, key};

/// Time between two looks at the trials that run.
const PAUSE: Duration = Duration::from_millis(100);

/// How a trial ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It made its results.
    Done,
    /// An earlier sweep had done it.
    DoneBefore,
    /// It failed, for this reason.
    Failed(String),
    /// It was told to stop.
    Interrupted,
}

/// A trial and what became of it.
pub struct Ended {
    /// The trial's name.
    pub name: String,
    /// Its run's directory, if it came to have one.
    pub directory: Option<PathBuf>,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took.
    pub took: Duration,
}

/// How trials are run.
pub struct TrialOptions<'a> {
    /// The recipe's file.
    pub recipe: &'a Path,
    /// What is set over it.
    pub sets: &'a [String],
    /// Directory that holds runs and the cache.
    pub out: &'a Path,
    /// Where to compute.
    pub device: DeviceChoice,
    /// Trials that run at once.
    pub jobs: usize,
    /// Whether trials that an earlier sweep finished run again.
    pub again: bool,
    /// Where messages for the person watching go.
    pub say: &'a dyn Fn(String),
}

/// A trial that is running.
struct Running {
    name: String,
    home: PathBuf,
    child: Child,
    log: Option<PathBuf>,
    begun: Instant,
}

/// Runs every trial, in the order of `plans`, until `stop` is set.
///
/// # Errors
/// When a trial cannot be started; one that fails ends as [`Outcome::Failed`].
pub fn run_all(plans: &[Plan], options: &TrialOptions<'_>, stop: &AtomicBool) -> Result<Vec<Ended>> {
    let total = plans.len();
    let mut waiting: VecDeque<(usize, &Plan)> = plans.iter().enumerate().collect();
    let mut running: Vec<(usize, Running)> = Vec::new();
    let mut told = false;
    let mut ended: Vec<Option<Ended>> = plans.iter().map(|_| None).collect();
    while !waiting.is_empty() || !running.is_empty() {
        while running.len() < options.jobs && !stop.load(Ordering::SeqCst) {
            let Some((index, plan)) = waiting.pop_front() else {
                break;
            };
            let name = plan.trial.clone().unwrap_or_default();
            let place = format!("[{}/{total}] {name}", index + 1);
            if let Some(directory) = done_before(plan, options)? {
                (options.say)(format!("{place}: done before, {}", directory.display()));
                ended[index] = Some(Ended {
                    name,
                    directory: Some(directory),
                    outcome: Outcome::DoneBefore,
                    took: Duration::ZERO,
                });
                continue;
            }
            (options.say)(place);
            running.push((index, start(plan, name, options)?));
        }
        if stop.load(Ordering::SeqCst) && !told {
            told = true;
            waiting.clear();
            running.iter().for_each(|(_, trial)| trial.ask_to_stop());
        }
        let mut still = Vec::new();
        for (index, mut trial) in running {
            match trial.child.try_wait().doing("wait for a trial")? {
                None => still.push((index, trial)),
                Some(status) => {
                    let logs = trial.log.is_some();
                    let trial = trial.end(status.code());
                    let place = || format!("[{}/{total}] {}", index + 1, trial.name);
                    match &trial.outcome {
                        Outcome::Failed(reason) => (options.say)(format!("{}: failed: {reason}", place())),
                        _ if logs => (options.say)(format!("{}: {}", place(), duration(trial.took))),
                        _ => {}
                    }
                    ended[index] = Some(trial);
                }
            }
        }
        running = still;
        if !running.is_empty() {
            std::thread::sleep(PAUSE);
        }
    }
    Ok(ended.into_iter().flatten().collect())
}

fn start(plan: &Plan, name: String, options: &TrialOptions<'_>) -> Result<Running> {
    let program = std::env::current_exe().doing("find this program")?;
    let home = directory::parent(options.out, options.recipe, plan.trial.as_deref());
    let mut command = Command::new(program);
    command
        .arg("run")
        .arg(options.recipe)
        .args(options.sets.iter().flat_map(|set| ["--set", set]))
        .args(["--trial", &name])
        .args(["--device", &options.device.to_string()])
        .arg("--out")
        .arg(options.out)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    apart(&mut command);
    // Trials that run at once would write over one another on the terminal.
    let log = (options.jobs > 1).then(|| home.join("trial.log"));
    if let Some(log) = &log {
        fs::create_dir_all(&home).at("create the directory", &home)?;
        command.stderr(File::create(log).at("create", log)?);
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let share = (processors / options.jobs).max(1);
        command.env("RAYON_NUM_THREADS", share.to_string());
    }
    Ok(Running {
        name,
        home,
        child: command.spawn().doing("start a trial")?,
        log,
        begun: Instant::now(),
    })
}

/// Keeps a terminal's Ctrl-C from the trials: they are told to stop, once, however this program was.
#[cfg(unix)]
fn apart(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

#[cfg(not(unix))]
fn apart(_command: &mut Command) {}

impl Running {
    /// Where there is no `kill`, the trial comes to its end.
    fn ask_to_stop(&self) {
        if cfg!(unix) {
            let id = self.child.id().to_string();
            let _ = Command::new("kill").args(["-TERM", &id]).status();
        }
    }

    fn end(self, code: Option<i32>) -> Ended {
        let directory = fs::canonicalize(self.home.join("latest"))
            .ok()
            .and_then(|found| found.file_name().map(|name| self.home.join(name)));
        let outcome = match code {
            Some(0) => Outcome::Done,
            Some(code) if code == i32::from(crate::run::INTERRUPTED) => Outcome::Interrupted,
            code => Outcome::Failed(self.reason(directory.as_deref(), code)),
        };
        Ended {
            name: self.name,
            directory,
            outcome,
            took: self.begun.elapsed(),
        }
    }

    fn reason(&self, directory: Option<&Path>, code: Option<i32>) -> String {
        let told = directory
            .and_then(provenance)
            .and_then(|provenance| Some(provenance["outcome"]["failed"].as_str()?.to_owned()));
        let log = self
            .log
            .as_ref()
            .map_or(String::new(), |log| format!("; see {}", log.display()));
        match (told, code) {
            (Some(reason), _) => reason,
            (None, Some(code)) => format!("it ended with exit code {code}{log}"),
            (None, None) => format!("it was killed{log}"),
        }
    }
}

fn provenance(run: &Path) -> Option<Value> {
    serde_json::from_slice(&fs::read(run.join("provenance.json")).ok()?).ok()
}

/// The directory of a finished run of the same trial: same stages, versions, parameters and seed, and the
/// single files it reads unchanged.
fn done_before(plan: &Plan, options: &TrialOptions<'_>) -> Result<Option<PathBuf>> {
    if options.again {
        return Ok(None);
    }
    let home = directory::parent(options.out, options.recipe, plan.trial.as_deref());
    let Ok(entries) = fs::read_dir(&home) else {
        return Ok(None);
    };
    let mut runs: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    runs.sort();
    for run in runs.into_iter().rev().filter(|run| !run.is_symlink()) {
        let Some(known) = provenance(&run) else { continue };
        if known["outcome"] == "done"
            && known["recipe_key"] == json!(plan.key())
            && known["ichflow"] == json!(env!("CARGO_PKG_VERSION"))
            && files_unchanged(plan, &known)?
        {
            return Ok(Some(run));
        }
    }
    Ok(None)
}

fn files_unchanged(plan: &Plan, known: &Value) -> Result<bool> {
    for planned in &plan.stages {
        let stages = known["stages"].as_array();
        let record = stages
            .into_iter()
            .flatten()
            .find(|record| record["name"] == json!(planned.stage.name));
        if record.is_none_or(|record| record["files"] != json!({})) {
            let now = json!(key::files(&planned.stage)?);
            if record.is_none_or(|record| record["files"] != now) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// `sweep.json` beside the trials' directories: what became of each.
///
/// # Errors
/// When it cannot be written.
pub fn write_record(home: &Path, ended: &[Ended]) -> Result<()> {
    let trials: Vec<Value> = ended
        .iter()
        .map(|trial| {
            json!({
                "name": trial.name,
                "directory": trial.directory,
                "outcome": match &trial.outcome {
                    Outcome::Done | Outcome::DoneBefore => json!("done"),
                    Outcome::Interrupted => json!("interrupted"),
                    Outcome::Failed(reason) => json!({"failed": reason}),
                },
            })
        })
        .collect();
    fs::create_dir_all(home).at("create the directory", home)?;
    let path = home.join("sweep.json");
    fs::write(&path, format!("{:#}\n", json!({"trials": trials}))).at("write", &path)
}
