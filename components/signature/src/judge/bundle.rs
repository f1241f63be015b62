//! Bundles.

use super::candidate::{Candidate, Meaning};
use super::proofs::Proofs;
use super::{Judged, Place, Question};
use crate::bundle::{Bundle, Content, Material};
use crate::encoding::from_base64;
use crate::statement::Statement;
use crate::{Format, Outcome};

/// Judges the bytes of a bundle.
pub(super) fn judge(place: Place, bytes: &[u8], question: &Question<'_>) -> Judged {
    let bundle = match Bundle::parse(bytes) {
        Ok(bundle) => bundle,
        Err(reason) => return place.found(Format::Bundle, Outcome::Unusable(reason)),
    };
    let envelope = match bundle.content {
        Content::Statement(envelope) => envelope,
        Content::File => {
            let outcome = Outcome::Foreign(
                "it is the signature of a file, and says nothing of a manifest".to_owned(),
            );
            return place.found(Format::Bundle, outcome);
        }
    };
    let statement = match Statement::parse(&envelope.payload) {
        Ok(statement) => statement,
        Err(reason) => return place.found(Format::Bundle, Outcome::Unusable(reason)),
    };
    let (certified, hint) = match &bundle.material {
        Material::Certificate => (true, None),
        Material::Key(hint) => (false, fingerprint(hint)),
    };
    let candidate = Candidate {
        place,
        format: Format::Bundle,
        message: envelope.message(),
        signature: envelope.signature,
        content: envelope.payload,
        meaning: Meaning::Statement(statement),
        hint,
        proofs: Proofs::Bundle {
            bytes,
            certified,
            log_entries: bundle.log_entries,
            timestamps: bundle.timestamps,
        },
    };
    candidate.judge(question)
}

/// The fingerprint that a hint is, as cosign writes it; none when it is something else.
fn fingerprint(hint: &str) -> Option<[u8; 32]> {
    from_base64(hint)?.try_into().ok()
}
