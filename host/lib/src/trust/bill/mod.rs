//! Bills of materials: what an application is made of, from what its WebAssembly says of
//! itself.

mod cyclonedx;
mod purl;
mod wasm;

use wharf_app::artifact::{Artifact, ReadError, Single};
use wharf_app::locked::{ComponentSource, LockedApp};
use wharf_oci::{Digest, Reference};
use wharf_store::Store;

use super::Document;
use crate::blocking::blocking;
use crate::error::Error;
use crate::wharf::Wharf;
use cyclonedx::{Bom, Component, Contact, Dependency, Kind};

/// The largest bill, in bytes: signed, with what is around it, a bundle is read up to 4 MiB.
const MOST_BYTES: usize = 2 * 1024 * 1024;
/// The largest WebAssembly that is read, in bytes: all of it is held in memory. What is larger
/// is listed by its digest.
const MOST_WASM_BYTES: u64 = 256 * 1024 * 1024;

/// The predicate type of what attests a bill (`CycloneDX`, as cosign writes it).
pub const BILL_PREDICATE: &str = "https://cyclonedx.org/bom";

/// A bill of materials.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bill {
    /// The bill.
    pub document: Document,
    /// What it does not tell, and why.
    pub warnings: Vec<String>,
}

impl Wharf {
    /// The bill of materials of an application, or of a single component, of which all is in
    /// the store: `CycloneDX` 1.6 in JSON. The same manifest, place and time give the same
    /// bytes. `place` is where it is published, and `created`, in seconds since
    /// 1970-01-01T00:00:00Z, when the bill was made, where that is to be said.
    pub async fn bill(
        &self,
        place: &Reference,
        manifest: &Digest,
        created: Option<u64>,
    ) -> Result<Bill, Error> {
        let _work = self.at_work().await?;
        let (store, place, manifest) = (self.store().clone(), place.clone(), manifest.clone());
        blocking(move || bill(&store, &place, &manifest, created)).await?
    }
}

fn bill(
    store: &Store,
    place: &Reference,
    manifest: &Digest,
    created: Option<u64>,
) -> Result<Bill, Error> {
    let app = application(store, manifest)?;
    let mut writing = Writing {
        store,
        warnings: Vec::new(),
        dependencies: Vec::new(),
    };
    let mut components = Vec::new();
    for component in &app.components {
        let reference = format!("component:{}", component.id);
        components.push(writing.component(&reference, &component.id, &component.source)?);
        let own = component.dependencies.iter();
        let own = own.map(|(name, it)| (name.as_str(), it));
        let more = component.trigger_dependencies.iter();
        let more = more.flat_map(|(name, all)| all.iter().map(move |it| (name.as_str(), it)));
        let mut needed = Vec::new();
        // Of what is composed there is nothing else to be listed: it is within the component.
        for (number, (name, dependency)) in own.chain(more).enumerate() {
            let reference = format!("{reference}/dependency/{number}");
            components.push(writing.component(&reference, name, &dependency.source)?);
            needed.push(reference);
        }
        writing.depends(reference, needed);
    }
    let own: Vec<String> = app
        .components
        .iter()
        .map(|component| format!("component:{}", component.id))
        .collect();
    let root = root(&app, place, manifest);
    writing.depends(root.bom_ref.clone(), own);
    let bom = Bom::new(root, components, writing.dependencies, created);
    let content = bom.written();
    if content.len() > MOST_BYTES {
        return Err(Error::LimitExceeded(format!(
            "the bill of materials of {manifest} has {} bytes, and at most {MOST_BYTES} are \
             published; attach one of your own by `wharf registry attach --sbom`",
            content.len()
        )));
    }
    Ok(Bill {
        document: Document::of_sbom(content).map_err(Error::Other)?,
        warnings: writing.warnings,
    })
}

