//! The components as they ship: built for `wasm32-wasip2`, compiled ahead of
//! time for this machine's kind of processor, and ready in a millisecond.
//!
//! The build script runs a cargo of its own for the components, so that a plain
//! `cargo build` of a fresh clone has them; nothing is checked in and nothing can
//! be stale.

#[cfg_attr(all(target_os = "linux", target_arch = "x86_64"), path = "in_place.rs")]
#[cfg_attr(
    not(all(target_os = "linux", target_arch = "x86_64")),
    path = "copied.rs"
)]
mod code;
mod engine;

use wasmtime::component::Component;
use wasmtime::{Config, Engine, Result};

use code::Aligned;
pub use engine::{PACKAGER_MEMORY_BYTES, REGISTRY_MEMORY_BYTES};

/// The registry component as a `.wasm` file, for those who run it elsewhere.
pub const REGISTRY_WASM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/registry.wasm"));

/// The packager component as a `.wasm` file, for those who run it elsewhere.
pub const PACKAGER_WASM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/packager.wasm"));

/// The trust component as a `.wasm` file, for those who run it elsewhere.
pub const TRUST_WASM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/trust.wasm"));

static REGISTRY_CODE: &Aligned<[u8]> =
    &Aligned(*include_bytes!(concat!(env!("OUT_DIR"), "/registry.cwasm")));
static PACKAGER_CODE: &Aligned<[u8]> =
    &Aligned(*include_bytes!(concat!(env!("OUT_DIR"), "/packager.cwasm")));
static TRUST_CODE: &Aligned<[u8]> =
    &Aligned(*include_bytes!(concat!(env!("OUT_DIR"), "/trust.cwasm")));

/// How the registry component, and the trust component, is compiled and run.
pub fn registry_config() -> Config {
    code::prepared(engine::registry_config())
}

/// How the packager component is compiled and run.
pub fn packager_config() -> Config {
    code::prepared(engine::packager_config())
}

/// The registry component, for an engine made with [`registry_config`].
///
/// # Errors
///
/// When the engine was made with other settings.
pub fn registry(engine: &Engine) -> Result<Component> {
    code::load(engine, REGISTRY_CODE)
}

/// The packager component, for an engine made with [`packager_config`].
///
/// # Errors
///
/// When the engine was made with other settings.
pub fn packager(engine: &Engine) -> Result<Component> {
    code::load(engine, PACKAGER_CODE)
}

/// The trust component, for an engine made with [`registry_config`].
///
/// # Errors
///
/// When the engine was made with other settings.
pub fn trust(engine: &Engine) -> Result<Component> {
    code::load(engine, TRUST_CODE)
}
