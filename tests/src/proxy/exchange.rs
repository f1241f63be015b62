//! What a proxy saw: requests, and what became of each.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::fate::LIMIT;
use crate::wire::{self, Head};

/// A request that came through, and what became of it.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// `GET`, …
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Whether it carried `Authorization`.
    pub authorized: bool,
    /// Its headers, in their order.
    pub headers: Vec<(String, String)>,
    /// When it came.
    pub came: Instant,
    /// The status that was answered, once it was.
    pub status: Option<u16>,
    /// The headers that were answered, in their order, before anything changed them.
    pub answered: Vec<(String, String)>,
    /// How many bytes of the request's body went through, framing aside.
    pub sent: u64,
    /// How many bytes of the answer's body went through, framing aside.
    pub received: u64,
    /// Whether it is over, well or badly.
    pub over: bool,
}

#[derive(Default)]
pub(super) struct Log {
    exchanges: Mutex<Vec<Exchange>>,
    changed: Condvar,
}

impl Exchange {
    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        wire::header(&self.headers, name)
    }

    /// Whether the answer had a header.
    pub fn has_answered(&self, name: &str) -> bool {
        wire::header(&self.answered, name).is_some()
    }

    /// Whether it fetches a blob's content.
    pub fn fetches_blob(&self) -> bool {
        self.method == "GET" && self.target.contains("/blobs/sha256:")
    }

    /// Whether it begins an upload of a blob.
    pub fn begins_upload(&self) -> bool {
        self.method == "POST" && self.target.contains("/blobs/uploads/")
    }

    /// Whether it sends a blob's content.
    pub fn sends_blob(&self) -> bool {
        matches!(self.method.as_str(), "PUT" | "PATCH" | "POST")
            && self.target.contains("/blobs/uploads/")
            && self.sent > 0
    }
}

impl Log {
    /// Waits until the requests are as `wanted`; `what` says so in words.
    pub(super) fn wait(&self, what: &str, wanted: impl Fn(&[Exchange]) -> bool) {
        let limit = Instant::now() + LIMIT;
        let mut exchanges = self.lock();
        while !wanted(&exchanges) {
            let left = limit.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero(),
                "waited in vain until {what}: {exchanges:#?}"
            );
            (exchanges, _) = self
                .changed
                .wait_timeout(exchanges, left)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Vec<Exchange>> {
        self.exchanges
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// One line of the log, for as long as its request lasts.
pub(super) struct Line<'a> {
    log: &'a Log,
    pub(super) exchange: Exchange,
    index: usize,
}

impl<'a> Line<'a> {
    pub(super) fn begin(log: &'a Log, head: &Head) -> Self {
        let exchange = Exchange {
            method: head.word(0).to_owned(),
            target: head.word(1).to_owned(),
            authorized: head.header("authorization").is_some(),
            headers: head.headers.clone(),
            came: Instant::now(),
            status: None,
            answered: Vec::new(),
            sent: 0,
            received: 0,
            over: false,
        };
        let mut exchanges = log.lock();
        exchanges.push(exchange.clone());
        let index = exchanges.len() - 1;
        Self {
            log,
            exchange,
            index,
        }
    }

    pub(super) fn update(&mut self, change: impl FnOnce(&mut Exchange)) {
        change(&mut self.exchange);
        // Gone when the test took the log in the meantime.
        if let Some(exchange) = self.log.lock().get_mut(self.index) {
            exchange.clone_from(&self.exchange);
        }
        self.log.changed.notify_all();
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        self.update(|exchange| exchange.over = true);
    }
}
