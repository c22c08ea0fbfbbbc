//! The bundles of a server, the uploads it has, and for how long.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ichflow_api::bundle::Bundle;
use ichflow_api::device::DeviceId;
use ichflow_api::digest::sha256;
use ichflow_api::prelude::*;
use ichflow_api::tensors::heat_map::HeatMap;

use super::limits::{self, Limits};
use super::look::{Gray, Looker, Place};
use super::measures::Measures;
use super::queue::Queue;
use super::receive::{Draft, Refusal};
use super::room::Room;
use super::upload::{Held, Step, Upload};
use super::worker::{Worker, context};

/// For how long an answer can be had where nothing else is kept.
const ANSWERS: Duration = Duration::from_secs(60);
/// When it is worth asking again where the queue is full.
const LATER: Duration = Duration::from_secs(5);

/// A bundle that is served.
pub(crate) struct ServedBundle {
    /// By what clients name it: the recipe's directory of runs, or that of the bundle.
    pub name: String,
    /// The bundle.
    pub bundle: Arc<Bundle>,
    queue: Arc<Queue>,
    ready: Arc<AtomicBool>,
    looker: Looker,
}

impl ServedBundle {
    /// Whether its model is on its device.
    pub(crate) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }
}

/// Opened bundles and their uploads.
pub(crate) struct Service {
    bundles: Vec<ServedBundle>,
    limits: Limits,
    scratch: PathBuf,
    /// Bytes of files.
    bytes: Room,
    /// Open files.
    handles: Room,
    /// Uploads that come or wait.
    places: Room,
    uploads: Mutex<Vec<Arc<Upload>>>,
    workers: Mutex<Vec<JoinHandle<()>>>,
    /// What `/metrics` tells.
    pub measures: Arc<Measures>,
    /// Nobody outside knows them: ids are made of them.
    secrets: [RandomState; 4],
}

impl Service {
    /// Opens the bundles and starts their workers.
    ///
    /// # Errors
    /// Where a directory is no bundle.
    pub(crate) fn open(
        directories: &[PathBuf],
        limits: Limits,
        device: DeviceId,
        scratch: &Path,
    ) -> Result<Self> {
        let mut bundles: Vec<ServedBundle> = Vec::new();
        let mut workers = Vec::new();
        let measures = Arc::new(Measures::default());
        for directory in directories {
            let bundle = Arc::new(Bundle::open(directory)?);
            let taken: Vec<&str> = bundles.iter().map(|bundle| bundle.name.as_str()).collect();
            let name = name_of(directory, &taken);
            let place = scratch.join(format!("bundle-{}", bundles.len()));
            let worker = Worker {
                name: name.clone(),
                bundle: bundle.clone(),
                device,
                directory: place.clone(),
                queue: Arc::default(),
                measures: measures.clone(),
                keeps: !limits.keep.is_zero(),
                ready: Arc::default(),
            };
            bundles.push(ServedBundle {
                looker: Looker::new(bundle.clone(), context(&bundle, device, &place.join("look"))),
                name: name.clone(),
                bundle,
                queue: worker.queue.clone(),
                ready: worker.ready.clone(),
            });
            let thread = std::thread::Builder::new().name(name);
            workers.push(thread.spawn(|| worker.run()).doing("cannot start a thread")?);
        }
        Ok(Self {
            bundles,
            scratch: scratch.to_owned(),
            bytes: Room::new(limits.kept_bytes),
            handles: Room::new(limits::files()),
            places: Room::new(limits.queue as u64),
            uploads: Mutex::default(),
            workers: Mutex::new(workers),
            measures,
            secrets: std::array::from_fn(|_| RandomState::new()),
            limits,
        })
    }

    /// In the order of the command line.
    pub(crate) fn bundles(&self) -> &[ServedBundle] {
        &self.bundles
    }

    /// The bundle of a name, or the first.
    pub(crate) fn bundle(&self, name: Option<&str>) -> Option<usize> {
        match name {
            Some(name) => self.bundles.iter().position(|bundle| bundle.name == name),
            None => (!self.bundles.is_empty()).then_some(0),
        }
    }

    fn list(&self) -> MutexGuard<'_, Vec<Arc<Upload>>> {
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for an upload that comes.
    ///
    /// # Errors
    /// Where the queue is full.
    pub(crate) fn receive(&self) -> Result<Draft, Refusal> {
        let mut place = self.places.none();
        if !place.add(1) {
            return Err(Refusal::Full("as many uploads wait as may".to_owned(), LATER));
        }
        Ok(Draft::new(
            &self.limits,
            &self.scratch,
            &self.bytes,
            &self.handles,
            place,
        ))
    }

    /// Puts an upload that has come into the queue of a bundle.
    pub(crate) fn enqueue(&self, draft: Draft, bundle: usize) -> Arc<Upload> {
        let (files, total, bytes, handles, place) = draft.done();
        let held = Held {
            files: Arc::new(files),
            bytes: Some(bytes),
            handles: Some(handles),
            place: Some(place),
        };
        let served = &self.bundles[bundle];
        let upload = Arc::new(Upload::new(self.id(), (bundle, &served.name), total, held));
        self.list().push(upload.clone());
        served.queue.push(upload.clone());
        upload
    }

    /// 128 bits that nobody guesses.
    fn id(&self) -> String {
        let number = self.list().len();
        let mut text = format!("{:?}", Instant::now());
        for secret in &self.secrets {
            let mut hasher = secret.build_hasher();
            hasher.write(text.as_bytes());
            hasher.write_usize(number);
            text += &hasher.finish().to_string();
        }
        sha256(text.as_bytes())[..32].to_owned()
    }

