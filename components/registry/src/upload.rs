//! Blobs from the store to the registry. Their bytes are forwarded and never read.
//!
//! ```text
//!  there already? ─▶ taken over from another repository? ─▶ session ─▶ whole ─▶ there
//!                                                             │  ▲       │cut
//!                                          (noted, to be gone │  │       ▼
//!                                           on with later)    ▼  └─ how much is there?
//!                                                             rest, or in parts
//! ```

use alloc::format;
use alloc::string::ToString as _;

use wharf_oci::request::{Mount, Operation};
use wharf_oci::{Descriptor, Repository, Url, limit, look, range, retry};

use crate::bindings::{Error, Event, Outcome, content_store, progress};
use crate::download::present;
use crate::failure::{self, Fault, describe};
use crate::http::{Body, Failed, Incoming, Outgoing};
use crate::session::{Session, location};
use crate::wire::{Tries, is_transient};

/// Sends a blob of the store, unless the registry has it or can take it over.
pub(crate) async fn send(
    session: &Session,
    repository: &Repository,
    blob: &Descriptor,
) -> Result<Outcome, Fault> {
    let _permit = session.wire.transfers.acquire().await;
    let absent = session.absent.get();
    session
        .absent
        .set(absent.map(|count| count.saturating_add(1)));
    let looks = absent.is_none_or(|count| look::is_worthwhile(count, blob.size));
    if looks && is_there(session, repository, blob).await? {
        session.absent.set(None);
        return Ok(present(blob));
    }
    let mut upload = Upload::new(session, repository, blob);
    upload.recall().await?;
    if upload.at.is_none() && upload.mount().await? {
        progress::report(&Event::Skipped(describe(blob)));
        return Ok(Outcome::Mounted);
    }
    progress::report(&Event::Started(describe(blob)));
    upload.run().await?;
    session.wire.transfers.grow();
    progress::report(&Event::Finished(describe(blob)));
    Ok(Outcome::Moved)
}

/// What became of a blob that need not be sent: it is there, or was taken over. None
/// when it is to be sent.
pub(crate) async fn take_over(
    session: &Session,
    repository: &Repository,
    blob: &Descriptor,
) -> Result<Option<Outcome>, Fault> {
    let _permit = session.wire.transfers.acquire().await;
    if is_there(session, repository, blob).await? {
        return Ok(Some(present(blob)));
    }
    let mut upload = Upload::new(session, repository, blob);
    if upload.mount().await? {
        progress::report(&Event::Skipped(describe(blob)));
        return Ok(Some(Outcome::Mounted));
    }
    // The session that was begun instead is of no use before the blob is here.
    upload.cancel().await;
    Ok(None)
}

/// Whether the registry has a blob in a repository.
pub(crate) async fn is_there(
    session: &Session,
    repository: &Repository,
    blob: &Descriptor,
) -> Result<bool, Fault> {
    let url = session.url(repository, &Operation::ReadBlob(blob.digest.clone()))?;
    let look = session.read(Outgoing::new("HEAD", url)).await?;
    match look.status {
        200 => Ok(true),
        404 => Ok(false),
        _ => Err(failure::answered(look).await),
    }
}

struct Upload<'a> {
    session: &'a Session,
    repository: &'a Repository,
    blob: &'a Descriptor,
    /// The session at the registry, where there is one.
    at: Option<Url>,
    /// How many bytes it holds.
    held: u64,
    /// How many bytes go at a time, when not all of them do.
    part: Option<u64>,
}

/// What became of a step.
enum Step {
    /// The registry has the blob.
    Done,
    /// A part of it arrived, and there is more.
    Further,
    /// It may go better another time; perhaps after so many milliseconds.
    Passing(Fault, Option<u64>),
    /// The session holds more, or less, than it said.
    Misplaced(Fault),
    /// There is no such session, or it does not take this.
    Restart(Fault),
}

impl<'a> Upload<'a> {
    fn new(session: &'a Session, repository: &'a Repository, blob: &'a Descriptor) -> Self {
        Self {
            session,
            repository,
            blob,
            at: None,
            held: 0,
            part: None,
        }
    }

    /// Sends it, however often it takes, and cleans up when that is in vain.
    async fn run(&mut self) -> Result<(), Fault> {
        let mut tries = Tries::begin();
        let mut misplaced = false;
        loop {
            let held = self.held;
            tries.count();
            let (error, asked) = match self.step().await {
                Ok(Step::Done) => return self.forget().await,
                Ok(Step::Further) => {
                    tries.progressed();
                    continue;
                }
                Ok(Step::Passing(error, asked)) => (error, asked),
                // A registry that was asked right after a cut may still have been writing
                // what came before it. It is asked again at once; once, so that no registry
                // can keep this going.
                Ok(Step::Misplaced(error)) if !misplaced => {
                    misplaced = true;
                    self.find_out().await?;
                    if self.at.is_some() && self.held != held {
                        continue;
                    }
                    (error, None)
                }
                Ok(Step::Misplaced(error)) => (error, None),
                Ok(Step::Restart(error)) => {
                    self.at = None;
                    (error, None)
                }
                Err(error) => {
                    self.cancel().await;
                    return Err(error);
                }
            };
            let origin = self.origin()?;
            if !self
                .session
                .wire
                .pause(origin.origin(), &mut tries, asked)
                .await
            {
                self.abandon().await;
                return Err(failure::again(error, tries.told()));
            }
            self.find_out().await?;
            if self.held > held {
                tries.progressed();
            }
        }
    }

