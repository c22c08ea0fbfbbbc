//! What a running stage may use of the run around it: device, seed, files, progress.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use serde_json::{Value, json};

use crate::cache::shard::Shard;
use crate::data::labels::LabelSet;
use crate::device::DeviceId;
use crate::digest::Digest;
use crate::error::{Error, Result, ResultExt};
use crate::path_text::path_text;

/// A progress display for one piece of long work.
pub trait Progress: Send + Sync {
    /// `amount` more items are done.
    fn advance(&self, amount: u64);
    /// A short text beside the bar: losses, counts of quarantined files.
    fn note(&self, text: &str);
}

/// Where a run's messages, events and progress go. The application implements it; [`Silent`] is for tests.
pub trait Observer: Send + Sync {
    /// Starts a progress display; dropping it ends the display. `unit` is plural: "slices".
    fn progress(&self, stage: &str, work: &str, total: u64, unit: &str) -> Box<dyn Progress>;
    /// A line for the person watching.
    fn say(&self, stage: &str, text: &str);
    /// A line for the person watching that something deserves attention.
    fn warn(&self, stage: &str, text: &str);
    /// A record for `events.jsonl`.
    fn event(&self, stage: &str, kind: &str, details: Value);
}

/// An observer that shows nothing.
pub struct Silent;

impl Progress for Silent {
    fn advance(&self, _amount: u64) {}
    fn note(&self, _text: &str) {}
}

impl Observer for Silent {
    fn progress(&self, _stage: &str, _work: &str, _total: u64, _unit: &str) -> Box<dyn Progress> {
        Box::new(Self)
    }
    fn say(&self, _stage: &str, _text: &str) {}
    fn warn(&self, _stage: &str, _text: &str) {}
    fn event(&self, _stage: &str, _kind: &str, _details: Value) {}
}

/// A slice that was excluded because it cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Quarantined {
    /// The slice's id.
    pub id: String,
    /// Its file.
    #[serde(with = "crate::path_text")]
    pub file: PathBuf,
    /// Why, in words a person understands.
    pub reason: String,
}

/// One line of the table at the end of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SummaryLine {
    /// What it is.
    pub what: String,
    /// Its value.
    pub value: String,
    /// What to hold it against: an interval, the prevalence baseline.
    pub beside: String,
}

/// What stages leave behind for the run as a whole.
#[derive(Default)]
struct Ledger {
    quarantine: Vec<Quarantined>,
    summary: Vec<SummaryLine>,
    /// File name in the run directory → stage that claimed it.
    claims: BTreeMap<String, String>,
    report: Option<PathBuf>,
    facts: BTreeMap<String, Value>,
    /// Stages that keep something for later runs.
    keeping: BTreeSet<String>,
    /// Stages that found something of an earlier run.
    cached: BTreeSet<String>,
    /// Parameters of stages with what they found in the data filled in.
    settled: BTreeMap<String, toml::Table>,
}

/// What all stages of a run share.
pub struct RunContext {
    /// The run's directory.
    pub directory: PathBuf,
    /// Directory under which stages keep results for later runs.
    pub cache: PathBuf,
    /// The recipe's seed.
    pub seed: u64,
    /// Where tensors live, without autodiff.
    pub device: DeviceId,
    /// The labels that the recipe is about.
    pub labels: LabelSet,
    /// The recipe as resolved, TOML.
    pub resolved_recipe: String,
    /// The recipe's title.
    pub title: String,
    /// Versions, git state, device, command line: what `provenance.json` holds.
    pub provenance: Value,
    /// Where messages go.
    pub observer: Box<dyn Observer>,
    /// Set when the run should stop.
    pub stop: &'static AtomicBool,
    /// The part of the work that this run does; none: all of it.
    pub shard: Option<Shard>,
    ledger: Mutex<Ledger>,
}

impl RunContext {
    /// A run with nothing done yet.
    pub fn new(directory: PathBuf, cache: PathBuf, device: DeviceId, observer: Box<dyn Observer>) -> Self {
        static NEVER: AtomicBool = AtomicBool::new(false);
        Self {
            directory,
            cache,
            seed: 0,
            device,
            labels: LabelSet::default(),
            resolved_recipe: String::new(),
            title: String::new(),
            provenance: Value::Null,
            observer,
            stop: &NEVER,
            shard: None,
            ledger: Mutex::default(),
        }
    }

    fn ledger(&self) -> std::sync::MutexGuard<'_, Ledger> {
        // A panic while the lock was held cannot leave the ledger half-written: all changes are pushes.
        self.ledger
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Slices excluded so far, in the order they were found.
    pub fn quarantined(&self) -> Vec<Quarantined> {
        self.ledger().quarantine.clone()
    }

