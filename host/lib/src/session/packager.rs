//! Calls of the packager component.

use std::sync::OnceLock;

use wasmtime::component::{Component, HasSelf};
use wasmtime::{Engine, Store};
use wasmtime_wasi::filesystem::Descriptor as FileDescriptor;

use super::{broken, finished, linker_with_maps, store};
use crate::bindings::{content_files, content_store, packager, packaging, sources, types};
use crate::engine::packager_engine;
use crate::error::Error;
use crate::pack::PackOptions;
use crate::prepare::PrepareOptions;
use crate::state::State;

const PACKAGER: &str = "the packager component";

/// What is packed.
pub(crate) enum Packing {
    /// The application whose manifest is at a path of the guest's.
    Application(String),
    /// The component, or core module, of an open file that has this name.
    Component(FileDescriptor, String),
    /// The package of WIT in an open directory, or an open file, that has this name.
    Wit(FileDescriptor, String),
}

impl Packing {
    /// What is packed, for the audit: a name, and not where that is.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Application(path) => path.rsplit('/').next().unwrap_or(path),
            Self::Component(_, name) | Self::Wit(_, name) => name,
        }
    }
}

/// A packager component: the one that ships with this library, or another one.
#[derive(Clone, Default)]
pub(crate) struct PackagerComponent(Option<packager::PackagerPre<State>>);

impl PackagerComponent {
    /// Another one, compiled now.
    pub(crate) fn compiled(wasm: &[u8]) -> Result<Self, Error> {
        let linked = packager_engine()
            .and_then(|engine| packager_linked(&engine, &Component::new(&engine, wasm)?));
        match linked {
            Ok(pre) => Ok(Self(Some(pre))),
            Err(error) => Err(Error::InvalidInput(format!(
                "the given component is no packager component: {}",
                error.root_cause()
            ))),
        }
    }

    /// Packs an application, or something that is an artifact of its own.
    pub(crate) async fn pack(
        &self,
        state: State,
        packing: Packing,
        options: PackOptions,
    ) -> Result<packaging::Packed, Error> {
        let pre = match &self.0 {
            Some(pre) => pre,
            None => packager_pre().map_err(|error| broken(PACKAGER, &error))?,
        };
        let mut store = store(pre.engine(), state);
        let answered = call_packager(pre, &mut store, packing, options).await;
        finished(PACKAGER, store, answered)
    }
}

/// Makes of an artifact one that can be run as it stands.
pub(crate) async fn prepare(
    state: State,
    manifest: String,
    options: PrepareOptions,
) -> Result<types::Descriptor, Error> {
    let pre = packager_pre().map_err(|error| broken(PACKAGER, &error))?;
    let mut store = store(pre.engine(), state);
    let answered = call_prepare(pre, &mut store, manifest, options).await;
    finished(PACKAGER, store, answered)
}

async fn call_packager(
    pre: &packager::PackagerPre<State>,
    store: &mut Store<State>,
    packing: Packing,
    settings: PackOptions,
) -> wasmtime::Result<Result<packaging::Packed, types::Error>> {
    let instance = pre.instantiate_async(&mut *store).await?;
    let packaging = instance.wharf_oci_packaging();
    store
        .run_concurrent(async |accessor| {
            let options = packaging.options().call_constructor(accessor).await?;
            let set = packaging.options();
            for (key, value) in settings.annotations {
                set.call_add_annotation(accessor, options, key, value)
                    .await?;
            }
            if let Some(seconds) = settings.created {
                set.call_set_created(accessor, options, seconds).await?;
            }
            if let Some(profile) = settings.profile {
                set.call_set_profile(accessor, options, profile).await?;
            }
            if settings.build {
                set.call_include_build(accessor, options).await?;
            }
            if settings.secret_defaults {
                set.call_include_secret_defaults(accessor, options).await?;
            }
            if settings.uncomposed {
                set.call_leave_uncomposed(accessor, options).await?;
            }
            if settings.archive_files {
                set.call_archive_files(accessor, options).await?;
            }
            for rules in settings.ignore {
                set.call_add_ignore_rules(accessor, options, rules).await?;
            }
            let lend = |file| accessor.with(|mut access| access.get().table.push(file));
            match packing {
                Packing::Application(path) => packaging.call_pack(accessor, path, options).await,
                Packing::Component(file, name) => {
                    let call = packaging.call_pack_component(accessor, lend(file)?, name, options);
                    call.await
                }
                Packing::Wit(sources, name) => {
                    let call = packaging.call_pack_wit(accessor, lend(sources)?, name, options);
                    call.await
                }
            }
        })
        .await?
}

async fn call_prepare(
    pre: &packager::PackagerPre<State>,
    store: &mut Store<State>,
    manifest: String,
    settings: PrepareOptions,
) -> wasmtime::Result<Result<types::Descriptor, types::Error>> {
    let instance = pre.instantiate_async(&mut *store).await?;
    let packaging = instance.wharf_oci_packaging();
    store
        .run_concurrent(async |accessor| {
            let options = packaging.options().call_constructor(accessor).await?;
            let set = packaging.options();
            if let Some(bytes) = settings.max_unpacked_size {
                set.call_set_max_unpacked_size(accessor, options, bytes)
                    .await?;
            }
            if let Some(count) = settings.max_files {
                set.call_set_max_files(accessor, options, count).await?;
            }
            packaging.call_prepare(accessor, manifest, options).await
        })
        .await?
}

fn packager_pre() -> wasmtime::Result<&'static packager::PackagerPre<State>> {
    static PRE: OnceLock<packager::PackagerPre<State>> = OnceLock::new();
    if let Some(pre) = PRE.get() {
        return Ok(pre);
    }
    let engine = packager_engine()?;
    let pre = packager_linked(&engine, &wharf_artifacts::packager(&engine)?)?;
    Ok(PRE.get_or_init(|| pre))
}

fn packager_linked(
    engine: &Engine,
    component: &Component,
) -> wasmtime::Result<packager::PackagerPre<State>> {
    let mut linker = linker_with_maps(engine)?;
    wasmtime_wasi::p3::clocks::add_to_linker(&mut linker)?;
    wasmtime_wasi::p3::filesystem::add_to_linker(&mut linker)?;
    content_store::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
    content_files::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
    sources::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
    types::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
    packager::PackagerPre::new(linker.instantiate_pre(component)?)
}
