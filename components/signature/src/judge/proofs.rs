//! What lies beside a signature, and what it proves: who made it, and when.

use wharf_keyless::{Certified, Legacy, Options, Problem, Root};

/// What lies beside a signature.
#[derive(Clone, Copy)]
pub(super) enum Proofs<'a> {
    Bundle {
        /// The whole of the bundle.
        bytes: &'a [u8],
        certified: bool,
        log_entries: usize,
        timestamps: usize,
    },
    Legacy(Annotations<'a>),
}

/// Annotations of a layer.
#[derive(Clone, Copy)]
pub(super) struct Annotations<'a> {
    pub(super) certificate: Option<&'a str>,
    pub(super) chain: Option<&'a str>,
    pub(super) log_entry: Option<&'a str>,
    pub(super) timestamp: Option<&'a str>,
}

/// A signature, for its annotations to be judged with.
#[derive(Clone, Copy)]
pub(super) struct Signature<'a> {
    pub(super) message: &'a [u8],
    pub(super) bytes: &'a [u8],
}

impl Proofs<'_> {
    pub(super) fn has_certificate(&self) -> bool {
        match self {
            Self::Bundle { certified, .. } => *certified,
            Self::Legacy(annotations) => annotations.certificate.is_some(),
        }
    }

    /// Whether there are log entries or timestamps.
    pub(super) fn has_time(&self) -> bool {
        match self {
            Self::Bundle {
                log_entries,
                timestamps,
                ..
            } => log_entries + timestamps > 0,
            Self::Legacy(annotations) => {
                annotations.log_entry.is_some() || annotations.timestamp.is_some()
            }
        }
    }

    /// Who made the signature, by its certificate. A statement has to be about what has
    /// this SHA-256.
    pub(super) fn certified(
        &self,
        root: &Root,
        signature: Signature<'_>,
        subject: &[u8; 32],
        options: &Options,
    ) -> Result<Certified, Problem> {
        match self {
            Self::Bundle { bytes, .. } => wharf_keyless::bundle(root, bytes, subject, options),
            Self::Legacy(annotations) => {
                wharf_keyless::legacy(root, &annotations.with(signature), options)
            }
        }
    }

    /// When a signature by a key was made; none when nothing says so.
    pub(super) fn beside_key(
        &self,
        root: &Root,
        signature: Signature<'_>,
        spki: &[u8],
        options: &Options,
    ) -> Result<Option<Certified>, Problem> {
        match self {
            Self::Bundle { bytes, .. } => wharf_keyless::key_bundle(root, bytes, spki, options),
            Self::Legacy(annotations) => {
                wharf_keyless::key_legacy(root, &annotations.with(signature), spki, options)
            }
        }
    }
}

impl<'a> Annotations<'a> {
    fn with(&self, signature: Signature<'a>) -> Legacy<'a> {
        Legacy {
            payload: signature.message,
            signature: signature.bytes,
            certificate: self.certificate.unwrap_or_default(),
            chain: self.chain,
            log_entry: self.log_entry,
            timestamp: self.timestamp.map(str::as_bytes),
        }
    }
}
