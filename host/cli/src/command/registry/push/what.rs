//! What `wharf registry push` sends: an application, or something of the content store.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use wharf_host::{Digest, Store};

use crate::error::CommandError;
use crate::source;
use crate::stored::Stored;

/// What is to be sent.
pub(super) enum What {
    /// The application of this manifest, once it is packed.
    App(PathBuf),
    /// Something of the content store.
    Stored(Stored),
}

impl What {
    /// What the user meant. An existing path wins.
    pub(super) fn infer(text: &OsStr) -> Result<Self, CommandError> {
        let path = Path::new(text);
        if path.symlink_metadata().is_ok() {
            return source::manifest_at(path).map(Self::App);
        }
        let shown = path.display();
        let stored = text.to_str().map(str::parse::<Stored>);
        match stored {
            Some(Ok(stored)) => Ok(Self::Stored(stored)),
            Some(Err(why)) => Err(CommandError::usage(format!(
                "there is no file and no directory {shown} here, and it can't be a name of \
                 something in the content store: {why}"
            ))),
            None => Err(CommandError::usage(format!(
                "there is no file and no directory {shown} here"
            ))),
        }
    }
}

/// The manifest that is meant, all of which must be in the store.
pub(super) fn find(store: &Store, stored: &Stored) -> Result<Digest, CommandError> {
    stored.find(store)?.ok_or_else(|| {
        CommandError::usage(format!(
            "there is no file and no directory {stored} here, and the content store at {} has \
             nothing of that name, or not all of it",
            store.path().display()
        ))
        .hint("`wharf cache list` tells what it has; `wharf registry load` and `pull` add to it")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_path_is_a_name_of_the_store() {
        let app = What::infer(OsStr::new(env!("CARGO_MANIFEST_DIR")));
        assert!(app.is_err_and(|error| error.messages[0].contains("no spin.toml")));
        let stored = What::infer(OsStr::new("r.example/app:1"));
        assert!(matches!(stored, Ok(What::Stored(_))));
        let error = What::infer(OsStr::new("./No-such-app")).err().unwrap();
        assert_eq!(error.kind.exit().code(), 2);
        assert!(error.messages[0].contains("./No-such-app"), "{error:?}");
    }
}
