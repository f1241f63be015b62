//! How registries are connected to, how fast, and how stubbornly.

use std::num::NonZeroU64;
use std::time::Duration;

use wharf_net::{Proxies, Tls};

use crate::allowance::Allowance;
use crate::location::Location;

/// How registries are connected to.
#[derive(Debug, Clone, Default)]
pub struct Connection {
    /// Plain HTTP and nothing else. Credentials then travel unprotected. Without
    /// it, registries on this machine are asked over plain HTTP first and over TLS
    /// when they want it, and all others over TLS alone.
    pub plain_http: bool,
    /// How TLS is done. When anything is set here, it is also used with
    /// registries on this machine.
    pub tls: Tls,
    /// Which proxies lead to it, and to where it leads.
    pub proxies: Proxies,
    /// Where it may lead although that is private.
    pub allowed: Vec<Allowance>,
    /// Who is asked before it for what is only read, in this order.
    pub mirrors: Vec<Location>,
    /// How many bytes move in a second at most, in both directions and in all transfers
    /// with it together.
    pub bandwidth: Option<NonZeroU64>,
    /// How fast and how stubbornly.
    pub pace: Pace,
}

/// How fast and how stubbornly registries are dealt with. What is none is left to
/// the registry component, see `client.options` in the WIT.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pace {
    /// How many blobs move at once at most.
    pub concurrency: Option<u32>,
    /// How long a connection may take to come about.
    pub connect_timeout: Option<Duration>,
    /// How long a peer may be silent.
    pub stall_timeout: Option<Duration>,
    /// How many times a request that failed for a passing reason is sent again.
    pub retries: Option<u32>,
    /// The longest wait before the first of these times.
    pub first_wait: Option<Duration>,
    /// The longest wait before any of them.
    pub longest_wait: Option<Duration>,
}

impl Pace {
    /// What the registry component does where nothing is said, see `client.options`
    /// in the WIT.
    pub const DEFAULT: Self = Self {
        concurrency: Some(64),
        connect_timeout: Some(Duration::from_secs(10)),
        stall_timeout: Some(Duration::from_secs(30)),
        retries: Some(5),
        first_wait: Some(Duration::from_millis(250)),
        longest_wait: Some(Duration::from_secs(30)),
    };
}
