//! Copy: a manifest and everything it names, from one repository of a registry to
//! another, or to another name in the same.

use alloc::boxed::Box;
use alloc::string::ToString as _;
use alloc::vec::Vec;

use wharf_oci::token::Scope;
use wharf_oci::{Descriptor, Reference};

use crate::bindings::{Error, Event, Outcome, Report, Transfer, progress};
use crate::failure::{self, Fault, describe};
use crate::manifest;
use crate::session::Session;
use crate::settings::Settings;
use crate::work::{self, Work};
use crate::{download, index, referrers, upload};

/// Copies what `source` leads to. The registry takes over what it can; the rest goes
/// through the store.
pub(crate) async fn copy(
    source: &Reference,
    target: &Reference,
    mut settings: Settings,
) -> Result<Report, Fault> {
    if source.registry != target.registry {
        return Err(Error::InvalidInput(
            "a copy from one registry to another is a pull and a push".into(),
        )
        .into());
    }
    settings.mount_sources = [source.repository.clone()].into();
    let scope = Scope::push(target.repository.clone()).and_from(&settings.mount_sources);
    let waiting = settings.concurrency;
    let session = Session::new(target.registry.clone(), Some(scope), settings);
    let found = match &source.digest {
        Some(digest) => manifest::find(digest).await?,
        None => None,
    };
    let named = match found {
        Some(stored) => stored,
        None => manifest::fetch(&session, &source.repository, &manifest::name(source)).await?,
    };
    let (stored, _) = index::chosen(&session, &source.repository, named).await?;
    let descriptor = describe(&stored.descriptor);
    progress::report(&Event::Resolved(descriptor.clone()));
    if let Some(named) = &target.digest
        && *named != stored.descriptor.digest
    {
        return Err(failure::mismatch(
            source.to_string(),
            named.as_str(),
            &descriptor.digest,
        ));
    }
    let blobs = stored.blobs()?;
    progress::report(&Event::Planned(blobs.iter().map(describe).collect()));
    let moving: Vec<Work<'_, Outcome>> = blobs
        .iter()
        .map(|blob| -> Work<'_, Outcome> { Box::pin(bring(&session, source, target, blob)) })
        .collect();
    let outcomes = work::all(moving, waiting).await?;
    let mut transfers: Vec<Transfer> = blobs
        .iter()
        .zip(outcomes)
        .map(|(blob, outcome)| Transfer {
            content: describe(blob),
            outcome,
        })
        .collect();
    let name = manifest::name(target);
    let is_noted = manifest::send(&session, &target.repository, &name, &stored).await?;
    referrers::note(&session, &target.repository, &stored, Some(is_noted)).await?;
    transfers.push(Transfer {
        content: descriptor.clone(),
        outcome: Outcome::Moved,
    });
    Ok(Report {
        manifest: descriptor,
        transfers,
    })
}

async fn bring(
    session: &Session,
    source: &Reference,
    target: &Reference,
    blob: &Descriptor,
) -> Result<Outcome, Fault> {
    if source.repository == target.repository {
        return Ok(download::present(blob));
    }
    if let Some(outcome) = upload::take_over(session, &target.repository, blob).await? {
        return Ok(outcome);
    }
    download::fetch(session, &source.repository, blob).await?;
    upload::send(session, &target.repository, blob).await
}
