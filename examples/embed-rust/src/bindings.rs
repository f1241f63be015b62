//! What Wasmtime makes of the contracts in `wit/`.

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "wharf:oci/registry",
    imports: { default: trappable },
    exports: { default: async | store },
    with: {
        "wasi:clocks": wasmtime_wasi::p3::bindings::clocks,
        "wasi:http": wasmtime_wasi_http::p3::bindings::http,
        "wharf:oci/content-store.ingest": crate::store::Ingest,
    },
});

pub(crate) use exports::wharf::oci::client::Transport;
pub(crate) use wharf::oci::{content_store, credentials, progress, types};
