//! An application from the store, ready to listen.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};
use wasmtime_wasi_http::handler::ProxyPre;
use wasmtime_wasi_http::{p2, p3};
use wharf_app::artifact::Artifact;
use wharf_app::locked::{HttpRoute, HttpTarget, LockedApp, LockedComponent};
use wharf_app::variables::Values;
use wharf_net::{Anywhere, Client, Tls};
use wharf_oci::Digest;
use wharf_oci::problem::clean;
use wharf_store::{Hold, Scratch, Store, StoreError};

use crate::check::{self, Handler};
use crate::content::Content;
use crate::engine::Workshop;
use crate::files::Layout;
use crate::fixed::Fixed;
use crate::guest::{Guest, World};
use crate::instance::{Instances, Maker};
use crate::outbound::Outbound;
use crate::route::{Route, Routes};
use crate::server::Server;
use crate::service::{Service, Target};
use crate::settings::Notices;
use crate::variables::Variables;
use crate::{Settings, UpError, engine};

/// The largest component that is compiled, in bytes: compiling takes several times
/// as much memory.
const MOST_WASM_BYTES: u64 = 256 * 1024 * 1024;

/// How many triggers an application may have.
const MOST_TRIGGERS: usize = 1_000;

/// How many components are compiled at once. Each takes all processors it can get.
const COMPILED_AT_ONCE: usize = 2;

/// An application that was checked and compiled. Nothing listens yet.
pub struct App {
    name: String,
    routes: Vec<RouteInfo>,
    service: Arc<Service>,
    /// Keeps its content in the store for as long as it may be asked for.
    _holds: Vec<Hold>,
}

/// A route that can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RouteInfo {
    /// The id of the component that answers, or of the trigger when it answers itself.
    pub id: String,
    /// The path, without the dots of a wildcard; `/` for the root.
    pub route: String,
    /// Whether all paths below it are meant too.
    pub wildcard: bool,
    /// What the component is for, where it says so.
    pub description: Option<String>,
}

/// Reads the application of `manifest` from the store, every byte verified, checks
/// that all it needs is offered, and compiles its components.
///
/// Only components that a route leads to are looked at. Until the application is
/// dropped, the store prunes none of its content. Content that is missing or
/// damaged is an error that says which: it may be fetched again.
pub async fn prepare(store: &Store, manifest: &Digest, settings: Settings) -> Result<App, UpError> {
    let published = settings.published.as_ref().unwrap_or(manifest);
    let (holds, document) = {
        let (store, manifest, published) = (store.clone(), manifest.clone(), published.clone());
        blocking(move || {
            let mut holds = vec![store.hold(&manifest)?];
            if published != manifest {
                holds.push(store.hold(&published)?);
            }
            Ok((holds, Document::read(&store, &manifest)?))
        })
        .await?
    };
    let document = Arc::new(document);
    let values = Values::new(&document.app, &settings.variables, &settings.fallback)?;
    document.check(&values)?;
    let notices = Notices::new(settings.notice.clone());
    let engine = engine::engine().map_err(|error| UpError::engine(&error))?;
    let compiled = compile(store, &engine, &document).await?;
    let linker = engine::linker(&engine).map_err(|error| UpError::engine(&error))?;
    let mut ready = Vec::new();
    for (part, component) in document.parts.iter().zip(compiled) {
        ready.push(link(&linker, &component, &part.component.id)?);
    }
    let (scratch, roots) = {
        let (store, document) = (store.clone(), Arc::clone(&document));
        blocking(move || lay_out(&store, &document)).await?
    };
    let client = Client::new(&Tls::default(), Arc::new(Anywhere))?;
    engine::start_clock(&engine).map_err(|error| UpError::Engine(error.to_string()))?;

    let mut instances = HashMap::new();
    for ((part, pre), files) in document.parts.iter().zip(ready).zip(roots) {
        let component = &part.component;
        let world = World {
            environment: environment(component, &settings),
            variables: Variables::new(values.of_component(component)?),
            files,
            scratch: scratch.clone(),
            outbound: Arc::new(Outbound::new(
                component,
                &values,
                client.clone(),
                notices.clone(),
            )?),
        };
        let maker = Maker::new(engine.clone(), &component.id, pre, world, notices.clone());
        instances.insert(component.id.as_str(), Instances::new(maker));
    }
    let (routes, infos) = document.routes(&instances, &notices);
    Ok(App {
        name: document.app.name().to_owned(),
        routes: infos,
        service: Arc::new(Service {
            name: document.app.name().to_owned(),
            version: document.app.version().map(str::to_owned),
            manifest: published.clone(),
            routes,
            notices,
            workshop: Workshop::open().map_err(|error| UpError::Engine(error.to_string()))?,
        }),
        _holds: holds,
    })
}

