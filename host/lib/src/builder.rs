//! How an embedding program puts a [`Wharf`] together.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use wharf_net::Client;
use wharf_oci::Registry;
use wharf_store::Store;

use crate::audit::Audit;
use crate::call::invalid;
use crate::connection::Connection;
use crate::credentials::{Chain, CredentialSource};
use crate::error::Error;
use crate::limits::Limits;
use crate::packages::Packages;
use crate::policy::Policies;
use crate::progress::{Observer, Unobserved};
use crate::session::packager::PackagerComponent;
use crate::session::registry::RegistryComponent;
use crate::trust::Trust;
use crate::watch::Overseer;
use crate::wharf::{Parts, Wharf};

/// Puts a [`Wharf`] together.
pub struct Builder {
    store: Store,
    connection: Connection,
    /// For registries that have one of their own.
    connections: BTreeMap<Registry, Connection>,
    credentials: Arc<dyn CredentialSource>,
    packages: Packages,
    trust: Trust,
    observer: Arc<dyn Observer>,
    component: Option<Vec<u8>>,
    packager: Option<Vec<u8>>,
    policies: Policies,
    audit: Option<Audit>,
    limits: Limits,
    /// What watches over another one, and over this one too.
    overseer: Option<Overseer>,
}

impl Builder {
    /// With a store, as nobody, unobserved.
    pub(crate) fn new(store: Store) -> Self {
        Self {
            store,
            connection: Connection::default(),
            connections: BTreeMap::new(),
            credentials: Arc::new(Chain::default()),
            packages: Packages::default(),
            trust: Trust::default(),
            observer: Arc::new(Unobserved),
            component: None,
            packager: None,
            policies: Policies::default(),
            audit: None,
            limits: Limits::default(),
            overseer: None,
        }
    }

    /// Sets how registries are connected to.
    #[must_use]
    pub fn connection(mut self, connection: Connection) -> Self {
        self.connection = connection;
        self
    }

    /// Sets how this registry is connected to, when it is not as the others.
    #[must_use]
    pub fn connection_to(mut self, registry: Registry, connection: Connection) -> Self {
        self.connections.insert(registry, connection);
        self
    }

    /// Sets where credentials come from. By default there are none.
    #[must_use]
    pub fn credentials(mut self, source: Arc<dyn CredentialSource>) -> Self {
        self.credentials = source;
        self
    }

    /// Sets where packages are that a manifest names without a registry.
    #[must_use]
    pub fn packages(mut self, packages: Packages) -> Self {
        self.packages = packages;
        self
    }

    /// Sets what is required of content before it is pulled, copied or run.
    #[must_use]
    pub fn trust(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }

    /// Sets who is told what happens.
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = observer;
        self
    }

    /// Runs another component of the world `wharf:oci/registry`, given as WebAssembly,
    /// in place of the one that ships with this library. It is lent no more than
    /// that one.
    #[must_use]
    pub fn registry_component(mut self, wasm: Vec<u8>) -> Self {
        self.component = Some(wasm);
        self
    }

    /// Packs by another component of the world `wharf:oci/packager`, given as
    /// WebAssembly, in place of the one that ships with this library. It is lent no more
    /// than that one.
    #[must_use]
    pub fn packager_component(mut self, wasm: Vec<u8>) -> Self {
        self.packager = Some(wasm);
        self
    }

    /// Sets how much one call of a component may use.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Adds policies. All of them hold, those that were added before too.
    #[must_use]
    pub fn policies(mut self, policies: &Policies) -> Self {
        for policy in policies.iter() {
            self.policies.push(policy.clone());
        }
        self
    }

    /// Sets where it is told what was asked for, whether it was granted, and what became
    /// of it. What can't be told is not done.
    #[must_use]
    pub fn audit(mut self, audit: Audit) -> Self {
        self.audit = Some(audit);
        self
    }

    /// Has it be watched over together with another: the policies, the audit and the limits
    /// are the other's, in place of what was set here, and what both use up is one sum.
    #[must_use]
    pub fn beside(mut self, other: &Wharf) -> Self {
        self.overseer = Some(other.overseer().clone());
        self
    }

    /// The whole. Files that the connection names are read, to say now what is
    /// wrong with them.
    pub fn build(self) -> Result<Wharf, Error> {
        for Connection { tls, .. } in [&self.connection]
            .into_iter()
            .chain(self.connections.values())
        {
            let _ =
                Client::new(tls, Arc::new(wharf_net::Anywhere)).map_err(|error| invalid(&error))?;
        }
        let component = match &self.component {
            Some(wasm) => RegistryComponent::compiled(wasm)?,
            None => RegistryComponent::own()?,
        };
        let overseer = match self.overseer {
            Some(overseer) => overseer,
            None => Overseer::new(self.policies, self.audit, self.limits)?,
        };
        // The policies that hold, which may be another one's.
        let store = match overseer.policies().store() {
            Ok(()) => self.store,
            Err(violation) => self.store.read_only(&violation.to_string()),
        };
        Ok(Wharf::of(Parts {
            store,
            connection: self.connection,
            connections: self.connections,
            credentials: self.credentials,
            packages: self.packages,
            trust: self.trust,
            observer: self.observer,
            component,
            packager: self.packager.map_or_else(
                || Ok(PackagerComponent::default()),
                |wasm| PackagerComponent::compiled(&wasm),
            )?,
            overseer,
            clients: Mutex::default(),
        }))
    }
}
