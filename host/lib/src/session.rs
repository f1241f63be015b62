//! One call of a component: an instance of its own with the capabilities of that
//! call, run to its end and thrown away.

pub(crate) mod trust;

use std::sync::OnceLock;
use std::time::Duration;

use wasmtime::component::{Component, HasSelf, Linker, ResourceTableError};
use wasmtime::{Engine, Store};
use wasmtime_wasi::filesystem::Descriptor as FileDescriptor;

use crate::bindings::{
    client, content_files, content_store, credentials, packager, packaging, progress, registry,
    sources, types,
};
use crate::connection::Pace;
use crate::engine::{packager_engine, registry_engine};
use crate::error::Error;
use crate::operation::{Answer, Operation};
use crate::pack::PackOptions;
use crate::prepare::PrepareOptions;
use crate::state::State;

/// How the registry component is told to do its work.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) transport: client::Transport,
    pub(crate) pace: Pace,
    pub(crate) mount_sources: Vec<String>,
    pub(crate) asked: Asked,
}

/// What the caller asks for beside the operation itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    /// Which manifest of an index; none for one for WebAssembly.
    pub(crate) platform: Option<String>,
    /// Whether what refers to the manifest is moved with it.
    pub(crate) referrers: bool,
    /// Whether a push only finds out what it would do.
    pub(crate) dry_run: bool,
    /// The media types of the layers that are wanted; none for all.
    pub(crate) layers: Option<Vec<String>>,
    /// Whether it is done on the way to something else, so that its progress is nobody's
    /// matter.
    pub(crate) is_aside: bool,
}

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

/// A registry component, linked to what it is lent.
#[derive(Clone)]
pub(crate) struct RegistryComponent(registry::RegistryPre<State>);

impl RegistryComponent {
    /// The one that ships with this library.
    pub(crate) fn own() -> Result<Self, Error> {
        static OWN: OnceLock<RegistryComponent> = OnceLock::new();
        if let Some(own) = OWN.get() {
            return Ok(own.clone());
        }
        let linked = registry_engine()
            .and_then(|engine| Self::linked(&engine, &wharf_artifacts::registry(&engine)?))
            .map_err(|error| broken(REGISTRY, &error))?;
        Ok(OWN.get_or_init(|| linked).clone())
    }

    /// Another one, compiled now.
    pub(crate) fn compiled(wasm: &[u8]) -> Result<Self, Error> {
        let linked = registry_engine()
            .and_then(|engine| Self::linked(&engine, &Component::new(&engine, wasm)?));
        linked.map_err(|error| {
            Error::InvalidInput(format!(
                "the given component is no registry component: {}",
                error.root_cause()
            ))
        })
    }

    fn linked(engine: &Engine, component: &Component) -> wasmtime::Result<Self> {
        let mut linker = linker_with_std(engine)?;
        wasmtime_wasi::p3::clocks::add_to_linker(&mut linker)?;
        wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
        content_store::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
        credentials::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
        progress::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
        types::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
        let pre = linker.instantiate_pre(component)?;
        Ok(Self(registry::RegistryPre::new(pre)?))
    }

    /// Runs an operation.
    pub(crate) async fn run(
        &self,
        state: State,
        operation: Operation,
        options: Options,
    ) -> Result<Answer, Error> {
        let mut store = store(self.0.engine(), state);
        let answered = call_registry(&self.0, &mut store, operation, options).await;
        finished(REGISTRY, store, answered)
    }
}

const REGISTRY: &str = "the registry component";
const PACKAGER: &str = "the packager component";

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

