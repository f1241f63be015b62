//! Tags, listed.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use wharf_oci::request::{ManifestName, Operation, TagPage};
use wharf_oci::{Digest, Reference, Tag, limit, page};

use crate::bindings::{Error, Outcome};
use crate::failure::Fault;
use crate::manifest;
use crate::page::Read;
use crate::reply::Reply;
use crate::session::Session;
use crate::work::{self, Work};

/// The tags of a repository: all of them or, when `reference` has a digest, those that
/// lead there. Each has to be asked for then.
pub(crate) async fn list(session: &Session, reference: &Reference) -> Result<Vec<String>, Fault> {
    let repository = &reference.repository;
    let listing = Operation::ListTags(TagPage {
        most: Some(limit::PAGE_ITEMS),
        last: None,
    });
    // In order, as most registries answer.
    let mut known: Vec<String> = Vec::new();
    let mut all: Vec<Tag> = Vec::new();
    let read = &mut |reply: &Reply| {
        let tags = page::tags(&reply.body).map_err(|error| error.to_string())?;
        let (items, before) = (tags.len(), all.len());
        for tag in tags {
            let text = tag.to_string();
            if let Err(place) = known.binary_search(&text) {
                known.insert(place, text);
                all.push(tag);
            }
        }
        Ok(Read {
            items,
            new: all.len() - before,
        })
    };
    crate::page::each(session, repository, &listing, &[200], read).await?;
    let Some(digest) = &reference.digest else {
        return Ok(all.iter().map(ToString::to_string).collect());
    };
    if all.len() > limit::TAGS_ASKED {
        return Err(Error::LimitExceeded(
            "there are too many tags to ask each of them where it leads".to_string(),
        )
        .into());
    }
    let asking: Vec<Work<'_, Outcome>> = all
        .iter()
        .map(|tag| -> Work<'_, Outcome> { Box::pin(leads(session, reference, tag, digest)) })
        .collect();
    let outcomes = work::all(asking, session.wire.settings.concurrency).await?;
    let named = all.iter().zip(outcomes);
    let leading = named.filter(|(_, outcome)| matches!(outcome, Outcome::Present));
    Ok(leading.map(|(tag, _)| tag.to_string()).collect())
}

/// Whether a tag leads to a digest: whether that is present there.
async fn leads(
    session: &Session,
    reference: &Reference,
    tag: &Tag,
    digest: &Digest,
) -> Result<Outcome, Fault> {
    let name = ManifestName::Tag(tag.clone());
    let there = manifest::look(session, &reference.repository, &name).await?;
    Ok(match there {
        Some(there) if there.digest == *digest => Outcome::Present,
        _ => Outcome::Other(String::new()),
    })
}
