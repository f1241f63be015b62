//! Push: a manifest of the store and everything it names, to a registry.

use alloc::format;
use alloc::string::ToString as _;
use alloc::vec::Vec;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use wharf_oci::token::Scope;
use wharf_oci::{Descriptor, Digest, Reference, Repository};

use crate::bindings::{Error, Event, Outcome, Report, Transfer, content_store, progress};
use crate::download::present;
use crate::failure::{self, describe};
use crate::manifest;
use crate::session::Session;
use crate::settings::Settings;
use crate::upload;

/// Pushes the manifest `digest` as `reference`; with `dry`, only finds out what that
/// would do.
pub(crate) async fn push(
    digest: &Digest,
    reference: &Reference,
    settings: Settings,
    dry: bool,
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

    let scope = Scope::push(reference.repository.clone()).and_from(&settings.mount_sources);
    let waiting = settings.concurrency;
    let session = Session::new(reference.registry.clone(), Some(scope), settings);
    let name = manifest::name(reference);
    let there = manifest::look(&session, &reference.repository, &name).await?;
    let unchanged = there.is_some_and(|there| there.digest == *digest);
    progress::report(&Event::Planned(blobs.iter().map(describe).collect()));
    // A registry takes a manifest only when it has all that it names.
    let mut transfers: Vec<Transfer> = stream::iter(&blobs)
        .map(|content| async {
            let outcome = if unchanged {
                present(content)
            } else if dry {
                planned(&session, &reference.repository, content).await?
            } else {
                upload::send(&session, &reference.repository, content).await?
            };
            Ok::<_, Error>(transfer(describe(content), outcome))
        })
        .buffered(waiting)
        .try_collect()
        .await?;
    if !unchanged && !dry {
        manifest::send(&session, &reference.repository, &name, &stored).await?;
    }
    let outcome = if unchanged {
        Outcome::Present
    } else {
        Outcome::Moved
    };
    transfers.push(transfer(manifest.clone(), outcome));
    if !dry {
        content_store::set_name(&reference.to_string(), &manifest)?;
    }
    Ok(Report {
        manifest,
        transfers,
    })
}

/// What would become of a blob.
async fn planned(
    session: &Session,
    repository: &Repository,
    blob: &Descriptor,
) -> Result<Outcome, Error> {
    let _permit = session.wire.transfers.acquire().await;
    if upload::is_there(session, repository, blob).await? {
        Ok(present(blob))
    } else {
        Ok(Outcome::Moved)
    }
}

fn transfer(content: crate::bindings::Descriptor, outcome: Outcome) -> Transfer {
    Transfer { content, outcome }
}

/// Whether content that is to be sent is here at all, before anything is sent.
async fn complete(blob: &Descriptor) -> Result<(), Error> {
    match content_store::stat(blob.digest.as_str())? {
        Some(size) if size == blob.size => Ok(()),
        Some(size) => Err(failure::mismatch(
            format!("the size that the manifest gives for {}", blob.digest),
            &format!("{} bytes", blob.size),
            &format!("{size} bytes"),
        )),
        None => Err(Error::MissingContent(blob.digest.to_string())),
    }
}
