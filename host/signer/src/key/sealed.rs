//! The encryption that cosign gives to a private key: JSON with the parameters of scrypt,
//! and a secret box of `NaCl` (`go-securesystemslib/encrypted`).

use base64::{Engine, engine::general_purpose::STANDARD};
use crypto_secretbox::{Key, KeyInit, Nonce, XSalsa20Poly1305, aead::AeadInPlace};
use scrypt::Params;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::KeyProblem;
use crate::Secret;

/// What cosign's own reader lets through, as the binary logarithm of scrypt's N; r is 8,
/// p is 1. The middle one is what it writes.
const COSTS: [u8; 3] = [15, 16, 17];
const COST: u8 = 16;
const BLOCK: u32 = 8;
const LANES: u32 = 1;

const KEY: usize = 32;
const NONCE: usize = 24;
const SALT: usize = 32;

const KDF_NAME: &str = "scrypt";
const CIPHER_NAME: &str = "nacl/secretbox";

#[derive(Serialize, Deserialize)]
struct Sealed {
    kdf: Kdf,
    cipher: Cipher,
    ciphertext: String,
}

#[derive(Serialize, Deserialize)]
struct Kdf {
    name: String,
    params: Scrypt,
    salt: String,
}

#[derive(Serialize, Deserialize)]
struct Scrypt {
    #[serde(rename = "N")]
    n: u64,
    r: u32,
    p: u32,
}

#[derive(Serialize, Deserialize)]
struct Cipher {
    name: String,
    nonce: String,
}

/// What a passphrase opens, with everything checked that can be before one is asked for.
pub(super) struct SecretBox {
    cost: u8,
    salt: Vec<u8>,
    nonce: [u8; NONCE],
    ciphertext: Vec<u8>,
}

impl SecretBox {
    /// Reads the JSON.
    pub(super) fn parse(json: &[u8]) -> Result<Self, KeyProblem> {
        let sealed: Sealed = serde_json::from_slice(json)
            .map_err(|error| malformed("encryption", error.to_string()))?;
        if sealed.kdf.name != KDF_NAME {
            return Err(KeyProblem::UnknownEncryption {
                name: quoted(&sealed.kdf.name),
            });
        }
        if sealed.cipher.name != CIPHER_NAME {
            return Err(KeyProblem::UnknownEncryption {
                name: quoted(&sealed.cipher.name),
            });
        }
        let Scrypt { n, r, p } = sealed.kdf.params;
        let cost = COSTS
            .into_iter()
            .find(|cost| 1_u64 << cost == n && r == BLOCK && p == LANES)
            .ok_or_else(|| KeyProblem::Cost {
                parameters: format!("scrypt N={n}, r={r}, p={p}"),
            })?;
        let nonce = decoded("nonce", &sealed.cipher.nonce)?;
        Ok(Self {
            cost,
            salt: decoded("salt", &sealed.kdf.salt)?,
            nonce: nonce.as_slice().try_into().map_err(|_| {
                malformed(
                    "nonce",
                    format!("it has {} bytes, not {NONCE}", nonce.len()),
                )
            })?,
            ciphertext: decoded("ciphertext", &sealed.ciphertext)?,
        })
    }

    /// Opens it. There is no telling a wrong passphrase from an altered file: the box only
    /// says that the two do not fit.
    pub(super) fn open(&self, passphrase: &Secret) -> Result<Zeroizing<Vec<u8>>, KeyProblem> {
        let key = stretched(passphrase, &self.salt, self.cost)?;
        let mut content = Zeroizing::new(self.ciphertext.clone());
        XSalsa20Poly1305::new(Key::from_slice(&*key))
            .decrypt_in_place(Nonce::from_slice(&self.nonce), b"", &mut *content)
            .map_err(|_| KeyProblem::WrongPassphrase)?;
        Ok(content)
    }
}

