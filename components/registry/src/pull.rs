//! Pull: a manifest and everything it names, from a registry into the store.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use wharf_oci::manifest::Manifest;
use wharf_oci::token::Scope;
use wharf_oci::{Digest, Reference, limit, media_type};

use crate::bindings::{Error, Event, Outcome, Report, Transfer, content_store, progress};
use crate::failure::{Fault, describe};
use crate::manifest::{self, Stored};
use crate::session::Session;
use crate::settings::Settings;
use crate::walk::Walk;
use crate::work::{self, Work};
use crate::{download, index, referrers};

/// How many blobs may wait for another process's lock beside those that move.
const WAITING: usize = 256;

/// Pulls what `reference` leads to and, when that is wanted, what refers to it.
pub(crate) async fn pull(reference: &Reference, settings: Settings) -> Result<Report, Fault> {
    let scope = Scope::pull(reference.repository.clone());
    let session = Session::new(reference.registry.clone(), Some(scope), settings);
    let (mut report, root) = one(&session, reference).await?;
    if !session.wire.settings.referrers {
        return Ok(report);
    }
    let mut walk = Walk::from(root);
    while let Some(subject) = walk.next() {
        let referrers = referrers::list(&session, &reference.repository, &subject, None).await?;
        for referrer in referrers {
            if !walk.enter(&referrer.content)? {
                continue;
            }
            let digest = referrer.content.digest;
            match one(&session, &reference.at_digest(digest.clone())).await {
                Ok((attached, _)) => report.transfers.extend(attached.transfers),
                // A list under a tag may name what was deleted since.
                Err(fault) if matches!(fault.error(), Error::NotFound(_)) => {
                    progress::report(&Event::Note(format!(
                        "{digest} is said to refer to {subject} and is not there"
                    )))
                }
                Err(fault) => return Err(fault),
            }
        }
    }
    Ok(report)
}

/// Pulls one manifest and everything it names. Tells also which one it is.
async fn one(session: &Session, reference: &Reference) -> Result<(Report, Digest), Fault> {
    let (named, named_moved) = manifest(session, reference).await?;
    let led = match &named.content {
        Manifest::Index(_) => Some(describe(&named.descriptor)),
        _ => None,
    };
    let (stored, chosen_moved) = index::chosen(session, &reference.repository, named).await?;
    let manifest_moved = if led.is_some() {
        chosen_moved
    } else {
        named_moved
    };
    let manifest = describe(&stored.descriptor);
    progress::report(&Event::Resolved(manifest.clone()));
    let mut blobs = stored.blobs()?;
    let layers = session.wire.settings.layers.as_ref();
    if let (Some(layers), Manifest::Image(image)) = (layers, &stored.content) {
        blobs.retain(|blob| {
            let is_wanted = layers.contains(&media_type::essence(&blob.media_type));
            (is_wanted || *blob == image.config) && blob.size <= limit::MANIFEST_BYTES
        });
    }
    progress::report(&Event::Planned(blobs.iter().map(describe).collect()));
    // Results come in the manifest's order, work is done in any.
    let moving: Vec<Work<'_, Outcome>> = blobs
        .iter()
        .map(|content| -> Work<'_, Outcome> {
            Box::pin(download::fetch(session, &reference.repository, content))
        })
        .collect();
    let outcomes = work::all(moving, WAITING).await?;
    let mut transfers: Vec<Transfer> = blobs
        .iter()
        .zip(outcomes)
        .map(|(content, outcome)| Transfer {
            content: describe(content),
            outcome,
        })
        .collect();
    if layers.is_none() {
        content_store::set_name(&seen_as(reference, &stored), &manifest)?;
    }
    let moves = led.map(|index| (index, named_moved));
    let moves = moves
        .into_iter()
        .chain([(manifest.clone(), manifest_moved)]);
    transfers.extend(moves.map(|(content, moved)| Transfer {
        content,
        outcome: if moved {
            Outcome::Moved
        } else {
            Outcome::Present
        },
    }));
    let report = Report {
        manifest,
        transfers,
    };
    Ok((report, stored.descriptor.digest))
}

/// The name to note the manifest under. A digest that leads to an index is not the
/// name of what was chosen there.
fn seen_as(reference: &Reference, stored: &Stored) -> String {
    let chosen = &stored.descriptor.digest;
    match &reference.digest {
        Some(named) if named != chosen => reference.at_digest(chosen.clone()).to_string(),
        _ => reference.to_string(),
    }
}

/// The manifest or index that the reference leads to, in the store, and whether it moved.
async fn manifest(session: &Session, reference: &Reference) -> Result<(Stored, bool), Fault> {
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
            stored.descriptor.media_type = stored.content.media_type(Some(&now.media_type));
            return Ok((stored, false));
        }
    }
    let fetched = manifest::fetch(session, repository, &name).await?;
    Ok((fetched, true))
}
