//! The media types of applications.

/// The locked app.
pub const LOCKED_APP: &str = "application/vnd.fermyon.spin.application.v1+config";

/// WebAssembly, modules and components alike, as Spin publishes it.
pub const WASM_LAYER: &str = "application/vnd.wasm.content.layer.v1+wasm";

/// WebAssembly as package tools publish it (Wasm OCI artifact layout, version 0).
pub const WASM_LAYER_PACKAGE: &str = "application/wasm";

/// WebAssembly as it was published before there was a layout for it.
pub const WASM_LAYER_MODULE: &str = "application/vnd.module.wasm.content.layer.v1+wasm";

/// One file.
pub const DATA_LAYER: &str = "application/vnd.wasm.content.layer.v1+data";

/// Several files in a compressed archive.
pub const ARCHIVE_LAYER: &str = "application/vnd.wasm.content.bundle.v1.tar+gzip";

/// The config (image-spec v1.1.1, "config.md").
pub const IMAGE_CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// The config of an artifact that is a single component (Wasm OCI artifact
/// layout, version 0, of the CNCF's runtime group).
pub const WASM_CONFIG: &str = "application/vnd.wasm.config.v0+json";
