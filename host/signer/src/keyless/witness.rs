use super::{
    Exchange, KeylessError, Log,
    log::{self, Proposal},
    timestamp::timestamp,
};
use crate::Algorithm;

/// Something that was signed.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// What the signature is over.
    pub content: Content<'a>,
    /// The signature.
    pub signature: &'a [u8],
    /// What it verifies with.
    pub verifier: Verifier<'a>,
    /// What the key signs with.
    pub algorithm: Algorithm,
}

/// What a signature is over.
#[derive(Debug, Clone, Copy)]
pub enum Content<'a> {
    /// A payload in an envelope (DSSE v1): the signature is over both, in the encoding that
    /// DSSE has for that.
    Envelope {
        /// The payload.
        payload: &'a [u8],
        /// Its type.
        kind: &'a str,
    },
    /// These very bytes.
    Message(&'a [u8]),
}

/// What a signature verifies with.
#[derive(Debug, Clone, Copy)]
pub enum Verifier<'a> {
    /// A certificate, in DER.
    Certificate(&'a [u8]),
    /// A public key: `SubjectPublicKeyInfo` in DER.
    Key(&'a [u8]),
}

/// What others say about a signature.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Witnesses {
    /// Entries of transparency logs: `TransparencyLogEntry` of `dev.sigstore.rekor.v1`, as
    /// protobuf JSON.
    pub log_entries: Vec<Vec<u8>>,
    /// Timestamps: `TimeStampResp` (RFC 3161) in DER.
    pub timestamps: Vec<Vec<u8>>,
}

/// Asks each of these timestamp authorities for the signature's time, then has it written
/// into each of these logs, where it stays for everyone to see.
///
/// All of them have to answer: a signature with less than what was asked for is none.
pub async fn witness(
    exchange: &dyn Exchange,
    logs: &[Log],
    authorities: &[String],
    signed: &Signed<'_>,
) -> Result<Witnesses, KeylessError> {
    let proposal = Proposal::new(signed);
    let mut witnesses = Witnesses::default();
    // The logs last: nothing is public before everything else is there.
    for authority in authorities {
        let timestamp = timestamp(exchange, authority, signed.signature).await?;
        witnesses.timestamps.push(timestamp);
    }
    for log in logs {
        let entry = log::write(exchange, log, &proposal).await?;
        witnesses.log_entries.push(entry);
    }
    Ok(witnesses)
}
