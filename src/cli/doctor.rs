//! `ichflow doctor`: what this machine offers, and whether a recipe would run on it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::Args;
use ichflow_api::counted::counted;
use ichflow_api::device::{DeviceChoice, DeviceId};
use ichflow_api::error::Result;
use ichflow_api::needs::Foreseen;
use ichflow_api::registry::Registry;
use ichflow_api::tensors::device::BURN_VERSION;

use super::{FAILED, RecipeArguments, WRONG_CALL, colour, fail, gc, plans, tell_advice};
use crate::plan::{Plan, needs};

/// Arguments of `ichflow doctor`.
#[derive(Args, Debug)]
pub struct DoctorArguments {
    /// A recipe to look at too
    recipe: Option<PathBuf>,
    /// Set one value over the recipe's
    #[arg(long = "set", value_name = "KEY=VALUE", requires = "recipe")]
    sets: Vec<String>,
    /// Directory that would hold runs and the cache
    #[arg(long, value_name = "DIR", default_value = "runs")]
    out: PathBuf,
}

pub fn main(arguments: &DoctorArguments, registry: &Registry) -> ExitCode {
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    line("ichflow", env!("CARGO_PKG_VERSION"));
    line("burn", BURN_VERSION);
    line("stages", &registry.all().len().to_string());
    line(
        "system",
        &format!("{} on {}", std::env::consts::OS, std::env::consts::ARCH),
    );
    line("processors", &processors.to_string());
    if let Some((free, total)) = memory() {
        line(
            "memory",
            &format!("{} free of {}", gc::size(free), gc::size(total)),
        );
    }
    line("disk", &disk(&arguments.out));
    line(
        "device",
        &match DeviceChoice::Auto.resolve() {
            Ok(device) => format!("{device} (what `--device auto` takes)"),
            Err(error) => format!("none: {}", error.chain()),
        },
    );
    line(
        "CUDA",
        if cfg!(feature = "cuda") {
            "built in"
        } else {
            "not built in; `cargo install --path . --features cuda` adds it"
        },
    );
    let Some(recipe) = &arguments.recipe else {
        return ExitCode::SUCCESS;
    };
    let recipe = RecipeArguments {
        recipe: recipe.clone(),
        sets: arguments.sets.clone(),
    };
    match plans(&recipe, registry) {
        Ok(planned) => {
            let trials = if planned.is_sweep {
                format!(", {}", counted(planned.plans.len(), "trial", "trials"))
            } else {
                String::new()
            };
            line("recipe", &format!("{} is right{trials}", recipe.recipe.display()));
            tell_advice(&planned.plans, &planned.sources);
            match planned.plans.first() {
                Some(plan) => match foresee(plan, &arguments.out) {
                    Ok(true) => ExitCode::SUCCESS,
                    Ok(false) => ExitCode::from(FAILED),
                    Err(error) => fail(&error),
                },
                None => ExitCode::SUCCESS,
            }
        }
        Err(problems) => {
            line("recipe", &format!("{} is wrong", recipe.recipe.display()));
            eprint!("{}", problems.render(colour()));
            ExitCode::from(WRONG_CALL)
        }
    }
}

fn line(what: &str, value: &str) {
    println!("{what:<12}{value}");
}

/// Says what a plan would take and what there is; false if it is too much.
fn foresee(plan: &Plan, out: &Path) -> Result<bool> {
    let device = DeviceChoice::Auto.resolve()?;
    let needs = needs::of_plan(plan)?;
    if let Some(foreseen) = needs.iter().find_map(|(_, needs)| needs.foreseen) {
        let Foreseen {
            slices,
            rows,
            columns,
        } = foreseen;
        line("slices", &format!("{slices} of {rows} × {columns}"));
    }
    let on_gpu = device != DeviceId::Cpu;
    let there = if on_gpu {
        gpu_memory(device)
    } else {
        memory().map(|(free, _)| free)
    };
    let mut fits = true;
    let (mut disk, mut disk_how) = (0, Vec::new());
    for (stage, needs) in &needs {
        if let Some(need) = &needs.memory {
            let enough = there.is_none_or(|there| need.bytes <= there);
            fits &= enough;
            line(
                "takes",
                &format!(
                    "about {} of memory in `{stage}`{}{}: {}",
                    gc::size(need.bytes),
                    if on_gpu {
                        ", measured on this machine's processor"
                    } else {
                        ""
                    },
                    verdict(enough, there),
                    need.how
                ),
            );
        }
        if let Some(need) = &needs.disk {
            disk += need.bytes;
            disk_how.push(format!("`{stage}` {}", need.how));
        }
    }
    if needs.iter().all(|(_, needs)| needs.memory.is_none()) {
        line("takes", "memory: no stage can tell before it runs");
    }
    if disk > 0 {
        let there = free_disk(out);
        let enough = there.is_none_or(|there| disk <= there);
        fits &= enough;
        line(
            "takes",
            &format!(
                "about {} of disk below {}{}: {}",
                gc::size(disk),
                out.display(),
                verdict(enough, there),
                disk_how.join(", ")
            ),
        );
    }
    Ok(fits)
}

fn verdict(enough: bool, there: Option<u64>) -> String {
    match there {
        None => String::new(),
        Some(there) if enough => format!(" ({} are free)", gc::size(there)),
        Some(there) => format!(" (too much: {} are free)", gc::size(there)),
    }
}

/// Free bytes where runs would be written, as `df` says.
fn free_disk(out: &Path) -> Option<u64> {
    let there = out
        .ancestors()
        .find(|path| path.is_dir())
        .filter(|path| !path.as_os_str().is_empty());
    let output = Command::new("df")
        .args(["-P", "-k"])
        .arg(there.unwrap_or(Path::new(".")))
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let kibibytes: u64 = text.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()?;
    Some(kibibytes * 1024)
}

/// Free bytes of a GPU, as `nvidia-smi` says.
fn gpu_memory(device: DeviceId) -> Option<u64> {
    let DeviceId::Cuda(number) = device else {
        return None;
    };
    let output = Command::new("nvidia-smi")
        .args([
            "--query-gpu=memory.free",
            "--format=csv,noheader,nounits",
            "-i",
            &number.to_string(),
        ])
        .output()
        .ok()?;
    let mebibytes: u64 = String::from_utf8(output.stdout).ok()?.trim().parse().ok()?;
    Some(mebibytes << 20)
}

/// Free and total memory in bytes, where the system tells.
fn memory() -> Option<(u64, u64)> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let value = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kibibytes * 1024)
    };
    Some((value("MemAvailable:")?, value("MemTotal:")?))
}

/// Whether runs could be written, tried out.
fn disk(out: &Path) -> String {
    let there = out.ancestors().find(|path| path.is_dir());
    let home = match there {
        Some(path) if !path.as_os_str().is_empty() => path,
        _ => Path::new("."),
    };
    let probe = home.join(format!(".ichflow-doctor-{}", std::process::id()));
    let written = fs::write(&probe, "probe");
    let _ = fs::remove_file(&probe);
    match written {
        Ok(()) => format!("{} can be written to", home.display()),
        Err(error) => format!("{} cannot be written to: {error}", home.display()),
    }
}
