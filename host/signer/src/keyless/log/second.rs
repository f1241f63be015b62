//! Rekor's interface, version 2: `hashedrekord` entries of version 0.0.2, for envelopes too,
//! over whose encoding the hash is.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

use super::{Proposal, entry::Entry};
use crate::keyless::{Exchange, KeylessError, Step, Verifier, call::Call};

const PLACE: &str = "/spec/hashedRekordV002/signature/content";

/// Has an entry written. The answer is there when the entry is in the log, seconds later.
pub(super) async fn write(
    exchange: &dyn Exchange,
    log: &str,
    proposal: &Proposal<'_>,
) -> Result<Entry, KeylessError> {
    let algorithm = proposal.signed.algorithm;
    let details = algorithm
        .details()
        .ok_or(KeylessError::Unnamed(algorithm))?;
    let (kind, der) = match proposal.signed.verifier {
        Verifier::Certificate(der) => ("x509Certificate", der),
        Verifier::Key(der) => ("publicKey", der),
    };
    let order = json!({
        "hashedRekordRequestV002": {
            "digest": STANDARD.encode(&proposal.digest),
            "signature": {
                "content": proposal.signature(),
                "verifier": {
                    kind: { "rawBytes": STANDARD.encode(der) },
                    "keyDetails": details,
                },
            },
        },
    });
    let url = format!("{log}/api/v2/log/entries");
    let body = order.to_string().into_bytes();
    let answer = Call::post(Step::LogEntry, url, "application/json", body)
        .answer(exchange)
        .await?;
    let entry: Entry = answer.json()?;
    entry
        .check("hashedrekord", "0.0.2", PLACE, &proposal.signature())
        .map_err(|problem| answer.unusable(&problem))?;
    if entry.inclusion_proof.is_none() {
        return Err(answer.unusable("it has no proof that it is in the log"));
    }
    Ok(entry)
}
