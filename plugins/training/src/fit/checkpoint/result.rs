//! What training leaves in its directory: the weights that are kept, the last ones, the history.

use std::fs;
use std::path::{Path, PathBuf};

use burn::store::ModuleRecord;
use ichflow_api::prelude::*;

use super::files::{place, write_bytes, write_record};
use super::states;
use crate::fit::run::Run;
use crate::fit::task::Trained;

const KEPT: &str = "best.bpk";
const LAST: &str = "last.bpk";
const HISTORY: &str = "history.json";

/// Weights of the best epoch so far.
pub(super) fn best_file(directory: &Path, epoch: usize) -> PathBuf {
    directory.join(format!("best-{epoch:06}.bpk"))
}

/// Keeps the weights of an epoch that is the best so far.
pub(super) fn write_best<N: Trained>(directory: &Path, epoch: usize, network: N) -> Result<()> {
    write_network(&best_file(directory, epoch), network)
}

/// Writes weights in place of others, in one step.
pub(super) fn write_network<N: Trained>(path: &Path, network: N) -> Result<()> {
    write_record(path, network.into_record())
}

/// Removes the weights of epochs that were the best once, after the state that names the present one is
/// written.
pub(super) fn forget_all_but_best<N: Trained>(directory: &Path, run: &Run<N>) -> Result<()> {
    let best = run.best.as_ref().map(|best| best_file(directory, best.epoch));
    forget_all_but(directory, best.as_ref())
}

fn forget_all_but(directory: &Path, best: Option<&PathBuf>) -> Result<()> {
    for entry in fs::read_dir(directory).at("read", directory)? {
        let path = entry.at("read", directory)?.path();
        let name = path.file_name().map_or("".into(), |name| name.to_string_lossy());
        if name.starts_with("best-") && Some(&path) != best {
            fs::remove_file(&path).at("remove", &path)?;
        }
    }
    Ok(())
}

/// Whether a whole result is there.
pub(crate) fn is_whole(directory: &Path) -> bool {
    directory.join(HISTORY).is_file()
}

/// Writes the result of a training that has come to its end. The history is last: with it the result is
/// whole.
pub(super) fn write<N: Trained>(directory: &Path, run: &Run<N>) -> Result<()> {
    let Some(best) = &run.best else {
        return Err(Error::new("training ended without an epoch"));
    };
    place(&best_file(directory, best.epoch), &directory.join(KEPT))?;
    write_network(&directory.join(LAST), run.evaluated())?;
    let path = directory.join(HISTORY);
    let text = serde_json::to_vec_pretty(&run.history).at("write", &path)?;
    write_bytes(&path, &text)
}

/// Removes what only a training under way needs.
pub(crate) fn tidy(directory: &Path) -> Result<()> {
    states::clear(directory)?;
    forget_all_but(directory, None)
}

/// Reads the result back into a network of the same shape, and gives the run its files.
pub(crate) fn read<N: Trained>(directory: &Path, network: N, context: &Context) -> Result<(N, History)> {
    let path = directory.join(HISTORY);
    let text = fs::read(&path).at("read", &path)?;
    let history: History = serde_json::from_slice(&text).at("understand", &path)?;
    let kept = directory.join(KEPT);
    let record = ModuleRecord::load(&kept).at("read", &kept)?;
    let network = network.valid().try_load_record(record).at("use", &kept)?;
    place(&kept, &context.file("checkpoints/best.bpk")?)?;
    place(&directory.join(LAST), &context.file("checkpoints/last.bpk")?)?;
    let labels = context.label_set();
    history.write_csv(&context.file("history.csv")?, labels.name(labels.headline()))?;
    Ok((network, history))
}