/// Seals a private key (PKCS #8 in DER) as cosign does.
pub(super) fn seal(content: &[u8], passphrase: &Secret) -> Result<Vec<u8>, KeyProblem> {
    let mut salt = [0; SALT];
    let mut nonce = [0; NONCE];
    for bytes in [&mut salt[..], &mut nonce[..]] {
        getrandom::fill(bytes).map_err(|error| KeyProblem::Random(error.to_string()))?;
    }
    let key = stretched(passphrase, &salt, COST)?;
    // With room for the tag: growing would leave a copy of the key behind.
    let mut ciphertext = Vec::with_capacity(content.len() + XSalsa20Poly1305::TAG_SIZE);
    ciphertext.extend_from_slice(content);
    XSalsa20Poly1305::new(Key::from_slice(&*key))
        .encrypt_in_place(Nonce::from_slice(&nonce), b"", &mut ciphertext)
        .map_err(|error| malformed("ciphertext", error.to_string()))?;
    let sealed = Sealed {
        kdf: Kdf {
            name: KDF_NAME.to_owned(),
            params: Scrypt {
                n: 1 << COST,
                r: BLOCK,
                p: LANES,
            },
            salt: STANDARD.encode(salt),
        },
        cipher: Cipher {
            name: CIPHER_NAME.to_owned(),
            nonce: STANDARD.encode(nonce),
        },
        ciphertext: STANDARD.encode(ciphertext),
    };
    serde_json::to_vec(&sealed).map_err(|error| malformed("encryption", error.to_string()))
}

fn stretched(
    passphrase: &Secret,
    salt: &[u8],
    cost: u8,
) -> Result<Zeroizing<[u8; KEY]>, KeyProblem> {
    let mut key = Zeroizing::new([0; KEY]);
    let parameters = Params::new(cost, BLOCK, LANES)
        .map_err(|error| malformed("encryption", error.to_string()))?;
    scrypt::scrypt(passphrase.expose_secret(), salt, &parameters, &mut *key)
        .map_err(|error| malformed("encryption", error.to_string()))?;
    Ok(key)
}

fn decoded(what: &'static str, text: &str) -> Result<Vec<u8>, KeyProblem> {
    STANDARD
        .decode(text)
        .map_err(|error| malformed(what, error.to_string()))
}

fn malformed(what: &'static str, why: String) -> KeyProblem {
    KeyProblem::Malformed { what, why }
}

/// A name out of a file, of a length to be shown.
fn quoted(name: &str) -> String {
    format!(
        "`{}`",
        name.chars().take(64).collect::<String>().escape_debug()
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::from(text.as_bytes().to_vec())
    }

    #[test]
    fn what_is_sealed_opens_with_its_passphrase_alone() {
        let sealed = seal(b"content", &secret("right")).unwrap();
        let sealed = SecretBox::parse(&sealed).unwrap();
        assert_eq!(*sealed.open(&secret("right")).unwrap(), b"content");
        assert!(matches!(
            sealed.open(&secret("wrong")),
            Err(KeyProblem::WrongPassphrase)
        ));
    }

    #[test]
    fn the_cost_is_cosigns() {
        let sealed = seal(b"content", &secret("")).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&sealed).unwrap();
        assert_eq!(
            json["kdf"]["params"],
            serde_json::json!({"N": 65536, "r": 8, "p": 1})
        );
        for (name, value) in [
            ("N", 1 << 30),
            ("N", 16384),
            ("N", 65537),
            ("r", 1 << 20),
            ("p", 2),
        ] {
            let mut other = json.clone();
            other["kdf"]["params"][name] = value.into();
            let error = SecretBox::parse(other.to_string().as_bytes())
                .err()
                .unwrap();
            assert!(matches!(error, KeyProblem::Cost { .. }), "{error}");
            assert!(
                error.to_string().contains(&format!("{name}={value}")),
                "{error}"
            );
        }
    }

    #[test]
    fn another_encryption_is_named() {
        let sealed = seal(b"content", &secret("")).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&sealed).unwrap();
        for part in ["kdf", "cipher"] {
            let mut other = json.clone();
            other[part]["name"] = "rot13".into();
            let error = SecretBox::parse(other.to_string().as_bytes())
                .err()
                .unwrap();
            assert!(error.to_string().contains("`rot13`"), "{error}");
        }
        let mut short = json;
        short["cipher"]["nonce"] = "AAAA".into();
        let error = SecretBox::parse(short.to_string().as_bytes())
            .err()
            .unwrap();
        assert!(error.to_string().contains("nonce"), "{error}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
            prop_assert!(SecretBox::parse(&bytes).is_err());
        }
    }
}
