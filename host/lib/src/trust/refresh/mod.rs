//! Whom to trust, fetched anew from a mirror, by The Update Framework: what a mirror has
//! counts only as far as those signed it whom a root names that is known before, and never
//! when it is older than what was seen.
//!
//! ```text
//!  refresh ──▶ sigstore-tuf ──▶ mirror ──▶ (fetch, with a grant for each address)
//!     │             └─────────▶ metadata, in the folder of what is kept
//!     └──────▶ kept: the trusted root, which from then on counts
//! ```

mod error;
mod kept;
mod mirror;

use jiff::Timestamp;
use sigstore_tuf::{FileStore, Updater, UpdaterConfig};
use wharf_keyless::Root;
use wharf_signer::keyless::SigningConfig;

use super::PUBLIC_ROOT;
use crate::blocking::blocking;
use crate::error::Error;
use crate::wharf::Wharf;
use kept::Found;
use mirror::Served;

pub use error::RefreshError;
pub use kept::{Current, Kept, KeptError};
pub use mirror::{Mirror, MirrorError};

/// What the mirror names the trusted root (protobuf JSON of `dev.sigstore.trustroot`).
const TRUSTED_ROOT: &str = "trusted_root.json";
/// What the mirror names the services to sign with, where it has them.
const SIGNING_CONFIG: &str = "signing_config.v0.2.json";

/// How long each of them may be, in bytes.
const MOST_BYTES: u64 = 1024 * 1024;

/// What a refresh came to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refreshed {
    /// What counts now.
    pub current: Current,
    /// The version of the root of the repository.
    pub root_version: u64,
    /// Whether something else counts than before.
    pub is_new: bool,
}

impl Wharf {
    /// Fetches the trusted root of a mirror, and the services to sign with if it has them.
    /// `root` is the root of its repository to begin with, in whichever version. What is
    /// verified, and can be used, takes the place of what was kept; else that stays.
    pub async fn refresh_trust(
        &self,
        kept: &Kept,
        mirror: &Mirror,
        root: &[u8],
    ) -> Result<Refreshed, Error> {
        // With it comes the cryptography of the process, which the repository's is, too.
        usable(TRUSTED_ROOT, Root::parse(PUBLIC_ROOT))?;
        let served = Served::new(self.clone(), mirror.clone());
        let updater = Updater::new(served, root).map_err(|error| {
            Error::InvalidInput(format!(
                "the root to begin with can't be used: {}",
                error::chain(&error)
            ))
        })?;
        let mut config = UpdaterConfig::default();
        config.target_max_length = MOST_BYTES;
        let place = kept.place(mirror);
        let mut updater = updater
            .with_config(config)
            .with_store(FileStore::new(place.join("metadata")));
        let now = Timestamp::now();
        updater.refresh(now).await.map_err(error::told)?;
        let trusted_root = updater.get_target(TRUSTED_ROOT, now).await;
        let trusted_root = trusted_root.map_err(error::told)?;
        usable(TRUSTED_ROOT, Root::parse(&trusted_root))?;
        let listed = updater.get_target_info(SIGNING_CONFIG, now).await;
        let is_listed = listed.map_err(error::told)?.is_some();
        let signing_config = if is_listed {
            let config = updater.get_target(SIGNING_CONFIG, now).await;
            let config = config.map_err(error::told)?;
            usable(SIGNING_CONFIG, SigningConfig::parse(&config))?;
            Some(config)
        } else {
            None
        };
        let found = Found {
            root: updater.trusted().root_bytes().to_vec(),
            trusted_root,
            signing_config,
        };
        let root_version = updater.trusted().root().version;
        let (kept, mirror) = (kept.clone(), mirror.clone());
        let adopted = blocking(move || kept.adopt(&mirror, &found)).await?;
        let (current, is_new) = adopted.map_err(|error| Error::Storage(error.to_string()))?;
        Ok(Refreshed {
            current,
            root_version,
            is_new,
        })
    }
}

fn usable<T, E: ToString>(name: &str, parsed: Result<T, E>) -> Result<T, RefreshError> {
    parsed.map_err(|why| RefreshError::Unusable {
        name: name.to_owned(),
        why: why.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn what_this_was_built_with_can_be_begun_with() {
        let _ = Root::parse(PUBLIC_ROOT).unwrap();
        let nowhere = sigstore_tuf::StoreRepository::new(sigstore_tuf::MemoryStore::new());
        let updater = Updater::new(nowhere, Mirror::PUBLIC_ROOT).unwrap();
        assert!(updater.trusted().root().version >= 16);
        assert!(updater.trusted().root().consistent_snapshot);
    }

    #[test]
    fn what_the_framework_says_is_told_with_its_cause() {
        let lost = Error::NotFound(crate::error::Exchange {
            method: "GET".to_owned(),
            url: "https://m.example/1.root.json".to_owned(),
            status: Some(404),
            codes: Vec::new(),
            message: String::new(),
            attempts: 1,
            elapsed: std::time::Duration::ZERO,
        });
        let carried = sigstore_tuf::Error::transport_with_source("x", lost.clone());
        assert_eq!(error::told(carried), lost);
        let other = sigstore_tuf::Error::io("reading y", io::Error::other("no"));
        let told = error::told(other);
        assert_eq!(told, Error::Storage("reading y: no".to_owned()));
        let absent = sigstore_tuf::Error::transport("timestamp.json not found");
        let told = error::told(absent).to_string();
        assert!(told.contains("timestamp.json not found"), "{told}");
    }
}
