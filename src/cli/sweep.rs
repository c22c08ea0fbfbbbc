//! `ichflow sweep`: every trial of a recipe's `[sweep]`, each a run of its own, and their comparison.
//!
//! A trial runs in a process of its own: one that fails, even by a crash or for want of memory, stops no
//! other, and several can run at once. What trials share (loading, the HU store) is done by the first
//! that comes to it and found in the cache by the others.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use ichflow_api::counted::counted;
use ichflow_api::device::DeviceChoice;
use ichflow_api::error::{Error, Result, ResultExt};
use ichflow_api::registry::Registry;
use serde_json::{Value, json};

use super::{RecipeArguments, WRONG_CALL, colour, duration, fail, plans, run_plugin_command, tell_advice};
use crate::plan::{Plan, key};
use crate::run::{directory, listen};

/// Time between two looks at the trials that run.
const PAUSE: Duration = Duration::from_millis(100);

/// Arguments of `ichflow sweep`.
#[derive(Args, Debug)]
pub struct SweepArguments {
    #[command(flatten)]
    recipe: RecipeArguments,
    /// Trials that run at once; they share the processors
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    jobs: u16,
    /// Run trials again that an earlier sweep already finished
    #[arg(long)]
    again: bool,
    /// Directory that holds runs and the cache
    #[arg(long, value_name = "DIR", default_value = "runs")]
    out: PathBuf,
    /// Where to compute: auto (a GPU if there is one), cpu, cuda or cuda:N
    #[arg(long, value_name = "DEVICE", default_value_t = DeviceChoice::Auto)]
    device: DeviceChoice,
}

/// How a trial ended.
#[derive(Clone, Debug, PartialEq)]
enum Outcome {
    Done,
    /// An earlier sweep had done it.
    DoneBefore,
    Failed(String),
    Interrupted,
}

/// A trial and what became of it.
struct Ended {
    name: String,
    directory: Option<PathBuf>,
    outcome: Outcome,
    took: Duration,
}

pub fn main(arguments: &SweepArguments, registry: &Registry) -> ExitCode {
    let planned = match plans(&arguments.recipe, registry) {
        Ok(planned) => planned,
        Err(problems) => {
            eprint!("{}", problems.render(colour()));
            return ExitCode::from(WRONG_CALL);
        }
    };
    let path = arguments.recipe.recipe.display();
    if !planned.is_sweep {
        eprintln!("error: {path} has no sweep");
        eprintln!("help: `ichflow run {path}` runs it; a table such as [sweep.grid] makes trials of it");
        return ExitCode::from(WRONG_CALL);
    }
    let begun = Instant::now();
    let stop = listen();
    tell_advice(&planned.plans, &planned.sources);
    eprintln!("{path} · {}", counted(planned.plans.len(), "trial", "trials"));
    let ended = match run_all(&planned.plans, arguments, stop) {
        Ok(ended) => ended,
        Err(error) => return fail(&error),
    };
    print_table(&ended);
    println!("time  {}", duration(begun.elapsed()));
    let home = directory::parent(&arguments.out, &arguments.recipe.recipe, None);
    if let Err(error) = write_record(&home, &ended) {
        return fail(&error);
    }
    if stop.load(Ordering::SeqCst) {
        eprintln!("interrupted; the same command goes on with what is left");
        return ExitCode::from(crate::run::INTERRUPTED);
    }
    if let Err(error) = compare(&home, &ended, registry) {
        return fail(&error);
    }
    let failed = ended
        .iter()
        .any(|trial| matches!(trial.outcome, Outcome::Failed(_)));
    ExitCode::from(u8::from(failed))
}

/// A trial that is running.
struct Running {
    name: String,
    home: PathBuf,
    child: Child,
    log: Option<PathBuf>,
    begun: Instant,
}

fn run_all(plans: &[Plan], arguments: &SweepArguments, stop: &AtomicBool) -> Result<Vec<Ended>> {
    let total = plans.len();
    let mut waiting: VecDeque<(usize, &Plan)> = plans.iter().enumerate().collect();
    let mut running: Vec<(usize, Running)> = Vec::new();
    let mut told = false;
    let mut ended: Vec<Option<Ended>> = plans.iter().map(|_| None).collect();
    while !waiting.is_empty() || !running.is_empty() {
        while running.len() < usize::from(arguments.jobs) && !stop.load(Ordering::SeqCst) {
            let Some((index, plan)) = waiting.pop_front() else {
                break;
            };
            let name = plan.trial.clone().unwrap_or_default();
            let place = format!("[{}/{total}] {name}", index + 1);
            if let Some(directory) = done_before(plan, arguments)? {
                eprintln!("{place}: done before, {}", directory.display());
                ended[index] = Some(Ended {
                    name,
                    directory: Some(directory),
                    outcome: Outcome::DoneBefore,
                    took: Duration::ZERO,
                });
                continue;
            }
            eprintln!("{place}");
            running.push((index, start(plan, name, arguments)?));
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
                Some(status) => ended[index] = Some(trial.end(status.code(), total, index)),
            }
        }
        running = still;
        if !running.is_empty() {
            std::thread::sleep(PAUSE);
        }
    }
    Ok(ended.into_iter().flatten().collect())
}

