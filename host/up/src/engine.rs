//! The engine that applications run on, and what it offers them.

use std::thread;
use std::time::Duration;

use tokio::runtime::{self, Runtime};
use wasmtime::component::Linker;
use wasmtime::{Config, Engine, Result};

use crate::guest::Guest;
use crate::variables;

/// How long a component computes before others get their turn.
const TURN: Duration = Duration::from_millis(10);

/// An engine whose components take turns. They do only while it has a clock:
/// see [`start_clock`].
pub(crate) fn engine() -> Result<Engine> {
    let mut config = Config::new();
    config.wasm_component_model(true);
    config.wasm_component_model_async(true);
    config.epoch_interruption(true);
    Engine::new(&config)
}

/// Lets the time of an engine pass, for as long as the engine is there.
///
/// It has a thread of its own, since components that compute without end can keep
/// all others busy.
pub(crate) fn start_clock(engine: &Engine) -> std::io::Result<()> {
    let engine = engine.weak();
    let clock = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            thread::sleep(TURN);
        }
    };
    thread::Builder::new()
        .name("wharf-up-clock".to_owned())
        .spawn(clock)?;
    Ok(())
}

/// The threads that components run on. They are not those of the server, so that
/// components that compute without end don't keep it from answering.
pub(crate) struct Workshop(Option<Runtime>);

impl Workshop {
    pub(crate) fn open() -> std::io::Result<Self> {
        let runtime = runtime::Builder::new_multi_thread()
            .thread_name("wharf-up-guest")
            .enable_all()
            // A component that takes its turn in full is followed by a look at
            // what came in for the others; the default is after 61 of them.
            .event_interval(2)
            .build()?;
        Ok(Self(Some(runtime)))
    }

    /// Runs something to its end, on these threads. None when it panicked.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        self.0.as_ref()?.spawn(work).await.ok()
    }

    /// Ends all that runs, and waits until it has ended: it holds files.
    pub(crate) async fn close(mut self) {
        const MOST: Duration = Duration::from_secs(1);
        if let Some(runtime) = self.0.take() {
            // A panic in it would be nothing to act on.
            let _ = tokio::task::spawn_blocking(move || runtime.shutdown_timeout(MOST)).await;
        }
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // Waiting is not allowed everywhere. What runs ends at its next turn.
            runtime.shutdown_background();
        }
    }
}

/// All that components can import: WASI and its HTTP, 0.2 and 0.3, and variables.
pub(crate) fn linker(engine: &Engine) -> Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    variables::add_to_linker(&mut linker)?;
    Ok(linker)
}
