//! Who waits for an instance: it lives as long as a client wants its answer, and
//! a while longer.
//!
//! A request has two ends. The client's is held by whatever carries the answer to
//! it and is dropped when the answer is through or the connection is gone; the
//! instance's counts the clients that are there.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Instant;

/// The clients of one instance.
#[derive(Default)]
pub(crate) struct Presence(Mutex<Clients>);

struct Clients {
    here: usize,
    /// When the last one left.
    since: Instant,
    waker: Option<Waker>,
}

/// The client's end of a request: it is there until this is dropped.
pub(crate) struct Client(Arc<Visit>);

/// One request.
#[derive(Default)]
pub(crate) struct Visit(Mutex<Stage>);

#[derive(Default)]
enum Stage {
    /// No instance took it yet.
    #[default]
    Waiting,
    /// This instance has it.
    At(Arc<Presence>),
    /// The client is gone.
    Left,
}

impl Default for Clients {
    fn default() -> Self {
        Self {
            here: 0,
            since: Instant::now(),
            waker: None,
        }
    }
}

impl Presence {
    /// Since when no client has been there; none while one is, in which case the
    /// waker is called when the last one leaves.
    pub(crate) fn left(&self, waker: &Waker) -> Option<Instant> {
        let mut clients = lock(&self.0);
        if clients.here == 0 {
            return Some(clients.since);
        }
        clients.waker = Some(waker.clone());
        None
    }
}

impl Visit {
    /// Both ends of a new request.
    pub(crate) fn new() -> (Client, Arc<Self>) {
        let visit = Arc::new(Self::default());
        (Client(Arc::clone(&visit)), visit)
    }

    /// An instance takes the request.
    pub(crate) fn arrive(&self, instance: &Arc<Presence>) {
        let mut stage = lock(&self.0);
        let mut clients = lock(&instance.0);
        if matches!(*stage, Stage::Waiting) {
            clients.here += 1;
            *stage = Stage::At(Arc::clone(instance));
        } else {
            clients.since = Instant::now();
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let stage = std::mem::replace(&mut *lock(&self.0.0), Stage::Left);
        let Stage::At(instance) = stage else {
            return;
        };
        let mut clients = lock(&instance.0);
        clients.here = clients.here.saturating_sub(1);
        if clients.here == 0 {
            clients.since = Instant::now();
            if let Some(waker) = clients.waker.take() {
                waker.wake();
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_wanted_while_one_client_is_there() {
        let instance = Arc::new(Presence::default());
        let is_wanted = || instance.left(Waker::noop()).is_none();
        assert!(!is_wanted());
        let (one, first) = Visit::new();
        let (other, second) = Visit::new();
        first.arrive(&instance);
        second.arrive(&instance);
        drop(one);
        assert!(is_wanted());
        drop(other);
        assert!(!is_wanted());
    }

    #[test]
    fn a_client_that_left_before_it_was_served_does_not_count() {
        let instance = Arc::new(Presence::default());
        let (client, visit) = Visit::new();
        drop(client);
        visit.arrive(&instance);
        assert!(instance.left(Waker::noop()).is_some());
    }
}
