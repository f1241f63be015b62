//! The engines that run the components, and their clocks.

use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use wasmtime::{Config, Engine, Result};

/// How often a running guest is looked at. A thread wakes for it as often, while a guest
/// waits for the network too.
pub(crate) const TICK: Duration = Duration::from_millis(50);

/// An engine with the settings that the registry component was compiled with. One
/// for the process: it holds no state of any call.
pub(crate) fn registry_engine() -> Result<Engine> {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    one(&ENGINE, wharf_artifacts::registry_config)
}

/// The same for the packager component.
pub(crate) fn packager_engine() -> Result<Engine> {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    one(&ENGINE, wharf_artifacts::packager_config)
}

fn one(engine: &'static OnceLock<Engine>, config: fn() -> Config) -> Result<Engine> {
    if let Some(engine) = engine.get() {
        return Ok(engine.clone());
    }
    let new = Engine::new(&config())?;
    Ok(engine
        .get_or_init(|| {
            let engine = new;
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
