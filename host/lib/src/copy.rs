//! Copies: from one place of a registry to another, or to another registry.

use std::collections::BTreeSet;

use wharf_oci::manifest::Manifest;
use wharf_oci::{Descriptor, Digest, Platform, Reference, limit, media_type};

use crate::call::{Subject, unexpected};
use crate::capability::grant::Access;
use crate::error::Error;
use crate::operation::{Answer, Operation};
use crate::progress::Event;
use crate::pull::Pull;
use crate::push::PushOptions;
use crate::report::{Report, Transfer};
use crate::session::registry::Asked;
use crate::trust::legacy_tags;
use crate::wharf::Wharf;

/// What is copied.
#[derive(Debug, Clone, Default)]
pub struct CopyOptions {
    /// Which manifest of an index; none for the index with everything that it lists.
    pub platform: Option<Platform>,
    /// Whether to take along what the source's registry has that refers to it, and what
    /// refers to that, and so on.
    pub recursive: bool,
}

impl Wharf {
    /// Copies what a reference leads to, and everything it names, to another. Within
    /// a registry, content is taken over without moving where the registry does that;
    /// else it goes through the store.
    pub async fn copy(&self, source: &Reference, target: &Reference) -> Result<Report, Error> {
        self.copy_with(source, target, &CopyOptions::default())
            .await
    }

    /// The same with options. What the target names comes last: whoever sees it there
    /// has all that goes with it, signatures too.
    pub async fn copy_with(
        &self,
        source: &Reference,
        target: &Reference,
        options: &CopyOptions,
    ) -> Result<Report, Error> {
        let _work = self.at_work().await?;
        let asked = match &options.platform {
            Some(platform) => Asked {
                platform: Some(platform.to_string()),
                ..Asked::default()
            },
            None => Asked::whole(),
        };
        let is_elsewhere = source.registry != target.registry;
        let root = self.resolve_asked(source, asked, is_elsewhere).await?;
        let source = &source.at_digest(root.digest.clone());
        let platform = options.platform.as_ref();
        let trusted = self.trusted(source, Pull::Always, platform).await?;
        let mut listed = self.members(&root, Some(source)).await?;
        // Itself, which is the last.
        listed.pop();
        if trusted.is_some_and(|trusted| trusted.subject.digest != root.digest) {
            // One of them is signed, which says nothing of the others.
            for member in &listed {
                if !media_type::is_index(&member.media_type) {
                    let member = source.at_digest(member.digest.clone());
                    self.trusted(&member, Pull::Always, None).await?;
                }
            }
        }
        let mut copy = Copy {
            wharf: self,
            source,
            target,
            known: BTreeSet::new(),
            transfers: Vec::new(),
        };
        for member in &listed {
            copy.bring(member).await?;
        }
        if options.recursive {
            let subjects = listed.iter().map(|member| member.digest.clone());
            let subjects: Vec<_> = subjects.chain([root.digest]).collect();
            for subject in &subjects {
                copy.tagged(subject).await?;
            }
            copy.referrers(subjects).await?;
        }
        let mut transfers = copy.transfers;
        let last = self.copy_manifest(source, target).await?;
        transfers.extend(last.transfers);
        Ok(Report {
            manifest: last.manifest,
            transfers,
        })
    }

    /// Copies one manifest and the blobs that it names; of an index, it alone.
    pub(crate) async fn copy_manifest(
        &self,
        source: &Reference,
        target: &Reference,
    ) -> Result<Report, Error> {
        if source.registry != target.registry {
            let pulled = self
                .pull_asked(source, Access::Read, Asked::whole())
                .await?;
            let options = PushOptions::default();
            return self
                .push_manifest(&pulled.manifest.digest, target, &options)
                .await;
        }
        let operation = Operation::Copy {
            source: source.to_string(),
            target: target.to_string(),
        };
        let subject = Subject {
            registry: &target.registry,
            repository: Some(target.repository.clone()),
            stands_for: None,
            sources: vec![source.repository.clone()],
            asked: Asked::whole(),
        };
        let Answer::Report(report) = self.call(subject, Access::Write, operation).await? else {
            return Err(unexpected());
        };
        let report: Report = report.try_into()?;
        let manifest = self
            .pinned(source, &Asked::whole(), report.manifest)
            .await?;
        Ok(Report { manifest, ..report })
    }
}

/// A copy under way.
struct Copy<'a> {
    wharf: &'a Wharf,
    source: &'a Reference,
    target: &'a Reference,
    /// What was brought.
    known: BTreeSet<Digest>,
    transfers: Vec<Transfer>,
}

