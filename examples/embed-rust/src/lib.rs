//! The registry component in plain Wasmtime: it copies from one repository to another by
//! way of a content store in memory. What a component may do is what is linked here.

mod bindings;
mod http;
mod imports;
mod store;

use std::path::Path;

use wasmtime::component::{Component, HasSelf, Linker, ResourceTable};
use wasmtime::{Engine, Result, Store, format_err};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use bindings::{Registry, Transport, content_store, credentials, progress, types};

/// What the component is lent.
struct State {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: http::Hooks,
    contents: store::Contents,
}

/// Pulls `source` and pushes what it leads to as `target`, both as references in full.
/// `component` is the file of the registry component. Gives the manifest's digest.
///
/// # Errors
///
/// When the component does not load, or one of the two calls fails.
pub async fn copy(component: &Path, source: &str, target: &str) -> Result<String> {
    // Asynchronous components are on by default.
    let engine = Engine::default();
    let component = Component::from_file(&engine, component)?;

    let mut linker = Linker::<State>::new(&engine);
    wasmtime_wasi::p3::clocks::add_to_linker(&mut linker)?;
    wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    types::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    content_store::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    credentials::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    progress::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;

    let state = State {
        table: ResourceTable::new(),
        wasi: WasiCtx::builder().build(),
        http: WasiHttpCtx::new(),
        hooks: http::Hooks::new()?,
        contents: store::Contents::default(),
    };
    let mut store = Store::new(&engine, state);
    let instance = Registry::instantiate_async(&mut store, &component, &linker).await?;
    let client = instance.wharf_oci_client();

    // Calls run while the store does: several of them at once, if there are several.
    let copied = store
        .run_concurrent(async |accessor| -> Result<_> {
            let options = async || {
                let set = client.options();
                let options = set.call_constructor(accessor).await?;
                // In plain HTTP where the registry is on this machine.
                set.call_set_transport(accessor, options, Transport::HttpOrHttps)
                    .await?;
                wasmtime::error::Ok(options)
            };
            let pulled = client
                .call_pull(accessor, source.to_owned(), options().await?)
                .await?;
            let manifest = match pulled {
                Ok(report) => report.manifest.digest,
                Err(error) => return Ok(Err(("pulling", error))),
            };
            let pushed = client
                .call_push(accessor, manifest, target.to_owned(), options().await?)
                .await?;
            Ok(pushed.map_err(|error| ("pushing", error)))
        })
        .await??;
    match copied {
        Ok(report) => Ok(report.manifest.digest),
        Err((doing, error)) => Err(format_err!("{doing} failed: {error:?}")),
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            hooks: &mut self.hooks,
            table: &mut self.table,
            ctx: &mut self.http,
        }
    }
}
