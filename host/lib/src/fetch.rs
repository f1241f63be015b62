//! A file at an address, brought into the store as anybody: no registry, no protocol but
//! HTTP, no credential. Its bytes are hashed on the way, and nobody looks at them.
//!
//! ```text
//!  fetch ─┬▶ download ─▶ answer ─▶ (capability/http, with a grant for the address)
//!         └▶ tries
//! ```

mod answer;
mod download;
mod tries;

use std::sync::{Arc, Mutex};

use wharf_net::Patience;
use wharf_oci::reference::ReferenceError;
use wharf_oci::retry::Backoff;
use wharf_oci::{Digest, Registry, Url};

use crate::blocking::blocking;
use crate::capability::credentials::StandIns;
use crate::capability::grant::Grants;
use crate::capability::http::Hooks;
use crate::connection::Pace;
use crate::error::Error;
use crate::policy::Violation;
use crate::watch::Watch;
use crate::wharf::Wharf;
use answer::Failed;
use download::Download;
use tries::Tries;

/// Who serves a file, and how it is dealt with.
struct Peer {
    hooks: Hooks,
    patience: Patience,
    backoff: Backoff,
}

impl Wharf {
    /// Brings the file at an address into the store, unless it is there. A transfer that
    /// is cut off is gone on with.
    pub(crate) async fn fetch(&self, url: &Url, digest: &Digest) -> Result<(), Error> {
        let (store, wanted) = (self.store().clone(), digest.clone());
        let found = blocking(move || store.stat(&wanted)).await?;
        if found
            .map_err(|error| download::stored(&error, url))?
            .is_some()
        {
            return Ok(());
        }
        let watch = self.overseer().watch(None);
        let allowed = watch.policies().store();
        let peer = self.peer((url, "fetch"), Grants::to_read(url), &watch, allowed)?;
        let fetched = self
            .overseer()
            .in_time(self.download(&peer, url, digest))
            .await;
        drop(peer);
        watch.outcome(fetched)
    }

    async fn download(&self, peer: &Peer, url: &Url, digest: &Digest) -> Result<(), Error> {
        let mut download = Download::new(self.store(), url, digest);
        let mut tries = Tries::begin(peer.backoff);
        loop {
            let failed = match download.go_on(peer).await {
                Ok(()) => return Ok(()),
                Err(failed) => failed,
            };
            tries.count();
            if download.progressed() {
                tries.progressed();
            }
            let again = match &failed {
                Failed::Passing { asked, .. } => tries.pause(*asked).await,
                // It was somewhere, and will be there again.
                Failed::Unreached(_) if download.answered() => tries.pause(None).await,
                Failed::Unreached(_) | Failed::Final(_) => false,
            };
            if !again {
                return Err(tries.told(failed.into()));
            }
        }
    }

    /// The document at an address, of at most so many bytes; none where there is none, or
    /// where nobody gets it.
    pub(crate) async fn fetch_document(
        &self,
        url: &Url,
        most: usize,
    ) -> Result<Option<Vec<u8>>, Error> {
        let watch = self.overseer().watch(None);
        let peer = self.peer((url, "discover"), Grants::to_read(url), &watch, Ok(()))?;
        let reading = read(&peer, url, most, answer::is_for_nobody);
        let read = self.overseer().in_time(reading).await;
        drop(peer);
        watch.outcome(read)
    }

    /// A file of a mirror of trusted roots, of at most so many bytes; none where it says
    /// that there is none.
    pub(crate) async fn fetch_of_mirror(
        &self,
        url: &Url,
        most: usize,
    ) -> Result<Option<Vec<u8>>, Error> {
        let watch = self.overseer().watch(None);
        let peer = self.peer((url, "refresh"), Grants::to_refresh(url), &watch, Ok(()))?;
        let reading = read(&peer, url, most, answer::is_absent);
        let read = self.overseer().in_time(reading).await;
        drop(peer);
        watch.outcome(read)
    }

    /// Who is at an address, as far as that was granted, if what comes of it is allowed.
    fn peer(
        &self,
        (url, operation): (&Url, &str),
        grants: Grants,
        watch: &Watch,
        allowed: Result<(), Violation>,
    ) -> Result<Peer, Error> {
        let authority = url.origin().authority();
        let at: Registry = authority
            .parse()
            .map_err(|error: ReferenceError| Error::InvalidInput(error.to_string()))?;
        let allowed = watch.policies().origin(url.origin()).and(allowed);
        watch.begins((operation, &url.redacted()), None, allowed)?;
        let pace = self.connection(&at).pace;
        Ok(Peer {
            hooks: Hooks {
                client: Some(self.client(&at)?),
                grants: Arc::new(Mutex::new(grants)),
                stand_ins: StandIns::default(),
                observer: self.observer(),
                watch: watch.clone(),
            },
            patience: patience(&pace),
            backoff: backoff(&pace),
        })
    }
}

/// Why an address did not answer, for those who ask it once.
pub(crate) fn unanswered_by(url: &Url, error: &wasmtime_wasi_http::Error) -> Error {
    answer::unanswered(url, error).into()
}

/// A document, however often it has to be asked for; none after an answer that says so.
async fn read(
    peer: &Peer,
    url: &Url,
    most: usize,
    says_none: fn(&Failed) -> bool,
) -> Result<Option<Vec<u8>>, Error> {
    let mut tries = Tries::begin(peer.backoff);
    loop {
        let failed = match answer::document(peer, url, most).await {
            Ok(document) => return Ok(Some(document)),
            Err(failed) if says_none(&failed) => return Ok(None),
            Err(failed) => failed,
        };
        tries.count();
        let again = match &failed {
            Failed::Passing { asked, .. } => tries.pause(*asked).await,
            Failed::Unreached(_) | Failed::Final(_) => false,
        };
        if !again {
            return Err(tries.told(failed.into()));
        }
    }
}

fn patience(pace: &Pace) -> Patience {
    let usual = Patience::default();
    Patience {
        connect: pace.connect_timeout.unwrap_or(usual.connect),
        first_byte: pace.stall_timeout.unwrap_or(usual.first_byte),
        between_bytes: pace.stall_timeout.unwrap_or(usual.between_bytes),
    }
}

fn backoff(pace: &Pace) -> Backoff {
    let usual = Pace::DEFAULT;
    let milliseconds = |time: Option<std::time::Duration>| {
        let time = time.unwrap_or_default().as_millis();
        u64::try_from(time).unwrap_or(u64::MAX)
    };
    Backoff {
        retries: pace.retries.or(usual.retries).unwrap_or_default(),
        first: milliseconds(pace.first_wait.or(usual.first_wait)),
        longest: milliseconds(pace.longest_wait.or(usual.longest_wait)),
    }
}
