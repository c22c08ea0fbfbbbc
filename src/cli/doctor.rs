//! `ichflow doctor`: what this machine offers, and whether a recipe would run on it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use ichflow_api::counted::counted;
use ichflow_api::device::{DeviceChoice, DeviceId};
use ichflow_api::error::Result;
use ichflow_api::needs::Foreseen;
use ichflow_api::registry::Registry;
use ichflow_api::tensors::device::BURN_VERSION;

use super::{FAILED, RecipeArguments, WRONG_CALL, colour, fail, gc, plans, tell_advice};
use crate::plan::Plan;
use crate::plan::machine::memory;
use crate::plan::needs::{Held, Outlook};

/// Arguments of `ichflow doctor`.
#[derive(Args, Debug)]
pub(super) struct DoctorArguments {
    /// A recipe to look at too
    recipe: Option<PathBuf>,
    /// Set one value over the recipe's
    #[arg(long = "set", value_name = "KEY=VALUE", requires = "recipe")]
    sets: Vec<String>,
    /// Directory that would hold runs and the cache
    #[arg(long, value_name = "DIR", default_value = "runs")]
    out: PathBuf,
}

pub(super) fn main(arguments: &DoctorArguments, registry: &Registry) -> ExitCode {
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
    let outlook = Outlook::of(plan, device, out)?;
    if let Some(Foreseen {
        slices,
        rows,
        columns,
    }) = outlook.slices
    {
        line("slices", &format!("{slices} of {rows} × {columns}"));
    }
    let measured = if device == DeviceId::Cpu {
        ""
    } else {
        ", measured on this machine's processor"
    };
    for (stage, need) in &outlook.memory {
        let text = format!(
            "about {} of memory in `{stage}`{measured}{}: {}",
            gc::size(need.bytes),
            verdict(need),
            need.how
        );
        line("takes", &text);
    }
    if outlook.memory.is_empty() {
        line("takes", "memory: no stage can tell before it runs");
    }
    if let Some(need) = &outlook.disk {
        let text = format!(
            "about {} of disk below {}{}: {}",
            gc::size(need.bytes),
            out.display(),
            verdict(need),
            need.how
        );
        line("takes", &text);
    }
    Ok(outlook.fits())
}

fn verdict(need: &Held) -> String {
    match need.there {
        None => String::new(),
        Some(there) if need.fits() => format!(" ({} are free)", gc::size(there)),
        Some(there) => format!(" (too much: {} are free)", gc::size(there)),
    }
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