/// The application itself.
fn root(app: &LockedApp, place: &Reference, manifest: &Digest) -> Component {
    let mut root = Component::new(Kind::Application, manifest.to_string(), app.name());
    root.version = app.version().map(str::to_owned);
    root.description = app.description().map(str::to_owned);
    root.authors = app.authors().into_iter().map(Contact::named).collect();
    root.hashed(manifest);
    root.purl = Some(purl::of_artifact(place, manifest));
    root
}

/// What a manifest of the store describes.
fn application(store: &Store, manifest: &Digest) -> Result<LockedApp, Error> {
    let unusable = |why: String| {
        Error::InvalidInput(format!(
            "there is no bill of materials to be made of {manifest}: {why}"
        ))
    };
    let small = |digest: &Digest| {
        let missing = || Error::MissingContent(digest.to_string());
        store.get(digest)?.ok_or_else(missing)
    };
    let bytes = small(manifest)?;
    match Artifact::parse(&bytes, None) {
        Ok(artifact) => {
            let locked = small(&artifact.locked_app().digest)?;
            LockedApp::from_json(&locked).map_err(|error| unusable(error.to_string()))
        }
        Err(ReadError::SingleComponent) => {
            let single = Single::parse(&bytes, None);
            let single = single.map_err(|error| unusable(error.to_string()))?;
            let mut app = single
                .application()
                .map_err(|error| unusable(error.to_string()))?;
            let name = app.name().to_owned();
            for component in &mut app.components {
                component.id.clone_from(&name);
                component.source.content.digest = Some(single.layer().digest.clone());
            }
            Ok(app)
        }
        Err(error) => Err(unusable(error.to_string())),
    }
}

/// A bill that is being written.
struct Writing<'a> {
    store: &'a Store,
    warnings: Vec<String>,
    dependencies: Vec<Dependency>,
}

impl Writing<'_> {
    /// A component of the application, with all that its WebAssembly says.
    fn component(
        &mut self,
        reference: &str,
        name: &str,
        source: &ComponentSource,
    ) -> Result<Component, Error> {
        let mut component = Component::new(Kind::Library, reference.to_owned(), name);
        component.mime_type = Some("application/wasm".to_owned());
        if let Some(digest) = &source.content.digest {
            component.hashed(digest);
        }
        let Some(bytes) = self.wasm(name, source)? else {
            return Ok(component);
        };
        match wasm::Said::of(&bytes) {
            Ok(said) => said.tell(&mut component, &mut self.dependencies),
            Err(why) => self.warnings.push(format!(
                "the bill of materials lists the component `{name}` by its digest alone: {why}"
            )),
        }
        Ok(component)
    }

    fn wasm(&mut self, name: &str, source: &ComponentSource) -> Result<Option<Vec<u8>>, Error> {
        if let Some(bytes) = &source.content.inline {
            return Ok(Some(bytes.clone()));
        }
        let Some(digest) = &source.content.digest else {
            self.warnings.push(format!(
                "the bill of materials can't tell what the component `{name}` is: it has no digest"
            ));
            return Ok(None);
        };
        let size = self.store.stat(digest)?;
        let size = size.ok_or_else(|| Error::MissingContent(digest.to_string()))?;
        if size > MOST_WASM_BYTES {
            self.warnings.push(format!(
                "the bill of materials lists the component `{name}` by its digest alone: it has \
                 {size} bytes, and at most {MOST_WASM_BYTES} are read"
            ));
            return Ok(None);
        }
        let mut reader = self.store.read(digest, None)?;
        let mut bytes = vec![0; usize::try_from(size).unwrap_or_default()];
        let mut filled = 0;
        loop {
            let rest = bytes.get_mut(filled..).unwrap_or_default();
            match reader.read(rest)? {
                0 => break,
                count => filled += count,
            }
        }
        bytes.truncate(filled);
        Ok(Some(bytes))
    }

    fn depends(&mut self, reference: String, on: Vec<String>) {
        // What a component has within it stands there already.
        match self.dependencies.iter_mut().find(|it| it.is_of(&reference)) {
            Some(found) => found.add(on),
            None => self.dependencies.push(Dependency::new(reference, on)),
        }
    }
}
