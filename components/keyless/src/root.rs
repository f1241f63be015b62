//! The trusted root.

use jiff::Timestamp;
use sigstore_verify::Verifier;
use sigstore_verify::trust_root::TrustedRoot;
use sigstore_verify::types::TimeRange;

use crate::{Problem, provider};

/// The trusted root of Sigstore's public instance, as `sigstore-trust-root` 0.15.1 has it from
/// <https://tuf-repo-cdn.sigstore.dev/>.
pub const PUBLIC_GOOD: &str = include_str!("../trusted_root.json");

/// A trusted root: the certificate authorities, the logs and the timestamp authorities whose
/// word counts, each with the time in which it counts.
#[derive(Debug, Clone)]
pub struct Root(TrustedRoot);

impl Root {
    /// Reads a `trusted_root.json` (protobuf JSON of `dev.sigstore.trustroot.v1`). Says why
    /// where it can't be used: each key and each certificate in it must be readable, and none
    /// may stand for two.
    pub fn parse(json: &[u8]) -> Result<Root, String> {
        provider::install();
        let text = std::str::from_utf8(json).map_err(|error| error.to_string())?;
        crate::json::unambiguous(text)?;
        let root = TrustedRoot::from_json(text).map_err(|error| error.to_string())?;
        Verifier::new(&root).map_err(|error| error.to_string())?;
        Ok(Root(root))
    }

    /// What of the root counts by a time: what begins later than that is left out.
    pub(crate) fn by(&self, now: Timestamp) -> Result<(TrustedRoot, Verifier), Problem> {
        let begun = |range: Option<TimeRange>| range.is_none_or(|range| range.has_started_by(now));
        let mut root = self.0.clone();
        root.tlogs.retain(|log| begun(log.public_key.valid_for));
        root.ctlogs.retain(|log| begun(log.public_key.valid_for));
        root.certificate_authorities
            .retain(|authority| begun(authority.valid_for));
        root.timestamp_authorities
            .retain(|authority| begun(authority.valid_for));
        let verifier = Verifier::new(&root)?;
        Ok((root, verifier))
    }
}
