//! A time for a signature (RFC 3161).

use cms::{content_info::CmsVersion, signed_data::EncapsulatedContentInfo};
use sha2::{Digest, Sha256};
use x509_cert::{
    der::{
        Any, AnyRef, Decode, Encode, Reader, SliceReader,
        asn1::{Int, OctetString, Uint},
        oid::ObjectIdentifier,
    },
    spki::AlgorithmIdentifierOwned,
};
use x509_tsp::{MessageImprint, TimeStampReq, TimeStampResp, TspVersion, TstInfo};

use super::{Exchange, KeylessError, Step, call::Call};
use crate::KeyProblem;

const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

/// Asks an authority (the whole address) for the time of a signature. The answer is a
/// `TimeStampResp` in DER, with the certificates of who signed it.
pub(super) async fn timestamp(
    exchange: &dyn Exchange,
    authority: &str,
    signature: &[u8],
) -> Result<Vec<u8>, KeylessError> {
    let request = request(signature)?;
    let body = request.to_der().map_err(|error| encoding(&error))?;
    let answer = Call::post(
        Step::Timestamp,
        authority.to_owned(),
        "application/timestamp-query",
        body,
    )
    .accepting("application/timestamp-reply")
    .answer(exchange)
    .await?;
    let body = answer.body()?;
    check(&request, body).map_err(|problem| answer.unusable(&problem))?;
    Ok(body.to_vec())
}

fn request(signature: &[u8]) -> Result<TimeStampReq, KeylessError> {
    let mut nonce = [0; 8];
    getrandom::fill(&mut nonce).map_err(|error| KeyProblem::Random(error.to_string()))?;
    Ok(TimeStampReq {
        version: TspVersion::V1,
        message_imprint: MessageImprint {
            hash_algorithm: AlgorithmIdentifierOwned {
                oid: SHA256,
                parameters: Some(Any::null()),
            },
            hashed_message: OctetString::new(Sha256::digest(signature).to_vec())
                .map_err(|error| encoding(&error))?,
        },
        req_policy: None,
        nonce: Some(Int::from(
            Uint::new(&nonce).map_err(|error| encoding(&error))?,
        )),
        cert_req: true,
        extensions: None,
    })
}

/// Whether an answer is one to the request. Who signed it is for a verifier to judge.
fn check(request: &TimeStampReq, answer: &[u8]) -> Result<(), String> {
    let answer = TimeStampResp::from_der(answer)
        .map_err(|error| format!("it is no answer of RFC 3161: {error}"))?;
    let token = answer
        .time_stamp_token
        .filter(|_| matches!(answer.status.status as u8, 0 | 1))
        .ok_or_else(|| format!("its status is {:?}", answer.status.status))?;
    let info = token
        .content
        .to_der()
        .and_then(|content| signed(&content))
        .map_err(|error| format!("its signed part can't be read: {error}"))?
        .econtent
        .ok_or("it has no time in it")?;
    let info = TstInfo::from_der(info.value())
        .map_err(|error| format!("its time can't be read: {error}"))?;
    let (asked, told) = (&request.message_imprint, &info.message_imprint);
    // Parameters of the hash are left out by some, and null for others.
    if told.hash_algorithm.oid != asked.hash_algorithm.oid
        || told.hashed_message != asked.hashed_message
    {
        return Err("it is about something else".to_owned());
    }
    if info.nonce != request.nonce {
        return Err("it is an answer to another request".to_owned());
    }
    Ok(())
}

/// What is signed. Certificates and signatures stay unread: authorities are less strict
/// about their order than DER is.
fn signed(content: &[u8]) -> x509_cert::der::Result<EncapsulatedContentInfo> {
    let mut reader = SliceReader::new(content)?;
    let info = reader.sequence(|reader| {
        CmsVersion::decode(reader)?;
        AnyRef::decode(reader)?;
        let info = EncapsulatedContentInfo::decode(reader)?;
        while !reader.is_finished() {
            AnyRef::decode(reader)?;
        }
        Ok(info)
    })?;
    reader.finish(info)
}

fn encoding(error: &x509_cert::der::Error) -> KeylessError {
    KeylessError::Key(KeyProblem::Malformed {
        what: "signature",
        why: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An answer of `openssl ts -reply`, over the words `a signature`, with this nonce.
    const ANSWER: &[u8] = include_bytes!("../../tests/vectors/timestamp.tsr");
    const NONCE: u64 = 0x472f_0f04_3784_a0c7;

    fn asked(signature: &[u8], nonce: u64) -> TimeStampReq {
        let mut request = request(signature).unwrap();
        request.nonce = Some(Int::from(Uint::new(&nonce.to_be_bytes()).unwrap()));
        request
    }

    #[test]
    fn an_answer_fits_its_request() {
        check(&asked(b"a signature", NONCE), ANSWER).unwrap();
        let about = check(&asked(b"another", NONCE), ANSWER).unwrap_err();
        assert!(about.contains("something else"), "{about}");
        let to = check(&asked(b"a signature", NONCE + 1), ANSWER).unwrap_err();
        assert!(to.contains("another request"), "{to}");
        assert!(check(&asked(b"a signature", NONCE), b"").is_err());
        // `PKIStatus` 2: rejection.
        let refused = [0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x02];
        let status = check(&asked(b"a signature", NONCE), &refused).unwrap_err();
        assert!(status.contains("status"), "{status}");
    }

    #[test]
    fn requests_have_nonces_of_their_own() {
        let (one, other) = (request(b"x").unwrap(), request(b"x").unwrap());
        assert_ne!(one.nonce, other.nonce);
        let der = one.to_der().unwrap();
        assert_eq!(TimeStampReq::from_der(&der).unwrap(), one);
    }

    proptest! {
        #[test]
        fn any_answer_is_read_or_refused(
            at in any::<prop::sample::Index>(),
            value in any::<u8>(),
            bytes in prop::collection::vec(any::<u8>(), 0..256),
        ) {
            let request = asked(b"a signature", NONCE);
            prop_assert!(check(&request, &bytes).is_err());
            let mut altered = ANSWER.to_vec();
            let at = at.index(altered.len());
            altered[at] = value;
            let _ = check(&request, &altered);
        }
    }
}
