//! Signatures and attestations, as they are written down. Whoever signs sees only the
//! message; its key is seen by nothing here.
//!
//! What is made is read again by what judges: nothing is handed out that it would not
//! understand, nor a signature by a key that it does not fit.

mod artifact;
mod bundle;
mod legacy;
mod message;
mod proof;

pub use artifact::bundle_artifact;
pub use bundle::bundle;
pub use legacy::legacy_artifact;
pub use message::message;
use wharf_oci::Descriptor;

use crate::{Error, Format};

/// What an attestation says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Predicate {
    /// Its type, a URI.
    pub kind: String,
    /// What it says, as JSON.
    pub content: Vec<u8>,
}

/// What is said of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The manifest.
    pub subject: Descriptor,
    /// The repository that it is in (`registry/repository`), for the legacy format.
    pub repository: String,
    /// Annotations of the signature.
    pub annotations: Vec<(String, String)>,
    /// What an attestation says; none for a signature.
    pub predicate: Option<Predicate>,
}

/// Something that is to be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsigned {
    /// The statement as JSON, or the payload of a signature in the legacy format.
    pub payload: Vec<u8>,
    /// The bytes that the signature is to be over: the payload's pre-authentication
    /// encoding (DSSE v1.0.0) or, of a signature in the legacy format, the payload.
    pub message: Vec<u8>,
}

/// Something that was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// For which format.
    pub format: Format,
    /// The payload of [`Unsigned`].
    pub payload: Vec<u8>,
    /// The message of [`Unsigned`], which the signature is over.
    pub message: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
}

/// What proves who made a signature, and when.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proof {
    /// The public key in PEM, where no certificate has it.
    pub public_key: Option<String>,
    /// Certificates in DER, the one of the key first.
    pub certificates: Vec<Vec<u8>>,
    /// Entries of transparency logs (protobuf JSON of `dev.sigstore.rekor.v1`,
    /// `TransparencyLogEntry`).
    pub log_entries: Vec<Vec<u8>>,
    /// Timestamps of the signature (RFC 3161, `TimeStampResp`).
    pub timestamps: Vec<Vec<u8>>,
}

/// An artifact, to be stored and pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// The manifest's media type.
    pub media_type: String,
    /// The manifest.
    pub manifest: Vec<u8>,
    /// What it names, as far as it is new: its config and layers.
    pub blobs: Vec<Vec<u8>>,
}

/// What is made can't be read: a mistake of this side.
#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn unreadable(reason: String) -> Error {
    Error::Other(format!("what was made can't be read again: {reason}"))
}
