use std::fmt;

/// What a key signs with. The hash goes with the key, as Sigstore's registry of
/// algorithms has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// ECDSA on P-256, over SHA-256.
    EcdsaP256,
    /// ECDSA on P-384, over SHA-384.
    EcdsaP384,
    /// ECDSA on P-521, over SHA-512.
    EcdsaP521,
    /// RSA, PKCS #1 v1.5 over SHA-256.
    Rsa {
        /// The size of the modulus.
        bits: usize,
    },
    /// Ed25519ph: Ed25519 over SHA-512 of the message.
    Ed25519,
}

impl Algorithm {
    /// Its name in `PublicKeyDetails` of Sigstore's protobuf specifications; none for an
    /// RSA key of a size that has no name there.
    pub fn details(self) -> Option<&'static str> {
        match self {
            Self::EcdsaP256 => Some("PKIX_ECDSA_P256_SHA_256"),
            Self::EcdsaP384 => Some("PKIX_ECDSA_P384_SHA_384"),
            Self::EcdsaP521 => Some("PKIX_ECDSA_P521_SHA_512"),
            Self::Rsa { bits: 2048 } => Some("PKIX_RSA_PKCS1V15_2048_SHA256"),
            Self::Rsa { bits: 3072 } => Some("PKIX_RSA_PKCS1V15_3072_SHA256"),
            Self::Rsa { bits: 4096 } => Some("PKIX_RSA_PKCS1V15_4096_SHA256"),
            Self::Rsa { .. } => None,
            Self::Ed25519 => Some("PKIX_ED25519_PH"),
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EcdsaP256 => f.write_str("ECDSA P-256"),
            Self::EcdsaP384 => f.write_str("ECDSA P-384"),
            Self::EcdsaP521 => f.write_str("ECDSA P-521"),
            Self::Rsa { bits } => write!(f, "RSA {bits}"),
            Self::Ed25519 => f.write_str("Ed25519"),
        }
    }
}
