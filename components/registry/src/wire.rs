//! Requests, sent until they are answered: again after passing faults, later when
//! the peer asks for it, and not for ever.
//!
//! All requests to an origin share its pace: what one of them learns holds for all,
//! and together they have a budget of retries, which answers fill up again. So a
//! server that is down is not asked by every transfer on its own.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};

use wharf_oci::{Origin, limit, retry};

use crate::bindings::wasi::clocks::monotonic_clock;
use crate::bindings::{ErrorCode, RequestOptions};
use crate::failure::{self, Fault};
use crate::http::{self, Failed, Incoming, Outgoing, Tried};
use crate::permit::Permits;
use crate::reply::Reply;
use crate::settings::Settings;
use crate::work::Work;

/// The way to one registry, its token server, and where it redirects.
pub(crate) struct Wire {
    /// How it was asked to be done.
    pub(crate) settings: Settings,
    /// The right to move a blob. Never held while waiting for a blob's lock.
    pub(crate) transfers: Permits,
    options: RequestOptions,
    paces: RefCell<Vec<(Origin, Rc<Pace>)>>,
    seed: Cell<u64>,
}

/// What all requests to one origin share.
struct Pace {
    /// How many retries are left.
    budget: Cell<u32>,
    /// Nothing is sent before this mark: the peer asked for it.
    not_before: Cell<u64>,
    /// When transfers were last made fewer.
    eased: Cell<u64>,
    /// Whether it ever answered.
    answered: Cell<bool>,
}

/// How often, and since when, something is being tried.
pub(crate) struct Tries {
    sent: u32,
    retries: u32,
    since: u64,
}

const NANOSECONDS: u64 = 1_000_000;

/// Transfers are not made fewer again for what was sent before they were: a second.
const EASING: u64 = 1000 * NANOSECONDS;

