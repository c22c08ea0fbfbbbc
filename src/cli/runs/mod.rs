//! `ichflow runs`: the runs of a directory, and removing some.
//!
//! `chosen` filters and sorts them, `list` shows them as a table, `remove` takes them away.

mod chosen;
mod list;
mod remove;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use ichflow_api::data::comparison::RunList;
use ichflow_api::error::Result;

use super::fail;

/// Arguments of `ichflow runs`.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct RunsArguments {
    #[command(subcommand)]
    command: Option<RunsCommand>,
    #[command(flatten)]
    list: ListArguments,
}

#[derive(Subcommand, Debug)]
enum RunsCommand {
    /// Remove runs by their names; asks first
    Remove(RemoveArguments),
    /// Remove runs that failed or were stopped, or all but the newest; asks first
    Prune(PruneArguments),
}

/// Which runs to list, and how.
#[derive(Args, Debug)]
struct ListArguments {
    /// Directory that holds runs
    #[arg(long, value_name = "DIR", default_value = "runs")]
    out: PathBuf,
    /// Only runs whose name or title contains this text
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Only runs that came so far; may be given several times
    #[arg(long, value_name = "STATE")]
    state: Vec<State>,
    /// What to sort by: the newest, the lowest weighted log loss, the highest AUROC, the longest, or names first
    #[arg(long, value_name = "KEY", default_value = "started")]
    sort: Sort,
    /// Show so many at most
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Print JSON, for scripts
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
struct RemoveArguments {
    /// Names as the list has them, or directories of runs
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<String>,
    #[command(flatten)]
    how: Removal,
}

#[derive(Args, Debug)]
struct PruneArguments {
    /// Keep so many of each recipe that came to their end, the newest
    #[arg(long, value_name = "N")]
    keep: Option<usize>,
    /// Only runs that began more than so many days ago
    #[arg(long, value_name = "DAYS")]
    older_than: Option<f64>,
    #[command(flatten)]
    how: Removal,
}

/// How runs are removed.
#[derive(Args, Debug)]
struct Removal {
    /// Directory that holds runs
    #[arg(long, value_name = "DIR", default_value = "runs")]
    out: PathBuf,
    /// Only say what would go
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// What runs are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Sort {
    /// The newest first.
    Started,
    /// The lowest weighted log loss of the validation first.
    Score,
    /// The highest AUROC of the validation first.
    Auroc,
    /// The longest first.
    Time,
    /// By name.
    Name,
}

/// How far a run came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum State {
    /// Some program works on it.
    AtWork,
    /// It came to its end.
    Done,
    /// A stage failed.
    Failed,
    /// It was told to stop.
    Interrupted,
    /// Its program ended without a word.
    Killed,
    /// Its files cannot be read.
    Damaged,
}

pub(super) fn main(arguments: &RunsArguments) -> ExitCode {
    let done = match &arguments.command {
        None => show(&arguments.list),
        Some(RunsCommand::Remove(arguments)) => remove::named(&arguments.runs, &arguments.how),
        Some(RunsCommand::Prune(arguments)) => {
            remove::prune(arguments.keep, arguments.older_than, &arguments.how)
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn show(arguments: &ListArguments) -> Result<()> {
    let mut all = RunList::below(&arguments.out)?;
    let total = all.runs.len();
    chosen::filter(&mut all, arguments.filter.as_deref(), &arguments.state);
    chosen::sort(&mut all, arguments.sort);
    all.runs.truncate(arguments.limit.unwrap_or(usize::MAX));
    if arguments.json {
        println!("{:#}", all.json());
    } else {
        print!("{}", list::of(&all, total, &arguments.out));
    }
    Ok(())
}
