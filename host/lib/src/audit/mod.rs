//! The audit: what was asked for, whether it was granted, and what became of it, as
//! JSON lines. `docs/audit.md` describes every field.
//!
//! Requests and the use of credentials are told of before they happen, and what can't be
//! told does not happen; changes of the content store are told of at once. No line has a secret in it: addresses stand without their query, upload sessions
//! without what names them, and stand-ins and passwords are nowhere.

mod clock;
mod event;

use std::fmt;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use serde::Serialize;

pub(crate) use event::{Decision, Event, Refusal, Sent, Standing};

/// The version of the lines' format. It changes when a field is removed or comes to mean
/// something else.
pub(crate) const SCHEMA: u32 = 1;

/// Writes an audit. Clones write the same one.
#[derive(Clone)]
pub struct Audit(Arc<Inner>);

struct Inner {
    writer: Mutex<Lines>,
    next: AtomicU64,
}

struct Lines {
    to: Box<dyn Write + Send>,
    /// Why a line could not be written. Nothing is written after it.
    failed: Option<String>,
}

/// The audit can't be written. Says why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the audit can't be written ({0}), and nothing is done that it does not tell of")]
pub struct AuditError(pub(crate) String);

/// One line: when, and what.
#[derive(Serialize)]
struct Line<'a> {
    time: String,
    #[serde(flatten)]
    event: &'a Event<'a>,
}

impl Audit {
    /// Writes lines to wherever. Each is handed over whole, and then flushed.
    #[must_use]
    pub fn to(writer: impl Write + Send + 'static) -> Self {
        Self(Arc::new(Inner {
            writer: Mutex::new(Lines {
                to: Box::new(writer),
                failed: None,
            }),
            next: AtomicU64::new(1),
        }))
    }

    /// A number that no other request of this audit has.
    pub(crate) fn number(&self) -> u64 {
        self.0.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Writes a line.
    pub(crate) fn write(&self, event: &Event<'_>) -> Result<(), AuditError> {
        let line = Line {
            time: clock::rfc3339(SystemTime::now()),
            event,
        };
        let mut lines = self.0.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(why) = &lines.failed {
            return Err(AuditError(why.clone()));
        }
        let written = serde_json::to_vec(&line)
            .map_err(io::Error::from)
            .and_then(|mut bytes| {
                bytes.push(b'\n');
                lines.to.write_all(&bytes)?;
                lines.to.flush()
            });
        written.map_err(|error| {
            let why = error.to_string();
            lines.failed = Some(why.clone());
            AuditError(why)
        })
    }

    /// Fails when a line could not be written at any time before.
    pub(crate) fn check(&self) -> Result<(), AuditError> {
        let lines = self.0.writer.lock().unwrap_or_else(PoisonError::into_inner);
        match &lines.failed {
            Some(why) => Err(AuditError(why.clone())),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Audit").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so many lines.
    struct Short(usize);

    impl Write for Short {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            match self.0.checked_sub(1) {
                Some(left) => {
                    self.0 = left;
                    Ok(bytes.len())
                }
                None => Err(io::Error::from(io::ErrorKind::StorageFull)),
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn after_a_failure_nothing_more_is_written() {
        let audit = Audit::to(Short(1));
        let event = Event::Limit { reason: "a" };
        assert_eq!(audit.write(&event), Ok(()));
        assert_eq!(audit.check(), Ok(()));
        let error = audit.write(&event).unwrap_err();
        assert!(error.to_string().contains("can't be written"), "{error}");
        assert_eq!(audit.write(&event), Err(error.clone()));
        assert_eq!(audit.check(), Err(error));
    }
}