impl Wire {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            transfers: Permits::adaptive(limit::FIRST_TRANSFERS, settings.concurrency),
            options: http::request_options(&settings),
            settings,
            paces: RefCell::default(),
            seed: Cell::new(monotonic_clock::now()),
        }
    }

    /// Sends a request, and again for as long as that is of use. Any status may come
    /// back. What is not repeatable is sent once.
    pub(crate) async fn send(
        &self,
        outgoing: &Outgoing,
        authorization: Option<&str>,
    ) -> Result<Incoming, Failed> {
        let origin = outgoing.url.origin();
        let pace = self.pace(origin);
        let mut tries = Tries::begin();
        loop {
            let not_before = pace.not_before.get();
            if not_before > 0 {
                let wait = not_before.saturating_sub(monotonic_clock::now());
                if wait > 0 {
                    monotonic_clock::wait_for(wait).await;
                }
            }
            let mut sent = outgoing.send(authorization, &self.options).await;
            tries.sent += 1;
            let transient = match &sent {
                Ok(incoming) => retry::is_transient(incoming.status),
                Err(failed) => is_transient(failed, pace.answered.get()),
            };
            let asked = sent.as_ref().ok().and_then(|incoming| self.heed(incoming));
            let again = transient && outgoing.is_repeatable();
            if again {
                if matches!(&sent, Err(Failed::Transport(code, _)) if is_silence(code)) {
                    tries.waited_long();
                }
                if self.pause(origin, &mut tries, asked).await {
                    continue;
                }
            }
            match &mut sent {
                Ok(incoming) => incoming.tried = tries.told(),
                Err(Failed::Transport(_, tried)) => *tried = tries.told(),
                Err(Failed::Unsent(_)) => {}
            }
            return sent;
        }
    }

    /// The answer that `ask` gets, with the whole of its body of at most `most` bytes.
    /// Asks again when the connection broke off within it.
    pub(crate) async fn whole<'a>(
        &self,
        most: u64,
        ask: &(dyn Fn() -> Work<'a, Incoming> + 'a),
    ) -> Result<Reply, Fault> {
        let mut tries = Tries::begin();
        loop {
            tries.count();
            let incoming = ask().await?;
            let mut reply = Reply::to(&incoming);
            match incoming.bytes(most).await {
                Ok(body) => {
                    reply.body = body;
                    return Ok(reply);
                }
                Err(failed) => {
                    let passing = is_transient(&failed, true);
                    if !passing || !self.pause(reply.url.origin(), &mut tries, None).await {
                        let fault = failed.of(reply.method, &reply.url);
                        return Err(failure::again(fault, tries.told()));
                    }
                }
            }
        }
    }

    /// Waits before something is tried again, for as long as the peer asked for in
    /// milliseconds or else for some time. False, at once, when it is not to be
    /// tried again.
    pub(crate) async fn pause(
        &self,
        origin: &Origin,
        tries: &mut Tries,
        asked: Option<u64>,
    ) -> bool {
        let pace = self.pace(origin);
        let backoff = &self.settings.backoff;
        let too_long = asked.is_some_and(|asked| asked > backoff.longest);
        if tries.retries >= backoff.retries || pace.budget.get() == 0 || too_long {
            return false;
        }
        let jitter = backoff.wait(tries.retries, self.random());
        let wait = asked.unwrap_or_default().max(jitter);
        pace.budget.set(pace.budget.get() - 1);
        tries.retries += 1;
        monotonic_clock::wait_for(wait.saturating_mul(NANOSECONDS)).await;
        true
    }

    /// Learns from an answer. Tells how long it asks to wait, in milliseconds.
    pub(crate) fn heed(&self, incoming: &Incoming) -> Option<u64> {
        let pace = self.pace(incoming.url.origin());
        pace.answered.set(true);
        if !retry::is_transient(incoming.status) {
            pace.budget
                .set((pace.budget.get() + 1).min(limit::RETRY_BUDGET));
            return None;
        }
        let date = incoming.header("date");
        let asked = incoming
            .header("retry-after")
            .and_then(|header| retry::retry_after(&header, date.as_deref()));
        if retry::is_overload(incoming.status) {
            let now = monotonic_clock::now();
            if now.saturating_sub(pace.eased.get()) > EASING || pace.eased.get() == 0 {
                pace.eased.set(now);
                self.transfers.halve();
            }
            if let Some(asked) = asked.filter(|asked| *asked <= self.settings.backoff.longest) {
                let until = now.saturating_add(asked.saturating_mul(NANOSECONDS));
                pace.not_before.set(pace.not_before.get().max(until));
            }
        }
        asked
    }

    fn pace(&self, origin: &Origin) -> Rc<Pace> {
        let mut paces = self.paces.borrow_mut();
        if let Some((_, pace)) = paces.iter().find(|(known, _)| known == origin) {
            return pace.clone();
        }
        let pace = Rc::new(Pace {
            budget: Cell::new(limit::RETRY_BUDGET),
            not_before: Cell::new(0),
            eased: Cell::new(0),
            answered: Cell::new(false),
        });
        // Redirects may lead to many places; those that come late have no memory.
        if paces.len() < limit::ORIGINS {
            paces.push((origin.clone(), pace.clone()));
        }
        pace
    }

    /// A number to spread waits with (splitmix64): nobody gains by guessing it.
    fn random(&self) -> u64 {
        let seed = self.seed.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.seed.set(seed);
        let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Tries {
    pub(crate) fn begin() -> Self {
        Self {
            sent: 0,
            retries: 0,
            since: monotonic_clock::now(),
        }
    }

    /// Something was sent.
    pub(crate) fn count(&mut self) {
        self.sent += 1;
    }

    /// It got further than before: a new series of retries may follow.
    pub(crate) fn progressed(&mut self) {
        self.retries = 0;
    }

    /// A time-out counts for more than a quick no.
    pub(crate) fn waited_long(&mut self) {
        self.retries += 2;
    }

    /// How often and for how long.
    pub(crate) fn told(&self) -> Tried {
        Tried {
            attempts: self.sent,
            since: self.since,
        }
    }
}

/// Whether a failure may pass. A peer that answered before is somewhere and will be
/// there again; one that never did most likely has another address.
pub(crate) fn is_transient(failed: &Failed, answered: bool) -> bool {
    let Failed::Transport(code, _) = failed else {
        return false;
    };
    match &**code {
        ErrorCode::ConnectionTerminated | ErrorCode::HttpResponseIncomplete => true,
        ErrorCode::ConnectionRefused
        | ErrorCode::DestinationUnavailable
        | ErrorCode::DnsError(_)
        | ErrorCode::DnsTimeout => answered,
        code => answered && is_silence(code),
    }
}

fn is_silence(code: &ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::ConnectionTimeout
            | ErrorCode::ConnectionReadTimeout
            | ErrorCode::ConnectionWriteTimeout
            | ErrorCode::HttpResponseTimeout
    )
}
