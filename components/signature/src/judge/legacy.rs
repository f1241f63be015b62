//! Layers of the legacy format.

use super::candidate::{Candidate, Meaning};
use super::proofs::{Annotations, Proofs};
use super::{Judged, Place, Question};
use crate::encoding::from_base64;
use crate::envelope::Envelope;
use crate::json::Json;
use crate::layer::{CERTIFICATE, CHAIN, Kind, LOG_ENTRY, Layer, SIGNATURE, TIMESTAMP};
use crate::payload::Payload;
use crate::statement::Statement;
use crate::{Format, Outcome, limit};

/// Judges a layer whose content is what its descriptor says.
pub(super) fn judge(
    place: Place,
    layer: &Layer,
    content: &[u8],
    question: &Question<'_>,
) -> Judged {
    match read(&place, layer, content) {
        Ok(candidate) => candidate.judge(question),
        Err(reason) => place.found(Format::Legacy, Outcome::Unusable(reason)),
    }
}

fn read<'a>(place: &Place, layer: &'a Layer, content: &[u8]) -> Result<Candidate<'a>, String> {
    if content.len() > limit::DOCUMENT_BYTES {
        return Err(format!("it is larger than {} bytes", limit::DOCUMENT_BYTES));
    }
    let annotations = Annotations {
        certificate: layer.annotation(CERTIFICATE),
        chain: layer.annotation(CHAIN),
        log_entry: layer.annotation(LOG_ENTRY),
        timestamp: layer.annotation(TIMESTAMP),
    };
    let pem = [annotations.certificate, annotations.chain];
    let certificates = pem
        .into_iter()
        .flatten()
        .map(|pem| pem.matches("-----BEGIN").count());
    if certificates.sum::<usize>() > limit::CERTIFICATES {
        return Err(format!(
            "it has more than {} certificates",
            limit::CERTIFICATES
        ));
    }
    let proofs = Proofs::Legacy(annotations);
    let candidate = |message, signature, content, meaning| Candidate {
        place: place.clone(),
        format: Format::Legacy,
        message,
        signature,
        content,
        meaning,
        hint: None,
        proofs,
    };
    if layer.kind() == Some(Kind::Envelope) {
        let envelope = Envelope::read(&Json::parse(content)?)?;
        let statement = Statement::parse(&envelope.payload)?;
        let (message, meaning) = (envelope.message(), Meaning::Statement(statement));
        return Ok(candidate(
            message,
            envelope.signature,
            envelope.payload,
            meaning,
        ));
    }
    let signature = layer.annotation(SIGNATURE).and_then(from_base64);
    let signature = signature
        .ok_or_else(|| format!("its annotation `{SIGNATURE}` is missing or is not base64"))?;
    let meaning = Meaning::Payload(Payload::parse(content)?);
    Ok(candidate(
        content.to_vec(),
        signature,
        content.to_vec(),
        meaning,
    ))
}
