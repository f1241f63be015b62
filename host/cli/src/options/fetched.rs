//! Whom to trust, and which services sign: as they were last fetched, or else as they were
//! when this program was made.

use std::path::{Path, PathBuf};

use wharf_host::trust::{Current, Kept, KeptError, PUBLIC_ROOT, SigningConfig};

use super::store::caches;
use crate::bounded;
use crate::error::{CommandError, Kind};

/// The largest file of a key, a trusted root or a signing configuration, in bytes.
pub(crate) const TRUST_BYTES: u64 = 1024 * 1024;

/// The folder of what is fetched, in the user's cache folder. It is beside the content
/// store, and not in it: others may write into a store, but not choose whom this user
/// trusts.
const FOLDER: &str = "wharf-trust";

/// What `wharf trust update` fetched; none where there is no folder for it.
pub(crate) fn kept() -> Option<Kept> {
    Some(Kept::at(caches()?.join(FOLDER)))
}

/// What can't be read of it.
pub(crate) fn unreadable(kept: &Kept, error: &KeptError) -> CommandError {
    CommandError::new(Kind::Other, error.to_string())
        .while_doing("cannot tell whom to trust")
        .hint(format!(
            "remove {}, then fetch it again with `wharf trust update`",
            kept.folder().display()
        ))
}

fn current() -> Result<Option<Current>, CommandError> {
    let Some(kept) = kept() else {
        return Ok(None);
    };
    kept.current().map_err(|error| unreadable(&kept, &error))
}

/// The authorities and logs to trust: those of a file, or those that were last fetched, or
/// the public ones as they were when this program was made.
pub(crate) fn trusted_root(path: Option<&Path>) -> Result<Vec<u8>, CommandError> {
    let path: PathBuf = match path {
        Some(path) => path.to_owned(),
        None => match current()? {
            Some(current) => current.trusted_root,
            None => return Ok(PUBLIC_ROOT.to_vec()),
        },
    };
    bounded::read(&path, TRUST_BYTES)
        .map_err(|why| CommandError::usage(format!("the trusted root `{}` {why}", path.display())))
}

/// The services to sign with: those of a file, or those that were last fetched, or the
/// public ones as they were when this program was made.
pub(super) fn signing_config(path: Option<&Path>) -> Result<SigningConfig, CommandError> {
    let path: PathBuf = match path {
        Some(path) => path.to_owned(),
        None => match current()? {
            Some(Current {
                signing_config: Some(config),
                ..
            }) => config,
            // What is signed for others is not for the public.
            Some(current) if !current.mirror.is_public() => {
                return Err(CommandError::usage(format!(
                    "{} names no services to sign with",
                    current.mirror
                ))
                .hint("name a file that does with --signing-config"));
            }
            _ => {
                let public = SigningConfig::public();
                return public.map_err(|error| CommandError::usage(error.to_string()));
            }
        },
    };
    let shown = format!("the signing configuration `{}`", path.display());
    let bytes = bounded::read(&path, TRUST_BYTES)
        .map_err(|why| CommandError::usage(format!("{shown} {why}")))?;
    SigningConfig::parse(&bytes).map_err(|why| CommandError::usage(format!("{shown}: {why}")))
}
