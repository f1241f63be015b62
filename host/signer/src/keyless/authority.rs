//! Fulcio's interface, version 2: a certificate for a key, for whom a token names.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use x509_cert::{
    Certificate,
    der::{Decode, Encode},
};

use super::{
    Exchange, IdentityToken, KeylessError, Step,
    call::{Answered, Call, json},
};
use crate::PrivateKey;

/// How many certificates a chain may have.
const CHAIN: usize = 10;

/// Certificates for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificates {
    /// In DER: the one of the key first, then those that vouch for it.
    pub chain: Vec<Vec<u8>>,
    /// Whether the first one has the promise of a certificate transparency log in it. One
    /// that is beside it goes into no bundle, and most verifiers miss it then.
    pub logged: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Order<'a> {
    credentials: Credentials<'a>,
    public_key_request: KeyRequest,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Credentials<'a> {
    oidc_identity_token: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KeyRequest {
    public_key: Key,
    proof_of_possession: String,
}

#[derive(Serialize)]
struct Key {
    /// PEM, which says what kind of key it is.
    content: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Issued {
    signed_certificate_embedded_sct: Option<Signed>,
    signed_certificate_detached_sct: Option<Signed>,
}

#[derive(Deserialize)]
struct Signed {
    chain: Chain,
}

#[derive(Deserialize)]
struct Chain {
    certificates: Vec<String>,
}

/// Gets certificates for a key from a certificate authority (its address), for whom the
/// token names. The key signs that name, to show that it is there.
pub async fn certify(
    exchange: &dyn Exchange,
    authority: &str,
    key: &PrivateKey,
    token: &IdentityToken,
) -> Result<Certificates, KeylessError> {
    let proof = key.sign(token.subject().as_bytes())?;
    let order = Order {
        credentials: Credentials {
            oidc_identity_token: token.expose(),
        },
        public_key_request: KeyRequest {
            public_key: Key {
                content: key.public_pem(),
            },
            proof_of_possession: STANDARD.encode(proof),
        },
    };
    let url = format!("{}/api/v2/signingCert", authority.trim_end_matches('/'));
    let body = json(&order);
    let answer = Call::post(Step::Certificate, url, "application/json", body)
        .secret(token.expose())
        .answer(exchange)
        .await?;
    certificates(&answer, key)
}

fn certificates(answer: &Answered<'_>, key: &PrivateKey) -> Result<Certificates, KeylessError> {
    let (signed, logged) = match answer.json::<Issued>()? {
        Issued {
            signed_certificate_embedded_sct: Some(signed),
            ..
        } => (signed, true),
        Issued {
            signed_certificate_detached_sct: Some(signed),
            ..
        } => (signed, false),
        _ => return Err(answer.unusable("it has no certificate")),
    };
    let count = signed.chain.certificates.len();
    if count == 0 || count > CHAIN {
        return Err(answer.unusable(&format!(
            "its chain has {count} certificates, not 1 to {CHAIN}"
        )));
    }
    let mut chain = Vec::with_capacity(count);
    for text in signed.chain.certificates {
        let block = pem::parse(text)
            .ok()
            .filter(|block| block.tag() == "CERTIFICATE")
            .ok_or_else(|| answer.unusable("its chain has something that is no certificate"))?;
        chain.push(block.into_contents());
    }
    let leaf = Certificate::from_der(&chain[0])
        .map_err(|error| answer.unusable(&format!("its certificate can't be read: {error}")))?;
    let named = leaf.tbs_certificate.subject_public_key_info.to_der();
    if named.is_ok_and(|named| named == key.public_der()) {
        Ok(Certificates { chain, logged })
    } else {
        Err(answer.unusable("its certificate is for another key"))
    }
}
