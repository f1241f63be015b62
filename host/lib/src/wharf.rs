//! Moving content between a store and registries: what all operations of it share. Each
//! operation is in a file of its own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use wharf_net::Client;
use wharf_oci::Registry;
use wharf_store::{Store, Work};

use crate::blocking::blocking;
use crate::builder::Builder;
use crate::connection::Connection;
use crate::credentials::CredentialSource;
use crate::error::Error;
use crate::location::Location;
use crate::packages::Packages;
use crate::progress::{Event, Observer};
use crate::session::packager::PackagerComponent;
use crate::session::registry::RegistryComponent;
use crate::trust::Trust;
use crate::watch::Overseer;

/// Moves content between a store and registries, and applications into the store,
/// each call in a sandbox of its own. Clones share connections.
#[derive(Clone)]
pub struct Wharf(Arc<Parts>);

/// What a [`Wharf`] is made of.
pub(crate) struct Parts {
    pub(crate) store: Store,
    pub(crate) connection: Connection,
    /// For registries that have one of their own.
    pub(crate) connections: BTreeMap<Registry, Connection>,
    pub(crate) credentials: Arc<dyn CredentialSource>,
    pub(crate) packages: Packages,
    pub(crate) trust: Trust,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) component: RegistryComponent,
    pub(crate) packager: PackagerComponent,
    pub(crate) overseer: Overseer,
    /// By registry, since each may lead to other addresses.
    pub(crate) clients: Mutex<BTreeMap<Registry, Client>>,
}

impl Wharf {
    /// Begins with a store, as nobody, unobserved.
    #[must_use]
    pub fn builder(store: Store) -> Builder {
        Builder::new(store)
    }

    /// The whole of these parts.
    pub(crate) fn of(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    pub(crate) fn parts(&self) -> &Parts {
        &self.0
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// Keeps the store from being pruned for as long as the answer lives, for work
    /// that takes several calls; each call does this for itself. Waits while the
    /// store is pruned.
    pub async fn at_work(&self) -> Result<Work, Error> {
        let store = self.0.store.clone();
        Ok(blocking(move || store.work()).await??)
    }

    /// What watches over all calls.
    pub(crate) fn overseer(&self) -> &Overseer {
        &self.0.overseer
    }

    /// What is required of content before it is used.
    #[must_use]
    pub fn trust(&self) -> &Trust {
        &self.0.trust
    }

    /// Where packages are.
    pub(crate) fn packages(&self) -> &Packages {
        &self.0.packages
    }

    /// Tells the observer.
    pub(crate) fn tell(&self, event: Event) {
        self.0.observer.event(event);
    }

    /// Who is told what happens.
    pub(crate) fn observer(&self) -> Arc<dyn Observer> {
        self.0.observer.clone()
    }

    /// The mirrors of a registry.
    pub(crate) fn mirrors(&self, registry: &Registry) -> &[Location] {
        &self.connection(registry).mirrors
    }

    pub(crate) fn connection(&self, registry: &Registry) -> &Connection {
        let own = self.0.connections.get(registry);
        own.unwrap_or(&self.0.connection)
    }
}
