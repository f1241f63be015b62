//! Ctrl-C and SIGTERM: the wish that a command ends.

use std::io;

use tokio::sync::watch;

/// Counts the wishes from the moment it is made; until then the process just dies of
/// them.
#[derive(Debug, Clone)]
pub(crate) struct Interrupts {
    count: watch::Receiver<u64>,
}

impl Interrupts {
    /// Begins to listen. Must be called within the runtime.
    pub(crate) fn listen() -> io::Result<Self> {
        let (counter, count) = watch::channel(0);
        let mut signals = Signals::new()?;
        tokio::spawn(async move {
            while signals.next().await {
                counter.send_modify(|count| *count += 1);
            }
            // The counter lives on, so that "no more signals" is not taken for one.
            counter.closed().await;
        });
        Ok(Self { count })
    }

    /// Waits until there have been this many.
    pub(crate) async fn wait_for(mut self, count: u64) {
        if self.count.wait_for(|seen| *seen >= count).await.is_err() {
            // Only when the runtime goes down, and this task with it.
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> bool {
        tokio::select! {
            signal = self.interrupt.recv() => signal.is_some(),
            signal = self.terminate.recv() => signal.is_some(),
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> bool {
        tokio::signal::ctrl_c().await.is_ok()
    }
}
