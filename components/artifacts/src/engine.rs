//! The engine settings, used at build time to compile the components and at run
//! time to load them. One file for both, since wasmtime refuses code that was
//! compiled under other settings.

use wasmtime::Config;

/// The most linear memory that one component instance may have, in bytes. A
/// manifest is at most 4 MiB and blobs do not pass through, so this is generous.
pub const GUEST_MEMORY_BYTES: u64 = 64 * 1024 * 1024;

/// How the components are compiled and run.
pub fn config() -> Config {
    let mut config = Config::new();
    config.wasm_component_model(true);
    config.wasm_component_model_async(true);
    // A guest that computes for too long is stopped, see `wharf-host`.
    config.epoch_interruption(true);
    // As much address space as the guest may use and no more, so that it also
    // starts where that is scarce (`ulimit -v`); the default is 4 GiB and more.
    config.memory_reservation(GUEST_MEMORY_BYTES);
    config.memory_reservation_for_growth(0);
    config.memory_guard_size(64 * 1024);
    config.memory_may_move(false);
    config
}
