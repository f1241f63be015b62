//! The contracts of `wit/`, as the host sees them.

/// The world of the registry component.
pub(crate) mod registry {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "wharf:oci/registry",
        imports: { default: trappable },
        exports: { default: async | store },
        additional_derives: [PartialEq, Eq],
        with: {
            "wasi:clocks": wasmtime_wasi::p3::bindings::clocks,
            "wasi:http": wasmtime_wasi_http::p3::bindings::http,
            "wharf:oci/content-store.ingest": crate::capability::content_store::Ingest,
        },
    });
}

/// The world of the packager component, over the same types.
pub(crate) mod packager {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "wharf:oci/packager",
        imports: { default: trappable },
        exports: { default: async | store },
        with: {
            "wasi:clocks": wasmtime_wasi::p3::bindings::clocks,
            "wasi:filesystem": wasmtime_wasi::p3::bindings::filesystem,
            "wharf:oci/types": super::registry::wharf::oci::types,
            "wharf:oci/content-store": super::registry::wharf::oci::content_store,
        },
    });
}

/// The world of the trust component, over the same types.
pub(crate) mod trust {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "wharf:oci/trust",
        imports: { default: trappable },
        exports: { default: async | store },
        additional_derives: [PartialEq, Eq],
        with: {
            "wharf:oci/types": super::registry::wharf::oci::types,
        },
    });
}

pub(crate) use packager::exports::wharf::oci::packaging;
pub(crate) use packager::wharf::oci::{content_files, sources};
pub(crate) use registry::exports::wharf::oci::client;
pub(crate) use registry::wharf::oci::{content_store, credentials, progress, types};
pub(crate) use trust::exports::wharf::oci::{signing, verification};
pub(crate) use trust::wharf::oci::signer;
