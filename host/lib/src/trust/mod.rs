//! Trust: who has signed what, whether that is enough, and signing itself.
//!
//! Signatures are fetched by the registry component, as content of the store, and judged by
//! the trust component, which sees bytes and nothing of the world. Here the one's answers
//! become the other's evidence.
//!
//! ```text
//!  pull, copy ──▶ enforce ──▶ verify ──▶ search ──▶ evidence ──▶ store, registry component
//!                    │           └─────▶ trust component
//!                  rules
//!  sign ──▶ trust component, registry component
//!  refresh ──▶ a mirror of trusted roots
//! ```

mod bill;
mod document;
mod enforce;
mod evidence;
mod exchange;
mod keyless;
mod local_key;
mod refresh;
mod rules;
mod search;
mod sign;
mod verify;

pub use crate::bindings::verification::{
    Authority, Finding, Format, Identity, Matcher, Outcome as Worth, Requirement, Signer,
};
pub use bill::{BILL_PREDICATE, Bill};
pub use document::Document;
pub use enforce::{Judged, Trusted};
pub(crate) use evidence::legacy_tags;
pub use keyless::Proving;
pub use refresh::{Current, Kept, KeptError, Mirror, MirrorError, RefreshError, Refreshed};
pub use rules::{Mode, PREFIX_EXPECTED, Prefix, Rule, Rules, Trust};
pub use sign::{Made, Predicate, Proof, Proved, Prover, Signing, SigningKey};
pub use verify::{Distrust, Look, Untrusted, Verified, now, wanted};
pub use wharf_signer::keyless::{
    Ambient, CLIENT_ID, IdentityToken, Invitation, Issuer, Services, SigningConfig, TokenError,
    in_browser, on_another_device,
};
pub use wharf_signer::secrecy::ExposeSecret;
pub use wharf_signer::{
    Existing, KeyError, KeyPair, KeyProblem, KeySource, PrivateKey, Secret, UnknownKeySource,
    WriteError, generate,
};

/// The authorities and logs of the public Sigstore instance, as they were when this was
/// built (protobuf JSON of `dev.sigstore.trustroot`).
pub const PUBLIC_ROOT: &[u8] = include_bytes!("../../../../components/keyless/trusted_root.json");

impl Default for Requirement {
    /// Nobody's signature: name those whose word counts.
    fn default() -> Self {
        Self {
            signers: Vec::new(),
            threshold: 1,
            predicate: None,
            annotations: Vec::new(),
            match_repository: false,
            key_in_log: false,
            ignore_sct: false,
            ignore_log: false,
            trusted_root: None,
        }
    }
}
