//! Copy: a manifest and everything it names, from one repository of a registry to
//! another, or to another name in the same.

use alloc::string::ToString as _;
use alloc::vec::Vec;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use wharf_oci::token::Scope;
use wharf_oci::{Descriptor, Reference};

use crate::bindings::{Error, Event, Outcome, Report, Transfer, progress};
use crate::failure::{self, describe};
use crate::manifest;
use crate::session::Session;
use crate::settings::Settings;
use crate::{download, upload};

/// Copies what `source` leads to. The registry takes over what it can; the rest goes
/// through the store.
pub(crate) async fn copy(
    source: &Reference,
    target: &Reference,
    mut settings: Settings,
) -> Result<Report, Error> {
    if source.registry != target.registry {
        return Err(Error::InvalidInput(
            "a copy from one registry to another is a pull and a push".into(),
        ));
    }
    settings.mount_sources = [source.repository.clone()].into();
    let scope = Scope::push(target.repository.clone()).and_from(&settings.mount_sources);
    let waiting = settings.concurrency;
    let session = Session::new(target.registry.clone(), Some(scope), settings);
    let found = match &source.digest {
        Some(digest) => manifest::find(digest).await?,
        None => None,
    };
    let stored = match found {
        Some(stored) => stored,
        None => manifest::fetch(&session, &source.repository, &manifest::name(source)).await?,
    };
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
    let blobs = stored
        .image
        .blobs()
        .map_err(|error| failure::manifest(&descriptor.digest, &error))?;
    progress::report(&Event::Planned(blobs.iter().map(describe).collect()));
    let mut transfers: Vec<Transfer> = stream::iter(&blobs)
        .map(|blob| async {
            Ok::<_, Error>(Transfer {
                content: describe(blob),
                outcome: bring(&session, source, target, blob).await?,
            })
        })
        .buffered(waiting)
        .try_collect()
        .await?;
    let name = manifest::name(target);
    manifest::send(&session, &target.repository, &name, &stored).await?;
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
) -> Result<Outcome, Error> {
    if source.repository == target.repository {
        return Ok(download::present(blob));
    }
    if let Some(outcome) = upload::take_over(session, &target.repository, blob).await? {
        return Ok(outcome);
    }
    download::fetch(session, &source.repository, blob).await?;
    upload::send(session, &target.repository, blob).await
}