    /// The same, which are then forgotten: for who predicts again and again in one run.
    pub fn take_quarantined(&self) -> Vec<Quarantined> {
        std::mem::take(&mut self.ledger().quarantine)
    }

    /// Forgets all that stages left behind: a run that answers requests has no end at which anybody reads it.
    pub fn forget(&self) {
        *self.ledger() = Ledger::default();
    }

    /// Lines of the closing table so far.
    pub fn summary(&self) -> Vec<SummaryLine> {
        self.ledger().summary.clone()
    }

    /// What stages found worth recording in `provenance.json`.
    pub fn facts(&self) -> BTreeMap<String, Value> {
        self.ledger().facts.clone()
    }

    /// Whether a stage keeps something for later runs.
    pub fn keeps(&self, stage: &str) -> bool {
        self.ledger().keeping.contains(stage)
    }

    /// Whether a stage found something that an earlier run had kept.
    pub fn was_cached(&self, stage: &str) -> bool {
        self.ledger().cached.contains(stage)
    }

    /// The parameters with which a stage needs no data to do the same again, if it said so by
    /// [`Context::settle`].
    pub fn settled(&self, stage: &str) -> Option<toml::Table> {
        self.ledger().settled.get(stage).cloned()
    }

    /// The report's path, once there is one.
    pub fn report(&self) -> Option<PathBuf> {
        self.ledger().report.clone()
    }
}

/// What one running stage may use.
pub struct Context<'a> {
    run: &'a RunContext,
    stage: &'a str,
    stage_use: &'a str,
    key: &'a str,
    made_of: &'a str,
    seed: u64,
}

impl<'a> Context<'a> {
    /// The view of stage `stage` (its name in the recipe), registered as `stage_use`, with cache key `key`.
    pub fn new(run: &'a RunContext, stage: &'a str, stage_use: &'a str, key: &'a str) -> Self {
        Self {
            run,
            stage,
            stage_use,
            key,
            made_of: key,
            seed: run.seed,
        }
    }

    /// Gives the stage a seed of its own instead of the recipe's.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Says by what digest the result is known: of the inputs' and files' content, not of the recipe alone.
    #[must_use]
    pub fn made_of(mut self, digest: &'a str) -> Self {
        self.made_of = digest;
        self
    }

    /// The run this stage is part of.
    pub fn run(&self) -> &RunContext {
        self.run
    }

    /// The labels that the recipe is about: what loaders look for and networks predict.
    pub fn label_set(&self) -> &LabelSet {
        &self.run.labels
    }

    /// The stage's name in the recipe.
    pub fn stage(&self) -> &str {
        self.stage
    }

