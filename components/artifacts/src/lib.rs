//! The components as they ship: built for `wasm32-wasip2`, compiled ahead of
//! time for this machine's kind of processor, and ready in a millisecond.
//!
//! The build script runs a cargo of its own for the components, so that a plain
//! `cargo build` of a fresh clone has them; nothing is checked in and nothing can
//! be stale.

mod engine;

use wasmtime::component::Component;
use wasmtime::{Engine, Result};

pub use engine::{PACKAGER_MEMORY_BYTES, REGISTRY_MEMORY_BYTES, packager_config, registry_config};

/// The registry component as a `.wasm` file, for those who run it elsewhere.
pub const REGISTRY_WASM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/registry.wasm"));

/// The packager component as a `.wasm` file, for those who run it elsewhere.
pub const PACKAGER_WASM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/packager.wasm"));

/// The trust component as a `.wasm` file, for those who run it elsewhere.
pub const TRUST_WASM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/trust.wasm"));

const REGISTRY_CODE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/registry.cwasm"));
const PACKAGER_CODE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/packager.cwasm"));
const TRUST_CODE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/trust.cwasm"));

/// The registry component, for an engine made with [`registry_config`].
///
/// # Errors
///
/// When the engine was made with other settings.
pub fn registry(engine: &Engine) -> Result<Component> {
    load(engine, REGISTRY_CODE)
}

/// The packager component, for an engine made with [`packager_config`].
///
/// # Errors
///
/// When the engine was made with other settings.
pub fn packager(engine: &Engine) -> Result<Component> {
    load(engine, PACKAGER_CODE)
}

/// The trust component, for an engine made with [`registry_config`].
///
/// # Errors
///
/// When the engine was made with other settings.
pub fn trust(engine: &Engine) -> Result<Component> {
    load(engine, TRUST_CODE)
}

fn load(engine: &Engine, code: &'static [u8]) -> Result<Component> {
    #[expect(
        unsafe_code,
        reason = "the code comes from our own build script and is part of this program"
    )]
    unsafe {
        Component::deserialize(engine, code)
    }
}
