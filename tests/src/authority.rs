//! A private certificate authority, and what it certifies.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tempfile::TempDir;

/// A certificate authority that only the test trusts. Its files live as long as it.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    directory: TempDir,
}

/// A certificate with its key, in files and in memory.
pub struct Identity {
    /// The certificate, PEM.
    pub certificate_file: PathBuf,
    /// The private key, PEM (PKCS #8).
    pub key_file: PathBuf,
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// The private key, DER (PKCS #8, ECDSA P-256).
    pub key: Vec<u8>,
}

impl Authority {
    /// A new authority with a new key.
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "Wharf test authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("a key can be made");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("it can sign itself");
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        fs::write(directory.path().join("ca.pem"), issuer.pem()).expect("it can be written");
        Self { issuer, directory }
    }

    /// The authority's certificate, PEM.
    pub fn file(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    /// A server's certificate for `127.0.0.1` and `localhost`.
    pub fn server(&self) -> Identity {
        self.issue("server", ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// A client's certificate.
    pub fn client(&self) -> Identity {
        self.issue("client", ExtendedKeyUsagePurpose::ClientAuth)
    }

    /// A certificate whose key signs tokens.
    pub fn signer(&self) -> Identity {
        self.issue("signer", ExtendedKeyUsagePurpose::Any)
    }

    fn issue(&self, name: &str, purpose: ExtendedKeyUsagePurpose) -> Identity {
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut params = CertificateParams::new(names).expect("the names are names");
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![purpose];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate().expect("a key can be made");
        let certificate = params
            .signed_by(&key, &self.issuer)
            .expect("the authority can sign");
        let directory = tempfile::tempdir_in(self.directory.path())
            .expect("a temporary directory can be made")
            .keep();
        let certificate_file = directory.join("cert.pem");
        let key_file = directory.join("key.pem");
        fs::write(&certificate_file, certificate.pem()).expect("it can be written");
        fs::write(&key_file, key.serialize_pem()).expect("it can be written");
        Identity {
            certificate_file,
            key_file,
            certificate: certificate.der().to_vec(),
            key: key.serialize_der(),
        }
    }

    /// A directory that skopeo's `--cert-dir` takes: `ca.crt` in it.
    pub fn certificate_directory(&self) -> PathBuf {
        let directory = self.directory.path().join("certs.d");
        fs::create_dir_all(&directory).expect("it can be made");
        copy(&self.file(), &directory.join("ca.crt"));
        directory
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Identity {
    /// What a TLS server needs to be this identity.
    pub fn server_config(&self) -> Arc<ServerConfig> {
        self.config(None)
    }

    /// The same, asking clients for a certificate of this authority, and talking to
    /// those without one too.
    pub fn asking_server_config(&self, authority: &Authority) -> Arc<ServerConfig> {
        self.config(Some(authority))
    }

    fn config(&self, asks_for: Option<&Authority>) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let chain = vec![CertificateDer::from(self.certificate.clone())];
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.clone()));
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .expect("the provider supports them");
        let builder = match asks_for {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots
                    .add(authority.issuer.der().clone())
                    .expect("it is a certificate");
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                        .allow_unauthenticated()
                        .build()
                        .expect("it has a root");
                builder.with_client_cert_verifier(verifier)
            }
        };
        let config = builder
            .with_single_cert(chain, key)
            .expect("the key belongs to the certificate");
        Arc::new(config)
    }
}

fn copy(from: &Path, to: &Path) {
    fs::copy(from, to).expect("it can be copied");
}