impl Copy<'_> {
    /// Brings a manifest by its digest, unless it was brought.
    async fn bring(&mut self, manifest: &Descriptor) -> Result<(), Error> {
        let digest = &manifest.digest;
        if !self.known.insert(digest.clone()) {
            return Ok(());
        }
        let source = self.source.at_digest(digest.clone());
        let target = self.target.at_digest(digest.clone());
        let copied = self.wharf.copy_manifest(&source, &target).await?;
        self.transfers.extend(copied.transfers);
        Ok(())
    }

    /// Brings what lies under tags that are made of a digest: signatures and attestations in
    /// the legacy format. What the target has there, and the source has not, is left alone.
    async fn tagged(&mut self, subject: &Digest) -> Result<(), Error> {
        for tag in legacy_tags(subject) {
            let (from, to) = (tag.reference(self.source)?, tag.reference(self.target)?);
            let theirs = match self.wharf.resolve_asked(&from, Asked::whole(), false).await {
                Ok(manifest) => manifest,
                Err(Error::NotFound(_)) => continue,
                Err(error) => return Err(error),
            };
            match self.wharf.resolve_asked(&to, Asked::whole(), false).await {
                Ok(present) if present.digest == theirs.digest => continue,
                Ok(_) if !self.contains(&from, &to).await? => {
                    self.wharf.tell(Event::Note(format!(
                        "{to} has signatures that {from} has not, and is left as it is"
                    )));
                    continue;
                }
                Ok(_) | Err(Error::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
            let copied = self.wharf.copy_manifest(&from, &to).await?;
            self.transfers.extend(copied.transfers);
        }
        Ok(())
    }

    /// Whether what one reference leads to has all the layers of another.
    async fn contains(&self, all: &Reference, some: &Reference) -> Result<bool, Error> {
        let mut layers = Vec::new();
        for reference in [all, some] {
            let found = self.wharf.fetched(reference).await?;
            let bytes = match found {
                Some(manifest) => self.wharf.stored(&manifest.digest).await?,
                None => None,
            };
            let parsed = bytes.map(|bytes| Manifest::parse(&bytes, None));
            let Some(Ok(Manifest::Image(image))) = parsed else {
                return Ok(false);
            };
            layers.push(image.layers);
        }
        Ok(layers.is_sorted_by(|all, some| some.iter().all(|layer| all.contains(layer))))
    }

    /// Brings what refers to these, and what refers to that, and so on. It ends, whatever
    /// is said to refer to what (GHSA-298f-872v-2rcx).
    async fn referrers(&mut self, subjects: Vec<Digest>) -> Result<(), Error> {
        let mut seen: BTreeSet<Digest> = subjects.iter().cloned().collect();
        let most = seen.len() + limit::REFERRERS;
        let mut left: Vec<(Digest, usize)> =
            subjects.into_iter().map(|digest| (digest, 0)).collect();
        while let Some((subject, depth)) = left.pop() {
            let at = self.source.at_digest(subject);
            for referrer in self.wharf.referrers(&at, None).await? {
                if !seen.insert(referrer.content.digest.clone()) {
                    continue;
                }
                if seen.len() > most || depth >= limit::REFERRERS_DEPTH {
                    return Err(Error::LimitExceeded(format!(
                        "more than {} manifests refer to {}, or they do more than {} deep",
                        limit::REFERRERS,
                        self.source,
                        limit::REFERRERS_DEPTH
                    )));
                }
                for digest in self.referrer(&referrer.content).await? {
                    seen.insert(digest.clone());
                    left.push((digest, depth + 1));
                }
            }
        }
        Ok(())
    }

    /// Brings a manifest that is said to refer to another, with what it lists, and tells
    /// what that was. A list under a tag may name what was deleted since.
    async fn referrer(&mut self, referrer: &Descriptor) -> Result<Vec<Digest>, Error> {
        let brought = async {
            let members = self.wharf.members(referrer, Some(self.source)).await?;
            for member in &members {
                self.bring(member).await?;
            }
            Ok(members.into_iter().map(|member| member.digest).collect())
        };
        match brought.await {
            Err(Error::NotFound(_)) => {
                self.wharf.tell(Event::Note(format!(
                    "{} is said to refer to something and is not there",
                    referrer.digest
                )));
                Ok(Vec::new())
            }
            brought => brought,
        }
    }
}
