//! The settings of a call, as its `options` resource collects them.

use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;

use wharf_oci::Repository;
use wharf_oci::retry::Backoff;

use crate::bindings::Transport;
use crate::bindings::exports::wharf::oci::client::GuestOptions;

/// The settings of one call. The defaults are those that the WIT documents.
#[derive(Clone)]
pub(crate) struct Settings {
    /// How the registry is spoken to.
    pub(crate) transport: Transport,
    /// How many blobs move at once.
    pub(crate) concurrency: usize,
    /// How often, and after how long, requests are sent again.
    pub(crate) backoff: Backoff,
    /// Repositories of the registry that may have what is to be pushed.
    pub(crate) mount_sources: Vec<Repository>,
    /// How long a connection may take to come about, in nanoseconds.
    pub(crate) connect_timeout: u64,
    /// How long the peer may be silent, in nanoseconds.
    pub(crate) stall_timeout: u64,
    /// Which manifest of an index is wanted, as it was written; none for one for
    /// WebAssembly.
    pub(crate) platform: Option<String>,
    /// Whether what refers to a manifest is moved with it.
    pub(crate) referrers: bool,
    /// Whether a push only finds out what it would do.
    pub(crate) dry_run: bool,
    /// The media types of the layers that are wanted; none for all.
    pub(crate) layers: Option<Vec<String>>,
}

const NANOSECONDS_PER_MILLISECOND: u64 = 1_000_000;

impl Default for Settings {
    fn default() -> Self {
        Self {
            transport: Transport::Https,
            concurrency: 64,
            backoff: Backoff {
                retries: 5,
                first: 250,
                longest: 30_000,
            },
            mount_sources: Vec::new(),
            connect_timeout: 10_000 * NANOSECONDS_PER_MILLISECOND,
            stall_timeout: 30_000 * NANOSECONDS_PER_MILLISECOND,
            platform: None,
            referrers: false,
            dry_run: false,
            layers: None,
        }
    }
}

/// The `options` resource.
#[expect(unreachable_pub, reason = "the generated trait names it in public")]
pub struct Options(RefCell<Settings>);

impl Options {
    /// What was set.
    pub(crate) fn settings(&self) -> Settings {
        self.0.borrow().clone()
    }
}

impl GuestOptions for Options {
    fn new() -> Self {
        Self(RefCell::default())
    }

    fn set_transport(&self, transport: Transport) {
        self.0.borrow_mut().transport = transport;
    }

    fn set_concurrency(&self, transfers: u32) {
        // More permits than this is more than a semaphore counts.
        self.0.borrow_mut().concurrency = transfers.clamp(1, 1024) as usize;
    }

    fn set_connect_timeout(&self, milliseconds: u64) {
        self.0.borrow_mut().connect_timeout =
            milliseconds.saturating_mul(NANOSECONDS_PER_MILLISECOND);
    }

    fn set_stall_timeout(&self, milliseconds: u64) {
        self.0.borrow_mut().stall_timeout =
            milliseconds.saturating_mul(NANOSECONDS_PER_MILLISECOND);
    }

    fn set_retries(&self, count: u32) {
        self.0.borrow_mut().backoff.retries = count;
    }

    fn set_retry_wait(&self, first: u64, longest: u64) {
        let backoff = &mut self.0.borrow_mut().backoff;
        backoff.first = first;
        backoff.longest = longest;
    }

    fn add_mount_source(&self, repository: String) {
        // What is no repository has nothing to take over.
        if let Ok(repository) = repository.parse() {
            self.0.borrow_mut().mount_sources.push(repository);
        }
    }

    fn set_platform(&self, platform: String) {
        self.0.borrow_mut().platform = Some(platform);
    }

    fn set_referrers(&self, taken: bool) {
        self.0.borrow_mut().referrers = taken;
    }

    fn set_dry_run(&self) {
        self.0.borrow_mut().dry_run = true;
    }

    fn set_layers(&self, media_types: Vec<String>) {
        self.0.borrow_mut().layers = Some(media_types);
    }
}