async fn call_registry(
    pre: &registry::RegistryPre<State>,
    store: &mut Store<State>,
    operation: Operation,
    settings: Options,
) -> wasmtime::Result<Result<Answer, types::Error>> {
    let instance = pre.instantiate_async(&mut *store).await?;
    let client = instance.wharf_oci_client();
    store
        .run_concurrent(async |accessor| {
            let options = client.options().call_constructor(accessor).await?;
            let set = client.options();
            set.call_set_transport(accessor, options, settings.transport)
                .await?;
            let pace = settings.pace;
            if let Some(transfers) = pace.concurrency {
                set.call_set_concurrency(accessor, options, transfers)
                    .await?;
            }
            if let Some(time) = pace.connect_timeout {
                set.call_set_connect_timeout(accessor, options, milliseconds(time))
                    .await?;
            }
            if let Some(time) = pace.stall_timeout {
                set.call_set_stall_timeout(accessor, options, milliseconds(time))
                    .await?;
            }
            if let Some(count) = pace.retries {
                set.call_set_retries(accessor, options, count).await?;
            }
            if pace.first_wait.is_some() || pace.longest_wait.is_some() {
                let usual = Pace::DEFAULT;
                let wait = |own: Option<_>, usual| own.or(usual).map_or(0, milliseconds);
                let first = wait(pace.first_wait, usual.first_wait);
                let longest = wait(pace.longest_wait, usual.longest_wait);
                set.call_set_retry_wait(accessor, options, first, longest)
                    .await?;
            }
            for source in settings.mount_sources {
                set.call_add_mount_source(accessor, options, source).await?;
            }
            let asked = settings.asked;
            if let Some(platform) = asked.platform {
                set.call_set_platform(accessor, options, platform).await?;
            }
            if let Some(layers) = asked.layers {
                set.call_set_layers(accessor, options, layers).await?;
            }
            if asked.dry_run {
                set.call_set_dry_run(accessor, options).await?;
            }
            set.call_set_referrers(accessor, options, asked.referrers)
                .await?;
            operation.call(client, accessor, options).await
        })
        .await?
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

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn store(engine: &Engine, state: State) -> Store<State> {
    let mut store = Store::new(engine, state);
    store.limiter(|state| &mut state.bounds);
    let handles = store.data().watch.limits().handles;
    if let Some(table) = store.concurrent_resource_table() {
        table.set_max_capacity(handles);
    }
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut context| context.data_mut().bounds.tick());
    store
}

/// An error of the contract is the call's answer; a trap is a bound that was
/// reached, or a fault of the component. What the call was lent is given back first, so
/// that all of it was told of.
fn finished<T>(
    who: &str,
    store: Store<State>,
    answered: wasmtime::Result<Result<T, types::Error>>,
) -> Result<T, Error> {
    let watch = store.data().watch.clone();
    let reached = store.data().bounds.reached();
    let handles = watch.limits().handles;
    drop(store);
    watch.outcome(match answered {
        Ok(answer) => answer.map_err(Error::from),
        Err(trap) => Err(match (reached, trap.root_cause().downcast_ref()) {
            (Some(bound), _) => Error::LimitExceeded(format!("{who} was stopped: {bound}")),
            (None, Some(ResourceTableError::Full)) => Error::LimitExceeded(format!(
                "{who} was stopped: it held more than {handles} things at once"
            )),
            (None, _) => broken(who, &trap),
        }),
    })
}

fn broken(who: &str, error: &wasmtime::Error) -> Error {
    Error::Other(format!("{who} failed: {}", error.root_cause()))
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

/// What it imports when it has hash maps, too: their seed, always the same, so that nothing depends
/// on it.
fn linker_with_maps(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    use wasmtime_wasi::WasiView as _;
    use wasmtime_wasi::p2::bindings::random::insecure_seed;
    use wasmtime_wasi::random::WasiRandom;

    let mut linker = linker_with_std(engine)?;
    insecure_seed::add_to_linker::<State, WasiRandom>(&mut linker, |state| {
        state.ctx().ctx.random()
    })?;
    Ok(linker)
}

/// What the Rust standard library of a guest imports on its own: streams that lead
/// nowhere, an environment without variables, an exit. No files, no sockets, no
/// clocks, no random numbers.
fn linker_with_std(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    use wasmtime_wasi::WasiView as _;
    use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};
    use wasmtime_wasi::p2::bindings::{cli, io};

    let mut linker = Linker::new(engine);
    let l = &mut linker;
    cli::environment::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::exit::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::stdin::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::stdout::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::stderr::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_input::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_output::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_stdin::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_stdout::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_stderr::add_to_linker::<State, WasiCli>(l, State::cli)?;
    io::error::add_to_linker::<State, HasIo>(l, |state| state.ctx().table)?;
    io::poll::add_to_linker::<State, HasIo>(l, |state| state.ctx().table)?;
    io::streams::add_to_linker::<State, HasIo>(l, |state| state.ctx().table)?;
    Ok(linker)
}

struct HasIo;

impl wasmtime::component::HasData for HasIo {
    type Data<'a> = &'a mut wasmtime::component::ResourceTable;
}

#[cfg(test)]
mod bounds;
#[cfg(test)]
mod tests;
