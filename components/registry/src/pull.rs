//! Pull: a manifest and everything it names, from a registry into the store.

use alloc::string::ToString as _;
use alloc::vec::Vec;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use wharf_oci::Reference;
use wharf_oci::token::Scope;

use crate::bindings::{Error, Event, Outcome, Report, Transfer, content_store, progress};
use crate::download;
use crate::failure::{self, describe};
use crate::manifest::{self, Stored};
use crate::session::Session;
use crate::settings::Settings;

/// How many blobs may wait for another process's lock beside those that move.
const WAITING: usize = 256;

/// Pulls what `reference` leads to.
pub(crate) async fn pull(reference: &Reference, settings: Settings) -> Result<Report, Error> {
    let scope = Scope::pull(reference.repository.clone());
    let session = Session::new(reference.registry.clone(), Some(scope), settings);
    let (stored, manifest_moved) = manifest(&session, reference).await?;
    let manifest = describe(&stored.descriptor);
    progress::report(&Event::Resolved(manifest.clone()));
    let blobs = stored
        .image
        .blobs()
        .map_err(|error| failure::manifest(&manifest.digest, &error))?;
    progress::report(&Event::Planned(blobs.iter().map(describe).collect()));
    // Results come in the manifest's order, work is done in any.
    let mut transfers: Vec<Transfer> = stream::iter(&blobs)
        .map(|content| async {
            let outcome = download::fetch(&session, &reference.repository, content).await?;
            Ok::<_, Error>(Transfer {
                content: describe(content),
                outcome,
            })
        })
        .buffered(WAITING)
        .try_collect()
        .await?;
    content_store::set_name(&reference.to_string(), &manifest)?;
    transfers.push(Transfer {
        content: manifest.clone(),
        outcome: if manifest_moved {
            Outcome::Moved
        } else {
            Outcome::Present
        },
    });
    Ok(Report {
        manifest,
        transfers,
    })
}

/// The manifest that the reference leads to, in the store, and whether it moved.
async fn manifest(session: &Session, reference: &Reference) -> Result<(Stored, bool), Error> {
    let repository = &reference.repository;
    let name = manifest::name(reference);
    if let Some(digest) = &reference.digest
        && let Some(stored) = manifest::find(digest).await?
    {
        return Ok((stored, false));
    }
    let known = content_store::find_name(&reference.to_string())?;
    if reference.digest.is_none() && known.is_some() {
        // Most likely nothing changed, and then the headers are enough.
        if let Some(now) = manifest::look(session, repository, &name).await?
            && let Some(mut stored) = manifest::find(&now.digest).await?
        {
            stored.descriptor.media_type = now.media_type;
            return Ok((stored, false));
        }
    }
    let fetched = manifest::fetch(session, repository, &name).await?;
    Ok((fetched, true))
}
