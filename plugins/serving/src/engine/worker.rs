//! The thread that predicts with one bundle: the model stays on its device, and nothing that an upload does ends it.

use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ichflow_api::bundle::{Bundle, Predictor, Reference};
use ichflow_api::context::{Observer, Progress, RunContext};
use ichflow_api::counted::counted;
use ichflow_api::device::DeviceId;
use ichflow_api::guard;
use ichflow_api::prelude::*;

use super::answer::Answer;
use super::measures::Measures;
use super::queue::Queue;
use super::together::{Read, predict};
use super::upload::{Step, Upload};

/// What a client is told where the program gave up: the panic's own words are for the log.
const GAVE_UP: &str = "the program gave up on these files; the server's log says more";
/// Before a bundle that cannot be used is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// What a worker needs.
pub(super) struct Worker {
    pub name: String,
    pub bundle: Arc<Bundle>,
    pub device: DeviceId,
    /// Stages work here.
    pub directory: PathBuf,
    pub queue: Arc<Queue>,
    pub measures: Arc<Measures>,
    /// Whether files are kept when they have been predicted.
    pub keeps: bool,
    /// Set when the model is on the device.
    pub ready: Arc<AtomicBool>,
}

/// Uploads that are predicted at the moment, told how far it is.
#[derive(Clone, Default)]
struct Watching(Arc<Mutex<Vec<Arc<Upload>>>>);

impl Worker {
    /// Predicts what the queue brings until it is closed.
    pub(super) fn run(self) {
        let watching = Watching::default();
        let mut context = context(&self.bundle, self.device, &self.directory);
        context.observer = Box::new(watching.clone());
        // Of uploads that failed together, each is tried alone.
        let mut alone: Vec<Arc<Upload>> = Vec::new();
        loop {
            let made = guard::catch(AssertUnwindSafe(|| self.prepared(&context)));
            let (mut predictor, reference) = match made {
                Ok(Ok(made)) => made,
                Ok(Err(error)) => {
                    eprintln!("{}: {}", self.name, error.chain());
                    let Some(batch) = next(&mut alone, &self.queue) else {
                        return;
                    };
                    batch.iter().for_each(|upload| upload.end(Err(error.chain())));
                    std::thread::sleep(PAUSE);
                    continue;
                }
                Err(panic) => {
                    eprintln!("{}: {panic}", self.name);
                    std::thread::sleep(PAUSE);
                    continue;
                }
            };
            self.ready.store(true, Ordering::Relaxed);
            loop {
                let Some(batch) = next(&mut alone, &self.queue) else {
                    return;
                };
                let work = AssertUnwindSafe(|| {
                    self.batch(&batch, &mut predictor, reference.as_ref(), &context, &watching)
                });
                let message = match guard::catch(work) {
                    Ok(Ok(())) => continue,
                    Ok(Err(error)) => error.chain(),
                    Err(panic) => {
                        eprintln!("{}: {panic}", self.name);
                        GAVE_UP.to_owned()
                    }
                };
                if batch.len() > 1 {
                    alone.extend(batch.into_iter().rev().filter(|upload| !upload.step().is_last()));
                } else {
                    batch
                        .iter()
                        .for_each(|upload| self.end(upload, Err(message.clone())));
                }
                // What a panic left behind is not used again.
                break;
            }
        }
    }

    /// The model, on the device.
    fn prepared<'a>(&'a self, context: &'a RunContext) -> Result<(Predictor<'a>, Option<Reference>)> {
        let mut predictor = self.bundle.predictor(context)?;
        predictor.prepare()?;
        Ok((predictor, self.bundle.reference()?))
    }

    fn batch(
        &self,
        batch: &[Arc<Upload>],
        predictor: &mut Predictor,
        reference: Option<&Reference>,
        context: &RunContext,
        watching: &Watching,
    ) -> Result<()> {
        let started = Instant::now();
        let mut read = Vec::new();
        for upload in batch {
            upload.begin(Step::Reading, upload.files());
            read.push(Read::new(upload.files_held())?);
        }
        self.measures.step("reading", started.elapsed());
        for (upload, read) in batch.iter().zip(&read) {
            upload.begin(Step::Predicting, read.len());
        }
        let predicting = Instant::now();
        batch.clone_into(&mut watching.lock());
        let answers = predict(read, predictor, (&self.bundle, reference), context);
        watching.lock().clear();
        self.measures.step("predicting", predicting.elapsed());
        for (upload, answer) in batch.iter().zip(answers?) {
            let [predicted, excluded] = answer.counts();
            eprintln!(
                "{}: upload {}: {} predicted, {excluded} excluded, {} together, {:.2} s",
                self.name,
                &upload.id[..8],
                counted(predicted, "slice", "slices"),
                counted(batch.len(), "upload", "uploads"),
                started.elapsed().as_secs_f64(),
            );
            self.measures.answer(&self.name, &answer);
            self.end(upload, Ok(answer));
        }
        Ok(())
    }

    fn end(&self, upload: &Upload, result: Result<Answer, String>) {
        if !self.keeps || result.is_err() {
            upload.forget_files();
        }
        upload.end(result);
    }
}

/// What stages of a bundle work in: nothing of it is shown, since messages name slices.
pub(super) fn context(bundle: &Bundle, device: DeviceId, directory: &std::path::Path) -> RunContext {
    let quiet = Box::new(ichflow_api::context::Silent);
    let mut context = RunContext::new(directory.to_owned(), directory.join("cache"), device, quiet);
    context.labels = bundle.index().label_set.clone();
    context
}

fn next(alone: &mut Vec<Arc<Upload>>, queue: &Queue) -> Option<Vec<Arc<Upload>>> {
    match alone.pop() {
        Some(upload) => Some(vec![upload]),
        None => queue.take(),
    }
}

impl Watching {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Upload>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The work of one stage on the uploads.
struct Counting {
    watching: Watching,
    total: u64,
    done: AtomicU64,
}

impl Progress for Counting {
    fn advance(&self, amount: u64) {
        let done = self.done.fetch_add(amount, Ordering::Relaxed) + amount;
        let share = done as f64 / self.total.max(1) as f64;
        self.watching
            .lock()
            .iter()
            .for_each(|upload| upload.advance(share));
    }
    fn note(&self, _text: &str) {}
}

impl Observer for Watching {
    fn progress(&self, _stage: &str, _work: &str, total: u64, _unit: &str) -> Box<dyn Progress> {
        Box::new(Counting {
            watching: self.clone(),
            total,
            done: AtomicU64::new(0),
        })
    }
    fn say(&self, _stage: &str, _text: &str) {}
    fn warn(&self, _stage: &str, _text: &str) {}
    fn event(&self, _stage: &str, _kind: &str, _details: serde_json::Value) {}
}
