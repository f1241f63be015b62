//! Work that waits for the disk, done where it keeps nobody else waiting.

use tokio::task::spawn_blocking;

use crate::error::Error;

/// Does some work on a thread that may wait.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    let done = spawn_blocking(work).await;
    done.map_err(|error| Error::Other(format!("a task ended early: {error}")))
}
