//! Push: a manifest of the store and everything it names, to a registry.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::ToString as _;
use alloc::vec::Vec;
use core::future::ready;

use wharf_oci::token::Scope;
use wharf_oci::{Descriptor, Digest, Reference, Repository};

use crate::bindings::{Error, Event, Outcome, Report, Transfer, content_store, progress};
use crate::download::present;
use crate::failure::{self, Fault, describe, descriptor};
use crate::session::Session;
use crate::settings::Settings;
use crate::walk::Walk;
use crate::work::{self, Work};
use crate::{manifest, referrers, upload};

/// Pushes the manifest `digest` as `reference` and, when that is wanted, what refers to
/// it in the store; or sends the blob `digest` alone.
pub(crate) async fn push(
    digest: &Digest,
    reference: &Reference,
    settings: Settings,
    alone: bool,
) -> Result<Report, Fault> {
    let scope = Scope::push(reference.repository.clone()).and_from(&settings.mount_sources);
    let session = Session::new(reference.registry.clone(), Some(scope), settings);
    if alone {
        return send(&session, digest, reference).await;
    }
    let mut report = one(&session, digest, reference).await?;
    if !session.wire.settings.referrers {
        return Ok(report);
    }
    let mut walk = Walk::from(digest.clone());
    while let Some(subject) = walk.next() {
        for referrer in content_store::referrers(subject.as_str())? {
            let referrer = descriptor(referrer)?;
            if walk.enter(&referrer)? {
                let digest = referrer.digest;
                let name = reference.at_digest(digest.clone());
                let attached = one(&session, &digest, &name).await?;
                report.transfers.extend(attached.transfers);
            }
        }
    }
    Ok(report)
}

/// Sends one blob.
async fn send(session: &Session, digest: &Digest, reference: &Reference) -> Result<Report, Fault> {
    let Some(size) = content_store::stat(digest.as_str())? else {
        return Err(Error::MissingContent(digest.to_string()).into());
    };
    let blob = Descriptor::new("", digest.clone(), size);
    let outcome = upload::send(session, &reference.repository, &blob).await?;
    let content = describe(&blob);
    Ok(Report {
        manifest: content.clone(),
        transfers: [transfer(content, outcome)].into(),
    })
}

/// Pushes one manifest and everything it names.
async fn one(session: &Session, digest: &Digest, reference: &Reference) -> Result<Report, Fault> {
    let dry = session.wire.settings.dry_run;
    if let Some(named) = &reference.digest
        && named != digest
    {
        return Err(Error::InvalidInput(format!(
            "the reference names {named} and what is to be pushed is {digest}"
        ))
        .into());
    }
    let Some(stored) = manifest::find(digest).await? else {
        return Err(Error::MissingContent(digest.to_string()).into());
    };
    let manifest = describe(&stored.descriptor);
    let blobs = stored.blobs()?;
    for blob in &blobs {
        complete(blob).await?;
    }
    progress::report(&Event::Resolved(manifest.clone()));

    let name = manifest::name(reference);
    let there = manifest::look(session, &reference.repository, &name).await?;
    let unchanged = there.is_some_and(|there| there.digest == *digest);
    progress::report(&Event::Planned(blobs.iter().map(describe).collect()));
    // A registry takes a manifest only when it has all that it names.
    let repository = &reference.repository;
    let moving: Vec<Work<'_, Outcome>> = blobs
        .iter()
        .map(|content| -> Work<'_, Outcome> {
            if unchanged {
                Box::pin(ready(Ok(present(content))))
            } else if dry {
                Box::pin(planned(session, repository, content))
            } else {
                Box::pin(upload::send(session, repository, content))
            }
        })
        .collect();
    let outcomes = work::all(moving, session.wire.settings.concurrency).await?;
    let mut transfers: Vec<Transfer> = blobs
        .iter()
        .zip(outcomes)
        .map(|(content, outcome)| transfer(describe(content), outcome))
        .collect();
    if !dry {
        let is_noted = if unchanged {
            None
        } else {
            Some(manifest::send(session, &reference.repository, &name, &stored).await?)
        };
        referrers::note(session, &reference.repository, &stored, is_noted).await?;
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
) -> Result<Outcome, Fault> {
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
async fn complete(blob: &Descriptor) -> Result<(), Fault> {
    match content_store::stat(blob.digest.as_str())? {
        Some(size) if size == blob.size => Ok(()),
        Some(size) => Err(failure::mismatch(
            format!("the size that the manifest gives for {}", blob.digest),
            &format!("{} bytes", blob.size),
            &format!("{size} bytes"),
        )),
        None => Err(Error::MissingContent(blob.digest.to_string()).into()),
    }
}
