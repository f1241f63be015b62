//! PKCS #8 with a passphrase: PBES2 (RFC 8018), whose cost is the file's to say.

use pkcs8::{
    AlgorithmIdentifierRef, EncryptedPrivateKeyInfoRef, ObjectIdentifier,
    der::{self, Decode, Reader, SliceReader, asn1::OctetStringRef},
    pkcs5::{self, pbes2::Kdf},
};
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use super::KeyProblem;
use crate::Secret;

/// Ten times what is advised for a passphrase: some seconds.
const ROUNDS: u32 = 10_000_000;
/// What scrypt may take, in bytes: 128 · N · r of memory, and p times that of work.
const MEMORY: u64 = 256 * 1024 * 1024;
const WORK: u64 = 1024 * 1024 * 1024;

/// What a passphrase opens, with everything checked that can be before one is asked for.
pub(super) struct Encrypted<'a>(EncryptedPrivateKeyInfoRef<'a>);

impl<'a> Encrypted<'a> {
    /// Reads the DER.
    pub(super) fn parse(der: &'a [u8]) -> Result<Self, KeyProblem> {
        let info = EncryptedPrivateKeyInfoRef::try_from(der).map_err(|error| {
            algorithm(der).map_or_else(
                || malformed(&error),
                |oid| KeyProblem::UnknownEncryption {
                    name: format!("something (object identifier {oid}) with parameters of its own"),
                },
            )
        })?;
        let Some(parameters) = info.encryption_algorithm.pbes2() else {
            return Err(KeyProblem::UnknownEncryption {
                name: format!("PBES1 ({})", info.encryption_algorithm.oid()),
            });
        };
        match &parameters.kdf {
            Kdf::Pbkdf2(kdf) if kdf.iteration_count > ROUNDS => Err(KeyProblem::Cost {
                parameters: format!("{} rounds of PBKDF2", kdf.iteration_count),
            }),
            Kdf::Scrypt(kdf) => {
                let (n, r, p) = (kdf.cost_parameter, kdf.block_size, kdf.parallelization);
                let memory = 128_u64.saturating_mul(n).saturating_mul(r.into());
                if memory > MEMORY || memory.saturating_mul(p.into()) > WORK {
                    return Err(KeyProblem::Cost {
                        parameters: format!("scrypt N={n}, r={r}, p={p}"),
                    });
                }
                Ok(Self(info))
            }
            _ => Ok(Self(info)),
        }
    }

    /// Opens it: PKCS #8 in DER. A passphrase that is wrong shows in the padding or, one
    /// time in 256, in what should be DER then.
    pub(super) fn open(&self, passphrase: &Secret) -> Result<Zeroizing<Vec<u8>>, KeyProblem> {
        match self.0.decrypt(passphrase.expose_secret()) {
            Ok(document) => Ok(Zeroizing::new(document.as_bytes().to_vec())),
            Err(
                // Wrong padding is a failure to encrypt, as that crate has it.
                pkcs8::Error::EncryptedPrivateKey(
                    pkcs5::Error::DecryptFailed | pkcs5::Error::EncryptFailed,
                )
                | pkcs8::Error::Asn1(_),
            ) => Err(KeyProblem::WrongPassphrase),
            Err(pkcs8::Error::EncryptedPrivateKey(pkcs5::Error::UnsupportedAlgorithm { oid })) => {
                Err(KeyProblem::UnknownEncryption {
                    name: oid.to_string(),
                })
            }
            Err(error) => Err(malformed(&error)),
        }
    }
}

/// What something is encrypted with, when it is whole but not understood.
fn algorithm(der: &[u8]) -> Option<ObjectIdentifier> {
    let mut reader = SliceReader::new(der).ok()?;
    reader
        .sequence(|reader| {
            let algorithm = AlgorithmIdentifierRef::decode(reader)?;
            <&OctetStringRef>::decode(reader)?;
            Ok::<_, der::Error>(algorithm.oid)
        })
        .ok()
}

fn malformed(error: &dyn std::error::Error) -> KeyProblem {
    KeyProblem::Malformed {
        what: "encryption (PKCS #8)",
        why: error.to_string(),
    }
}
