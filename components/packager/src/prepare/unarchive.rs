//! From archives to the files in them.
//!
//! An archive is gone through twice: first to see that all of it is right, and which of
//! its files the application names; then to take these in. So nothing of an archive
//! that is refused is stored, nor anything that nobody asked for.

use std::collections::BTreeSet;

use wharf_app::archive::{ArchiveError, Budget, Limits, Places, Search, Searching, Step, Unpacker};
use wharf_app::artifact::{Artifact, Wanted};
use wharf_app::locked::LockedApp;
use wharf_oci::{Descriptor as Layer, media_type};

use crate::bindings::{Descriptor, Error, content_store};
use crate::content::Content;
use crate::intake::Intake;
use crate::{failure, store};

/// How many missing files an error names.
const MOST_NAMED: usize = 5;

/// The artifact with the files of its archives as layers; none when what it says can't
/// be read.
pub(super) async fn unarchive(
    artifact: &Artifact,
    limits: Limits,
) -> Result<Option<Descriptor>, Error> {
    let locked = artifact.locked_app().digest.to_string();
    let Some(bytes) = content_store::get(&locked)? else {
        return Err(Error::MissingContent(locked));
    };
    let Ok(app) = LockedApp::from_json(&bytes) else {
        return Ok(None);
    };
    let wanted = artifact.wanted(&app);
    let archives: Vec<_> = artifact.archives().collect();
    let sizes = archives.iter().map(|archive| archive.size);
    let budget = Budget::new(limits, sizes.fold(0, u64::saturating_add));

    let digests: BTreeSet<_> = wanted.iter().map(|wanted| wanted.digest.clone()).collect();
    let mut search = Search::new(digests, budget.clone());
    let mut places = Vec::new();
    for archive in &archives {
        places.push(look(archive, &mut search).await?);
    }
    let (found, missing) = search.results();
    let missing: Vec<_> = wanted
        .iter()
        .filter(|wanted| missing.contains(wanted.digest))
        .collect();
    if !missing.is_empty() {
        return Err(Error::Other(named(&missing)));
    }
    for (archive, places) in archives.into_iter().zip(places) {
        let places = absent(places)?;
        if !places.is_empty() {
            take_in(archive, places, budget.clone()).await?;
        }
    }
    let manifest = artifact.unpacked(&found);
    let size = manifest.len() as u64;
    let digest = store::put(manifest).await?;
    Ok(Some(Descriptor {
        media_type: media_type::IMAGE_MANIFEST.to_owned(),
        digest: digest.to_string(),
        size,
    }))
}

/// Looks for what is wanted in an archive, all of which must be right.
async fn look(archive: &Layer, search: &mut Search) -> Result<Places, Error> {
    let wrong = |error| failure::archive(archive, &error);
    let mut content = Content::open(&archive.digest, archive.size).await?;
    let mut searching = Searching::new();
    while let Some(piece) = content.next().await? {
        search.look(&mut searching, Some(&piece)).map_err(wrong)?;
    }
    search.look(&mut searching, None).map_err(wrong)?;
    Ok(searching.places())
}

/// Those of the files that the store does not have yet.
fn absent(places: Places) -> Result<Places, Error> {
    let mut absent = Places::new();
    for (place, (digest, size)) in places {
        if content_store::stat(digest.as_str())? != Some(size) {
            absent.insert(place, (digest, size));
        }
    }
    Ok(absent)
}

/// Stores the files of an archive that are at these places.
async fn take_in(archive: &Layer, places: Places, mut budget: Budget) -> Result<(), Error> {
    let wrong = |error: ArchiveError| failure::archive(archive, &error);
    let mut content = Content::open(&archive.digest, archive.size).await?;
    let mut unpacker = Unpacker::new();
    let mut files = 0;
    let mut left = places;
    let mut intake: Option<Intake> = None;
    while !left.is_empty() || intake.is_some() {
        match unpacker.step(&mut budget).map_err(wrong)? {
            Step::File(_) => {
                if let Some((digest, size)) = left.remove(&files) {
                    intake = Some(Intake::begin(digest, size).await?);
                }
                files += 1;
            }
            Step::Data(piece) => {
                if let Some(intake) = &mut intake {
                    intake.write(piece).await?;
                }
            }
            Step::Complete => {
                if let Some(intake) = intake.take() {
                    intake.finish().await?;
                }
            }
            Step::Hungry => match content.next().await? {
                Some(piece) => unpacker.feed(&piece),
                None => unpacker.feed_end(),
            },
            Step::End => break,
        }
    }
    Ok(())
}

/// What is nowhere in the artifact, the first few by name.
fn named(missing: &[&Wanted<'_>]) -> String {
    let mut words: Vec<_> = missing
        .iter()
        .take(MOST_NAMED)
        .map(|wanted| format!("{wanted} ({})", wanted.digest))
        .collect();
    if missing.len() > MOST_NAMED {
        words.push(format!("{} more", missing.len() - MOST_NAMED));
    }
    format!(
        "the application is not whole: no layer and no archive of the artifact has {}",
        words.join(", ")
    )
}
