//! Removing runs.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use ichflow_api::counted::counted;
use ichflow_api::data::comparison::{ListedRun, RESOLVED, RunList, RunState, is_at_work, is_run, resolve};
use ichflow_api::error::{Error, Result, ResultExt};

use super::{Removal, chosen};
use crate::cli::gc::{bytes_below, size};
use crate::run::directory::mend_latest;

/// Removes runs by their names.
///
/// # Errors
/// Where a name is no run's, or a program works on one: then none is removed.
pub(super) fn named(names: &[String], how: &Removal) -> Result<()> {
    let mut doomed: Vec<PathBuf> = Vec::new();
    for name in names {
        let inside = how.out.join(name);
        let path = [inside, PathBuf::from(name)]
            .into_iter()
            .find(|path| is_run(path));
        let path = path.ok_or_else(|| {
            Error::new(format!("`{name}` is no run in {}", how.out.display()))
                .help("`ichflow runs` lists the runs there are; `--out` names another directory")
        })?;
        // `latest` is the run that it leads to.
        let path = resolve(&path);
        if is_at_work(&path) {
            return Err(
                Error::new(format!("a program works on the run `{name}`")).help("stop it first (Ctrl-C)")
            );
        }
        if !doomed.contains(&path) {
            doomed.push(path);
        }
    }
    remove(&doomed, how)
}

/// Removes runs that did not come to their end, and of those that did all but the newest `keep` of each recipe.
///
/// # Errors
/// Where one cannot be removed.
pub(super) fn prune(keep: Option<usize>, older_than: Option<f64>, how: &Removal) -> Result<()> {
    let limit = older_than.map(|days| Duration::from_secs_f64(days.clamp(0.0, 36_500.0) * 86_400.0));
    let mut of_recipe: BTreeMap<String, usize> = BTreeMap::new();
    let mut all = RunList::below(&how.out)?;
    chosen::sort(&mut all, super::Sort::Started);
    let doomed: Vec<PathBuf> = all
        .runs
        .into_iter()
        .filter(|listed| match &listed.run.state {
            RunState::AtWork { .. } => false,
            RunState::Done => {
                let newer = of_recipe.entry(listed.recipe().to_owned()).or_default();
                *newer += 1;
                keep.is_some_and(|keep| *newer > keep)
            }
            _ => true,
        })
        .filter(|listed| limit.is_none_or(|limit| age(listed).is_some_and(|age| age > limit)))
        .map(|listed| listed.path)
        .collect();
    if doomed.is_empty() {
        println!("nothing to remove");
        return Ok(());
    }
    remove(&doomed, how)
}

/// How long ago a run's directory was made: by when its recipe was written there.
fn age(listed: &ListedRun) -> Option<Duration> {
    let written = fs::metadata(listed.path.join(RESOLVED)).ok()?;
    SystemTime::now().duration_since(written.modified().ok()?).ok()
}

fn remove(doomed: &[PathBuf], how: &Removal) -> Result<()> {
    let mut total = 0;
    for path in doomed {
        let bytes = bytes_below(path)?;
        total += bytes;
        println!("{}  {}", path.display(), size(bytes));
    }
    let what = format!("{}, {}", counted(doomed.len(), "run", "runs"), size(total));
    if how.dry_run {
        println!("would remove {what}");
        return Ok(());
    }
    if !how.yes && !agreed(&what)? {
        println!("nothing was removed");
        return Ok(());
    }
    for path in doomed {
        take_away(path)?;
    }
    println!("removed {what}");
    Ok(())
}

/// Removes a run's directory, and lets `latest` beside it lead to the newest that is left.
fn take_away(path: &Path) -> Result<()> {
    // Renamed first, so that nobody finds half of it; the name is no run's for whoever lists them.
    let going = path.with_extension("removed");
    fs::rename(path, &going).at("remove", path)?;
    fs::remove_dir_all(&going).at("remove", &going)?;
    match path.parent() {
        Some(parent) => mend_latest(parent),
        None => Ok(()),
    }
}

/// Asks on the terminal.
fn agreed(what: &str) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Err(
            Error::new(format!("nobody is there to be asked whether {what} may go"))
                .help("`--yes` removes without asking, `--dry-run` only says what would go"),
        );
    }
    eprint!("remove {what}? [y/N] ");
    std::io::stderr().flush().doing("cannot ask")?;
    let mut answer = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut answer)
        .doing("cannot read the answer")?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
