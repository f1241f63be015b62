//! What is to be signed.

use super::{Predicate, Statement, Unsigned, unreadable};
use crate::envelope::pre_authentication_encoding;
use crate::json::{Json, quoted};
use crate::payload::Payload;
use crate::{Error, Format, limit, statement};

/// The largest statement, in bytes: in base64, and with its proof, it still is a bundle
/// that can be read.
const STATEMENT_BYTES: usize = limit::DOCUMENT_BYTES / 4 * 3 - 128 * 1024;

/// What is to be signed for a statement. An attestation is a statement in the legacy
/// format too, as cosign has it in the manifest that is tagged `sha256-….att`.
pub fn message(statement: &Statement, format: Format) -> Result<Unsigned, Error> {
    let mut names: Vec<&str> = statement
        .annotations
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    names.sort_unstable();
    if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Error::InvalidInput(format!(
            "the annotation {} is given twice",
            quoted(pair[0])
        )));
    }
    let payload = match (&statement.predicate, format) {
        (None, Format::Legacy) => {
            let manifest = &statement.subject.digest;
            let payload =
                Payload::json(manifest, &statement.repository, &statement.annotations).written();
            bounded(&payload)?;
            Payload::parse(&payload).map_err(unreadable)?;
            return Ok(Unsigned {
                message: payload.clone(),
                payload,
            });
        }
        (None, Format::Bundle) => written(statement, statement::SIGNATURE, b"{}", format),
        (Some(Predicate { kind, content }), _) => {
            check(kind, content)?;
            written(statement, kind, content.trim_ascii(), format)
        }
    };
    bounded(&payload)?;
    let read = statement::Statement::parse(&payload).map_err(unreadable)?;
    if read.about(&statement.subject.digest).is_none() {
        return Err(unreadable("it is about nothing".to_owned()));
    }
    Ok(Unsigned {
        message: pre_authentication_encoding(&payload),
        payload,
    })
}

fn check(kind: &str, content: &[u8]) -> Result<(), Error> {
    if kind.is_empty() || kind == statement::SIGNATURE {
        return Err(Error::InvalidInput(format!(
            "{} is not the type of a predicate: a URI such as `https://slsa.dev/provenance/v1` is expected",
            quoted(kind)
        )));
    }
    match Json::parse(content) {
        Ok(Json::Object(_)) => Ok(()),
        Ok(_) => Err(Error::InvalidInput(
            "the predicate is not a JSON object".to_owned(),
        )),
        Err(reason) => Err(Error::InvalidInput(format!(
            "the predicate can't be used: {reason}"
        ))),
    }
}

/// A statement, with the predicate as it was given: numbers and white space are the caller's.
fn written(statement: &Statement, kind: &str, predicate: &[u8], format: Format) -> Vec<u8> {
    let digest = Json::object([("sha256", statement.subject.digest.hex().into())]);
    let mut subject = vec![("digest".to_owned(), digest)];
    let version = match format {
        Format::Bundle => statement::V1,
        Format::Legacy => {
            subject.insert(0, ("name".to_owned(), statement.repository.as_str().into()));
            statement::V0_1
        }
    };
    if !statement.annotations.is_empty() {
        subject.push((
            "annotations".to_owned(),
            Json::texts(&statement.annotations),
        ));
    }
    let head = Json::object([
        ("_type", version.into()),
        ("subject", Json::List(vec![Json::Object(subject)])),
        ("predicateType", kind.into()),
    ]);
    let mut text = head.written();
    text.pop();
    text.extend_from_slice(b",\"predicate\":");
    text.extend_from_slice(predicate);
    text.push(b'}');
    text
}

fn bounded(payload: &[u8]) -> Result<(), Error> {
    if payload.len() > STATEMENT_BYTES {
        return Err(Error::LimitExceeded(format!(
            "what is to be signed has {} bytes, and {STATEMENT_BYTES} are the most that are signed",
            payload.len()
        )));
    }
    Ok(())
}
