//! Signing without a key of one's own: a key that lives for minutes, a certificate for whom
//! an identity token names, a timestamp and an entry in a log. All of it is done natively,
//! so that no guest sees the token.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use wharf_signer::keyless::{Content, KeylessError, Services, Signed, Verifier, certify, witness};
use wharf_signer::{Algorithm, PrivateKey};

use super::verify::now;
use super::{IdentityToken, Made, Proof, Prover, SigningConfig, SigningKey};
use crate::error::Error;
use crate::wharf::Wharf;

/// What is in an envelope of ours (in-toto attestation framework, "Envelope").
const STATEMENT: &str = "application/vnd.in-toto+json";

/// A key, and what proves whose it is.
pub type Proving = (Arc<dyn SigningKey>, Arc<dyn Prover>);

/// Asks the services of a signing configuration.
struct Witnessed {
    wharf: Wharf,
    services: Services,
    algorithm: Algorithm,
    /// In DER, the one of the key first.
    certificates: Vec<Vec<u8>>,
    /// Where there is no certificate.
    public_key: Option<(String, Vec<u8>)>,
}

impl Wharf {
    /// A key that was made for this, certified for whom a token names.
    pub async fn certified(
        &self,
        config: &SigningConfig,
        token: &IdentityToken,
    ) -> Result<Proving, Error> {
        let services = services(config)?;
        token
            .check_time(now())
            .map_err(|error| Error::InvalidInput(error.to_string()))?;
        let Some(authority) = &services.authority else {
            return Err(Error::InvalidInput(
                "the signing configuration has no certificate authority (`caUrls`)".to_owned(),
            ));
        };
        let key = PrivateKey::ephemeral();
        let key = key.map_err(|problem| Error::Other(problem.to_string()))?;
        let certificates = certify(self, authority, &key, token)
            .await
            .map_err(failed)?;
        let prover = Witnessed {
            wharf: self.clone(),
            algorithm: key.algorithm(),
            services,
            certificates: certificates.chain,
            public_key: None,
        };
        Ok((Arc::new(key), Arc::new(prover)))
    }

    /// A key of the user's, whose signatures are written into the logs of a signing
    /// configuration and given a time.
    pub fn witnessed(&self, config: &SigningConfig, key: PrivateKey) -> Result<Proving, Error> {
        let prover = Witnessed {
            wharf: self.clone(),
            services: services(config)?,
            algorithm: key.algorithm(),
            certificates: Vec::new(),
            public_key: Some((key.public_pem(), key.public_der().to_vec())),
        };
        Ok((Arc::new(key), Arc::new(prover)))
    }
}

fn services(config: &SigningConfig) -> Result<Services, Error> {
    let services = config.services(now());
    services.map_err(|error| Error::InvalidInput(error.to_string()))
}

impl Prover for Witnessed {
    fn prove<'a>(
        &'a self,
        made: &'a Made,
    ) -> Pin<Box<dyn Future<Output = Result<Proof, Error>> + Send + 'a>> {
        Box::pin(async move {
            let content = if made.message == made.payload {
                Content::Message(&made.message)
            } else {
                Content::Envelope {
                    payload: &made.payload,
                    kind: STATEMENT,
                }
            };
            let verifier = match (self.certificates.first(), &self.public_key) {
                (Some(certificate), _) => Verifier::Certificate(certificate),
                (None, Some((_, der))) => Verifier::Key(der),
                (None, None) => {
                    let why = "there is neither a certificate nor a key";
                    return Err(Error::Other(why.to_owned()));
                }
            };
            let signed = Signed {
                content,
                signature: &made.signature,
                verifier,
                algorithm: self.algorithm,
            };
            let Services {
                logs, timestamps, ..
            } = &self.services;
            let witnesses = witness(&self.wharf, logs, timestamps, &signed).await;
            let witnesses = witnesses.map_err(failed)?;
            Ok(Proof {
                public_key: self.public_key.as_ref().map(|(pem, _)| pem.clone()),
                certificates: self.certificates.clone(),
                log_entries: witnesses.log_entries,
                timestamps: witnesses.timestamps,
            })
        })
    }
}

/// A failure of a service. What refused a request of ours says more than what came of it.
fn failed(error: KeylessError) -> Error {
    let text = error.to_string();
    if let KeylessError::Unreachable { source, .. } = error {
        return match source.0.downcast::<Error>() {
            Ok(refused)
                if matches!(
                    *refused,
                    Error::Policy(_) | Error::Refused(_) | Error::Audit(_)
                ) =>
            {
                *refused
            }
            _ => Error::Other(text),
        };
    }
    match error {
        KeylessError::Token(error) => Error::InvalidInput(error.to_string()),
        _ => Error::Other(text),
    }
}
