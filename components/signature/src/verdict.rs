//! What was found, and whether it is enough.

use wharf_oci::Digest;

/// How a signature was written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A Sigstore bundle.
    Bundle,
    /// A layer of the manifest that is tagged `sha256-….sig` (or `.att`).
    Legacy,
}

/// What one signature is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is by these of the signers that are asked for.
    Accepted(Vec<String>),
    /// It is nobody's who is asked for, or says something else than is asked for. Says why.
    Foreign(String),
    /// It is wrong: it does not fit what it was made for. Says why.
    Wrong(String),
    /// It can't be read. Says why.
    Unusable(String),
}

/// One signature, and what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The manifest that it stands in; none for a file.
    pub manifest: Option<Digest>,
    /// The layer that it stands in; none for a file.
    pub layer: Option<Digest>,
    /// How it was written down.
    pub format: Format,
    /// Who made it, as it was proved, in words: the fingerprint of a key, or an identity
    /// and its issuer. None where nothing was proved.
    pub by: Option<String>,
    /// When it was made, proved by a log or a timestamp, in seconds since
    /// 1970-01-01T00:00:00Z.
    pub time: Option<u64>,
    /// The repository that it names.
    pub repository: Option<String>,
    /// The predicate type of an attestation.
    pub predicate: Option<String>,
    /// The annotations that it has.
    pub annotations: Vec<(String, String)>,
    /// What was signed: the statement or the payload, as JSON. Only of what was accepted.
    pub payload: Option<Vec<u8>>,
    /// What was checked, in words.
    pub checked: Vec<String>,
    /// What was not checked, in words.
    pub unchecked: Vec<String>,
    /// What it is worth.
    pub outcome: Outcome,
}

/// What was found, and whether it is enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether as many of the signers have signed as are required.
    pub satisfied: bool,
    /// Each signature, in the order of the evidence.
    pub findings: Vec<Finding>,
}
