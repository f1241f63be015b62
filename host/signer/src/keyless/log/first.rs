//! Rekor's interface, version 1: `dsse` and `hashedrekord` entries, each of version 0.0.1.

use std::collections::BTreeMap;

use base16ct::mixed::decode_vec;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Proposal,
    entry::{Checkpoint, Entry, KindVersion, LogId, Number, Promise, Proof},
};
use crate::keyless::{
    Content, Exchange, KeylessError, Step,
    call::{Answered, Call},
};

const VERSION: &str = "0.0.1";
const ENTRIES: &str = "/api/v1/log/entries";
/// The hash of an entry, in hexadecimal; the whole name of one has the tree's before it.
const HASH: usize = 64;
const NAME: usize = 80;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    body: String,
    #[serde(default)]
    integrated_time: Number,
    #[serde(rename = "logID")]
    log_id: String,
    log_index: Number,
    #[serde(default)]
    verification: Verification,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verification {
    signed_entry_timestamp: Option<String>,
    inclusion_proof: Option<WrittenProof>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenProof {
    checkpoint: String,
    #[serde(default)]
    hashes: Vec<String>,
    log_index: Number,
    root_hash: String,
    tree_size: Number,
}

/// Has an entry written. One that is there already is as good: the signature is the same.
pub(super) async fn write(
    exchange: &dyn Exchange,
    log: &str,
    proposal: &Proposal<'_>,
) -> Result<Entry, KeylessError> {
    let (kind, spec, place) = match proposal.signed.content {
        Content::Envelope { payload, kind } => (
            "dsse",
            envelope(proposal, payload, kind),
            "/spec/signatures/0/signature",
        ),
        Content::Message(_) => ("hashedrekord", hashed(proposal), "/spec/signature/content"),
    };
    let order = json!({ "apiVersion": VERSION, "kind": kind, "spec": spec });
    let url = format!("{log}{ENTRIES}");
    let body = order.to_string().into_bytes();
    let mut answer = Call::post(Step::LogEntry, url, "application/json", body)
        .answer(exchange)
        .await?;
    if answer.response.status == 409 {
        let name = present(&answer).ok_or_else(|| answer.refused())?;
        answer = Call::get(Step::LogEntry, format!("{log}{ENTRIES}/{name}"))
            .answer(exchange)
            .await?;
    }
    let mut entries: BTreeMap<String, Written> = answer.json()?;
    let (Some((_, written)), None) = (entries.pop_first(), entries.pop_first()) else {
        return Err(answer.unusable("it is not one entry"));
    };
    let entry = entry(written).map_err(|problem| answer.unusable(&problem))?;
    entry
        .check(kind, VERSION, place, &proposal.signature())
        .map_err(|problem| answer.unusable(&problem))?;
    Ok(entry)
}

fn envelope(proposal: &Proposal<'_>, payload: &[u8], kind: &str) -> Value {
    let envelope = json!({
        "payload": STANDARD.encode(payload),
        "payloadType": kind,
        "signatures": [{ "sig": proposal.signature() }],
    });
    json!({
        "proposedContent": {
            "envelope": envelope.to_string(),
            "verifiers": [proposal.verifier()],
        },
    })
}

fn hashed(proposal: &Proposal<'_>) -> Value {
    json!({
        "data": {
            "hash": {
                "algorithm": proposal.hash,
                "value": base16ct::lower::encode_string(&proposal.digest),
            },
        },
        "signature": {
            "content": proposal.signature(),
            "publicKey": { "content": proposal.verifier() },
        },
    })
}

/// The name of the entry that is there: the end of `location`, or in the words for people.
fn present(answer: &Answered<'_>) -> Option<String> {
    let words = String::from_utf8_lossy(&answer.response.body);
    answer
        .response
        .location
        .as_deref()
        .into_iter()
        .chain([words.as_ref()])
        .flat_map(|text| text.split(|char: char| !char.is_ascii_hexdigit()))
        .find(|name| name.len() == HASH || name.len() == NAME)
        .map(str::to_owned)
}

fn entry(written: Written) -> Result<Entry, String> {
    let hex = |what: &str, text: &str| {
        decode_vec(text)
            .map(|bytes| STANDARD.encode(bytes))
            .map_err(|_| format!("its {what} is not in hexadecimal"))
    };
    let body: Value = STANDARD
        .decode(&written.body)
        .ok()
        .and_then(|body| serde_json::from_slice(&body).ok())
        .ok_or("its body can't be read")?;
    let named = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let proof = written
        .verification
        .inclusion_proof
        .map(|proof| {
            Ok::<_, String>(Proof {
                log_index: proof.log_index,
                root_hash: hex("root hash", &proof.root_hash)?,
                tree_size: proof.tree_size,
                hashes: proof
                    .hashes
                    .iter()
                    .map(|hash| hex("proof", hash))
                    .collect::<Result<_, _>>()?,
                checkpoint: Checkpoint {
                    envelope: proof.checkpoint,
                },
            })
        })
        .transpose()?;
    Ok(Entry {
        log_index: written.log_index,
        log_id: LogId {
            key_id: hex("log", &written.log_id)?,
        },
        kind_version: KindVersion {
            kind: named("kind"),
            version: named("apiVersion"),
        },
        integrated_time: written.integrated_time,
        inclusion_promise: written.verification.signed_entry_timestamp.map(
            |signed_entry_timestamp| Promise {
                signed_entry_timestamp,
            },
        ),
        inclusion_proof: proof,
        canonicalized_body: written.body,
    })
}
