//! What a call did.

use wharf_oci::{Descriptor, Digest};

use crate::bindings::{client, packaging, types};
use crate::error::Error;

/// What a pull or a push did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The manifest that the reference leads to now.
    pub manifest: Descriptor,
    /// The manifest and everything it names, each once, in the manifest's order,
    /// the manifest last.
    pub transfers: Vec<Transfer>,
}

/// One piece of content and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transfer {
    /// The content.
    pub content: Descriptor,
    /// What became of it.
    pub outcome: Outcome,
}

/// How a piece of content came to be where it was wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Its bytes moved.
    Moved,
    /// It was there already.
    Present,
    /// The registry took it over from another of its repositories.
    Mounted,
}

/// A manifest that refers to another.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Referrer {
    /// The manifest.
    pub content: Descriptor,
    /// What kind of artifact it is, where that is known.
    pub artifact_type: Option<String>,
    /// The manifest's annotations by key.
    pub annotations: Vec<(String, String)>,
}

/// What came of an application.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Packed {
    /// The manifest. All that it names is in the store too.
    pub manifest: Descriptor,
    /// The application's name, as its author wrote it.
    pub name: String,
    /// Things that the author should know, one sentence each.
    pub warnings: Vec<String>,
    /// What was sent already, see [`Wharf::pack_and_send`](crate::Wharf::pack_and_send).
    pub sent: Vec<Digest>,
}

impl TryFrom<client::Report> for Report {
    type Error = Error;

    fn try_from(report: client::Report) -> Result<Self, Error> {
        let transfers = report.transfers.into_iter().map(|transfer| {
            Ok(Transfer {
                content: descriptor(transfer.content)?,
                outcome: transfer.outcome.into(),
            })
        });
        Ok(Self {
            manifest: descriptor(report.manifest)?,
            transfers: transfers.collect::<Result<_, Error>>()?,
        })
    }
}

impl From<client::Outcome> for Outcome {
    fn from(outcome: client::Outcome) -> Self {
        match outcome {
            client::Outcome::Moved => Self::Moved,
            client::Outcome::Mounted => Self::Mounted,
            client::Outcome::Present | client::Outcome::Other(_) => Self::Present,
        }
    }
}

impl TryFrom<client::Referrer> for Referrer {
    type Error = Error;

    fn try_from(referrer: client::Referrer) -> Result<Self, Error> {
        Ok(Self {
            content: descriptor(referrer.content)?,
            artifact_type: referrer.artifact_type,
            annotations: referrer.annotations,
        })
    }
}

impl TryFrom<packaging::Packed> for Packed {
    type Error = Error;

    fn try_from(packed: packaging::Packed) -> Result<Self, Error> {
        Ok(Self {
            manifest: descriptor(packed.manifest)?,
            name: packed.name,
            warnings: packed.warnings,
            sent: Vec::new(),
        })
    }
}

/// A descriptor that a guest answered.
pub(crate) fn descriptor(answered: types::Descriptor) -> Result<Descriptor, Error> {
    let digest = answered.digest.clone();
    answered
        .try_into()
        .map_err(|_| Error::Other(format!("the component answered `{digest}` as a digest")))
}