fn start(plan: &Plan, name: String, arguments: &SweepArguments) -> Result<Running> {
    let program = std::env::current_exe().doing("find this program")?;
    let home = directory::parent(&arguments.out, &arguments.recipe.recipe, plan.trial.as_deref());
    let mut command = Command::new(program);
    command
        .arg("run")
        .arg(&arguments.recipe.recipe)
        .args(arguments.recipe.sets.iter().flat_map(|set| ["--set", set]))
        .args(["--trial", &name])
        .args(["--device", &arguments.device.to_string()])
        .arg("--out")
        .arg(&arguments.out)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    apart(&mut command);
    // Trials that run at once would write over one another on the terminal.
    let log = (arguments.jobs > 1).then(|| home.join("trial.log"));
    if let Some(log) = &log {
        fs::create_dir_all(&home).at("create the directory", &home)?;
        command.stderr(File::create(log).at("create", log)?);
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let share = (processors / usize::from(arguments.jobs)).max(1);
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

    fn end(self, code: Option<i32>, total: usize, index: usize) -> Ended {
        let directory = fs::canonicalize(self.home.join("latest"))
            .ok()
            .and_then(|found| found.file_name().map(|name| self.home.join(name)));
        let outcome = match code {
            Some(0) => Outcome::Done,
            Some(code) if code == i32::from(crate::run::INTERRUPTED) => Outcome::Interrupted,
            code => Outcome::Failed(self.reason(directory.as_deref(), code)),
        };
        let took = self.begun.elapsed();
        match &outcome {
            Outcome::Failed(reason) => {
                eprintln!("[{}/{total}] {}: failed: {reason}", index + 1, self.name);
            }
            _ if self.log.is_some() => {
                eprintln!("[{}/{total}] {}: {}", index + 1, self.name, duration(took));
            }
            _ => {}
        }
        Ended {
            name: self.name,
            directory,
            outcome,
            took,
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
fn done_before(plan: &Plan, arguments: &SweepArguments) -> Result<Option<PathBuf>> {
    if arguments.again {
        return Ok(None);
    }
    let home = directory::parent(&arguments.out, &arguments.recipe.recipe, plan.trial.as_deref());
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

fn print_table(ended: &[Ended]) {
    let width = ended
        .iter()
        .map(|trial| trial.name.chars().count())
        .max()
        .unwrap_or(0);
    println!();
    for trial in ended {
        let outcome = match &trial.outcome {
            Outcome::Done => format!("done in {}", duration(trial.took)),
            Outcome::DoneBefore => "done before".to_owned(),
            Outcome::Failed(reason) => format!("failed: {reason}"),
            Outcome::Interrupted => "interrupted".to_owned(),
        };
        println!("{:width$}  {outcome}", trial.name);
    }
    println!();
}

/// `sweep.json` beside the trials' directories: what became of each.
fn write_record(home: &Path, ended: &[Ended]) -> Result<()> {
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

/// Ends the sweep with the comparison of its runs, if a plugin brings one.
fn compare(home: &Path, ended: &[Ended], registry: &Registry) -> Result<()> {
    let commands = ichflow_api::command::all();
    let Some((definition, command)) = commands
        .into_iter()
        .find(|(definition, _)| definition.get_name() == "compare")
    else {
        return Ok(());
    };
    let mut arguments: Vec<OsString> = vec!["compare".into()];
    arguments.extend(
        ended
            .iter()
            .filter_map(|trial| Some(trial.directory.clone()?.into())),
    );
    if arguments.len() < 2 {
        return Err(Error::new("not one trial left results to compare"));
    }
    arguments.push("--out".into());
    arguments.push(home.join("comparison.html").into());
    let matches = definition
        .try_get_matches_from(arguments)
        .map_err(|error| Error::new(format!("the comparison cannot be made: {error}")))?;
    run_plugin_command(command, &matches, registry).map(|_| ())
}
