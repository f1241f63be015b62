//! Push: from the store to a registry.

use wharf_oci::{Descriptor, Digest, Reference, Tag};

use crate::call::unexpected;
use crate::capability::grant::Access;
use crate::error::Error;
use crate::operation::{Answer, Operation};
use crate::report::{Outcome, Report};
use crate::session::registry::Asked;
use crate::wharf::Wharf;

/// How a manifest is pushed.
#[derive(Debug, Clone, Default)]
pub struct PushOptions {
    /// Whether to take along what the store has that refers to the manifest, and what
    /// refers to that, and so on.
    pub referrers: bool,
    /// Whether only to find out what would be done.
    pub dry: bool,
    /// What was sent ahead ([`Packed::sent`](crate::Packed::sent)), to be told as moved.
    pub sent: Vec<Digest>,
    /// Further tags of the same repository, which are set once the manifest is there. On
    /// an error, some of them may lead there already.
    pub tags: Vec<Tag>,
}

impl Wharf {
    /// Sends a manifest of the store and everything it names, the manifest last,
    /// under the reference's tag or digest. What an index lists goes with it.
    pub async fn push(&self, manifest: &Digest, reference: &Reference) -> Result<Report, Error> {
        let options = PushOptions::default();
        self.push_with(manifest, reference, &options).await
    }

    /// What [`Wharf::push`] would do, without doing it. What would be sent is told as
    /// [`Outcome::Moved`](crate::Outcome::Moved).
    pub async fn plan(&self, manifest: &Digest, reference: &Reference) -> Result<Report, Error> {
        let options = PushOptions {
            dry: true,
            ..PushOptions::default()
        };
        self.push_with(manifest, reference, &options).await
    }

    /// [`Wharf::push`] or [`Wharf::plan`] with options.
    pub async fn push_with(
        &self,
        manifest: &Digest,
        reference: &Reference,
        options: &PushOptions,
    ) -> Result<Report, Error> {
        let _work = self.at_work().await?;
        if !options.dry
            && let Some(tag) = options.tags.first()
        {
            // Said before anything was sent.
            let name = format!("{}/{}:{tag}", reference.registry, reference.repository);
            self.overseer().policies().tag(&name)?;
        }
        let mut transfers = Vec::new();
        for member in self.before(manifest).await? {
            let reference = reference.at_digest(member.digest.clone());
            let pushed = self.push_manifest(&member.digest, &reference, options);
            transfers.extend(pushed.await?.transfers);
        }
        let last = self.push_manifest(manifest, reference, options).await?;
        transfers.extend(last.transfers);
        for transfer in &mut transfers {
            if options.sent.contains(&transfer.content.digest) {
                transfer.outcome = Outcome::Moved;
            }
        }
        if !options.dry && !options.tags.is_empty() {
            self.set_tags(&last.manifest, reference, &options.tags)
                .await?;
        }
        Ok(Report {
            manifest: last.manifest,
            transfers,
        })
    }

    /// Has further tags lead to a manifest that was pushed: one request for each.
    async fn set_tags(
        &self,
        manifest: &Descriptor,
        reference: &Reference,
        tags: &[Tag],
    ) -> Result<(), Error> {
        let pushed = reference.at_digest(manifest.digest.clone());
        for tag in tags {
            self.tag(&pushed, std::slice::from_ref(tag)).await?;
            let name = Reference {
                tag: Some(tag.clone()),
                digest: None,
                ..reference.clone()
            };
            self.keep_name(name.to_string(), manifest).await?;
        }
        Ok(())
    }

    /// Pushes one manifest and the blobs that it names; of an index, it alone.
    pub(crate) async fn push_manifest(
        &self,
        manifest: &Digest,
        reference: &Reference,
        options: &PushOptions,
    ) -> Result<Report, Error> {
        self.push_asked(manifest, reference, options, Asked::default())
            .await
    }

    /// The same, for what is asked besides.
    pub(crate) async fn push_asked(
        &self,
        manifest: &Digest,
        reference: &Reference,
        options: &PushOptions,
        asked: Asked,
    ) -> Result<Report, Error> {
        let asked = Asked {
            referrers: options.referrers,
            dry_run: options.dry,
            ..asked
        };
        let access = if options.dry {
            Access::Read
        } else {
            Access::Write
        };
        let operation = Operation::Push {
            manifest: manifest.to_string(),
            reference: reference.to_string(),
        };
        let Answer::Report(report) = self.about(reference, access, operation, asked).await? else {
            return Err(unexpected());
        };
        let report: Report = report.try_into()?;
        // What is signed next, perhaps: it has to be what was given.
        let given = reference.at_digest(manifest.clone());
        let manifest = self
            .pinned(&given, &Asked::whole(), report.manifest)
            .await?;
        Ok(Report { manifest, ..report })
    }
}
