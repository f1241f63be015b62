//! What a guest's store holds: the capabilities of one call.

use std::sync::{Arc, Mutex};

use tokio::sync::mpsc::UnboundedSender;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};
use wharf_artifacts::PACKAGER_MEMORY_BYTES;
use wharf_net::Client;
use wharf_oci::{Descriptor, Reference, Registry, Repository};
use wharf_store::Store;

use crate::bindings::types;
use crate::bound::Bounds;
use crate::capability::credentials::{StandIns, Vault};
use crate::capability::grant::Grants;
use crate::capability::http::Hooks;
use crate::capability::sources::Sources;
use crate::capability::stream::Depths;
use crate::credentials::CredentialSource;
use crate::progress::Observer;
use crate::trust::SigningKey;
use crate::watch::Watch;

/// The capabilities of one call.
pub(crate) struct State {
    pub(crate) table: ResourceTable,
    pub(crate) store: Store,
    /// The one repository whose names may be set and asked for.
    pub(crate) repository: Option<Repository>,
    /// In whose place that repository is read: names in the store are of this one.
    pub(crate) stands_for: Option<Reference>,
    pub(crate) vault: Vault,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) depths: Depths,
    pub(crate) bounds: Bounds,
    pub(crate) watch: Watch,
    /// Told of large files that the store did not have; none where nobody waits.
    pub(crate) ahead: Option<UnboundedSender<Descriptor>>,
    /// What a manifest names, for the packager.
    pub(crate) sources: Arc<Sources>,
    /// What signs, for the trust component; none where nothing is to be signed.
    pub(crate) signer: Option<Arc<dyn SigningKey>>,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: Hooks,
}

/// What a call with a registry is lent of the network.
pub(crate) struct Network {
    pub(crate) registry: Registry,
    /// In whose place it is asked, where it is a mirror.
    pub(crate) stands_for: Option<Reference>,
    /// None to do without: then every request is refused.
    pub(crate) client: Option<Client>,
    pub(crate) grants: Grants,
    pub(crate) credentials: Arc<dyn CredentialSource>,
}

impl State {
    /// For a call that concerns a registry.
    pub(crate) fn for_registry(
        store: Store,
        network: Network,
        repository: Option<Repository>,
        observer: Arc<dyn Observer>,
        watch: Watch,
    ) -> Self {
        let stand_ins = StandIns::default();
        Self {
            table: table(&watch),
            bounds: Bounds::new(watch.limits().processor_time),
            store,
            repository,
            stands_for: network.stands_for,
            vault: Vault {
                registry: Some(network.registry),
                source: network.credentials,
                stand_ins: stand_ins.clone(),
            },
            hooks: Hooks {
                client: network.client,
                grants: Arc::new(Mutex::new(network.grants)),
                stand_ins,
                observer: observer.clone(),
                watch: watch.clone(),
            },
            observer,
            depths: Depths::default(),
            watch,
            ahead: None,
            sources: Arc::default(),
            signer: None,
            // No arguments, no environment, no files, nothing on standard output.
            wasi: WasiCtx::builder().build(),
            http: WasiHttpCtx::new(),
        }
    }

    /// For a call that reads files, and has nothing else of the world.
    pub(crate) fn for_files(
        store: Store,
        wasi: WasiCtx,
        sources: Sources,
        observer: Arc<dyn Observer>,
        watch: Watch,
    ) -> Self {
        let stand_ins = StandIns::default();
        Self {
            table: table(&watch),
            store,
            repository: None,
            stands_for: None,
            vault: Vault {
                registry: None,
                source: Arc::new(crate::credentials::Chain::default()),
                stand_ins: stand_ins.clone(),
            },
            hooks: Hooks {
                client: None,
                grants: Arc::new(Mutex::new(Grants::nothing())),
                stand_ins,
                observer: observer.clone(),
                watch: watch.clone(),
            },
            observer,
            depths: Depths::default(),
            bounds: Bounds::new(watch.limits().processor_time).with_memory(PACKAGER_MEMORY_BYTES),
            watch,
            ahead: None,
            sources: Arc::new(sources),
            signer: None,
            wasi,
            http: WasiHttpCtx::new(),
        }
    }
}

/// What a guest holds of the host's, as much as it may.
fn table(watch: &Watch) -> ResourceTable {
    let mut table = ResourceTable::new();
    table.set_max_capacity(watch.limits().handles);
    table
}

impl types::Host for State {}

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