impl App {
    /// The application's name; empty when it has none.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The routes that can be reached, in the order of the author.
    #[must_use]
    pub fn routes(&self) -> &[RouteInfo] {
        &self.routes
    }

    /// Listens. With `find_free_port`, up to ten ports upward are tried.
    pub async fn listen(
        self,
        address: SocketAddr,
        find_free_port: bool,
    ) -> Result<Server, UpError> {
        Server::listen(self, address, find_free_port).await
    }

    pub(crate) fn service(&self) -> Arc<Service> {
        Arc::clone(&self.service)
    }
}

/// What the application's documents say, as far as it can be checked without its
/// content.
struct Document {
    app: LockedApp,
    artifact: Artifact,
    /// The routes with what answers, in the order of the author.
    routes: Vec<(Route, Answering)>,
    parts: Vec<Part>,
}

/// What answers on a route.
#[derive(Debug, Clone)]
enum Answering {
    /// The component of this id.
    Component(String),
    /// The trigger of this id, always the same.
    Trigger(String, Fixed),
}

impl Answering {
    fn id(&self) -> &str {
        match self {
            Self::Component(id) | Self::Trigger(id, _) => id,
        }
    }
}

/// A component that a route leads to.
struct Part {
    component: LockedComponent,
    wasm: Content,
}

impl Document {
    fn read(store: &Store, manifest: &Digest) -> Result<Self, UpError> {
        let artifact = Artifact::parse(&small(store, manifest)?, None)?;
        let app = LockedApp::from_json(&small(store, &artifact.locked_app().digest)?)?;
        check::requirements(&app)?;
        check::unpacked(&artifact)?;
        if app.triggers.len() > MOST_TRIGGERS {
            return Err(UpError::Invalid(format!(
                "the application has {} triggers, and at most {MOST_TRIGGERS} are served",
                app.triggers.len()
            )));
        }
        let mut routes = Vec::new();
        for trigger in app.http_triggers()? {
            check::executor(&trigger)?;
            let HttpRoute::Path(text) = &trigger.route else {
                // Only other components of the application could reach it.
                continue;
            };
            let route = Route::parse(text).map_err(|problem| {
                let text = clean(text, 200);
                UpError::Unsupported(format!("the route `{text}` {problem}"))
            })?;
            let answering = match trigger.target {
                HttpTarget::Component(id) => Answering::Component(id),
                HttpTarget::Static(response) => {
                    let fixed = Fixed::new(response).map_err(|problem| {
                        let id = clean(&trigger.id, 100);
                        UpError::Invalid(format!("the trigger `{id}` {problem}"))
                    })?;
                    Answering::Trigger(trigger.id.clone(), fixed)
                }
            };
            routes.push((route, answering));
        }
        if routes.is_empty() {
            return Err(UpError::Unsupported(
                "the application has no route that can be reached over HTTP".into(),
            ));
        }
        let is_reached = |component: &&LockedComponent| {
            let leads_there = |(_, answering): &(Route, Answering)| matches!(answering, Answering::Component(id) if *id == component.id);
            routes.iter().any(leads_there)
        };
        let parts = app
            .components
            .iter()
            .filter(is_reached)
            .map(|component| Part::find(component, &artifact))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            app,
            artifact,
            routes,
            parts,
        })
    }

    /// Whether all that depends on the variables can be used.
    fn check(&self, values: &Values) -> Result<(), UpError> {
        for part in &self.parts {
            crate::outbound::allowed(&part.component, values)?;
            values.of_component(&part.component)?;
        }
        Ok(())
    }

    fn routes(
        &self,
        instances: &HashMap<&str, Instances>,
        notices: &Notices,
    ) -> (Routes<Target>, Vec<RouteInfo>) {
        let mut routes = Routes::new();
        let mut infos: Vec<(&str, RouteInfo)> = Vec::new();
        let mut answering: HashMap<&str, &str> = HashMap::new();
        for (route, answers) in &self.routes {
            let id = answers.id();
            let (target, description) = match answers {
                Answering::Component(id) => {
                    let Some(instances) = instances.get(id.as_str()) else {
                        continue;
                    };
                    let component = self.app.component(id);
                    let description = component.and_then(LockedComponent::description);
                    (Target::Component(instances.clone()), description)
                }
                Answering::Trigger(_, fixed) => (Target::Fixed(fixed.clone()), None),
            };
            let info = RouteInfo {
                id: id.to_owned(),
                route: route.path().to_owned(),
                wildcard: route.is_wildcard(),
                description: description.map(str::to_owned),
            };
            routes.add(route.clone(), target);
            match infos.iter_mut().find(|(known, _)| *known == route.tidy()) {
                None => infos.push((route.tidy(), info)),
                Some((_, known)) => *known = info,
            }
            if let Some(replaced) = answering.insert(route.tidy(), id) {
                notices.say(&format!(
                    "the route `{}` is there twice: `{}` answers, and `{}` does not",
                    clean(route.path(), 200),
                    clean(id, 100),
                    clean(replaced, 100)
                ));
            }
        }
        (routes, infos.into_iter().map(|(_, info)| info).collect())
    }
}

