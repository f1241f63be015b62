//! What has to be found.

/// What has to be found of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a rule of its own")]
pub struct Requirement {
    /// Whose word counts.
    pub signers: Vec<Signer>,
    /// How many of them, different ones, must have signed. At least 1.
    pub threshold: u32,
    /// The predicate type that is wanted (in-toto Statement v1); none for a signature.
    pub predicate: Option<String>,
    /// Annotations that a signature must have.
    pub annotations: Vec<(String, String)>,
    /// Whether a signature that names another repository is refused. Only the legacy
    /// format names one.
    pub match_repository: bool,
    /// Whether signatures by key must be in a transparency log of the trusted root.
    pub key_in_log: bool,
    /// Whether certificates are accepted that no certificate transparency log vouches for.
    pub ignore_sct: bool,
    /// Whether certificates are accepted without an entry in a transparency log. There
    /// must be a timestamp then.
    pub ignore_log: bool,
    /// The trusted root (protobuf JSON of `dev.sigstore.trustroot`), which only identities
    /// and `key_in_log` need.
    pub trusted_root: Option<Vec<u8>>,
}

/// Somebody whose word counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// What the caller calls it.
    pub name: String,
    /// How it is recognised.
    pub authority: Authority,
}

/// How somebody is recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authority {
    /// By a public key, in PEM (`SubjectPublicKeyInfo`).
    Key(String),
    /// By a certificate of an authority that the trusted root has (Fulcio, "OID
    /// information").
    Identity {
        /// The name: an email address, or the URI of a workflow.
        name: Matcher,
        /// Who vouched for it: the issuer of the identity token.
        issuer: Matcher,
    },
}

/// A text that is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Matcher {
    /// This text.
    Exact(String),
    /// A regular expression that the whole text matches. (To cosign, a part of the text
    /// that matches is enough.)
    Pattern(String),
}
