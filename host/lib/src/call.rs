//! Calls of the registry component: what each of them is granted, and how the registry that
//! it concerns is connected to.

use std::sync::{Arc, PoisonError};

use wharf_net::{Client, TlsError};
use wharf_oci::{Reference, Registry, Repository};

use crate::bindings::client::Transport;
use crate::capability::grant::{Access, Grants};
use crate::capability::reach::RegistryReach;
use crate::connection::Connection;
use crate::error::Error;
use crate::operation::{Answer, Operation};
use crate::policy::{Policies, Right, Violation};
use crate::progress::Aside;
use crate::session::registry::{Asked, Options};
use crate::state::{Network, State};
use crate::wharf::Wharf;

/// What a call concerns.
pub(crate) struct Subject<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) repository: Option<Repository>,
    /// What the names of the repository are in the store, where they are others.
    pub(crate) stands_for: Option<&'a Reference>,
    /// Other repositories that may be read.
    pub(crate) sources: Vec<Repository>,
    pub(crate) asked: Asked,
}

impl Wharf {
    /// An operation on the repository of a reference.
    pub(crate) async fn about(
        &self,
        reference: &Reference,
        access: Access,
        operation: Operation,
        asked: Asked,
    ) -> Result<Answer, Error> {
        let subject = Subject {
            registry: &reference.registry,
            repository: Some(reference.repository.clone()),
            stands_for: None,
            sources: Vec::new(),
            asked,
        };
        self.call(subject, access, operation).await
    }

    pub(crate) async fn call(
        &self,
        subject: Subject<'_>,
        access: Access,
        operation: Operation,
    ) -> Result<Answer, Error> {
        let _work = self.at_work().await?;
        let Subject {
            registry,
            repository,
            stands_for,
            sources,
            asked,
        } = subject;
        let right = match access {
            Access::Write | Access::Delete => Right::Push,
            _ if asked.dry_run => Right::Push,
            Access::None | Access::Check | Access::Read => Right::Pull,
        };
        let overseer = self.overseer();
        let watched = repository.clone();
        let watched = watched.map(|repository| (registry.clone(), repository, right));
        let watch = overseer.watch(watched);
        let (name, subject) = operation.told();
        let mut names = vec![];
        names.extend(repository.as_ref().map(|own| (right, registry, own)));
        names.extend(sources.iter().map(|source| (Right::Pull, registry, source)));
        // Whoever stands for another is asked for what the other has.
        names.extend(stands_for.map(|other| (right, &other.registry, &other.repository)));
        let checked = allowed(overseer.policies(), &names, &operation);
        let mirror_of = stands_for.map(ToString::to_string);
        watch.begins((name, subject), mirror_of, checked)?;
        let (transport, schemes) = self.transport(registry);
        let is_aside = asked.is_aside;
        let options = Options {
            transport,
            pace: self.connection(registry).pace,
            mount_sources: sources.iter().map(ToString::to_string).collect(),
            asked,
        };
        let network = Network {
            registry: registry.clone(),
            stands_for: stands_for.cloned(),
            client: match access {
                Access::None => None,
                _ => Some(self.client(registry)?),
            },
            grants: Grants::new(registry, repository.clone(), access, schemes).and_from(sources),
            credentials: self.parts().credentials.clone(),
        };
        let mut observer = self.observer();
        if is_aside {
            observer = Arc::new(Aside(observer));
        }
        let state = State::for_registry(self.store().clone(), network, repository, observer, watch);
        let running = self.parts().component.run(state, operation, options);
        overseer.in_time(running).await
    }

    /// How a registry is spoken to, and which of TLS and plain HTTP are granted.
    fn transport(&self, registry: &Registry) -> (Transport, &'static [bool]) {
        let Connection {
            plain_http, tls, ..
        } = self.connection(registry);
        let wants_tls =
            tls.ca_file.is_some() || tls.client_certificate.is_some() || tls.skip_verify;
        if *plain_http {
            (Transport::Http, &[false])
        } else if registry.is_loopback() && !wants_tls {
            (Transport::HttpOrHttps, &[false, true])
        } else {
            (Transport::Https, &[true])
        }
    }

    pub(crate) fn client(&self, registry: &Registry) -> Result<Client, Error> {
        let mut clients = self
            .parts()
            .clients
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(registry) {
            return Ok(client.clone());
        }
        let Connection {
            tls,
            proxies,
            allowed,
            bandwidth,
            ..
        } = self.connection(registry);
        let observer = self.observer();
        let reach = Arc::new(RegistryReach::new(registry, allowed.clone(), observer));
        let mut client = Client::by_proxy(tls, proxies, reach).map_err(|error| invalid(&error))?;
        if let Some(bandwidth) = bandwidth {
            client = client.at_most(*bandwidth);
        }
        clients.insert(registry.clone(), client.clone());
        Ok(client)
    }
}

/// Whether policies allow a call, before anything is asked.
fn allowed(
    policies: &Policies,
    repositories: &[(Right, &Registry, &Repository)],
    operation: &Operation,
) -> Result<(), Violation> {
    for (right, registry, repository) in repositories {
        policies.repository(*right, registry, repository)?;
    }
    match operation.manifest().map(str::parse::<Reference>) {
        Some(Ok(reference)) if reference.digest.is_none() => policies.tag(&reference.to_string()),
        _ => Ok(()),
    }
}

pub(crate) fn invalid(error: &TlsError) -> Error {
    Error::InvalidInput(error.to_string())
}

/// What to make of an answer to another operation.
pub(crate) fn unexpected() -> Error {
    Error::Other("the registry component answered something else than was asked".to_owned())
}
