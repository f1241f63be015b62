//! The WebAssembly of components and of what satisfies their imports, wherever it
//! comes from.

use std::collections::BTreeMap;
use std::fmt;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use wharf_app::artifact::{Content, WASM_LAYER, WASM_LAYER_PACKAGE};
use wharf_app::manifest::{Build, ComponentContent, Package, Source};
use wharf_app::path::FilePath;
use wharf_app::wasm::{self, Form};
use wharf_compose::{TEXT_BYTES, binary};
use wharf_oci::manifest::Manifest;
use wharf_oci::media_type;

use crate::bindings::{Error, File, sources};
use crate::directory::Directory;
use crate::pack::CONCURRENCY;
use crate::{failure, store};

/// Whose WebAssembly it is.
struct Whose<'a> {
    component: &'a str,
    part: Part<'a>,
    source: &'a Source,
}

/// What of a component it is.
#[derive(Clone, Copy)]
enum Part<'a> {
    /// The component itself, which this may build.
    Own(Option<&'a Build>),
    /// What satisfies this import.
    Import(&'a str),
    /// What its trigger puts in front of it, in this role.
    Role(&'a str),
}

/// Looks whether a component's source, and all of its dependencies, are there and
/// WebAssembly.
pub(crate) async fn check(component: &ComponentContent) -> Result<(), Error> {
    let own = (Part::Own(component.build.as_ref()), &component.source);
    let dependencies = component.dependencies.iter();
    let dependencies = dependencies.map(|it| (Part::Import(&it.name), &it.source));
    let of_trigger = component.trigger_dependencies.iter();
    let of_trigger =
        of_trigger.flat_map(|(role, sources)| sources.iter().map(move |it| (Part::Role(role), it)));
    for (part, source) in [own].into_iter().chain(dependencies).chain(of_trigger) {
        let whose = Whose {
            component: &component.id,
            part,
            source,
        };
        whose.check().await?;
    }
    Ok(())
}

/// The content of sources, each once.
pub(crate) struct Contents(BTreeMap<String, Content>);

impl Contents {
    /// Takes in the sources of components and of their dependencies, several at once.
    /// `composed` says whether those with dependencies are composed.
    pub(crate) async fn of(components: &[ComponentContent], composed: bool) -> Result<Self, Error> {
        let mut distinct = BTreeMap::new();
        for component in components {
            for source in component.sources() {
                let entry = distinct.entry(key(source)).or_insert((source, false));
                entry.1 |= !composed || !component.has_dependencies();
            }
        }
        let contents =
            stream::iter(distinct)
                .map(|(key, (source, is_layer))| async move {
                    Ok((key, take_in(source, is_layer).await?))
                })
                .buffer_unordered(CONCURRENCY)
                .try_collect();
        contents.await.map(Self)
    }

    /// The content of a component's source.
    pub(crate) fn source(&self, component: &ComponentContent) -> Result<Content, Error> {
        self.get(&component.source)
    }

    /// The content of a component's dependencies, by the imports that they satisfy.
    pub(crate) fn dependencies(
        &self,
        component: &ComponentContent,
    ) -> Result<BTreeMap<String, Content>, Error> {
        let dependencies = component.dependencies.iter();
        dependencies
            .map(|it| Ok((it.name.clone(), self.get(&it.source)?)))
            .collect()
    }

    /// The content of what a component's trigger puts in front of it, by role.
    pub(crate) fn trigger_dependencies(
        &self,
        component: &ComponentContent,
    ) -> Result<BTreeMap<String, Vec<Content>>, Error> {
        let of_role = |(role, sources): (&String, &Vec<Source>)| {
            let contents = sources.iter().map(|source| self.get(source));
            Ok((role.clone(), contents.collect::<Result<_, Error>>()?))
        };
        component.trigger_dependencies.iter().map(of_role).collect()
    }

    fn get(&self, source: &Source) -> Result<Content, Error> {
        let content = self.0.get(&key(source)).cloned();
        content.ok_or_else(|| Error::Other(format!("`{source}` was not taken in")))
    }
}

/// What the same content has in common.
fn key(source: &Source) -> String {
    match source {
        Source::Path(path) => format!("path {path}"),
        Source::Url(download) => format!("digest {}", download.digest),
        Source::Package(package) => {
            let registry = package.registry.as_ref().map(ToString::to_string);
            format!("package {} {package}", registry.unwrap_or_default())
        }
    }
}

/// Takes in what a source is, unless it is in the store already; text is made binary.
/// What does not become a layer of the artifact is not to be sent anywhere.
async fn take_in(source: &Source, is_layer: bool) -> Result<Content, Error> {
    match source {
        Source::Path(path) => {
            let file = open(path).await;
            let file = file.map_err(|error| failure::file(path, problem(&error)))?;
            let prefix = Directory::prefix(&file, path, wasm::PREFIX_BYTES).await?;
            if is_text(&prefix) {
                let text = Directory::prefix(&file, path, TEXT_BYTES + 1).await?;
                return translated(source, &text).await;
            }
            if is_layer {
                store::add(&file, path, WASM_LAYER).await
            } else {
                store::add_material(&file, path).await
            }
        }
        Source::Url(download) => {
            let content = store::known(&download.digest)?;
            if is_text(&store::prefix(&content, wasm::PREFIX_BYTES as u64).await?) {
                let text = store::prefix(&content, TEXT_BYTES as u64 + 1).await?;
                return translated(source, &text).await;
            }
            Ok(content)
        }
        Source::Package(package) => find_package(package),
    }
}

fn is_text(prefix: &[u8]) -> bool {
    wasm::check(prefix) == Ok(Form::Text)
}

/// Takes in what a text means.
async fn translated(source: &Source, text: &[u8]) -> Result<Content, Error> {
    let bytes = binary(text).map_err(|problem| failure::file(source, problem))?;
    store::add_bytes(bytes).await
}

impl Whose<'_> {
    async fn check(&self) -> Result<(), Error> {
        let prefix = match self.source {
            Source::Path(path) => match open(path).await {
                Ok(file) => Directory::prefix(&file, path, wasm::PREFIX_BYTES).await?,
                Err(sources::Error::Missing) => {
                    let remedy = match self.part {
                        Part::Own(Some(command)) => {
                            format!("the command that builds it is `{command}`")
                        }
                        Part::Own(None) => "build it, or correct `source`".to_owned(),
                        Part::Import(_) | Part::Role(_) => "build it, or correct `path`".to_owned(),
                    };
                    return Err(failure::input(format!("{self} does not exist: {remedy}")));
                }
                Err(error) => return Err(failure::input(format!("{self} {}", problem(&error)))),
            },
            source => {
                let content = take_in(source, false).await?;
                store::prefix(&content, wasm::PREFIX_BYTES as u64).await?
            }
        };
        let checked = wasm::check(&prefix).map(drop);
        checked.map_err(|problem| failure::input(format!("{self} {problem}")))
    }
}

impl fmt::Display for Whose<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            component,
            part,
            source,
        } = self;
        match part {
            Part::Own(_) => write!(f, "the source `{source}` of the component `{component}`"),
            Part::Import(import) => write!(
                f,
                "`{source}`, the dependency `{import}` of the component `{component}`,"
            ),
            Part::Role(role) => write!(
                f,
                "`{source}`, a trigger's `{role}` of the component `{component}`,"
            ),
        }
    }
}

