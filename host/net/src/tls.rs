//! TLS: whom to trust, and as whom to appear.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

/// How TLS is done. The system's roots are trusted in any case; `SSL_CERT_FILE`
/// and `SSL_CERT_DIR` name others in their place.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// A PEM file with certificates of authorities to trust besides the system's.
    pub ca_file: Option<PathBuf>,
    /// What to show to servers that want to know who connects.
    pub client_certificate: Option<ClientCertificate>,
    /// Whether any certificate at all is taken. Whoever sits on the way can then
    /// read and change everything.
    pub skip_verify: bool,
}

/// A certificate of this side and its key.
#[derive(Debug, Clone)]
pub struct ClientCertificate {
    /// A PEM file with the certificate, and after it those that lead to the
    /// authority.
    pub certificate: PathBuf,
    /// A PEM file with the private key.
    pub key: PathBuf,
}

/// Why TLS can't be set up. It is the user's file that is wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file can't be read.
    #[error("can't read {what} `{}`: {source}", path.display())]
    Read {
        /// What the file is for.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A file holds something else.
    #[error("{what} `{}` can't be used: {problem}", path.display())]
    Content {
        /// What the file is for.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong, to be read after the file.
        problem: String,
    },
}

/// Settings whose files were read, so that what is wrong with them is said before
/// anything connects. The system's roots are read when the first connection needs
/// them: that takes longer than a whole call that needs none.
#[derive(Debug)]
pub(crate) struct Prepared {
    authorities: Vec<CertificateDer<'static>>,
    identity: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
    skip_verify: bool,
}

impl Prepared {
    pub(crate) fn new(tls: &Tls) -> Result<Self, TlsError> {
        let authorities = match &tls.ca_file {
            Some(path) => authorities(path)?,
            None => Vec::new(),
        };
        let identity = tls.client_certificate.as_ref().map(identity).transpose()?;
        Ok(Self {
            authorities,
            identity,
            skip_verify: tls.skip_verify,
        })
    }

    /// Whether there is a client certificate.
    pub(crate) fn has_certificate(&self) -> bool {
        self.identity.is_some()
    }

    /// What connections are made with, offering HTTP/2 and HTTP/1.1, and the client
    /// certificate if `certificate` says so.
    pub(crate) fn config(&self, certificate: bool) -> Result<ClientConfig, rustls::Error> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()?;
        let builder = if self.skip_verify {
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(NoVerification(provider)))
        } else {
            builder.with_root_certificates(self.roots())
        };
        let mut config = match self.identity.as_ref().filter(|_| certificate) {
            Some((chain, key)) => builder.with_client_auth_cert(chain.clone(), key.clone_key())?,
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        // Some systems have a root or two that can't be parsed; the others count. With
        // none at all every certificate is untrusted, and the error says that.
        let (_, _) =
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let (_, _) = roots.add_parsable_certificates(self.authorities.iter().cloned());
        roots
    }
}

const CA_FILE: &str = "the file of certificate authorities";
const CERTIFICATE: &str = "the client certificate";
const KEY: &str = "the client certificate's key";

fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let certificates = certificates(CA_FILE, path)?;
    // Parsed here once for the error; rustls would leave out what it can't parse.
    let mut roots = RootCertStore::empty();
    for certificate in &certificates {
        roots
            .add(certificate.clone())
            .map_err(|error| content(CA_FILE, path, error.to_string()))?;
    }
    Ok(certificates)
}

fn identity(
    files: &ClientCertificate,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
    let chain = certificates(CERTIFICATE, &files.certificate)?;
    let pem = read(KEY, &files.key)?;
    let key = PrivateKeyDer::from_pem_slice(&pem)
        .map_err(|error| content(KEY, &files.key, error.to_string()))?;
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            builder
                .with_root_certificates(RootCertStore::empty())
                .with_client_auth_cert(chain.clone(), key.clone_key())
        })
        .map_err(|error| content(KEY, &files.key, error.to_string()))?;
    Ok((chain, key))
}

fn certificates(what: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let pem = read(what, path)?;
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|error| content(what, path, error.to_string()))?;
    if certificates.is_empty() {
        return Err(content(
            what,
            path,
            "it has no certificate in PEM form (`-----BEGIN CERTIFICATE-----`)".to_owned(),
        ));
    }
    Ok(certificates)
}

fn read(what: &'static str, path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError::Read {
        what,
        path: path.to_owned(),
        source,
    })
}

fn content(what: &'static str, path: &Path, problem: String) -> TlsError {
    TlsError::Content {
        what,
        path: path.to_owned(),
        problem,
    }
}

/// Takes any certificate. The handshake's signatures are still checked: the peer
/// has the key of the certificate that it shows.
#[derive(Debug)]
struct NoVerification(Arc<CryptoProvider>);

impl ServerCertVerifier for NoVerification {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            cert,
            dss,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(tls: &Tls) -> String {
        Prepared::new(tls).unwrap_err().to_string()
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said_before_anything_connects() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ca.pem");
        let tls = Tls {
            ca_file: Some(path.clone()),
            ..Tls::default()
        };
        assert!(refused(&tls).contains("can't read the file of certificate authorities"));
        fs::write(&path, "hello").unwrap();
        assert!(refused(&tls).contains("no certificate in PEM form"));
        fs::write(
            &path,
            "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n",
        )
        .unwrap();
        assert!(refused(&tls).contains("can't be used"));
    }

    #[test]
    fn without_files_there_is_nothing_to_be_wrong() {
        assert!(Prepared::new(&Tls::default()).unwrap().config(true).is_ok());
    }
}
