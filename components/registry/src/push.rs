//! Push: a manifest of the store and everything it names, to a registry.

use alloc::format;
use alloc::string::ToString as _;
use alloc::vec::Vec;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use wharf_oci::token::Scope;
use wharf_oci::{Descriptor, Digest, Reference};

use crate::bindings::{Error, Event, Outcome, Report, Transfer, content_store, progress};
use crate::blob;
use crate::failure::{self, describe};
use crate::manifest;
use crate::session::Session;
use crate::settings::Settings;

/// Pushes the manifest `digest` as `reference`.
pub(crate) async fn push(
    digest: &Digest,
    reference: &Reference,
    settings: Settings,
) -> Result<Report, Error> {
    if let Some(named) = &reference.digest
        && named != digest
    {
        return Err(Error::InvalidInput(format!(
            "the reference names {named} and what is to be pushed is {digest}"
        )));
    }
    let Some(stored) = manifest::find(digest).await? else {
        return Err(Error::MissingContent(digest.to_string()));
    };
    let manifest = describe(&stored.descriptor);
    let blobs = stored
        .image
        .blobs()
        .map_err(|error| failure::manifest(&manifest.digest, &error))?;
    for blob in &blobs {
        complete(blob).await?;
    }
    progress::report(&Event::Resolved(manifest.clone()));

    let scope = Scope::push(reference.repository.clone());
    let concurrency = settings.concurrency;
    let session = Session::new(reference.registry.clone(), Some(scope), settings);
    let name = manifest::name(reference);
    let there = manifest::look(&session, &reference.repository, &name).await?;
    let unchanged = there.is_some_and(|there| there.digest == *digest);
    progress::report(&Event::Planned(blobs.iter().map(describe).collect()));
    let mut transfers = if unchanged {
        // A registry takes a manifest only when it has all that it names.
        blobs
            .iter()
            .map(|content| {
                let content = describe(content);
                progress::report(&Event::Skipped(content.clone()));
                transfer(content, Outcome::Present)
            })
            .collect()
    } else {
        let sent: Vec<Transfer> = stream::iter(&blobs)
            .map(|content| async {
                let outcome = blob::send(&session, &reference.repository, content).await?;
                Ok::<_, Error>(transfer(describe(content), outcome))
            })
            .buffered(concurrency)
            .try_collect()
            .await?;
        manifest::send(&session, &reference.repository, &name, &stored).await?;
        sent
    };
    let outcome = if unchanged {
        Outcome::Present
    } else {
        Outcome::Moved
    };
    transfers.push(transfer(manifest.clone(), outcome));
    content_store::set_name(reference.to_string(), manifest.clone()).await?;
    Ok(Report {
        manifest,
        transfers,
    })
}

fn transfer(content: crate::bindings::Descriptor, outcome: Outcome) -> Transfer {
    Transfer { content, outcome }
}

/// Whether content that is to be sent is here at all, before anything is sent.
async fn complete(blob: &Descriptor) -> Result<(), Error> {
    match content_store::stat(blob.digest.to_string()).await? {
        Some(size) if size == blob.size => Ok(()),
        Some(size) => Err(failure::mismatch(
            format!("the size that the manifest gives for {}", blob.digest),
            &format!("{} bytes", blob.size),
            &format!("{size} bytes"),
        )),
        None => Err(Error::MissingContent(blob.digest.to_string())),
    }
}
