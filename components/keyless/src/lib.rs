//! What certificates, transparency logs and timestamps prove of a signature: who made it,
//! and when, judged by a trusted root. Without I/O and without a clock of its own.
//!
//! The judgement is `sigstore-verify`'s, with cryptography in Rust alone. What it leaves
//! open is closed here:
//!
//! - Every certificate of the path is valid at each proved time, the authority's root and
//!   its intermediates too, and what a chain beside the signature adds is part of the path.
//! - The certificate is for signatures (key usage), is no authority's, and names exactly one
//!   party.
//! - Nothing is from the future, judged by a time that the caller gives.
//! - Each log entry is proved or promised, by the very log that it names, with a key of that
//!   log that was valid at each proved time; entries and timestamps are not doubled, and few.
//! - JSON that two readers could read in two ways is refused.
//! - Signatures in cosign's annotations are judged by the same rules.

mod authority;
mod certificate;
#[cfg(target_os = "wasi")]
mod clock;
mod evidence;
mod json;
mod judge;
mod legacy;
mod problem;
mod provider;
mod root;

pub use legacy::Legacy;
pub use problem::Problem;
pub use root::{PUBLIC_GOOD, Root};
use sigstore_verify::types::Sha256Hash;

/// How strictly to judge.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The time of the judgement, in seconds since 1970-01-01T00:00:00Z. Outside of a guest,
    /// what lies after the machine's own time is refused too.
    pub now: u64,
    /// Whether a certificate is accepted that no certificate transparency log vouches for.
    pub ignore_sct: bool,
    /// Whether a signature is accepted without what a transparency log says of it. A
    /// timestamp must prove the time then.
    pub ignore_log: bool,
}

/// What was proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certified {
    /// Whom the certificate names: an email address, a URI or a user name. Empty where there
    /// is no certificate.
    pub name: String,
    /// The issuer of the identity token behind the certificate (Fulcio, "OID information",
    /// 1.3.6.1.4.1.57264.1.8 or .1.1). Empty where there is no certificate.
    pub issuer: String,
    /// When the signature existed at the latest, the earliest time that is proved, in seconds
    /// since 1970-01-01T00:00:00Z. None where nothing proves one.
    pub time: Option<u64>,
    /// Whether a transparency log of the trusted root has the signature.
    pub logged: bool,
    /// What was checked, in words.
    pub checked: Vec<String>,
    /// What was not checked, in words.
    pub unchecked: Vec<String>,
}

/// Verifies a Sigstore bundle that has a certificate: all but what the identity and the
/// statement mean, the signature included. A DSSE envelope must hold an in-toto statement
/// that has a subject of that SHA-256; any other signature must be over the bytes of that
/// SHA-256.
pub fn bundle(
    root: &Root,
    bundle: &[u8],
    subject_sha256: &[u8; 32],
    options: &Options,
) -> Result<Certified, Problem> {
    let artifact = Sha256Hash::new(*subject_sha256).into();
    judge::certified(root, &json::bundle(bundle)?, &artifact, options)
}

/// Verifies a signature that is written down in cosign's annotations, with its certificate.
pub fn legacy(root: &Root, legacy: &Legacy<'_>, options: &Options) -> Result<Certified, Problem> {
    let bundle = legacy.with_certificate()?;
    judge::certified(root, &bundle, &legacy.artifact(&bundle)?, options)
}

/// Verifies the log entries and timestamps beside a signature by key, in a bundle. `Ok(None)`
/// where there are none. Whether the signature is by that key and about the right thing is
/// for the caller to verify first.
pub fn key_bundle(
    root: &Root,
    bundle: &[u8],
    spki_der: &[u8],
    options: &Options,
) -> Result<Option<Certified>, Problem> {
    let bundle = json::bundle(bundle)?;
    let artifact = evidence::signed_sha256(&bundle)?.into();
    judge::by_key(root, &bundle, spki_der, &artifact, options)
}

/// Verifies the log entry and timestamp beside a signature by key, in cosign's annotations
/// (`certificate` and `chain` are not looked at). `Ok(None)` where there are none. Whether
/// the signature is by that key and about the right thing is for the caller to verify first.
pub fn key_legacy(
    root: &Root,
    legacy: &Legacy<'_>,
    spki_der: &[u8],
    options: &Options,
) -> Result<Option<Certified>, Problem> {
    let bundle = legacy.with_key()?;
    judge::by_key(root, &bundle, spki_der, &legacy.artifact(&bundle)?, options)
}
