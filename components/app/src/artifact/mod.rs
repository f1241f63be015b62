//! The artifact in which an application is published.
//!
//! It is an image manifest whose config is an image config, so that container
//! runtimes take it, and whose layers are the application's content:
//!
//! ```text
//!   manifest ──▶ config        platform wasm/Wasip1, and which layer is the locked app
//!            ├─▶ layer …       each component's WebAssembly, its dependencies', its files, each once
//!            ├─▶ layer …       archives of files, where there would be too many layers
//!            └─▶ last layer    the locked app, which names all of it by digest
//! ```
//!
//! Files of up to [`INLINE_BYTES`] bytes travel within the locked app instead of
//! as layers, since some registries refuse blobs of 0 or 1 bytes. Nothing in it
//! depends on when, where or in which order it was made.
//!
//! A [single component](Single) is another artifact, that of package tools: its config
//! says what the component imports and exports, and its one layer is the component.

mod annotation;
mod bundle;
mod config;
mod media_type;
mod pack;
mod read;
mod single;
mod unpacked;
mod wasm_config;

pub use annotation::{Annotations, CREATED, TITLE, created};
pub use bundle::{Archives, Archiving, Bundle};
pub use config::image_config;
pub use media_type::{
    ARCHIVE_LAYER, DATA_LAYER, IMAGE_CONFIG, LOCKED_APP, WASM_CONFIG, WASM_LAYER,
    WASM_LAYER_MODULE, WASM_LAYER_PACKAGE,
};
pub use pack::{Content, Draft, PackError, PackedComponent, PackedFile};
pub use read::{Artifact, MOST_LAYERS, ReadError};
pub use single::{Single, single_manifest};
pub use unpacked::Wanted;
pub use wasm_config::{Interfaces, WASM_CONFIG_BYTES, WasmConfig};

/// The largest content that travels within the locked app, in bytes: Spin's bound.
pub const INLINE_BYTES: u64 = 128;

/// The largest locked app, in bytes. It is held in memory on both sides, and the
/// content store takes small content up to this size.
pub const LOCKED_APP_BYTES: u64 = 4 * 1024 * 1024;

/// How many layers an artifact may have, the locked app's included: the lowest
/// bound of a well-known registry (Amazon's).
pub const LAYERS: usize = 500;