    /// A random generator of this stage's own: it depends on the recipe's seed, the kind of stage and
    /// `purpose`, and on nothing else, so that stages do not disturb one another.
    pub fn rng(&self, purpose: &str) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(self.seed_for(purpose))
    }

    /// The seed behind [`Context::rng`].
    pub fn seed_for(&self, purpose: &str) -> u64 {
        let mut digest = Digest::new();
        digest
            .add(self.seed.to_le_bytes())
            .add(self.stage_use)
            .add(purpose);
        digest.number()
    }

    /// An error if the run should stop. Call it between pieces of work.
    ///
    /// # Errors
    /// [`Error::Interrupted`] where the run should stop.
    pub fn checkpoint(&self) -> Result<()> {
        if self.run.stop.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        Ok(())
    }

    /// The part of the work that this run does, of a stage that can be split (see
    /// [`Stage::SHARDED`](crate::stage::Stage::SHARDED)); none: all of it.
    pub fn shard(&self) -> Option<Shard> {
        self.run.shard
    }

    /// Whether the run should stop: for work spread over threads.
    pub fn stop_flag(&self) -> &'static AtomicBool {
        self.run.stop
    }

    /// A path in the run directory for a result of this stage; its parent exists afterwards.
    ///
    /// The first stage that asks for a name gets it; a later one gets it under its own name:
    /// `history.csv`, then `second_fit/history.csv`.
    ///
    /// # Errors
    /// Where the directory cannot be created.
    pub fn file(&self, name: &str) -> Result<PathBuf> {
        let owner = self
            .run
            .ledger()
            .claims
            .entry(name.to_owned())
            .or_insert_with(|| self.stage.to_owned())
            .clone();
        let path = if owner == self.stage {
            self.run.directory.join(name)
        } else {
            self.run.directory.join(self.stage).join(name)
        };
        create_parent(&path)?;
        Ok(path)
    }

    /// A path in the run directory that several stages refine: the last one's content stays.
    ///
    /// # Errors
    /// Where the directory cannot be created.
    pub fn shared_file(&self, name: &str) -> Result<PathBuf> {
        let path = self.run.directory.join(name);
        create_parent(&path)?;
        Ok(path)
    }

    /// A directory that outlives the run and is named by what the recipe says of this stage and of those
    /// it stands on: a place for what can be brought up to date piece by piece, since the files that
    /// loaders read may have changed. A whole result is kept by [`Context::keep`].
    ///
    /// # Errors
    /// Where the directory cannot be created.
    pub fn cache(&self) -> Result<PathBuf> {
        let path = self.run.cache.join(self.stage_use).join(self.key);
        fs::create_dir_all(&path).at("create the directory", &path)?;
        self.mark_used(&path);
        Ok(path)
    }

    /// The directory in which [`Context::keep`] and [`Context::keep_pieces`] keep the result of this stage: a place
    /// for what pieces have beside their texts.
    pub fn result_directory(&self) -> PathBuf {
        self.run.cache.join(self.stage_use).join(self.made_of)
    }

    /// Leaves the time of the last use behind, by which `ichflow gc` decides what goes.
    pub(crate) fn mark_used(&self, directory: &Path) {
        self.run.ledger().keeping.insert(self.stage.to_owned());
        // Without the mark a directory only counts as older than it is.
        let _ = fs::write(directory.join("used"), "");
    }

    /// Says that work was not done again: "headers: cached". An empty `what` means the whole stage.
    pub fn cached(&self, what: &str) {
        self.say(if what.is_empty() {
            "cached".to_owned()
        } else {
            format!("{what}: cached")
        });
        self.event("cached", json!({"what": what}));
        self.run.ledger().cached.insert(self.stage.to_owned());
    }

    /// Sets a slice aside.
    pub fn quarantine(&self, id: &str, file: &Path, reason: impl Into<String>) {
        let reason = reason.into();
        self.event(
            "quarantine",
            json!({"id": id, "file": path_text(file), "reason": reason}),
        );
        self.run.ledger().quarantine.push(Quarantined {
            id: id.to_owned(),
            file: file.to_owned(),
            reason,
        });
    }

    /// Excludes a slice that turned out to be unusable while the run went on, and says so; one that is excluded already
    /// stays so without a word.
    pub fn exclude(&self, id: &str, file: &Path, reason: &str) {
        let known = |other: &Quarantined| other.id == id && other.file == file;
        if !self.run.ledger().quarantine.iter().any(known) {
            self.warn(format!("{id}: excluded: {reason}"));
            self.quarantine(id, file, reason);
        }
    }

    /// Adds a line to the table at the end of the run.
    pub fn summarise(&self, what: impl Into<String>, value: impl Into<String>, beside: impl Into<String>) {
        self.run.ledger().summary.push(SummaryLine {
            what: what.into(),
            value: value.into(),
            beside: beside.into(),
        });
    }

    /// Says where the report is.
    pub fn set_report(&self, path: PathBuf) {
        self.run.ledger().report = Some(path);
    }

    /// Records a fact in `provenance.json`: a digest of the data, a count.
    pub fn record_fact(&self, name: &str, value: Value) {
        self.run
            .ledger()
            .facts
            .insert(format!("{}.{name}", self.stage), value);
    }

    /// Says with which parameters this stage would do the same again without the data it was fitted to:
    /// its own, with what it found filled in. A model bundle holds these, since the data may be gone where the
    /// model is used. A stage that fits nothing need not call it.
    ///
    /// # Errors
    /// Where the parameters cannot be written as TOML.
    pub fn settle(&self, params: &impl Serialize) -> Result<()> {
        let params = toml::Table::try_from(params).doing("cannot write what was found as parameters")?;
        self.run.ledger().settled.insert(self.stage.to_owned(), params);
        Ok(())
    }

    /// Starts a progress display; dropping it ends the display.
    pub fn progress(&self, work: &str, total: usize, unit: &str) -> Box<dyn Progress> {
        self.run.observer.progress(self.stage, work, total as u64, unit)
    }

    /// A line for the person watching.
    pub fn say(&self, text: impl AsRef<str>) {
        self.run.observer.say(self.stage, text.as_ref());
    }

    /// A line for the person watching that something deserves attention.
    pub fn warn(&self, text: impl AsRef<str>) {
        self.run.observer.warn(self.stage, text.as_ref());
        self.event("warning", json!({"text": text.as_ref()}));
    }

    /// A record for `events.jsonl`.
    pub fn event(&self, kind: &str, details: Value) {
        self.run.observer.event(self.stage, kind, details);
    }
}

fn create_parent(path: &Path) -> Result<()> {
    match path.parent() {
        Some(parent) => fs::create_dir_all(parent).at("create the directory", parent),
        None => Ok(()),
    }
}