    /// The next request that brings it further.
    async fn step(&mut self) -> Result<Step, Fault> {
        if self.at.is_none() && self.begin().await? {
            return Ok(Step::Done);
        }
        let Some(at) = self.at.clone() else {
            return Err(Error::Other("an upload session has no address".into()).into());
        };
        let rest = self.blob.size - self.held;
        if self.held == 0 && self.part.is_none_or(|part| part >= rest) {
            let request = self.closing(&at).body(self.content(0, rest));
            return self.close(request).await;
        }
        if rest == 0 {
            return self.close(self.closing(&at).body(Body::Empty)).await;
        }
        let length = self.part.map_or(rest, |part| part.min(rest));
        let last = self.held + length - 1;
        let request = Outgoing::new("PATCH", at)
            .header("content-type", OCTETS)
            .header("content-range", format!("{}-{last}", self.held))
            .body(self.content(self.held, length));
        let sent = self.session.attempt(request).await;
        let incoming = match self.answered(sent, "PATCH").await? {
            Ok(incoming) => incoming,
            Err(step) => return Ok(step),
        };
        let held = incoming.header("range").and_then(|text| range::held(&text));
        let held = held.unwrap_or(last + 1);
        if held <= self.held || held > self.blob.size {
            return Err(failure::network(
                "PATCH",
                &incoming.url,
                Some(incoming.status),
                "what it says it holds can't be",
            ));
        }
        self.held = held;
        self.at = Some(location(&incoming)?);
        self.note().await?;
        Ok(Step::Further)
    }

    /// Sends the request that ends the upload.
    async fn close(&mut self, request: Outgoing) -> Result<Step, Fault> {
        let sent = self.session.attempt(request).await;
        match self.answered(sent, "PUT").await? {
            Ok(incoming) if incoming.status == 201 => Ok(Step::Done),
            Ok(incoming) => Err(failure::answered(incoming).await),
            Err(step) => Ok(step),
        }
    }

    /// Sorts what came of a request with content in it.
    async fn answered(
        &mut self,
        sent: Result<Incoming, Failed>,
        method: &'static str,
    ) -> Result<Result<Incoming, Step>, Fault> {
        let incoming = match sent {
            Ok(incoming) => incoming,
            Err(failed) => {
                let passing = is_transient(&failed, true);
                let origin = self.origin()?;
                let error = failed.of(method, &origin);
                return if passing {
                    Ok(Err(Step::Passing(error, None)))
                } else {
                    Err(error)
                };
            }
        };
        let status = incoming.status;
        if matches!(status, 201 | 202 | 204) {
            return Ok(Ok(incoming));
        }
        let asked = self.session.wire.heed(&incoming);
        let error = failure::answered(incoming).await;
        Ok(Err(match status {
            _ if retry::is_transient(status) => Step::Passing(error, asked),
            // Out of order: how much is there has to be asked.
            416 => Step::Misplaced(error),
            404 => Step::Restart(error),
            // Too much at once, for what stands before the registry.
            413 if self.part.is_none() => {
                self.part = Some(limit::CHUNK_BYTES);
                Step::Restart(error)
            }
            _ => return Err(error),
        }))
    }

    /// Begins a session. True when the registry took the blob with that very request.
    async fn begin(&mut self) -> Result<bool, Fault> {
        self.held = 0;
        let url = self
            .session
            .url(self.repository, &Operation::StartUpload(None))?;
        if let Some(started) = self.send_with_start().await? {
            if started.status == 201 {
                return Ok(true);
            }
            self.at = Some(location(&started)?);
            return Ok(false);
        }
        let request = Outgoing::new("POST", url).body(Body::Empty);
        let started = self.session.send(request).await?;
        if started.status != 202 {
            return Err(failure::answered(started).await);
        }
        let least: Option<u64> = started
            .header("oci-chunk-min-length")
            .and_then(|text| text.parse().ok());
        if let (Some(part), Some(least)) = (self.part, least) {
            self.part = Some(least.min(limit::LARGEST_CHUNK_BYTES).max(part));
        }
        self.at = Some(location(&started)?);
        self.note().await?;
        Ok(false)
    }

