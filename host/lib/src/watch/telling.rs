//! What the audit is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::Watch;
use crate::audit::{AuditError, Decision, Event, Refusal, Sent};

/// What changes names and notes of the content store.
const BOOKKEEPING: [&str; 3] = ["set-name", "remember", "forget"];

impl Watch {
    /// Tells of a request before it is sent. When that can't be told, it is not sent.
    pub(crate) fn asked<T>(
        &self,
        outcome: &Result<T, Refusal>,
        sent: impl FnOnce() -> Sent,
    ) -> Result<u64, AuditError> {
        if let Err(refusal) = outcome {
            self.note(refusal);
        }
        let Some(audit) = &self.shared().audit else {
            return Ok(0);
        };
        let id = audit.number();
        audit.write(&Event::Request {
            id,
            capability: "http",
            decision: Decision::of(outcome),
            sent: sent(),
        })?;
        Ok(id)
    }

    /// Opens a request, whose answer is told of when it has ended.
    pub(crate) fn open(&self, id: u64) -> Open {
        self.0.open.fetch_add(1, Ordering::Relaxed);
        Open {
            watch: self.clone(),
            id,
            began: Instant::now(),
            status: None,
            error: Some("cancelled"),
            bytes_out: Arc::default(),
            bytes_in: 0,
        }
    }

    /// Tells that a credential is asked for. When that can't be told, there is none. What
    /// was withheld is no failure: the registry may do without.
    pub(crate) fn asked_credential(
        &self,
        outcome: &Result<(), Refusal>,
        registry: &str,
        repository: Option<&str>,
        source: Option<&str>,
    ) -> Result<(), AuditError> {
        if let Err(Refusal::Policy(violation)) = outcome {
            let _ = self.0.withheld.set(violation.clone());
        }
        let Some(audit) = &self.shared().audit else {
            return Ok(());
        };
        audit.write(&Event::Credential {
            capability: "credentials",
            decision: Decision::of(outcome),
            registry,
            repository,
            source,
        })
    }

    /// Whether the store is written to is the policies' to say.
    pub(crate) fn check_store(&self) -> Result<(), Refusal> {
        self.policies().store().map_err(Refusal::Policy)
    }

    /// Why the content store was not written to: the rule of a policy, where it is only read
    /// because of that, or else its own word.
    pub(crate) fn not_stored(&self, is_read_only: bool, reason: String) -> Refusal {
        match self.check_store() {
            Err(refusal) if is_read_only => refusal,
            _ => Refusal::Sandbox(reason),
        }
    }

    /// Tells that the content store is written to, or was not.
    pub(crate) fn stored(
        &self,
        outcome: &Result<(), Refusal>,
        action: &'static str,
        what: Stored<'_>,
    ) -> Result<(), AuditError> {
        if let Err(refusal) = outcome {
            self.note(refusal);
        }
        let Some(audit) = &self.shared().audit else {
            return Ok(());
        };
        // A store that is only read takes content that it has, which changes nothing, and
        // leaves names and notes as they are: no failure, and so not noted as one.
        let unchanged = self.check_store();
        let decision = match (outcome, &unchanged) {
            (Ok(()), Err(_)) if BOOKKEEPING.contains(&action) => Decision::of(&unchanged),
            (Ok(()), Err(_)) => return Ok(()),
            (outcome, _) => Decision::of(outcome),
        };
        audit.write(&Event::Store {
            capability: "content-store",
            decision,
            action,
            digest: what.digest,
            bytes: what.bytes,
            name: what.name,
        })
    }

    /// Whether store writes are told of.
    pub(crate) fn is_audited(&self) -> bool {
        self.shared().audit.is_some()
    }
}

/// What of the store is written.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Stored<'a> {
    pub(crate) digest: Option<&'a str>,
    pub(crate) bytes: Option<u64>,
    pub(crate) name: Option<&'a str>,
}

/// A request that was granted. When it is dropped, what became of it is told.
pub(crate) struct Open {
    watch: Watch,
    id: u64,
    began: Instant,
    status: Option<u16>,
    error: Option<&'static str>,
    bytes_out: Arc<AtomicU64>,
    bytes_in: u64,
}

impl Open {
    /// Counts the bytes of the request's body.
    pub(crate) fn counter(&self) -> Arc<AtomicU64> {
        self.bytes_out.clone()
    }

    pub(crate) fn watch(&self) -> &Watch {
        &self.watch
    }

    /// The head of the answer came.
    pub(crate) fn answered(&mut self, status: u16) {
        self.status = Some(status);
    }

    /// All of the answer came.
    pub(crate) fn ended(&mut self) {
        self.error = None;
    }

    /// Bytes of the answer's body came.
    pub(crate) fn received(&mut self, bytes: u64) {
        self.bytes_in += bytes;
    }

    /// It ended badly.
    pub(crate) fn failed(&mut self, why: &'static str) {
        self.error = Some(why);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.watch.0.open.fetch_sub(1, Ordering::Relaxed);
        let Some(audit) = &self.watch.shared().audit else {
            return;
        };
        // What could not be written is told at the end of the call.
        let _ = audit.write(&Event::Response {
            id: self.id,
            status: self.status,
            error: self.error,
            bytes_out: self.bytes_out.load(Ordering::Relaxed),
            bytes_in: self.bytes_in,
            ms: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
    }
}
