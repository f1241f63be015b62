//! What `wharf registry push` sends: an application, or something of the content store.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use wharf_host::{Digest, PackOptions, Reference, Store, Wharf};

use super::packing::PackingArgs;
use crate::error::CommandError;
use crate::source::Source;
use crate::stored::Stored;

/// What is to be sent.
pub(in crate::command::registry) enum What {
    /// The application of this manifest, once it is packed.
    App(PathBuf),
    /// The component of this file, once it is packed.
    Component(PathBuf),
    /// The package of WIT in this directory, or this file, once it is packed.
    Wit(PathBuf),
    /// Something of the content store.
    Stored(Stored),
}

/// What is in the store, to be sent.
pub(in crate::command::registry) struct Ready {
    /// The manifest's.
    pub(in crate::command::registry) digest: Digest,
    /// What the author should know.
    pub(super) warnings: Vec<String>,
    /// What was sent already.
    pub(super) sent: Vec<Digest>,
}

impl What {
    /// What the user meant. An existing path wins.
    pub(in crate::command::registry) fn infer(text: &OsStr) -> Result<Self, CommandError> {
        let path = Path::new(text);
        if path.symlink_metadata().is_ok() {
            return Ok(match Source::at(path)? {
                Source::Component(path) => Self::Component(path),
                Source::Manifest(path) => Self::App(path),
                // A path is none.
                Source::Registry(reference) => Self::Stored(Stored::Reference(reference)),
            });
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

impl What {
    /// Refuses options that mean nothing for it.
    pub(super) fn accept(&self, packing: &PackingArgs) -> Result<(), CommandError> {
        let option = match self {
            Self::App(_) => None,
            Self::Component(_) | Self::Wit(_) => packing.used_for_manifests(),
            Self::Stored(_) => packing.used(),
        };
        let Some(option) = option else {
            return Ok(());
        };
        Err(CommandError::usage(match self {
            Self::Stored(stored) => format!(
                "{option} is for what is packed, and {stored} of the content store is sent as it \
                 is"
            ),
            Self::App(path) | Self::Component(path) | Self::Wit(path) => format!(
                "{option} is for a spin.toml, and {} is sent without one",
                path.display()
            ),
        }))
    }

    /// Has all of it in the store. What is large may be sent `ahead` at once.
    pub(in crate::command::registry) async fn ready(
        &self,
        wharf: &Wharf,
        options: &PackOptions,
        ahead: Option<&Reference>,
    ) -> Result<Ready, CommandError> {
        let packed = match self {
            Self::App(path) => {
                let packed = match ahead {
                    None => wharf.pack(path, options).await,
                    Some(target) => wharf.pack_and_send(path, options, target).await,
                };
                packed.map_err(|error| CommandError::packing(error, path))
            }
            Self::Component(path) => {
                let packed = wharf.pack_component(path, options).await;
                packed.map_err(|error| CommandError::packing_alone(error, path))
            }
            Self::Wit(path) => {
                let packed = wharf.pack_wit(path, options).await;
                packed.map_err(|error| CommandError::packing_alone(error, path))
            }
            Self::Stored(stored) => {
                return Ok(Ready {
                    digest: find(wharf.store(), stored)?,
                    warnings: Vec::new(),
                    sent: Vec::new(),
                });
            }
        }?;
        Ok(Ready {
            digest: packed.manifest.digest,
            warnings: packed.warnings,
            sent: packed.sent,
        })
    }
}

/// The manifest that is meant, all of which must be in the store.
fn find(store: &Store, stored: &Stored) -> Result<Digest, CommandError> {
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
