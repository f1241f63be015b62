//! The operations, as an embedding program calls them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc::UnboundedSender;
use tokio::task::spawn_blocking;
use wasmtime_wasi::{FsPerms, WasiCtx};
use wharf_net::Client;
use wharf_oci::{Descriptor, Digest, Reference, Registry, Repository};
use wharf_store::{Store, Work};

use crate::bindings::client::Transport;
use crate::builder::Builder;
use crate::capability::grant::{Access, Grants};
use crate::capability::reach::RegistryReach;
use crate::capability::sources::Sources;
use crate::connection::Connection;
use crate::credentials::CredentialSource;
use crate::error::Error;
use crate::location::Location;
use crate::operation::{Answer, Operation};
use crate::packages::Packages;
use crate::policy::{Policies, Right, Violation};
use crate::prepare;
use crate::progress::{Aside, Event, Observer};
use crate::pull::Pull;
use crate::report::{self, Packed};
use crate::session::{self, Asked, Options, PackagerComponent, Packing, RegistryComponent};
use crate::state::{Network, State};
use crate::trust::Trust;
use crate::watch::Overseer;

/// What a packager's hash maps begin with: what it makes must not depend on chance.
const SEED: u128 = 0;

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

/// How an application is packed.
#[derive(Debug, Clone, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a choice of its own, and most are left as they are"
)]
pub struct PackOptions {
    /// Annotations of the manifest by key, in place of inferred ones.
    pub annotations: Vec<(String, String)>,
    /// When the content was made, in seconds since 1970-01-01T00:00:00Z. Without
    /// it the manifest does not say, and the same input gives the same digest.
    pub created: Option<u64>,
    /// The profile of the components that is meant; none for what stands outside of one.
    pub profile: Option<String>,
    /// Whether the commands that build the components become part of it.
    pub build: bool,
    /// Whether the defaults of secret variables become part of it. Otherwise an
    /// application with one is refused.
    pub secret_defaults: bool,
    /// Whether components stay as they are. Otherwise those with dependencies are
    /// composed with them, and core modules become components.
    pub uncomposed: bool,
    /// When registries are asked for packages: for a version that is named, and for
    /// what is at an address, [`Pull::Always`] does what [`Pull::Missing`] does.
    pub fetch: Pull,
    /// Sets of rules, written as in a `.gitignore` at the application's directory: files
    /// that one of the sets ignores are left out.
    pub ignore: Vec<Vec<String>>,
    /// Whether all files of each component become an archive. Otherwise files are
    /// archived only where there would be more layers than registries take.
    pub archive_files: bool,
}

