//! Calls of the registry component.

use std::sync::OnceLock;
use std::time::Duration;

use wasmtime::component::{Component, HasSelf};
use wasmtime::{Engine, Store};

use super::{broken, finished, linker_with_std, store};
use crate::bindings::{client, content_store, credentials, progress, registry, types};
use crate::capability::stream;
use crate::connection::Pace;
use crate::engine::registry_engine;
use crate::error::Error;
use crate::operation::{Answer, Operation};
use crate::state::State;

const REGISTRY: &str = "the registry component";

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
        stream::add_to_linker(&mut linker)?;
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

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
