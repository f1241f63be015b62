use std::{
    fs, io,
    path::{Path, PathBuf},
};

use tempfile::{NamedTempFile, PersistError};

use super::{
    KeyProblem,
    private::{armored, new_p256},
    sealed,
};
use crate::Secret;

/// A new key pair, as cosign writes it.
#[derive(Clone)]
pub struct KeyPair {
    /// The private key: PEM (`ENCRYPTED SIGSTORE PRIVATE KEY`), encrypted with the passphrase.
    pub private_pem: String,
    /// The public key, in PEM.
    pub public_pem: String,
}

/// What becomes of files that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// They stay, and nothing is written.
    Keep,
    /// They are replaced. A private key is lost with its file.
    Replace,
}

/// Why a key pair could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A file is there.
    #[error(
        "`{}` is there already, and may be the only copy of a key; move it away, or choose \
         another name", path.display()
    )]
    Exists {
        /// Which.
        path: PathBuf,
    },
    /// The system does not let it be.
    #[error("can't write the key `{}`: {source}", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Makes a key pair (ECDSA P-256), whose private key opens with that passphrase. It may be
/// empty: the file's protection is all that the key has then.
pub fn generate(passphrase: &Secret) -> Result<KeyPair, KeyProblem> {
    let (private_der, public_pem) = new_p256()?;
    Ok(KeyPair {
        private_pem: armored(
            "ENCRYPTED SIGSTORE PRIVATE KEY",
            sealed::seal(&private_der, passphrase)?,
        ),
        public_pem,
    })
}

impl KeyPair {
    /// Writes the two files: each whole or not at all, the private one readable by its owner
    /// alone.
    pub fn write(
        &self,
        private: &Path,
        public: &Path,
        existing: Existing,
    ) -> Result<(), WriteError> {
        if existing == Existing::Keep {
            for path in [private, public] {
                if path.symlink_metadata().is_ok() {
                    return Err(WriteError::Exists {
                        path: path.to_owned(),
                    });
                }
            }
        }
        let private_file = staged(private, &self.private_pem, 0o600)?;
        let public_file = staged(public, &self.public_pem, 0o644)?;
        place(private_file, private, existing)?;
        place(public_file, public, existing).inspect_err(|_| {
            if existing == Existing::Keep {
                // It is what was just written: half of a pair is of no use.
                let _ = fs::remove_file(private);
            }
        })
    }
}

/// The content beside the place where it will be.
fn staged(path: &Path, content: &str, mode: u32) -> Result<NamedTempFile, WriteError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let write = || {
        let mut file = NamedTempFile::new_in(folder)?;
        io::Write::write_all(&mut file, content.as_bytes())?;
        #[cfg(unix)]
        file.as_file()
            .set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))?;
        #[cfg(not(unix))]
        let _ = mode;
        file.as_file().sync_all()?;
        Ok(file)
    };
    write().map_err(|source| WriteError::Write {
        path: path.to_owned(),
        source,
    })
}

fn place(file: NamedTempFile, path: &Path, existing: Existing) -> Result<(), WriteError> {
    let placed = match existing {
        Existing::Keep => file.persist_noclobber(path),
        Existing::Replace => file.persist(path),
    };
    match placed {
        Ok(_) => Ok(()),
        Err(PersistError { error, .. }) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(WriteError::Exists {
                path: path.to_owned(),
            })
        }
        Err(PersistError { error, .. }) => Err(WriteError::Write {
            path: path.to_owned(),
            source: error,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KeySource, PrivateKey};

    fn secret(text: &str) -> Secret {
        Secret::from(text.as_bytes().to_vec())
    }

    #[test]
    fn a_pair_is_written_and_read() {
        let folder = tempfile::tempdir().unwrap();
        let (private, public) = (folder.path().join("a.key"), folder.path().join("a.pub"));
        let pair = generate(&secret("mole")).unwrap();
        pair.write(&private, &public, Existing::Keep).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&private), 0o600);
            assert_eq!(mode(&public), 0o644);
        }
        let key = PrivateKey::read(&KeySource::File(private), &|| Ok(secret("mole"))).unwrap();
        assert_eq!(key.public_pem(), fs::read_to_string(public).unwrap());
        let names = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(names, 2);
    }

    #[test]
    fn files_that_are_there_stay() {
        let folder = tempfile::tempdir().unwrap();
        let (private, public) = (folder.path().join("a.key"), folder.path().join("a.pub"));
        let pair = generate(&secret("")).unwrap();
        for there in [&private, &public] {
            fs::write(there, "precious").unwrap();
            let error = pair.write(&private, &public, Existing::Keep).unwrap_err();
            assert!(
                matches!(&error, WriteError::Exists { path } if path == there),
                "{error}"
            );
            assert_eq!(fs::read_to_string(there).unwrap(), "precious");
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
            fs::remove_file(there).unwrap();
        }
        fs::write(&private, "old").unwrap();
        pair.write(&private, &public, Existing::Replace).unwrap();
        assert_eq!(fs::read_to_string(&private).unwrap(), pair.private_pem);
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let path = Path::new("/no/such/folder/a.key");
        let error = generate(&secret(""))
            .unwrap()
            .write(path, path, Existing::Keep)
            .unwrap_err();
        assert!(
            error.to_string().contains("/no/such/folder/a.key"),
            "{error}"
        );
    }
}