/// How an artifact is made one that can be run as it stands.
#[derive(Debug, Clone, Default)]
pub struct PrepareOptions {
    /// How many bytes its archives may have unpacked, all together. Default: 2 GiB, and
    /// at most a hundred times what they have packed when that is more than 64 MiB.
    pub max_unpacked_size: Option<u64>,
    /// How many entries its archives may have, all together. Default: 10,000.
    pub max_files: Option<u64>,
    /// How many layers it may have. Default: 5,000, which is ten times what is published
    /// today. More than 20,000 are not read at all.
    pub max_layers: Option<u64>,
}

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
    /// Begins with a store, as nobody, unobserved.
    #[must_use]
    pub fn builder(store: Store) -> Builder {
        Builder::new(store)
    }

    /// The whole of these parts.
    pub(crate) fn of(parts: Parts) -> Self {
        Self(Arc::new(parts))
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
        match spawn_blocking(move || store.work()).await {
            Ok(work) => work.map_err(|error| Error::Storage(error.to_string())),
            Err(error) => Err(Error::Other(format!("a task ended early: {error}"))),
        }
    }

    /// Proves the credential to a registry. An error says that the registry, or its
    /// token server, does not accept it.
    pub async fn check_credential(&self, registry: &Registry) -> Result<(), Error> {
        let operation = Operation::CheckCredential {
            registry: registry.to_string(),
        };
        let subject = Subject {
            registry,
            repository: None,
            stands_for: None,
            sources: Vec::new(),
            asked: Asked::default(),
        };
        self.call(subject, Access::Check, operation).await.map(drop)
    }

    /// Packs the application whose `spin.toml`, or whose directory with one, is at
    /// a path. Outside of that directory only the WebAssembly is read that is named
    /// there. What is at addresses or in registries is fetched first.
    pub async fn pack(&self, path: &Path, options: &PackOptions) -> Result<Packed, Error> {
        self.pack_telling(path, options, None).await
    }

    /// [`Wharf::pack`], telling of large files that the store did not have.
    pub(crate) async fn pack_telling(
        &self,
        path: &Path,
        options: &PackOptions,
        ahead: Option<UnboundedSender<Descriptor>>,
    ) -> Result<Packed, Error> {
        const GUEST_DIRECTORY: &str = "/app";
        let (directory, name) = application(path)?;
        let _work = self.at_work().await?;
        let sources = self.sources(&directory, &name, options).await?;
        let wasi = WasiCtx::builder()
            // Looking at a file and opening it take microseconds, and so would handing
            // either to another thread; content is still read and hashed on others.
            .allow_blocking_current_thread(true)
            .insecure_random_seed(SEED)
            .preopened_dir(&directory, GUEST_DIRECTORY, FsPerms::ReadOnly)
            .map_err(|error| {
                Error::InvalidInput(format!(
                    "can't open the directory `{}`: {}",
                    directory.display(),
                    error.root_cause()
                ))
            })?
            .build();
        let mut state = self.state_for_files(wasi, sources);
        // A file of an archive is no layer, and so is not to be sent.
        state.ahead = ahead.filter(|_| !options.archive_files);
        let packing = Packing::Application(format!("{GUEST_DIRECTORY}/{name}"));
        self.pack_in(state, packing, options).await
    }

    /// Makes of an artifact in the store, all of which must be there, one that can be
    /// run as it stands: files that travelled in archives are layers of their own there.
    /// One that is of this kind is answered as it is; what is made depends on the artifact
    /// alone.
    pub async fn prepare(&self, manifest: &Digest) -> Result<Digest, Error> {
        self.prepare_with(manifest, &PrepareOptions::default())
            .await
    }

    /// [`Wharf::prepare`] with options.
    pub async fn prepare_with(
        &self,
        manifest: &Digest,
        options: &PrepareOptions,
    ) -> Result<Digest, Error> {
        let _work = self.at_work().await?;
        let (store, looked_at) = (self.0.store.clone(), manifest.clone());
        let layers = options.max_layers;
        let ready = spawn_blocking(move || prepare::is_ready(&store, &looked_at, layers)).await;
        match ready {
            Ok(Ok(false)) => {}
            Ok(Ok(true)) => return Ok(manifest.clone()),
            Ok(Err(error)) => return Err(error),
            Err(error) => return Err(Error::Other(format!("a task ended early: {error}"))),
        }
        let state = self.state_without_files();
        let told = ("prepare", manifest.as_str());
        state.watch.begins(told, None, Ok(()))?;
        let preparing = session::prepare(state, manifest.to_string(), options.clone());
        let prepared = self.0.overseer.in_time(preparing).await?;
        Ok(report::descriptor(prepared)?.digest)
    }

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
        let overseer = &self.0.overseer;
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
            credentials: self.0.credentials.clone(),
        };
        let mut observer = self.0.observer.clone();
        if is_aside {
            observer = Arc::new(Aside(observer));
        }
        let state = State::for_registry(self.0.store.clone(), network, repository, observer, watch);
        let running = self.0.component.run(state, operation, options);
        overseer.in_time(running).await
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

    /// Has the packager pack.
    pub(crate) async fn pack_in(
        &self,
        state: State,
        packing: Packing,
        options: &PackOptions,
    ) -> Result<Packed, Error> {
        let told = ("pack", packing.name());
        state.watch.begins(told, None, Ok(()))?;
        let packing = self.0.packager.pack(state, packing, options.clone());
        self.0.overseer.in_time(packing).await?.try_into()
    }

    /// For a call of the packager that sees no directory.
    pub(crate) fn state_without_files(&self) -> State {
        let wasi = WasiCtx::builder().insecure_random_seed(SEED).build();
        self.state_for_files(wasi, Sources::default())
    }

    fn state_for_files(&self, wasi: WasiCtx, sources: Sources) -> State {
        State::for_files(
            self.0.store.clone(),
            wasi,
            sources,
            self.0.observer.clone(),
            self.0.overseer.watch(None),
        )
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
            .0
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
        let observer = self.0.observer.clone();
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

/// An application's directory, and the name of its manifest there.
pub(crate) fn application(path: &Path) -> Result<(std::path::PathBuf, String), Error> {
    let failed = |why: String| Error::InvalidInput(format!("`{}` {why}", path.display()));
    let found =
        std::fs::metadata(path).map_err(|error| failed(format!("can't be read: {error}")))?;
    if found.is_dir() {
        return Ok((path.to_owned(), "spin.toml".to_owned()));
    }
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| failed("is no name of a manifest".to_owned()))?;
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => Path::new(".").to_owned(),
    };
    Ok((directory, name.to_owned()))
}

pub(crate) fn invalid(error: &wharf_net::TlsError) -> Error {
    Error::InvalidInput(error.to_string())
}

/// What to make of an answer to another operation.
pub(crate) fn unexpected() -> Error {
    Error::Other("the registry component answered something else than was asked".to_owned())
}
