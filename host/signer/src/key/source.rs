use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    str::FromStr,
};

use zeroize::Zeroizing;

use super::KeyError;

/// How long a private key's PEM may be: an RSA key of 4096 bits, encrypted, takes about 5 KiB.
const LIMIT: usize = 64 * 1024;

/// Where a private key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// In a file.
    File(PathBuf),
    /// In a variable of the environment (`env://NAME`).
    Environment(String),
}

/// A place of keys that isn't known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "private keys are read from a file or, with `env://NAME`, from a variable of the environment; \
     not from `{0}`"
)]
pub struct UnknownKeySource(String);

impl FromStr for KeySource {
    type Err = UnknownKeySource;

    /// Reads what `cosign --key` takes, as far as it is a file or `env://NAME`. Key services
    /// (`awskms://…`, `pkcs11:…`) are refused rather than taken for the name of a file.
    fn from_str(text: &str) -> Result<Self, UnknownKeySource> {
        match text.split_once("://") {
            Some(("env", name)) if !name.is_empty() && !name.contains(['=', '\0']) => {
                Ok(Self::Environment(name.to_owned()))
            }
            Some(_) => Err(UnknownKeySource(text.to_owned())),
            None if text.is_empty() || text.starts_with("pkcs11:") => {
                Err(UnknownKeySource(text.to_owned()))
            }
            None => Ok(Self::File(text.into())),
        }
    }
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Somebody gave the key for its file. It is not repeated.
            Self::File(path) if is_key(path) => f.write_str("a key in place of a file's name"),
            Self::File(path) => write!(f, "`{}`", path.display()),
            Self::Environment(name) => write!(f, "`env://{name}`"),
        }
    }
}

impl KeySource {
    /// What is there: PEM, if it is a key.
    pub(super) fn read(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let text = match self {
            Self::File(path) => bounded(path).map_err(|source| KeyError::Read {
                place: self.clone(),
                source,
            })?,
            Self::Environment(name) => Zeroizing::new(
                std::env::var_os(name)
                    .ok_or_else(|| KeyError::NotSet {
                        place: self.clone(),
                    })?
                    .into_encoded_bytes(),
            ),
        };
        if text.len() > LIMIT {
            return Err(KeyError::TooLong {
                place: self.clone(),
                limit: LIMIT,
            });
        }
        Ok(text)
    }
}

/// Whether what should be the name of a file is PEM.
fn is_key(path: &Path) -> bool {
    path.to_string_lossy().contains("-----BEGIN")
}

/// At most one byte more than [`LIMIT`], of a file or a pipe.
fn bounded(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    // One piece from the start: growing would leave copies of the key behind.
    let mut text = Zeroizing::new(Vec::with_capacity(LIMIT + 1));
    File::open(path)?
        .take(LIMIT as u64 + 1)
        .read_to_end(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_was_given_for_its_file_is_not_repeated() {
        let pem = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
        let source: KeySource = pem.parse().unwrap();
        let told = source.read().unwrap_err().to_string();
        assert!(told.contains("a key in place of a file's name"), "{told}");
        assert!(!told.contains("c2VjcmV0"), "{told}");
    }

    #[test]
    fn a_place_is_a_file_or_a_variable() {
        assert_eq!(
            "keys/cosign.key".parse(),
            Ok(KeySource::File("keys/cosign.key".into()))
        );
        assert_eq!(
            "env://SIGNING_KEY".parse(),
            Ok(KeySource::Environment("SIGNING_KEY".to_owned()))
        );
        for other in [
            "",
            "env://",
            "env://A=B",
            "awskms:///alias/x",
            "k8s://a/b",
            "pkcs11:token=x",
        ] {
            let error = KeySource::from_str(other).unwrap_err();
            assert!(error.to_string().contains(other), "{error}");
        }
    }

    #[test]
    fn what_is_not_there_is_named() {
        let error = KeySource::File("no/such.key".into()).read().unwrap_err();
        assert!(matches!(error, KeyError::Read { .. }));
        assert!(error.to_string().contains("`no/such.key`"), "{error}");
        let error = KeySource::Environment("WHARF_NO_SUCH_KEY".to_owned())
            .read()
            .unwrap_err();
        assert!(matches!(error, KeyError::NotSet { .. }));
        assert!(
            error.to_string().contains("env://WHARF_NO_SUCH_KEY"),
            "{error}"
        );
    }

    #[test]
    fn what_is_too_long_is_not_read_to_its_end() {
        let endless = KeySource::File("/dev/zero".into());
        assert!(matches!(endless.read(), Err(KeyError::TooLong { .. })));
    }
}