    /// An upload that the server still has.
    pub(crate) fn upload(&self, id: &str) -> Option<Arc<Upload>> {
        self.list().iter().find(|upload| upload.id == id).cloned()
    }

    /// All that the server has, newest first.
    pub(crate) fn uploads(&self) -> Vec<Arc<Upload>> {
        self.list().iter().rev().cloned().collect()
    }

    /// Forgets an upload; false where there is none.
    pub(crate) fn remove(&self, id: &str) -> bool {
        let mut list = self.list();
        let Some(place) = list.iter().position(|upload| upload.id == id) else {
            return false;
        };
        let upload = list.remove(place);
        drop(list);
        self.bundles[upload.bundle].queue.remove(id);
        upload.forget_files();
        upload.held().place = None;
        if !upload.step().is_last() {
            upload.end(Err("it was deleted".to_owned()));
        }
        true
    }

    /// Forgets what has been kept long enough.
    pub(crate) fn sweep(&self) {
        let keep = if self.limits.keep.is_zero() {
            ANSWERS
        } else {
            self.limits.keep
        };
        let is_old = |upload: &Arc<Upload>| upload.ended.get().is_some_and(|ended| ended.elapsed() >= keep);
        let old: Vec<String> = self
            .list()
            .iter()
            .filter(|upload| is_old(upload))
            .map(|upload| upload.id.clone())
            .collect();
        for id in old {
            self.remove(&id);
        }
    }

    /// Makes room where files are kept that nobody waits for, the oldest first; false where there are none.
    pub(crate) fn make_room(&self) -> bool {
        let oldest = self
            .list()
            .iter()
            .find(|upload| upload.step().is_last())
            .map(|upload| upload.id.clone());
        oldest.is_some_and(|id| self.remove(&id))
    }

    /// Whether all models are on their devices.
    pub(crate) fn is_ready(&self) -> bool {
        self.bundles.iter().all(ServedBundle::is_ready)
    }

    /// Numbers of the moment.
    pub(crate) fn now(&self) -> Vec<(&'static str, String, u64)> {
        let list = self.list();
        let steps = [
            Step::Queued,
            Step::Reading,
            Step::Predicting,
            Step::Done,
            Step::Failed,
        ];
        let mut now: Vec<_> = steps
            .iter()
            .map(|step| {
                let count = list.iter().filter(|upload| upload.step() == *step).count();
                (
                    "ichflow_uploads",
                    format!("state=\"{}\"", step.name()),
                    count as u64,
                )
            })
            .collect();
        now.push(("ichflow_queue_places_taken", String::new(), self.places.taken()));
        now.push(("ichflow_kept_bytes", String::new(), self.bytes.taken()));
        now.push(("ichflow_kept_files", String::new(), self.handles.taken()));
        now
    }

    /// Takes no more uploads to predict; what waits is told so.
    pub(crate) fn close(&self) {
        for bundle in &self.bundles {
            for upload in bundle.queue.close() {
                upload.forget_files();
                upload.end(Err("the server stops".to_owned()));
            }
        }
    }

    /// Waits until the workers have done what they are at.
    pub(crate) fn join(&self) {
        let workers = std::mem::take(&mut *self.workers.lock().unwrap_or_else(PoisonError::into_inner));
        for worker in workers {
            let _ = worker.join();
        }
    }

    /// A slice's HU; nothing where there is no such slice, or its files are gone.
    pub(crate) fn hu(&self, upload: &Upload, number: usize) -> Option<Result<HuImage>> {
        Some(place(upload, number)?.hu())
    }

    /// A slice as the network is shown it.
    pub(crate) fn window(&self, upload: &Upload, number: usize) -> Option<Result<Gray>> {
        let place = place(upload, number)?;
        Some(self.bundles[upload.bundle].looker.window(&place))
    }

    /// Where the network looked in a slice.
    pub(crate) fn heat(&self, upload: &Upload, number: usize, label: &str) -> Option<Result<HeatMap>> {
        let place = place(upload, number)?;
        let label = place.answer.labels.iter().position(|known| known == label)?;
        Some(self.bundles[upload.bundle].looker.heat(&place, label))
    }
}

fn place(upload: &Upload, number: usize) -> Option<Place<'_>> {
    let answer = upload.answer()?;
    let files = upload.files_held();
    let slice = answer.shown.get(number)?.as_ref().filter(|_| !files.is_empty())?;
    Some(Place {
        answer,
        _files: files,
        slice,
    })
}
/// `runs/b0_bsb/latest/model` is called b0_bsb, `some/model_a` model_a; a second one of a name has a number.
fn name_of(directory: &Path, taken: &[&str]) -> String {
    let full = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
    let text = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let plain = |c: char| {
            if c.is_ascii_alphanumeric() || "-_.".contains(c) {
                c
            } else {
                '_'
            }
        };
        name.chars().map(plain).collect::<String>()
    };
    let own = text(&full);
    // The run's directory is named by time; its parent by the recipe.
    let of_recipe = full.parent().and_then(Path::parent).map(text);
    let name = match of_recipe {
        Some(recipe) if own == "model" && !recipe.is_empty() => recipe,
        _ if own.is_empty() => "model".to_owned(),
        _ => own,
    };
    let numbered = (2..).map(|number| format!("{name}_{number}"));
    std::iter::once(name.clone())
        .chain(numbered)
        .find(|name| !taken.contains(&name.as_str()))
        .unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundles_have_names_of_their_own() {
        let name = |path: &str, taken: &[&str]| name_of(Path::new(path), taken);
        assert_eq!(name("runs/b0_bsb/2026-12-01/model", &[]), "b0_bsb");
        assert_eq!(name("runs/b0_bsb/2026-12-02/model", &["b0_bsb"]), "b0_bsb_2");
        assert_eq!(name("some/model a", &[]), "model_a");
    }
}
