//! The engine settings, used at build time to compile the components and at run
//! time to load them. One file for both, since wasmtime refuses code that was
//! compiled under other settings.

use wasmtime::Config;

const MIB: u64 = 1024 * 1024;

/// The most linear memory that an instance of the registry component may have, in
/// bytes. A manifest is at most 4 MiB and blobs do not pass through, so this is
/// generous.
pub const REGISTRY_MEMORY_BYTES: u64 = 64 * MIB;

/// The most linear memory that an instance of the packager component may have, in
/// bytes. It holds the components that it composes several times over: as they were,
/// with their types, and as what becomes of them.
pub const PACKAGER_MEMORY_BYTES: u64 = 512 * MIB;

/// How the registry component, and the trust component, is compiled.
pub(crate) fn registry_config() -> Config {
    config(REGISTRY_MEMORY_BYTES)
}

/// How the packager component is compiled.
pub(crate) fn packager_config() -> Config {
    config(PACKAGER_MEMORY_BYTES)
}

fn config(memory_bytes: u64) -> Config {
    let mut config = Config::new();
    config.wasm_component_model(true);
    config.wasm_component_model_async(true);
    // A guest that computes for too long is stopped, see `wharf-host`.
    config.epoch_interruption(true);
    // As much address space as the guest may use and no more, so that it also
    // starts where that is scarce (`ulimit -v`); the default is 4 GiB and more.
    config.memory_reservation(memory_bytes);
    config.memory_reservation_for_growth(0);
    config.memory_guard_size(64 * 1024);
    config.memory_may_move(false);
    // Where in its source a guest trapped is nobody's question, the components being
    // stripped; and no debugger walks their stacks. Both would make the program larger by a
    // fifth of its components.
    config.generate_address_map(false);
    config.native_unwind_info(false);
    config
}
