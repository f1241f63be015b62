//! Blobs from the registry into the store, gone on with where they were cut off.
//! Their bytes are forwarded and never read.

use alloc::format;

use wharf_oci::range::{self, ContentRange};
use wharf_oci::request::Operation;
use wharf_oci::{Descriptor, Repository};

use crate::bindings::{Error, ErrorCode, Event, Extent, Ingest, Outcome, content_store, progress};
use crate::failure::{self, Fault, describe};
use crate::http::{Incoming, Outgoing};
use crate::session::Session;
use crate::wire::Tries;

/// Brings a blob into the store, unless it is there.
pub(crate) async fn fetch(
    session: &Session,
    repository: &Repository,
    blob: &Descriptor,
) -> Result<Outcome, Fault> {
    if content_store::stat(blob.digest.as_str())? == Some(blob.size) {
        return Ok(present(blob));
    }
    // With another size, either the manifest lies or the store was damaged: the store
    // finds out which.
    let Some(ingest) = content_store::receive(describe(blob)).await? else {
        return Ok(present(blob));
    };
    let _permit = session.wire.transfers.acquire().await;
    progress::report(&Event::Started(describe(blob)));
    let download = Download {
        session,
        repository,
        blob,
        ingest,
    };
    let continued = !download.is_untouched();
    let mut received = download.run().await;
    if continued && matches!(&received, Err(fault) if matches!(fault.error(), Error::Integrity(_)))
    {
        // What an earlier run left behind may be what is wrong.
        received = download.run().await;
    }
    received?;
    session.wire.transfers.grow();
    progress::report(&Event::Finished(describe(blob)));
    Ok(Outcome::Moved)
}

/// Tells that nothing of a blob has to move.
pub(crate) fn present(blob: &Descriptor) -> Outcome {
    progress::report(&Event::Skipped(describe(blob)));
    Outcome::Present
}

struct Download<'a> {
    session: &'a Session,
    repository: &'a Repository,
    blob: &'a Descriptor,
    ingest: Ingest,
}

/// A body that did not come whole.
enum Cut {
    /// It may come another time; what came is kept. True after a long silence.
    Passing(Fault, bool),
    Final(Fault),
}

impl Download<'_> {
    /// Whether all of it is still to come.
    fn is_untouched(&self) -> bool {
        let missing = self.ingest.missing();
        matches!(&missing[..], [all] if all.length == self.blob.size)
    }

    /// Fetches what is missing and makes the blob visible.
    async fn run(&self) -> Result<(), Fault> {
        let mut tries = Tries::begin();
        while let Some(extent) = self.ingest.missing().into_iter().next() {
            let incoming = self.ask(&extent).await?;
            tries.count();
            let origin = incoming.url.origin().clone();
            match self.store(&extent, incoming).await {
                Ok(()) => tries.progressed(),
                Err(Cut::Final(error)) => return Err(error),
                Err(Cut::Passing(error, silent)) => {
                    if self.ingest.missing().first().map(|next| next.offset) != Some(extent.offset)
                    {
                        tries.progressed();
                    }
                    if silent {
                        tries.waited_long();
                    }
                    if !self.session.wire.pause(&origin, &mut tries, None).await {
                        return Err(failure::again(error, tries.told()));
                    }
                }
            }
        }
        Ok(self.ingest.finish().await?)
    }

    /// Asks for a part, or for the whole.
    async fn ask(&self, extent: &Extent) -> Result<Incoming, Fault> {
        let operation = Operation::ReadBlob(self.blob.digest.clone());
        let url = self.session.url(self.repository, &operation)?;
        let mut request = Outgoing::new("GET", url).header("accept-encoding", "identity");
        // Asking for a range where none is needed upsets some registries.
        if extent.length < self.blob.size
            && let Some(range) = range::header(extent.offset, extent.length)
        {
            request = request.header("range", range);
        }
        self.session.read(request).await
    }

    /// Hands an answer's body to the store.
    async fn store(&self, asked: &Extent, incoming: Incoming) -> Result<(), Cut> {
        let (method, url, status) = (incoming.method, incoming.url.clone(), incoming.status);
        let offset = match status {
            // All of it, although a part may have been asked for.
            200 => 0,
            206 if asked.length < self.blob.size => self.part_offset(&incoming, asked)?,
            _ => return Err(Cut::Final(failure::answered(incoming).await)),
        };
        let (stream, end) = incoming.into_stream();
        let written = self.ingest.write(offset, stream).await?;
        let network = |why: &str| failure::network(method, &url, Some(status), why);
        match end.await {
            Ok(_) if status == 200 && written < self.blob.size => {
                Err(Cut::Final(failure::mismatch(
                    format!("the size of {} at the registry", self.blob.digest),
                    &format!("{} bytes", self.blob.size),
                    &format!("{written} bytes"),
                )))
            }
            Ok(_) if written == 0 && asked.length > 0 => {
                Err(Cut::Final(network("its answer has no bytes")))
            }
            Ok(_) => Ok(()),
            Err(code) => {
                let silent = matches!(code, ErrorCode::ConnectionReadTimeout);
                let why = match code {
                    ErrorCode::ConnectionReadTimeout => {
                        format!("it was silent for too long after {written} bytes")
                    }
                    ErrorCode::InternalError(Some(text)) => text,
                    _ => format!("the connection broke off after {written} bytes"),
                };
                let error = network(&format!("{why}; what came is kept"));
                Err(Cut::Passing(error, silent))
            }
        }
    }

    /// Where a 206 answer's bytes belong, if it is what was asked for.
    fn part_offset(&self, incoming: &Incoming, asked: &Extent) -> Result<u64, Cut> {
        let range = incoming
            .header("content-range")
            .and_then(|header| ContentRange::parse(&header));
        match range {
            Some(range)
                if range.first == asked.offset
                    && range.last < asked.offset + asked.length
                    && range.total.is_none_or(|total| total == self.blob.size) =>
            {
                Ok(range.first)
            }
            _ => Err(Cut::Final(failure::network(
                incoming.method,
                &incoming.url,
                Some(206),
                "its Content-Range is not what was asked for",
            ))),
        }
    }
}

impl From<content_store::Error> for Cut {
    fn from(error: content_store::Error) -> Self {
        Self::Final(error.into())
    }
}