    /// Sends a small blob with the request that begins its upload, if the registry
    /// may take it so (end-4b). The answer, when it is of use: 201, or 202 with a
    /// session like any other.
    async fn send_with_start(&self) -> Result<Option<Incoming>, Fault> {
        let knows = &self.session.single_request;
        let small = self.blob.size <= limit::SINGLE_REQUEST_BYTES && self.part.is_none();
        if !small || knows.get() == Some(false) {
            return Ok(None);
        }
        // Until it is known, one alone tries.
        let known = knows.get();
        knows.set(known.or(Some(false)));
        let operation = Operation::UploadWhole(self.blob.digest.clone());
        let url = self.session.url(self.repository, &operation)?;
        let request = Outgoing::new("POST", url)
            .header("content-type", OCTETS)
            .body(self.content(0, self.blob.size));
        let answer = match self.session.attempt(request).await {
            Ok(answer) => answer,
            // Content that was found damaged is gone now, and would be told as missing.
            Err(Failed::Unsent(fault)) if matches!(fault.error(), Error::Integrity(_)) => {
                return Err(fault);
            }
            Err(_) => return Ok(None),
        };
        match answer.status {
            201 => knows.set(Some(true)),
            202 => knows.set(Some(false)),
            // What is wrong shows when it is done the usual way.
            _ => return Ok(None),
        }
        Ok(Some(answer))
    }

    /// Asks the registry to take the blob over. True when it did.
    async fn mount(&mut self) -> Result<bool, Fault> {
        let Some(from) = self.session.wire.settings.mount_sources.first() else {
            return Ok(false);
        };
        let mount = Operation::StartUpload(Some(Mount {
            digest: self.blob.digest.clone(),
            from: Some(from.clone()),
        }));
        let url = self.session.url(self.repository, &mount)?;
        let request = Outgoing::new("POST", url).body(Body::Empty);
        // Registries that do not take over say so in many ways, and then it is sent.
        let Ok(answer) = self.session.send(request).await else {
            return Ok(false);
        };
        match answer.status {
            201 => return Ok(true),
            202 => {
                self.at = location(&answer).ok();
                self.note().await?;
            }
            _ => {}
        }
        Ok(false)
    }

    /// Asks how much a session holds. Without an answer that says so, there is no
    /// session any more.
    async fn find_out(&mut self) -> Result<(), Fault> {
        let Some(at) = self.at.take() else {
            return Ok(());
        };
        self.held = 0;
        if !may_be_continued(self.session) {
            return Ok(());
        }
        let Ok(answer) = self.session.send(Outgoing::new("GET", at.clone())).await else {
            return Ok(());
        };
        let held = answer.header("range").and_then(|text| range::held(&text));
        if let (200..=204, Some(held)) = (answer.status, held)
            && held <= self.blob.size
        {
            self.held = held;
            self.at = Some(location(&answer).unwrap_or(at));
        }
        Ok(())
    }

    /// Goes on with a session that an earlier run noted.
    async fn recall(&mut self) -> Result<(), Fault> {
        if !self.is_noted() {
            return Ok(());
        }
        let noted = content_store::recall(self.blob.digest.as_str())?;
        let noted = noted.and_then(|text| text.parse::<Url>().ok());
        if let Some(at) = noted.filter(|at| self.session.is_own(at)) {
            self.at = Some(at);
            self.find_out().await?;
        }
        Ok(())
    }

    /// Notes where to go on, for another run. Sessions elsewhere are not granted to
    /// it again.
    async fn note(&self) -> Result<(), Fault> {
        match &self.at {
            Some(at) if self.is_noted() && self.session.is_own(at) => {
                let digest = self.blob.digest.as_str();
                Ok(content_store::remember(digest, &at.to_string())?)
            }
            _ => Ok(()),
        }
    }

    async fn forget(&self) -> Result<(), Fault> {
        if self.is_noted() {
            content_store::forget(self.blob.digest.as_str())?;
        }
        Ok(())
    }

    /// Whether it is worth a note.
    fn is_noted(&self) -> bool {
        self.blob.size >= limit::NOTED_BYTES && may_be_continued(self.session)
    }

    /// Leaves a session that another run may go on with; ends any other.
    async fn abandon(&mut self) {
        if !self.is_noted() {
            self.cancel().await;
        }
    }

    /// Ends the session: the registry need not keep what will not be gone on with.
    /// Whether it heard is of no consequence.
    async fn cancel(&mut self) {
        let _ = self.forget().await;
        if let Some(at) = self.at.take() {
            let _ = self.session.send(Outgoing::new("DELETE", at)).await;
        }
    }

    fn closing(&self, at: &Url) -> Outgoing {
        let digest = self.blob.digest.as_str();
        let url = at.clone().with_query_pair("digest", digest);
        Outgoing::new("PUT", url).header("content-type", OCTETS)
    }

    fn content(&self, offset: u64, length: u64) -> Body {
        Body::Content {
            digest: self.blob.digest.to_string(),
            offset,
            length,
            whole: length == self.blob.size,
        }
    }

    /// An address to speak of, and whose pace counts.
    fn origin(&self) -> Result<Url, Fault> {
        match &self.at {
            Some(at) => Ok(at.clone()),
            None => self
                .session
                .url(self.repository, &Operation::StartUpload(None)),
        }
    }
}

const OCTETS: &str = "application/octet-stream";

/// Whether uploads to this registry can be gone on with. Some say that they can, and
/// then keep what came last in place of the whole.
fn may_be_continued(session: &Session) -> bool {
    let registry = session.registry().as_str();
    !(registry == "ghcr.io" || registry == "gcr.io" || registry.ends_with(".pkg.dev"))
}
