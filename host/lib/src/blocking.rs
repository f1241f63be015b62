//! Work that is done where it keeps nobody else waiting.

use std::future::Future;

use tokio::task::{JoinError, spawn_blocking};
use tokio_util::task::AbortOnDropHandle;

use crate::error::Error;

/// Does some work that waits for the disk, on a thread that may wait.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    let done = spawn_blocking(work).await;
    done.map_err(|error| ended_early(&error))
}

/// Does some work in a task of its own, which ends when nobody waits for it any more.
pub(crate) async fn aside<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, Error> {
    let done = AbortOnDropHandle::new(tokio::spawn(work)).await;
    done.map_err(|error| ended_early(&error))
}

fn ended_early(error: &JoinError) -> Error {
    Error::Other(format!("a task ended early: {error}"))
}
