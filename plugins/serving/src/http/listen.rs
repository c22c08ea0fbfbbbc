//! From a socket to the router: connections, their number, and their end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use ichflow_api::prelude::*;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::router;
use super::server::Server;

/// Connections at once; further ones wait until one ends.
const CONNECTIONS: usize = 1024;
/// Within which a client has sent the head of a request, or the next one on the same connection.
const HEAD: Duration = Duration::from_secs(15);
/// Bytes of a request's head.
const HEAD_BYTES: usize = 32 << 10;
/// How often it is looked whether to stop.
const LOOK: Duration = Duration::from_millis(100);
/// How often it is looked what has been kept long enough.
const SWEEP: Duration = Duration::from_secs(2);
/// Within which connections end after the server was asked to stop.
const STOPPING: Duration = Duration::from_secs(10);

/// Answers requests until `stop` is set; those that have begun are answered.
///
/// # Errors
/// Where the address cannot be had.
pub(crate) fn serve(server: Server, address: SocketAddr, stop: &'static AtomicBool) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .doing("cannot start the server's threads")?;
    let server = Arc::new(server);
    let ended = runtime.block_on(accept(server.clone(), address, stop));
    server.service.join();
    // A thread that still reads files of an upload holds nobody up.
    runtime.shutdown_timeout(Duration::from_secs(1));
    ended
}

async fn accept(server: Arc<Server>, address: SocketAddr, stop: &'static AtomicBool) -> Result<()> {
    let listener = TcpListener::bind(address)
        .await
        .doing(format!("cannot listen on {address}"))?;
    let at = listener.local_addr().doing("cannot listen")?;
    eprintln!("serving on http://{at} (Ctrl-C stops it)");
    let app = router(server.clone());
    let sweeping = server.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(SWEEP).await;
            sweeping.service.sweep();
        }
    });
    let slots = Arc::new(Semaphore::new(CONNECTIONS));
    let open = GracefulShutdown::new();
    loop {
        let next = async {
            let slot = slots.clone().acquire_owned().await;
            (slot, listener.accept().await)
        };
        let (slot, accepted) = tokio::select! {
            next = next => next,
            () = stopped(stop) => break,
        };
        let Ok((stream, _)) = accepted else {
            // No file descriptor is left, or the client has gone: others may end meanwhile.
            tokio::time::sleep(LOOK).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(app.clone());
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .max_buf_size(HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), service);
        let connection = open.watch(connection);
        tokio::spawn(async move {
            // What goes wrong on a connection is the client's to see.
            let _ = connection.await;
            drop(slot);
        });
    }
    eprintln!("stopping: no new requests, and answers to those that have begun");
    drop(listener);
    server.service.close();
    let _ = tokio::time::timeout(STOPPING, open.shutdown()).await;
    Ok(())
}

async fn stopped(stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        tokio::time::sleep(LOOK).await;
    }
}
