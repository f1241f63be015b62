//! One component that needs WASI and nothing of ours: registry and packager, the plugs
//! that satisfy what they import, and a command over them.
//!
//! ```text
//!  command ──▶ registry ──▶ ┐
//!     │  └───▶ packager ──▶ ├── plugs ──▶ wasi:filesystem, wasi:cli
//!     └───────────────────▶ ┘
//!                registry ──▶ wasi:http
//! ```
//!
//! The plugs are instantiated once: all three have one content store.

mod compose;

pub use compose::ComposeError;
use compose::Composition;

pub use wharf_artifacts::REGISTRY_WASM;

/// The plugs, for those who compose them with something else.
pub const PLUGS_WASM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/plugs.wasm"));

/// The command.
const COMMAND_WASM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/command.wasm"));

/// `wharf.wasm`: exports `wasi:cli/run`, and imports WASI alone.
///
/// # Errors
///
/// When the components were not made for each other.
pub fn command() -> Result<Vec<u8>, ComposeError> {
    let mut composition = Composition::default();
    composition.add("plugs", PLUGS_WASM)?;
    composition.add("registry", wharf_artifacts::REGISTRY_WASM)?;
    composition.add("packager", wharf_artifacts::PACKAGER_WASM)?;
    composition.add("command", COMMAND_WASM)?;
    composition.finish(&["wasi:cli/run@0.3.0"])
}
