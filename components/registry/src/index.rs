//! Indexes: the one manifest that is meant, found in them.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::str::FromStr as _;

use wharf_oci::manifest::Manifest;
use wharf_oci::problem::clean;
use wharf_oci::{Descriptor, Platform, Repository, limit};

use crate::bindings::Error;
use crate::failure::Fault;
use crate::manifest::{self, Stored};
use crate::session::Session;

/// What stands in place of a platform when the index itself is meant.
const ALL: &str = "all";

/// The manifest that is meant by `stored`: itself or, when it is an index, the one in
/// it for the wanted platform. Also whether that one had to be fetched.
pub(crate) async fn chosen(
    session: &Session,
    repository: &Repository,
    stored: Stored,
) -> Result<(Stored, bool), Fault> {
    let name = stored.descriptor.digest.clone();
    let wanted = session.wire.settings.platform.as_deref();
    if wanted == Some(ALL) {
        return Ok((stored, false));
    }
    let Manifest::Index(index) = stored.content else {
        return Ok((stored, false));
    };
    let wanted = wanted.map(Platform::from_str);
    let wanted = wanted
        .transpose()
        .map_err(|error| Error::InvalidInput(error.to_string()))?;
    let wanted = wanted.as_ref();
    let mut level = vec![index];
    let mut offered = Vec::new();
    let mut count = 1;
    for _ in 0..limit::INDEX_DEPTH {
        if let Some(entry) = level.iter().find_map(|index| index.choose(wanted)) {
            let (found, moved) = described(session, repository, &entry.content).await?;
            return match found.content {
                Manifest::Index(_) => Err(Error::Other(format!(
                    "{} is an index, and the index {name} says that it is not",
                    entry.content.digest
                ))
                .into()),
                _ => Ok((found, moved)),
            };
        }
        let mut next = Vec::new();
        for index in &level {
            offered.extend(index.platforms().map(ToString::to_string));
            for nested in index.nested() {
                if count == limit::INDEXES {
                    return Err(too_many(name.as_str()));
                }
                count += 1;
                let (found, _) = described(session, repository, &nested.content).await?;
                if let Manifest::Index(index) = found.content {
                    next.push(index);
                }
            }
        }
        level = next;
        if level.is_empty() {
            return Err(nothing_for(wanted, name.as_str(), &offered));
        }
    }
    Err(too_many(name.as_str()))
}

/// A manifest that an index describes, from the store or else from the registry.
async fn described(
    session: &Session,
    repository: &Repository,
    descriptor: &Descriptor,
) -> Result<(Stored, bool), Fault> {
    match manifest::find_described(descriptor).await? {
        Some(stored) => Ok((stored, false)),
        None => manifest::fetch_described(session, repository, descriptor)
            .await
            .map(|stored| (stored, true)),
    }
}

fn too_many(index: &str) -> Fault {
    Error::LimitExceeded(format!(
        "the index {index} leads to more than {} indexes, or they nest more than {} deep",
        limit::INDEXES,
        limit::INDEX_DEPTH
    ))
    .into()
}

fn nothing_for(wanted: Option<&Platform>, index: &str, offered: &[String]) -> Fault {
    let wanted = wanted.map_or_else(|| "WebAssembly".to_string(), ToString::to_string);
    let offered = match offered.len() {
        0 => "names no platform".to_string(),
        _ => format!("has {}", clean(&offered.join(", "), limit::MESSAGE_CHARS)),
    };
    Error::InvalidInput(format!(
        "the index {index} has nothing for {wanted}: it {offered} (--platform chooses another, \
         and a manifest's digest names it directly)"
    ))
    .into()
}
