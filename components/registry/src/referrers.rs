//! Referrers: listed, noted and forgotten, also at registries that do not know of
//! them and have a list under a tag instead (distribution-spec v1.1.1, "Listing
//! Referrers" and "Referrers Tag Schema").

use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use wharf_oci::referrers::{self, Referrer, ReferrersError};
use wharf_oci::request::{ManifestName, Operation};
use wharf_oci::{Descriptor, Digest, Repository, limit, media_type};

use crate::bindings::{Error, Event, content_store, progress};
use crate::failure::Fault;
use crate::http::Body;
use crate::manifest::{self, Stored};
use crate::page::{self, Read};
use crate::reply::Reply;
use crate::session::Session;

/// The manifests that refer to `subject`, all or those of one kind: those that the
/// registry lists, and those that are listed under the tag.
pub(crate) async fn list(
    session: &Session,
    repository: &Repository,
    subject: &Digest,
    wanted: Option<&str>,
) -> Result<Vec<Referrer>, Fault> {
    let listed = listed(session, repository, subject, wanted).await?;
    let mut all = listed.unwrap_or_default();
    let Some(tagged) = tagged(session, repository, subject).await? else {
        return Ok(all);
    };
    let more = referrers::read(&tagged.body, wanted, None);
    let more = more.map_err(|error| tagged.unusable(&error.to_string()))?;
    add(&mut all, more, subject);
    Ok(all)
}

/// Sees to it that a manifest which is at the registry is found by what it refers to.
/// `is_noted` says whether the registry did it itself, where that is known.
pub(crate) async fn note(
    session: &Session,
    repository: &Repository,
    stored: &Stored,
    is_noted: Option<bool>,
) -> Result<(), Fault> {
    let Some((subject, referrer)) = subject(stored)? else {
        return Ok(());
    };
    let is_noted = match is_noted {
        Some(is_noted) => is_noted,
        None => listed(session, repository, &subject.digest, None)
            .await?
            .is_some_and(|listed| listed.iter().any(|one| one.content == referrer.content)),
    };
    if is_noted {
        return Ok(());
    }
    let change = |list: Option<&[u8]>| referrers::with(list, &referrer);
    rewrite(session, repository, &subject.digest, &change).await
}

/// Sees to it that a manifest which was deleted is no longer listed with what it
/// referred to, where the registry does not do it itself.
pub(crate) async fn forget(
    session: &Session,
    repository: &Repository,
    subject: &Digest,
    deleted: &Digest,
) -> Result<(), Fault> {
    let change = |list: Option<&[u8]>| match list {
        Some(list) => referrers::without(list, deleted),
        None => Ok(None),
    };
    rewrite(session, repository, subject, &change).await
}

/// What a manifest refers to, if it does, and how it is to be listed there.
pub(crate) fn subject(stored: &Stored) -> Result<Option<(Descriptor, Referrer)>, Fault> {
    let descriptor = &stored.descriptor;
    referrers::of_manifest(&stored.bytes, descriptor).map_err(|error| {
        Error::Other(format!(
            "what the manifest {} refers to can't be read: {error}",
            descriptor.digest
        ))
        .into()
    })
}

/// What the registry lists; none when it does not know of referrers.
pub(crate) async fn listed(
    session: &Session,
    repository: &Repository,
    subject: &Digest,
    wanted: Option<&str>,
) -> Result<Option<Vec<Referrer>>, Fault> {
    let listing = Operation::ListReferrers(subject.clone(), wanted.map(ToString::to_string));
    let mut all = Vec::new();
    let read = &mut |reply: &Reply| {
        let filters = reply.header("oci-filters-applied");
        let page = referrers::read(&reply.body, wanted, filters);
        let page = page.map_err(|error| error.to_string())?;
        let items = page.len();
        let new = add(&mut all, page, subject);
        Ok(Read { items, new })
    };
    let is_there = page::each(session, repository, &listing, &[200, 404], read).await?;
    Ok(is_there.then_some(all))
}

/// Adds those that are not there yet, and tells how many these are. One more than are ever
/// taken along says that there are more, and the rest is left out.
fn add(all: &mut Vec<Referrer>, more: Vec<Referrer>, subject: &Digest) -> usize {
    let mut new = 0;
    for referrer in more {
        let is_full = all.len() > limit::REFERRERS;
        let digest = &referrer.content.digest;
        // A linear search: many manifests that refer to one are a few dozen.
        if !is_full && all.iter().any(|known| known.content.digest == *digest) {
            continue;
        }
        new += 1;
        if is_full {
            continue;
        }
        all.push(referrer);
        if all.len() > limit::REFERRERS {
            progress::report(&Event::Note(format!(
                "more than {} manifests refer to {subject}, and the rest of the list is left out",
                limit::REFERRERS
            )));
        }
    }
    new
}

/// The list of referrers that is under a tag.
async fn tagged(
    session: &Session,
    repository: &Repository,
    subject: &Digest,
) -> Result<Option<Reply>, Fault> {
    let request = manifest::request(session, "GET", repository, &name(subject)?)?;
    let reply = session.exchange(request, &[200, 404]).await?;
    if reply.status != 200 {
        return Ok(None);
    }
    // Only the store can tell whether it is what it should be. What is broken on the way would
    // else be written back.
    content_store::put(&reply.body, manifest::promised(&reply).as_deref())?;
    Ok(Some(reply))
}

/// From the bytes of a list, none when there is none, to those of the new one, none when
/// nothing is to be changed.
type Change<'a> = dyn Fn(Option<&[u8]>) -> Result<Option<Vec<u8>>, ReferrersError> + 'a;

/// Changes the list under the tag. Others may write it at the same time, and not every
/// registry that gives an `ETag` heeds `If-Match`: so what was written is read again,
/// until nothing is left to be changed.
async fn rewrite(
    session: &Session,
    repository: &Repository,
    subject: &Digest,
    change: &Change<'_>,
) -> Result<(), Fault> {
    let operation = Operation::WriteManifest(name(subject)?);
    for _ in 0..limit::REFERRERS_WRITES {
        let list = tagged(session, repository, subject).await?;
        let changed = change(list.as_ref().map(|list| &*list.body));
        let changed = changed.map_err(|error| {
            let why = error.to_string();
            match &list {
                Some(list) => list.unusable(&why),
                None => Error::Other(why).into(),
            }
        })?;
        let Some(bytes) = changed else {
            return Ok(());
        };
        let mut request = session
            .request("PUT", repository, &operation)?
            .header("content-type", media_type::IMAGE_INDEX)
            .body(Body::Bytes(bytes));
        if let Some(etag) = list.as_ref().and_then(|list| list.header("etag")) {
            request = request.header("if-match", etag.to_string());
        }
        // 412: somebody else was faster.
        session.exchange(request, &[201, 412]).await?;
    }
    Err(Error::Other(format!(
        "the list of what refers to {subject} was overwritten {} times by somebody else",
        limit::REFERRERS_WRITES
    ))
    .into())
}

fn name(subject: &Digest) -> Result<ManifestName, Fault> {
    Ok(ManifestName::Tag(referrers::tag(subject).parse()?))
}
