//! A manifest of the store and everything it names, to a registry.

use std::cell::Cell;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use http::header::{ACCEPT, CONTENT_TYPE, LOCATION};
use http::{Method, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use wharf_net::Body;
use wharf_oci::manifest::Manifest;
use wharf_oci::request::Operation;
use wharf_oci::{Descriptor, Digest, Url, limit, look, media_type};

use crate::session::{CONCURRENCY, Session, blobs, empty, expect, header};
use crate::stream::from_store;

const OCTETS: &str = "application/octet-stream";

/// Pushes the manifest `digest` under the tag.
pub(crate) async fn push(session: &Session, digest: &Digest) -> Result<()> {
    let store = &session.store;
    let bytes = store.get(digest)?.context("it is not in the store")?;
    let manifest = Manifest::parse(&bytes, None)?;
    let blobs = blobs(&manifest)?;
    for blob in &blobs {
        if store.stat(&blob.digest)? != Some(blob.size) {
            bail!("{} is not in the store", blob.digest);
        }
    }
    let media_type = manifest.media_type(None);
    let size = bytes.len() as u64;
    let url = session.url(&Operation::ReadManifest(session.name()?))?;
    let accept = (ACCEPT, media_type::ACCEPT_MANIFESTS);
    let there = session.send(Method::HEAD, &url, Some(accept), None).await?;
    if header(&there, "docker-content-digest") != Some(digest.as_str()) {
        let uploads = Uploads {
            session,
            single_request: Cell::new(None),
            absent: Cell::new(Some(0)),
        };
        stream::iter(&blobs)
            .map(|blob| uploads.send(blob))
            .buffered(CONCURRENCY)
            .try_collect::<()>()
            .await?;
        let url = session.url(&Operation::WriteManifest(session.name()?))?;
        let body = Full::new(Bytes::from(bytes)).map_err(|never| match never {});
        let body = Some((size, body.boxed_unsync()));
        let named = (CONTENT_TYPE, media_type.as_str());
        let answer = session.send(Method::PUT, &url, Some(named), body).await?;
        expect(&answer, StatusCode::CREATED)?;
    }
    let manifest = Descriptor::new(media_type, digest.clone(), size);
    store.set_name(&session.reference.to_string(), &manifest)?;
    Ok(())
}

struct Uploads<'a> {
    session: &'a Session,
    /// Whether a blob may be sent with the request that begins its upload, once that is
    /// known.
    single_request: Cell<Option<bool>>,
    /// How many blobs were sent or are being sent; none once one was there already.
    absent: Cell<Option<u32>>,
}

impl Uploads<'_> {
    /// Sends a blob of the store, unless the registry has it.
    async fn send(&self, blob: &Descriptor) -> Result<()> {
        let _transfer = self.session.transfers.begin().await?;
        let absent = self.absent.get();
        self.absent.set(absent.map(|count| count.saturating_add(1)));
        let looks = absent.is_none_or(|count| look::is_worthwhile(count, blob.size));
        if looks && self.is_there(blob).await? {
            self.absent.set(None);
            return Ok(());
        }
        if let Some(at) = self.begin(blob).await? {
            let url = at.with_query_pair("digest", blob.digest.as_str());
            let answer = self.send_content(Method::PUT, &url, blob).await?;
            expect(&answer, StatusCode::CREATED)?;
        }
        self.session.transfers.grow();
        Ok(())
    }

    async fn is_there(&self, blob: &Descriptor) -> Result<bool> {
        let session = self.session;
        let url = session.url(&Operation::ReadBlob(blob.digest.clone()))?;
        let answer = session.send(Method::HEAD, &url, None, None).await?;
        match answer.status() {
            StatusCode::OK => Ok(true),
            StatusCode::NOT_FOUND => Ok(false),
            status => bail!("{status} where a blob was looked for"),
        }
    }

    /// Begins an upload, and tells where to go on; none when the registry took the blob
    /// with that very request.
    async fn begin(&self, blob: &Descriptor) -> Result<Option<Url>> {
        let known = self.single_request.get();
        if blob.size <= limit::SINGLE_REQUEST_BYTES && known != Some(false) {
            // Until it is known, one alone tries.
            self.single_request.set(known.or(Some(false)));
            let url = self
                .session
                .url(&Operation::UploadWhole(blob.digest.clone()))?;
            let answer = self.send_content(Method::POST, &url, blob).await?;
            let took = answer.status() == StatusCode::CREATED;
            self.single_request.set(Some(took));
            return if took {
                Ok(None)
            } else {
                session_of(&url, &answer).map(Some)
            };
        }
        let url = self.session.url(&Operation::StartUpload(None))?;
        let nothing = Some((0, empty()));
        let answer = self.session.send(Method::POST, &url, None, nothing).await?;
        session_of(&url, &answer).map(Some)
    }

    async fn send_content(
        &self,
        method: Method,
        url: &Url,
        blob: &Descriptor,
    ) -> Result<Response<Body>> {
        let body = from_store(&self.session.store, blob, &self.session.depths).await?;
        let body = Some((blob.size, body));
        let octets = (CONTENT_TYPE, OCTETS);
        self.session.send(method, url, Some(octets), body).await
    }
}

/// Where an upload that the registry agreed to goes on.
fn session_of(url: &Url, answer: &Response<Body>) -> Result<Url> {
    expect(answer, StatusCode::ACCEPTED)?;
    let location = header(answer, LOCATION).context("an upload has no Location")?;
    Ok(url.join(location)?)
}
