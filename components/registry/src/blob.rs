//! Blobs: looked for, fetched into the store, sent from it. Their bytes are
//! forwarded and never read.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::ToString as _;

use wharf_oci::range::{self, ContentRange};
use wharf_oci::request::Operation;
use wharf_oci::{Descriptor, Repository, Url};

use crate::bindings::{Error, ErrorCode, Event, Extent, Ingest, Outcome, content_store, progress};
use crate::failure::{self, describe};
use crate::http::{Body, Incoming, Outgoing};
use crate::session::{Session, location};

/// Brings a blob into the store, unless it is there.
pub(crate) async fn fetch(
    session: &Session,
    repository: &Repository,
    blob: &Descriptor,
) -> Result<Outcome, Error> {
    if content_store::stat(blob.digest.to_string()).await? == Some(blob.size) {
        return Ok(present(blob));
    }
    // With another size, either the manifest lies or the store was damaged: the store
    // finds out which.
    let Some(ingest) = content_store::receive(describe(blob)).await? else {
        return Ok(present(blob));
    };
    let _permit = session.transfers.acquire().await;
    progress::report(&Event::Started(describe(blob)));
    let continued = ingest
        .missing()
        .first()
        .is_none_or(|extent| extent.offset > 0);
    let mut received = receive(session, repository, blob, &ingest).await;
    if continued && matches!(received, Err(Error::Integrity(_))) {
        // What an earlier run left behind may be what is wrong.
        received = receive(session, repository, blob, &ingest).await;
    }
    received?;
    progress::report(&Event::Finished(describe(blob)));
    Ok(Outcome::Moved)
}

/// Sends a blob of the store, unless the registry has it.
pub(crate) async fn send(
    session: &Session,
    repository: &Repository,
    blob: &Descriptor,
) -> Result<Outcome, Error> {
    let _permit = session.transfers.acquire().await;
    let url = session.url(repository, &Operation::ReadBlob(blob.digest.clone()))?;
    let look = session.read(Outgoing::new("HEAD", url)).await?;
    match look.status {
        200 => return Ok(present(blob)),
        404 => {}
        _ => return Err(failure::answered(look).await),
    }
    progress::report(&Event::Started(describe(blob)));
    let start = Outgoing::new(
        "POST",
        session.url(repository, &Operation::StartUpload(None))?,
    );
    let started = session.send(start.body(Body::Empty)).await?;
    if started.status != 202 {
        return Err(failure::answered(started).await);
    }
    let upload = location(&started)?;
    if let Err(error) = finish_upload(session, upload.clone(), blob).await {
        // The registry need not keep what will not be continued. Whether it heard
        // is of no consequence.
        let _ = session.send(Outgoing::new("DELETE", upload)).await;
        return Err(error);
    }
    progress::report(&Event::Finished(describe(blob)));
    Ok(Outcome::Moved)
}

fn present(blob: &Descriptor) -> Outcome {
    progress::report(&Event::Skipped(describe(blob)));
    Outcome::Present
}

async fn finish_upload(session: &Session, upload: Url, blob: &Descriptor) -> Result<(), Error> {
    let url = upload.with_query_pair("digest", blob.digest.as_str());
    let request = Outgoing::new("PUT", url)
        .header("content-type", "application/octet-stream")
        .body(Body::Content {
            digest: blob.digest.to_string(),
            size: blob.size,
        });
    let incoming = session.send(request).await?;
    match incoming.status {
        201 => Ok(()),
        _ => Err(failure::answered(incoming).await),
    }
}

/// Fetches what is missing and makes the blob visible.
async fn receive(
    session: &Session,
    repository: &Repository,
    blob: &Descriptor,
    ingest: &Ingest,
) -> Result<(), Error> {
    while let Some(extent) = ingest.missing().into_iter().next() {
        let whole = extent.offset == 0 && extent.length == blob.size;
        let url = session.url(repository, &Operation::ReadBlob(blob.digest.clone()))?;
        let mut request = Outgoing::new("GET", url).header("accept-encoding", "identity");
        if !whole && let Some(range) = range::header(extent.offset, extent.length) {
            request = request.header("range", range);
        }
        let incoming = session.read(request).await?;
        let offset = match incoming.status {
            200 if whole => 0,
            200 => {
                // All of it, although a part was asked for.
                ingest.discard().await?;
                0
            }
            206 if !whole => part_offset(&incoming, &extent, blob)?,
            _ => return Err(failure::answered(incoming).await),
        };
        let all = incoming.status == 200;
        let written = store(ingest, offset, incoming).await?;
        if all && written < blob.size {
            return Err(failure::mismatch(
                format!("the size of {} at the registry", blob.digest),
                &format!("{} bytes", blob.size),
                &format!("{written} bytes"),
            ));
        }
    }
    Ok(ingest.finish().await?)
}

/// Hands an answer's body to the store, and tells how many bytes it had.
async fn store(ingest: &Ingest, offset: u64, incoming: Incoming) -> Result<u64, Error> {
    let (method, url, status) = (incoming.method, incoming.url.clone(), incoming.status);
    let (stream, end) = incoming.into_stream();
    let written = ingest.write(offset, stream).await?;
    let why = match end.await {
        Ok(_) if written > 0 => return Ok(written),
        Ok(_) => "its answer has no bytes".to_owned(),
        Err(code @ (ErrorCode::ConnectionReadTimeout | ErrorCode::InternalError(_))) => {
            return Err(failure::transport(method, &url, &code));
        }
        Err(_) => format!("the connection broke off after {written} bytes; what came is kept"),
    };
    Err(failure::network(method, &url, Some(status), &why))
}

/// Where a 206 answer's bytes belong, if it is what was asked for.
fn part_offset(incoming: &Incoming, asked: &Extent, blob: &Descriptor) -> Result<u64, Error> {
    let range = incoming
        .header("content-range")
        .and_then(|header| ContentRange::parse(&header));
    match range {
        Some(range)
            if range.first == asked.offset
                && range.last < asked.offset + asked.length
                && range.total.is_none_or(|total| total == blob.size) =>
        {
            Ok(range.first)
        }
        _ => Err(failure::network(
            incoming.method,
            &incoming.url,
            Some(206),
            "its Content-Range is not what was asked for",
        )),
    }
}
