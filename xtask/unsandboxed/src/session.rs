//! Dealings with one registry, over plain HTTP.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use http::header::{CONTENT_LENGTH, HeaderName, USER_AGENT};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use tokio::sync::{Semaphore, SemaphorePermit};
use wharf_net::{Anywhere, Body, Client, Patience, Tls};
use wharf_oci::manifest::Manifest;
use wharf_oci::request::{ManifestName, Operation};
use wharf_oci::{Descriptor, Reference, Url, limit};
use wharf_store::{Store, Work};

use crate::stream::Depths;

/// How many blobs move at once at most, as with Wharf where nothing else is said.
pub(crate) const CONCURRENCY: usize = 64;

/// One call's dealings with one registry.
pub(crate) struct Session {
    pub(crate) store: Store,
    pub(crate) reference: Reference,
    pub(crate) transfers: Transfers,
    pub(crate) depths: Depths,
    client: Client,
    _work: Work,
}

impl Session {
    /// For the repository of `reference`, with the content store in a folder.
    pub(crate) fn new(reference: &str, store: &str) -> Result<Self> {
        let store = Store::open(Path::new(store))?;
        Ok(Self {
            _work: store.work()?,
            store,
            reference: reference.parse()?,
            transfers: Transfers::default(),
            depths: Depths::default(),
            client: Client::new(&Tls::default(), Arc::new(Anywhere))?,
        })
    }

    /// What the reference names within its repository.
    pub(crate) fn name(&self) -> Result<ManifestName> {
        let tag = self.reference.tag.clone();
        tag.map(ManifestName::Tag).context("there is no tag")
    }

    /// The address of an operation on the repository.
    pub(crate) fn url(&self, operation: &Operation) -> Result<Url> {
        let path = operation
            .path(&self.reference.repository)
            .context("it is the registry that says where this is")?;
        Ok(Url::at(&self.reference.registry.origin(false), &path)?)
    }

    /// Sends a request, with a body of so many bytes if there is one.
    pub(crate) async fn send(
        &self,
        method: Method,
        url: &Url,
        header: Option<(HeaderName, &str)>,
        body: Option<(u64, Body)>,
    ) -> Result<Response<Body>> {
        let mut request = Request::builder()
            .method(method.clone())
            .uri(url.to_string())
            .header(USER_AGENT, "wharf-unsandboxed");
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let body = match body {
            Some((length, body)) => {
                request = request.header(CONTENT_LENGTH, length);
                body
            }
            None => empty(),
        };
        let answer = self.client.send(request.body(body)?, Patience::default());
        let answer = answer.await;
        answer.with_context(|| format!("{method} {}", url.redacted()))
    }
}

/// How many blobs may move at once: few at first, and one more with each that moved.
pub(crate) struct Transfers {
    free: Semaphore,
    /// Free or not.
    all: Cell<usize>,
}

impl Default for Transfers {
    fn default() -> Self {
        Self {
            free: Semaphore::new(limit::FIRST_TRANSFERS),
            all: Cell::new(limit::FIRST_TRANSFERS),
        }
    }
}

impl Transfers {
    pub(crate) async fn begin(&self) -> Result<SemaphorePermit<'_>> {
        Ok(self.free.acquire().await?)
    }

    pub(crate) fn grow(&self) {
        if self.all.get() < CONCURRENCY {
            self.all.set(self.all.get() + 1);
            self.free.add_permits(1);
        }
    }
}

/// A body of no bytes.
pub(crate) fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// Fails where an answer has another status.
pub(crate) fn expect(answer: &Response<Body>, wanted: StatusCode) -> Result<()> {
    if answer.status() != wanted {
        bail!("{} where {wanted} was expected", answer.status());
    }
    Ok(())
}

/// A header's first value, when it is text.
pub(crate) fn header(answer: &Response<Body>, name: impl AsRef<str>) -> Option<&str> {
    answer.headers().get(name.as_ref())?.to_str().ok()
}

/// Everything that has to be there with a manifest.
pub(crate) fn blobs(manifest: &Manifest) -> Result<Vec<Descriptor>> {
    match manifest {
        Manifest::Image(image) => Ok(image.blobs()?),
        _ => bail!("it is an index"),
    }
}
