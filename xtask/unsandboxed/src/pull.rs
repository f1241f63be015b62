//! A manifest and everything it names, from a registry into the store.

use anyhow::{Result, anyhow, bail};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE};
use http::{Method, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use tokio::task::spawn_blocking;
use wharf_oci::manifest::Manifest;
use wharf_oci::request::Operation;
use wharf_oci::{Descriptor, limit, media_type};
use wharf_store::Receive;

use crate::session::{Session, blobs, expect, header};
use crate::stream::into_store;

/// How many blobs are begun with at once. Of these, some move.
const WAITING: usize = 256;

/// Pulls what the tag leads to.
pub(crate) async fn pull(session: &Session) -> Result<()> {
    let url = session.url(&Operation::ReadManifest(session.name()?))?;
    let accept = (ACCEPT, media_type::ACCEPT_MANIFESTS);
    let answer = session.send(Method::GET, &url, Some(accept), None).await?;
    expect(&answer, StatusCode::OK)?;
    let served_as = header(&answer, CONTENT_TYPE).map(str::to_owned);
    let promised = header(&answer, "docker-content-digest").and_then(|text| text.parse().ok());
    let most = usize::try_from(limit::MANIFEST_BYTES)?;
    let body = Limited::new(answer.into_body(), most).collect().await;
    let bytes = body.map_err(|error| anyhow!(error))?.to_bytes();
    let manifest = Manifest::parse(&bytes, served_as.as_deref())?;
    let digest = session.store.put(&bytes, promised.as_ref())?;
    let blobs = blobs(&manifest)?;
    stream::iter(&blobs)
        .map(|blob| fetch(session, blob))
        .buffered(WAITING)
        .try_collect::<()>()
        .await?;
    let media_type = manifest.media_type(served_as.as_deref());
    let manifest = Descriptor::new(media_type, digest, bytes.len() as u64);
    session
        .store
        .set_name(&session.reference.to_string(), &manifest)?;
    Ok(())
}

/// Brings a blob into the store, unless it is there.
async fn fetch(session: &Session, blob: &Descriptor) -> Result<()> {
    if session.store.stat(&blob.digest)? == Some(blob.size) {
        return Ok(());
    }
    let (store, wanted) = (session.store.clone(), blob.clone());
    let ingest = match spawn_blocking(move || store.receive(&wanted)).await?? {
        Receive::Whole => return Ok(()),
        Receive::Busy => bail!("another process fetches {}", blob.digest),
        Receive::Ingest(ingest) => ingest,
    };
    let _transfer = session.transfers.begin().await?;
    let url = session.url(&Operation::ReadBlob(blob.digest.clone()))?;
    let accept = (ACCEPT_ENCODING, "identity");
    let answer = session.send(Method::GET, &url, Some(accept), None).await?;
    expect(&answer, StatusCode::OK)?;
    into_store(answer.into_body(), ingest, &session.depths).await?;
    session.transfers.grow();
    Ok(())
}
