//! What every handler may use.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::engine::Service;

use super::access::Access;

/// The state of a server: handlers get it as `State(server): State<Arc<Server>>`.
pub(crate) struct Server {
    /// Bundles, uploads and what came of them.
    pub service: Service,
    /// The directory of runs.
    pub runs: PathBuf,
    /// Who may come in.
    pub access: Access,
    /// Slices that are looked at at once.
    pub looks: Arc<Semaphore>,
    /// Requests held in memory at once.
    pub infers: Arc<Semaphore>,
}

impl Server {
    /// A server that has had no request yet.
    pub(crate) fn new(service: Service, runs: PathBuf, access: Access) -> Self {
        Self {
            service,
            runs,
            access,
            looks: Arc::new(Semaphore::new(2)),
            infers: Arc::new(Semaphore::new(2)),
        }
    }
}
