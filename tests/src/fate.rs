//! What may become of a request on its way through a proxy.

use std::fmt;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::scripted::Answer;
use crate::wire::Head;

/// What is to become of a request.
#[derive(Clone, Debug)]
pub enum Fate {
    /// It is forwarded, and the answer too.
    Forward,
    /// It is answered here; the registry does not see it.
    Answer(Answer),
    /// It is answered here when so many bytes of its body came, and the connection takes
    /// no more requests; the registry does not see it.
    AnswerEarly(u64, Answer),
    /// The registry does what it asks for, and the connection is closed in place of
    /// the answer.
    DropAnswer,
    /// The connection is closed in the middle of the answer's headers.
    CutHead,
    /// The connection is closed when so many bytes of the request's body were
    /// forwarded.
    CutRequest(u64),
    /// The connection is closed when so many bytes of the answer's body were
    /// forwarded.
    CutAnswer(u64),
    /// Nothing of it is forwarded until the gate is opened.
    Hold(Gate),
    /// The answer's body stops after so many bytes, until the gate is opened.
    HoldAnswer(u64, Gate),
    /// The request's body stops after so many bytes, until the gate is opened.
    HoldRequest(u64, Gate),
    /// It is forwarded without its headers of this name.
    Without(&'static str),
    /// It is forwarded with another value of this header.
    With(&'static str, String),
    /// It is forwarded as a request for another path and query, and this becomes of it.
    At(String, Box<Self>),
    /// It is read, and nothing is answered for as long as anybody waits.
    Silent,
    /// The answer comes in small pieces, with a pause before each.
    Slow(Duration),
    /// The answer's headers go on for as long as anybody listens.
    EndlessHead,
    /// The answer's body goes on for as long as anybody listens.
    EndlessBody,
    /// The answer is changed, and the connection is closed after it.
    Change(Change),
}

/// A change to an answer. It sees the body whole, whose true length is in the head,
/// and may make the two disagree.
#[derive(Clone)]
pub struct Change(Arc<ChangeAnswer>);

type ChangeAnswer = dyn Fn(&mut Head, &mut Vec<u8>) + Send + Sync;

/// A place where bytes wait until a test lets them pass.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<(Mutex<GateState>, Condvar)>);

#[derive(Debug, Default)]
struct GateState {
    reached: bool,
    open: bool,
    shut: bool,
}

impl Change {
    /// What `change` does to an answer's head and body.
    pub fn new(change: impl Fn(&mut Head, &mut Vec<u8>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(change))
    }

    pub(crate) fn apply(&self, head: &mut Head, body: &mut Vec<u8>) {
        (self.0)(head, body);
    }
}

impl fmt::Debug for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Change")
    }
}

impl Gate {
    /// A closed gate.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets everything pass, from now on.
    pub fn open(&self) {
        self.state().open = true;
        self.0.1.notify_all();
    }

    /// Lets nothing pass any more: connections of what waits are closed.
    pub fn shut(&self) {
        self.state().shut = true;
        self.0.1.notify_all();
    }

    /// Waits until something stands before the gate.
    pub fn wait_until_reached(&self) {
        let reached = self.wait(|state| state.reached);
        assert!(reached, "nothing came to the gate");
    }

    /// Waits until something stands before the gate, or `is_over`. Tells whether
    /// something stands there.
    pub fn is_reached_before(&self, is_over: impl Fn() -> bool) -> bool {
        const LOOK: Duration = Duration::from_millis(10);
        let mut state = self.state();
        while !state.reached && !is_over() {
            let waited = self.0.1.wait_timeout(state, LOOK);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.reached
    }

    pub(crate) fn arrive(&self) -> io::Result<()> {
        self.state().reached = true;
        self.0.1.notify_all();
        if self.wait(|state| state.open || state.shut) && self.state().open {
            Ok(())
        } else {
            Err(io::ErrorKind::TimedOut.into())
        }
    }

    fn wait(&self, wanted: impl Fn(&GateState) -> bool) -> bool {
        let (_state, timeout) = self
            .0
            .1
            .wait_timeout_while(self.state(), LIMIT, |state| !wanted(state))
            .unwrap_or_else(PoisonError::into_inner);
        !timeout.timed_out()
    }

    fn state(&self) -> MutexGuard<'_, GateState> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fate {
    /// How many more bytes of a request's body may pass after so many.
    pub(crate) fn of_request(&self, passed: u64) -> io::Result<u64> {
        match self {
            Self::CutRequest(most) | Self::AnswerEarly(most, _) => cut(*most, passed),
            Self::HoldRequest(most, gate) => hold(*most, gate, passed),
            _ => Ok(u64::MAX),
        }
    }

    /// How many more bytes of an answer's body may pass after so many.
    pub(crate) fn of_answer(&self, passed: u64) -> io::Result<u64> {
        match self {
            Self::CutAnswer(most) => cut(*most, passed),
            Self::HoldAnswer(most, gate) => hold(*most, gate, passed),
            _ => Ok(u64::MAX),
        }
    }
}

fn cut(most: u64, passed: u64) -> io::Result<u64> {
    match most.saturating_sub(passed) {
        0 => Err(io::ErrorKind::ConnectionAborted.into()),
        left => Ok(left),
    }
}

fn hold(most: u64, gate: &Gate, passed: u64) -> io::Result<u64> {
    match most.saturating_sub(passed) {
        0 => gate.arrive().map(|()| u64::MAX),
        left => Ok(left),
    }
}

/// How long anything is waited for that must come.
pub(crate) const LIMIT: Duration = Duration::from_mins(1);
