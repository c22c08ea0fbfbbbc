//! `ichflow doctor`: what this machine offers, and whether a recipe would run on it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use ichflow_api::device::{self, DeviceChoice};
use ichflow_api::registry::Registry;

use super::{RecipeArguments, WRONG_CALL, colour, gc, plans};

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
    line("burn", device::BURN_VERSION);
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
            Ok(device) => format!("{} (what `--device auto` takes)", device.name),
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
                format!(", {} trials", planned.plans.len())
            } else {
                String::new()
            };
            line("recipe", &format!("{} is right{trials}", recipe.recipe.display()));
            ExitCode::SUCCESS
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