async fn open(path: &FilePath) -> Result<File, sources::Error> {
    sources::open(path.as_str().to_owned()).await
}

/// Why a source is not lent, to be read after its path.
fn problem(error: &sources::Error) -> String {
    match error {
        // The host read another manifest: it was written in between.
        sources::Error::NotNamed => "is not what the manifest names now: try again".to_owned(),
        sources::Error::Missing => "does not exist, or no longer does".to_owned(),
        sources::Error::NotAFile(what) => format!("is {what}, and has to be a file"),
        sources::Error::Failed(why) => format!("can't be read: {why}"),
    }
}

/// The WebAssembly of a package: the only layer of its artifact (CNCF, "Wasm OCI
/// artifact layout").
fn find_package(package: &Package) -> Result<Content, Error> {
    let registry = package.registry.as_ref().map(ToString::to_string);
    let (name, version) = (package.name.to_string(), package.version.to_string());
    let digest = sources::find_package(registry.as_deref(), &name, &version)
        .map_err(|error| failure::input(format!("the package `{package}` {}", problem(&error))))?;
    let wrong = |why: &dyn fmt::Display| {
        failure::input(format!("the package `{package}` can't be used: {why}"))
    };
    let manifest = store::document(&digest)?;
    let manifest = Manifest::parse(&manifest, None).map_err(|error| wrong(&error))?;
    let layers = match &manifest {
        Manifest::Image(image) => image.layers.as_slice(),
        _ => &[],
    };
    let is_wasm = |kind: &str| matches!(kind, WASM_LAYER_PACKAGE | WASM_LAYER);
    match layers {
        [layer] if is_wasm(&media_type::essence(&layer.media_type)) => store::known(&layer.digest),
        _ => Err(wrong(&format!(
            "{digest} is not one layer of WebAssembly, as packages are"
        ))),
    }
}
