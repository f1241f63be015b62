//! Delete: a tag, or a manifest and with it all of its tags.

use wharf_oci::Reference;
use wharf_oci::request::{ManifestName, Operation};
use wharf_oci::token::Scope;

use crate::bindings::Error;
use crate::failure::Fault;
use crate::session::Session;
use crate::settings::Settings;
use crate::{manifest, referrers};

/// Deletes what `reference` names. A manifest that refers to another is also taken off
/// that one's list, where the registry does not do it.
pub(crate) async fn delete(reference: &Reference, settings: Settings) -> Result<(), Fault> {
    let repository = &reference.repository;
    let session = |scope| Session::new(reference.registry.clone(), Some(scope), settings.clone());
    let deleting = session(Scope::delete(repository.clone()));
    let name = manifest::name(reference);
    let subject = match &name {
        ManifestName::Digest(_) => {
            let stored = manifest::fetch(&deleting, repository, &name).await?;
            referrers::subject(&stored)?
        }
        ManifestName::Tag(_) => {
            // A 400 to the first request of all could also mean that TLS is wanted.
            let request = manifest::request(&deleting, "HEAD", repository, &name)?;
            deleting.exchange(request, &[200]).await?;
            None
        }
    };
    let request = deleting.request("DELETE", repository, &Operation::DeleteManifest(name))?;
    match deleting.exchange(request, &[200, 202, 204]).await {
        // An earlier try did it, and its answer was lost.
        Err(fault) if matches!(fault.error(), Error::NotFound(last) if last.attempts > 1) => {}
        answered => drop(answered?),
    }
    let (Some((subject, _)), Some(deleted)) = (subject, &reference.digest) else {
        return Ok(());
    };
    let listed = referrers::listed(&deleting, repository, &subject.digest, None).await?;
    if listed.is_some() {
        return Ok(());
    }
    let writing = session(Scope::push(repository.clone()));
    referrers::forget(&writing, repository, &subject.digest, deleted).await
}