impl Part {
    fn find(component: &LockedComponent, artifact: &Artifact) -> Result<Self, UpError> {
        check::composed(component)?;
        let what = || format!("the component `{}`", clean(&component.id, 100));
        let wasm = Content::find(&component.source.content, artifact, what)?;
        if wasm.size() > MOST_WASM_BYTES {
            return Err(UpError::Invalid(format!(
                "the component `{}` has {} bytes, and at most {MOST_WASM_BYTES} are compiled",
                clean(&component.id, 100),
                wasm.size()
            )));
        }
        Ok(Self {
            component: component.clone(),
            wasm,
        })
    }
}

/// A document of the store, verified.
fn small(store: &Store, digest: &Digest) -> Result<Vec<u8>, UpError> {
    let content = store.get(digest)?;
    Ok(content.ok_or_else(|| StoreError::Missing(digest.clone()))?)
}

/// Compiles the components, each content once.
async fn compile(
    store: &Store,
    engine: &Engine,
    document: &Arc<Document>,
) -> Result<Vec<Component>, UpError> {
    let mut distinct: HashMap<&Digest, usize> = HashMap::new();
    for (number, part) in document.parts.iter().enumerate() {
        distinct.entry(part.wasm.digest()).or_insert(number);
    }
    let numbers: Vec<_> = distinct.values().copied().collect();
    let compiled: HashMap<usize, Component> = stream::iter(numbers)
        .map(|number| {
            let (store, engine) = (store.clone(), engine.clone());
            let document = Arc::clone(document);
            blocking(move || {
                let part = document.parts.get(number).ok_or_else(lost)?;
                Ok((number, compile_one(&store, &engine, part)?))
            })
        })
        .buffer_unordered(COMPILED_AT_ONCE)
        .try_collect()
        .await?;
    let of = |part: &Part| {
        let number = distinct.get(part.wasm.digest())?;
        compiled.get(number).cloned()
    };
    let all = document.parts.iter().map(|part| of(part).ok_or_else(lost));
    all.collect()
}

fn compile_one(store: &Store, engine: &Engine, part: &Part) -> Result<Component, UpError> {
    let bytes = part.wasm.read(store)?;
    let id = &part.component.id;
    check::is_component(&bytes, id)?;
    Component::new(engine, &bytes).map_err(|error| {
        UpError::Invalid(format!(
            "the component `{}` can't be compiled: {}",
            clean(id, 100),
            clean(&format!("{error:#}"), 300)
        ))
    })
}

/// Gives a component what it imports.
fn link(
    linker: &Linker<Guest>,
    component: &Component,
    id: &str,
) -> Result<ProxyPre<Guest>, UpError> {
    let handler = check::interfaces(linker.engine(), component, id)?;
    let ready = linker.instantiate_pre(component).and_then(|pre| {
        Ok(match handler {
            Handler::P2 => ProxyPre::P2(p2::bindings::ProxyPre::new(pre)?),
            Handler::P3 => ProxyPre::P3(p3::bindings::ServicePre::new(pre)?),
        })
    });
    ready.map_err(|error| {
        UpError::Unsupported(format!(
            "the component `{}` needs something that `wharf up` does not offer: {}",
            clean(id, 100),
            clean(&format!("{error:#}"), 300)
        ))
    })
}

type Roots = (Option<Arc<Scratch>>, Vec<Option<PathBuf>>);

/// Lays out the files of all components.
fn lay_out(store: &Store, document: &Document) -> Result<Roots, UpError> {
    let parts = &document.parts;
    if parts.iter().all(|part| part.component.files.is_empty()) {
        return Ok((None, vec![None; parts.len()]));
    }
    let scratch = Arc::new(store.scratch()?);
    let mut layout = Layout::new(store, &document.artifact, &scratch);
    let numbered = parts.iter().enumerate();
    let roots = numbered
        .map(|(number, part)| layout.add(&part.component, number))
        .collect::<Result<_, _>>()?;
    Ok((Some(scratch), roots))
}

/// The component's own variables, with those of the settings over them.
fn environment(component: &LockedComponent, settings: &Settings) -> Vec<(String, String)> {
    let mut environment = component.env.clone();
    environment.extend(settings.environment.iter().cloned());
    environment.into_iter().collect()
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, UpError> + Send + 'static,
) -> Result<T, UpError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(UpError::Engine(format!("a task ended early: {error}"))),
    }
}

fn lost() -> UpError {
    UpError::Engine("a compiled component got lost".into())
}
