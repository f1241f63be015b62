use super::KeySource;

/// Why there is no private key to sign with.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A file can't be read.
    #[error("can't read the private key {place}: {source}")]
    Read {
        /// Where the key should be.
        place: KeySource,
        /// What the system says.
        source: std::io::Error,
    },
    /// A variable of the environment is not there.
    #[error(
        "can't read the private key {place}: there is no such variable in the environment; set it \
         to the key in PEM"
    )]
    NotSet {
        /// Where the key should be.
        place: KeySource,
    },
    /// What is there is too long for a key.
    #[error("the private key {place} is longer than {limit} bytes, which no key is")]
    TooLong {
        /// Where it is.
        place: KeySource,
        /// How long a key's PEM may be, in bytes.
        limit: usize,
    },
    /// What is there is no key that can be used.
    #[error("can't use the private key {place}: {problem}")]
    Unusable {
        /// Where it is.
        place: KeySource,
        /// Why.
        #[source]
        problem: KeyProblem,
    },
}

/// Why a key can't be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyProblem {
    /// It is not PEM, or has no private key in it.
    #[error(
        "it has no private key in PEM (`-----BEGIN … PRIVATE KEY-----`){}",
        found.as_ref().map(|label| format!(", but a `{label}`")).unwrap_or_default()
    )]
    NoPrivateKey {
        /// What there is instead.
        found: Option<String>,
    },
    /// It is PEM with a passphrase of the kind that came before PKCS #8.
    #[error(
        "it is encrypted in the old way of OpenSSL (`Proc-Type: 4,ENCRYPTED`); convert it with \
         `openssl pkcs8 -topk8 -in KEY -out NEW`"
    )]
    OldEncryption,
    /// It is damaged.
    #[error("its {what} can't be read: {why}")]
    Malformed {
        /// Which part.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// Making a key of the passphrase would cost more than is granted.
    #[error(
        "its passphrase would be stretched with {parameters}, which isn't done; encrypt it anew \
         with `cosign import-key-pair` or `openssl pkcs8 -topk8`"
    )]
    Cost {
        /// Of which function, with which parameters.
        parameters: String,
    },
    /// It is encrypted with something else than what is known.
    #[error(
        "it is encrypted with {name}, which isn't known here; encrypt it anew with \
         `cosign import-key-pair` or `openssl pkcs8 -topk8 -v2 aes-256-cbc`"
    )]
    UnknownEncryption {
        /// The algorithm, by its name or object identifier.
        name: String,
    },
    /// There is no passphrase.
    #[error("it is encrypted, and its passphrase can't be had: {0}")]
    NoPassphrase(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It does not open with that passphrase.
    #[error("the passphrase is wrong, unless the key was altered")]
    WrongPassphrase,
    /// It is a key for something that isn't done here.
    #[error(
        "it is for {name}; keys that sign are ECDSA (P-256, P-384, P-521), RSA (2048 to 4096 \
         bits) and Ed25519"
    )]
    UnknownAlgorithm {
        /// The algorithm, by its name or object identifier.
        name: String,
    },
    /// An RSA key that is too small, too large or wrong in itself.
    #[error(
        "the RSA key is refused ({0}): it has to have 2048 to 4096 bits, and an exponent of 65537 or more"
    )]
    Rsa(String),
    /// The system has no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(String),
    /// The signature can't be made.
    #[error("the key can't sign: {0}")]
    Sign(String),
}
