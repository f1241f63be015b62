//! What a registry is asked, and told of names, without content being moved.

use wharf_oci::{Descriptor, Platform, Reference, Registry, Tag};

use crate::call::{Subject, unexpected};
use crate::capability::grant::Access;
use crate::error::Error;
use crate::operation::{Answer, Operation};
use crate::report::{Referrer, Report, descriptor};
use crate::session::registry::Asked;
use crate::wharf::Wharf;

impl Wharf {
    /// Proves the credential to a registry. An error says that the registry, or its
    /// token server, does not accept it.
    pub async fn check_credential(&self, registry: &Registry) -> Result<(), Error> {
        let operation = Operation::CheckCredential {
            registry: registry.to_string(),
        };
        let subject = Subject {
            registry,
            repository: None,
            stands_for: None,
            sources: Vec::new(),
            asked: Asked::default(),
        };
        self.call(subject, Access::Check, operation).await.map(drop)
    }

    /// What a reference leads to now, without fetching it. Of an index, it is the
    /// manifest for a platform, or else the first one for WebAssembly.
    pub async fn resolve(
        &self,
        reference: &Reference,
        platform: Option<&Platform>,
    ) -> Result<Descriptor, Error> {
        let asked = Asked {
            platform: platform.map(ToString::to_string),
            ..Asked::default()
        };
        self.resolve_asked(reference, asked, true).await
    }

    /// The same for what is asked, at mirrors too or at the registry alone: what is
    /// written there does not begin with the word of another.
    pub(crate) async fn resolve_asked(
        &self,
        reference: &Reference,
        asked: Asked,
        at_mirrors: bool,
    ) -> Result<Descriptor, Error> {
        let resolve = |reference| Operation::Resolve { reference };
        let answered = if at_mirrors {
            self.read(reference, resolve, asked.clone()).await
        } else {
            let operation = resolve(reference.to_string());
            self.about(reference, Access::Read, operation, asked.clone())
                .await
        };
        let Answer::Descriptor(answered) = answered? else {
            return Err(unexpected());
        };
        self.pinned(reference, &asked, descriptor(answered)?).await
    }

    /// Brings the manifest that a reference leads to, its config, and the layers of
    /// these media types into the store, and nothing of more than 4 MiB. Of an index,
    /// it is the manifest for a platform, or else the first one for WebAssembly.
    pub async fn inspect(
        &self,
        reference: &Reference,
        platform: Option<&Platform>,
        layers: &[&str],
    ) -> Result<Report, Error> {
        let pull = |reference| Operation::Pull { reference };
        let asked = Asked {
            platform: platform.map(ToString::to_string),
            layers: Some(layers.iter().map(ToString::to_string).collect()),
            ..Asked::default()
        };
        let Answer::Report(report) = self.read(reference, pull, asked.clone()).await? else {
            return Err(unexpected());
        };
        let report: Report = report.try_into()?;
        let manifest = self.pinned(reference, &asked, report.manifest).await?;
        Ok(Report { manifest, ..report })
    }

    /// The tags of a repository, in the registry's order: all of them or, when the
    /// reference has a digest, those that lead there. Its tag does not matter. The
    /// latter takes one request for each tag there is.
    pub async fn tags(&self, repository: &Reference) -> Result<Vec<Tag>, Error> {
        let operation = Operation::Tags {
            repository: repository.to_string(),
        };
        let asked = Asked::default();
        match self
            .about(repository, Access::Read, operation, asked)
            .await?
        {
            Answer::Tags(tags) => tags
                .iter()
                .map(|tag| tag.parse().map_err(|_| unexpected()))
                .collect(),
            _ => Err(unexpected()),
        }
    }

    /// Makes further tags of the same repository lead to what a reference leads to, and
    /// tells what that is. On an error, some of them may lead there already.
    pub async fn tag(&self, source: &Reference, tags: &[Tag]) -> Result<Descriptor, Error> {
        let mut source = source.clone();
        let mut tagged = None;
        for tag in tags {
            let target = Reference {
                tag: Some(tag.clone()),
                digest: None,
                ..source.clone()
            };
            let manifest = self.copy_manifest(&source, &target).await?.manifest;
            // The others get the same, and its manifest need not be fetched again.
            source = source.at_digest(manifest.digest.clone());
            tagged = Some(manifest);
        }
        tagged.ok_or_else(|| Error::InvalidInput("there is no tag to set".to_owned()))
    }

    /// Deletes what a reference names: by its digest a manifest, and with it every tag
    /// that leads to it; by a tag that tag alone, which not every registry does.
    pub async fn delete(&self, reference: &Reference) -> Result<(), Error> {
        let operation = Operation::Delete {
            reference: reference.to_string(),
        };
        let asked = Asked::default();
        self.about(reference, Access::Delete, operation, asked)
            .await
            .map(drop)
    }

    /// The manifests that refer to the digest of a reference, all or those of one kind. Of
    /// more than a thousand, it is a thousand and one, and the observer gets a note.
    pub async fn referrers(
        &self,
        reference: &Reference,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Referrer>, Error> {
        let operation = Operation::Referrers {
            reference: reference.to_string(),
            artifact_type: artifact_type.map(str::to_owned),
        };
        let asked = Asked::default();
        match self
            .about(reference, Access::Read, operation, asked)
            .await?
        {
            Answer::Referrers(list) => list.into_iter().map(TryInto::try_into).collect(),
            _ => Err(unexpected()),
        }
    }
}
