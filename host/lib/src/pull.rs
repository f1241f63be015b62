//! Pull: from a registry, or its mirrors, into the store.

use wharf_oci::{Digest, Platform, Reference};

use crate::blocking::blocking;
use crate::call::unexpected;
use crate::capability::grant::Access;
use crate::error::Error;
use crate::operation::{Answer, Operation};
use crate::report::Report;
use crate::session::registry::Asked;
use crate::wharf::Wharf;

/// When the registry is asked for what may be in the store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pull {
    /// A tag always, and a digest when it is not complete here.
    #[default]
    Always,
    /// Only when what the reference was last seen as is not complete here.
    Missing,
    /// Never: what is not here is an error.
    Never,
}

/// What is pulled, and when.
#[derive(Debug, Clone, Default)]
pub struct PullOptions {
    /// When the registry is asked.
    pub policy: Pull,
    /// Which manifest of an index; none for the first one for WebAssembly.
    pub platform: Option<Platform>,
    /// Whether to take along what the registry has that refers to the manifest, and
    /// what refers to that, and so on. The registry is then asked also when the
    /// policy is [`Pull::Missing`].
    pub referrers: bool,
}

impl Wharf {
    /// Brings a manifest and everything it names into the store. A tag is always
    /// asked for anew; a digest whose content is complete needs no request.
    pub async fn pull(&self, reference: &Reference) -> Result<Report, Error> {
        self.pull_with(reference, &PullOptions::default()).await
    }

    /// The same, asking the registry only when the policy wants it.
    pub async fn pull_if(&self, reference: &Reference, policy: Pull) -> Result<Report, Error> {
        let options = PullOptions {
            policy,
            ..PullOptions::default()
        };
        self.pull_with(reference, &options).await
    }

    /// The same with options. What has to be signed is verified first, and then it is what
    /// was verified that is brought.
    pub async fn pull_with(
        &self,
        reference: &Reference,
        options: &PullOptions,
    ) -> Result<Report, Error> {
        let platform = options.platform.as_ref();
        let Some(trusted) = self.trusted(reference, options.policy, platform).await? else {
            return self.pull_any(reference, options).await;
        };
        let verified = self.pull_any(&trusted.reference, options).await?;
        if reference.digest.is_none() {
            self.keep_name(reference.to_string(), &trusted.subject)
                .await?;
        }
        Ok(verified)
    }

    /// A pull of something that was verified, or need not be.
    async fn pull_any(
        &self,
        reference: &Reference,
        options: &PullOptions,
    ) -> Result<Report, Error> {
        let asked = Asked {
            platform: options.platform.as_ref().map(ToString::to_string),
            referrers: options.referrers,
            ..Asked::default()
        };
        let online = self.pull_asked(reference, Access::Read, asked.clone());
        // Whether all that refers to it is here can't be known here.
        let suffices = options.policy == Pull::Never || !options.referrers;
        if options.policy == Pull::Always || !suffices {
            return online.await;
        }
        let absent = || Error::MissingContent(reference.to_string());
        let known = match &reference.digest {
            Some(digest) => Some(digest.clone()),
            None => self.last_seen(reference).await?,
        };
        let asked = Asked {
            referrers: false,
            ..asked
        };
        let here = match known {
            Some(digest) => {
                let reference = reference.at_digest(digest);
                self.pull_asked(&reference, Access::None, asked).await
            }
            None => Err(absent()),
        };
        match here {
            Err(Error::Refused(_) | Error::MissingContent(_))
                if options.policy == Pull::Missing =>
            {
                online.await
            }
            Err(Error::Refused(_)) => Err(absent()),
            here => here,
        }
    }

    pub(crate) async fn pull_asked(
        &self,
        reference: &Reference,
        access: Access,
        asked: Asked,
    ) -> Result<Report, Error> {
        let pull = |reference| Operation::Pull { reference };
        let answered = if access == Access::Read {
            self.read(reference, pull, asked.clone()).await
        } else {
            let operation = pull(reference.to_string());
            self.about(reference, access, operation, asked.clone())
                .await
        };
        let Answer::Report(report) = answered? else {
            return Err(unexpected());
        };
        let report: Report = report.try_into()?;
        let manifest = self.pinned(reference, &asked, report.manifest).await?;
        Ok(Report { manifest, ..report })
    }

    /// What a reference was last seen as.
    pub(crate) async fn last_seen(&self, reference: &Reference) -> Result<Option<Digest>, Error> {
        let (store, name) = (self.store().clone(), reference.to_string());
        let found = blocking(move || store.find_name(&name)).await??;
        Ok(found.map(|descriptor| descriptor.digest))
    }
}
