//! The file in which logins are kept: Docker's `auths` format, readable by its
//! owner alone.
//!
//! It is changed under a lock, written beside and renamed, so that two logins at
//! once both count and a reader never sees half a file. A file that can't be
//! parsed is never written over: it may hold what somebody still needs.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use wharf_oci::Registry;
use wharf_oci::auth_file::Key;

use super::Secret;

/// The file in which logins are kept.
#[derive(Debug, Clone)]
pub struct LoginFile {
    path: PathBuf,
}

/// The login file could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoginFileError {
    /// Reading or writing failed.
    #[error("can't {operation} the login file `{}`: {source}", path.display())]
    Io {
        /// What was being done.
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It is not what it should be.
    #[error(
        "the login file `{}` is not what `wharf registry login` writes ({problem}): \
         mend it or move it away",
        path.display()
    )]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

impl LoginFile {
    /// The file at a path, which need not exist.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps a user name and password for a registry, in place of what was kept.
    pub fn store(
        &self,
        registry: &Registry,
        username: &str,
        password: &Secret,
    ) -> Result<(), LoginFileError> {
        let auth = STANDARD.encode(format!("{username}:{}", password.reveal()));
        self.change(|auths| {
            auths.retain(|key, _| !is_for(key, registry));
            auths.insert(registry.to_string(), json!({ "auth": auth }));
            true
        })
        .map(drop)
    }

    /// Forgets what is kept for all of a registry, however its key is written, and
    /// says whether there was something.
    pub fn erase(&self, registry: &Registry) -> Result<bool, LoginFileError> {
        if self.read()?.is_none() {
            return Ok(false);
        }
        self.change(|auths| {
            let before = auths.len();
            auths.retain(|key, _| !is_for(key, registry));
            auths.len() < before
        })
    }

    /// Changes the entries under the lock; writes when `edit` says so.
    fn change(
        &self,
        edit: impl FnOnce(&mut Map<String, Value>) -> bool,
    ) -> Result<bool, LoginFileError> {
        let directory = self.path.parent().filter(|parent| parent != &Path::new(""));
        let directory = directory.unwrap_or(Path::new("."));
        let failed = |operation| move |source| self.io(operation, source);
        private_directories(directory).map_err(failed("make the directory of"))?;
        let lock = File::create(self.path.with_extension("lock")).map_err(failed("lock"))?;
        lock.lock().map_err(failed("lock"))?;

        let mut whole = self.read()?.unwrap_or_default();
        let auths = whole
            .entry("auths")
            .or_insert_with(|| Value::Object(Map::new()));
        let Value::Object(auths) = auths else {
            return Err(self.content("its member `auths` is not an object"));
        };
        let changed = edit(auths);
        if changed {
            let text = format!("{:#}\n", Value::Object(whole));
            self.replace(directory, text.as_bytes())
                .map_err(failed("write"))?;
        }
        Ok(changed)
    }

    fn replace(&self, directory: &Path, text: &[u8]) -> io::Result<()> {
        // Created with mode 0600, whatever the umask.
        let mut beside = tempfile::NamedTempFile::new_in(directory)?;
        beside.write_all(text)?;
        beside.as_file().sync_all()?;
        beside.persist(&self.path)?;
        Ok(())
    }

    fn read(&self) -> Result<Option<Map<String, Value>>, LoginFileError> {
        let text = match fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.io("read", error)),
        };
        match serde_json::from_slice(&text) {
            Ok(Value::Object(whole)) => Ok(Some(whole)),
            Ok(_) => Err(self.content("it is not a JSON object")),
            Err(error) => Err(self.content(&format!(
                "it is not JSON: line {}, column {}",
                error.line(),
                error.column()
            ))),
        }
    }

    fn io(&self, operation: &'static str, source: io::Error) -> LoginFileError {
        LoginFileError::Io {
            operation,
            path: self.path.clone(),
            source,
        }
    }

    fn content(&self, problem: &str) -> LoginFileError {
        LoginFileError::Content {
            path: self.path.clone(),
            problem: problem.to_owned(),
        }
    }
}

