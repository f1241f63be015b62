//! Spin applications as data, without I/O: what `spin.toml` says, the locked
//! application that it becomes, and the artifact in which that is published.

pub mod archive;
pub mod artifact;
pub mod files;
pub mod locked;
pub mod manifest;
mod nearest;
pub mod outbound;
pub mod package;
pub mod path;
pub mod template;
pub mod variables;
pub mod wasm;
