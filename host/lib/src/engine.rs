//! The engine that runs the components, and its clock.

use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use wasmtime::{Engine, Result};

/// How often a running guest is looked at.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// An engine with the settings that the components were compiled with. One for
/// the process: it holds no state of any call.
pub(crate) fn engine() -> Result<Engine> {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    if let Some(engine) = ENGINE.get() {
        return Ok(engine.clone());
    }
    let engine = Engine::new(&wharf_artifacts::config())?;
    Ok(ENGINE
        .get_or_init(|| {
            tick(&engine);
            engine
        })
        .clone())
}

/// Moves the engine's epoch on, for as long as there is an engine. A thread of its
/// own, since a guest that computes for ever holds the thread it runs on.
fn tick(engine: &Engine) {
    let engine = engine.weak();
    let spawned = thread::Builder::new()
        .name("wharf-epoch".to_owned())
        .spawn(move || {
            while let Some(engine) = engine.upgrade() {
                engine.increment_epoch();
                drop(engine);
                thread::sleep(TICK);
            }
        });
    // Without threads nothing else of the host would run either.
    drop(spawned);
}