/// Whether a key is for all of a registry.
fn is_for(key: &str, registry: &Registry) -> bool {
    Key::parse(key).is_some_and(|key| key.is_all_of(registry))
}

/// Makes a directory and those above it that are missing, for the owner alone.
fn private_directories(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(directory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::{AuthFile, Credential, CredentialSource as _, Owner};

    fn find(file: &LoginFile, registry: &Registry) -> Option<Credential> {
        let source = AuthFile::at(file.path().to_owned(), Owner::Login);
        source.find(registry, None).unwrap()
    }

    fn registry(text: &str) -> Registry {
        text.parse().unwrap()
    }

    fn file() -> (tempfile::TempDir, LoginFile) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("deep/wharf/auth.json");
        (directory, LoginFile::at(path))
    }

    #[test]
    fn what_was_stored_is_found_until_it_is_erased() {
        let (_directory, file) = file();
        let (one, two) = (registry("one.example:5000"), registry("two.example"));
        assert_eq!(find(&file, &one), None);
        assert!(!file.erase(&one).unwrap());
        file.store(&one, "ada", &Secret::new("p:w".into())).unwrap();
        file.store(&two, "ada", &Secret::new("other".into()))
            .unwrap();
        let found = Credential::UserPassword {
            username: "ada".into(),
            password: Secret::new("p:w".into()),
        };
        assert_eq!(find(&file, &one), Some(found));
        assert!(file.erase(&one).unwrap());
        assert_eq!(find(&file, &one), None);
        assert!(find(&file, &two).is_some());
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_directory, file) = file();
        let secret = Secret::new("pw".into());
        file.store(&registry("r.example"), "ada", &secret).unwrap();
        let mode = fs::metadata(file.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_can_not_be_parsed_is_left_as_it_is() {
        let (_directory, file) = file();
        private_directories(file.path().parent().unwrap()).unwrap();
        for text in ["", "not json", "[]", r#"{"auths":[]}"#] {
            fs::write(file.path(), text).unwrap();
            let secret = Secret::new("pw".into());
            let stored = file.store(&registry("r.example"), "ada", &secret);
            assert!(matches!(stored, Err(LoginFileError::Content { .. })));
            assert_eq!(fs::read_to_string(file.path()).unwrap(), text);
        }
    }

    #[test]
    fn a_registry_has_one_entry_however_it_was_written() {
        let (_directory, file) = file();
        private_directories(file.path().parent().unwrap()).unwrap();
        let before = r#"{"auths": {"https://index.docker.io/v1/": {}, "docker.io/user": {}}}"#;
        fs::write(file.path(), before).unwrap();
        let hub = registry("docker.io");
        file.store(&hub, "ada", &Secret::new("pw".into())).unwrap();
        let text = fs::read_to_string(file.path()).unwrap();
        assert!(!text.contains("index.docker.io"), "{text}");
        fs::write(file.path(), before).unwrap();
        assert!(file.erase(&hub).unwrap());
        assert!(!file.erase(&hub).unwrap());
        let text = fs::read_to_string(file.path()).unwrap();
        assert!(text.contains("docker.io/user"), "{text}");
    }

    #[test]
    fn members_of_other_programs_stay() {
        let (_directory, file) = file();
        private_directories(file.path().parent().unwrap()).unwrap();
        fs::write(
            file.path(),
            r#"{"credsStore":"x","auths":{"a":{"auth":"y"}}}"#,
        )
        .unwrap();
        let secret = Secret::new("pw".into());
        file.store(&registry("r.example"), "ada", &secret).unwrap();
        let text = fs::read_to_string(file.path()).unwrap();
        let whole: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(whole["credsStore"], "x");
        assert_eq!(whole["auths"]["a"]["auth"], "y");
    }
}
