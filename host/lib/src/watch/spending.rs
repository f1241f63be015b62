//! What calls use up: requests, and bytes where somebody limits or audits them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::Watch;
use crate::audit::Refusal;
use crate::policy::{Policies, Rule, Violation, key};

/// What the policies allow of all calls together.
#[derive(Default)]
pub(super) struct Budgets {
    pub(super) requests: Option<Rule<u64>>,
    pub(super) bytes_out: Option<Rule<u64>>,
    pub(super) bytes_in: Option<Rule<u64>>,
    pub(super) time: Option<Rule<Duration>>,
}

#[derive(Default)]
pub(super) struct Spent {
    pub(super) requests: AtomicU64,
    pub(super) bytes_out: AtomicU64,
    pub(super) bytes_in: AtomicU64,
}

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Out,
    In,
}

impl Budgets {
    pub(super) fn of(policies: &Policies) -> Self {
        Self {
            requests: policies.least(|policy| policy.max_requests.as_ref()),
            bytes_out: policies.least(|policy| policy.max_bytes_out.as_ref()),
            bytes_in: policies.least(|policy| policy.max_bytes_in.as_ref()),
            time: policies.least(|policy| policy.max_time.as_ref()),
        }
    }
}

/// What a budget that is used up refuses.
pub(super) fn used_up<T>(key: &'static str, rule: &Rule<T>, most: &str) -> Violation {
    Violation::new(
        key,
        &rule.place,
        "going on",
        &format!("it allows {most} for the whole command, and they are used up"),
        "raise it there, or do less in one command",
    )
}

impl Watch {
    /// Counts a request, and says why it may not be sent.
    pub(crate) fn spend_request(&self) -> Result<(), Refusal> {
        let (shared, limits) = (self.shared(), self.limits());
        let used = self.0.spent.requests.fetch_add(1, Ordering::Relaxed) + 1;
        if used > limits.requests {
            return Err(self.reach(&format!("it sent more than {} requests", limits.requests)));
        }
        if self.0.open.load(Ordering::Relaxed) >= limits.open_requests {
            let most = limits.open_requests;
            return Err(self.reach(&format!("it had more than {most} requests open at once")));
        }
        if let Some(rule) = &shared.budgets.requests
            && shared.spent.requests.fetch_add(1, Ordering::Relaxed) >= rule.value
        {
            let most = format!("{} requests", rule.value);
            return Err(Refusal::Policy(used_up(key::MAX_REQUESTS, rule, &most)));
        }
        Ok(())
    }

    /// Counts bytes, and says why they may not pass.
    pub(crate) fn spend_bytes(&self, way: Way, bytes: u64) -> Result<(), Refusal> {
        let (shared, limits, call) = (self.shared(), self.limits(), &self.0.spent);
        let (own, all, limit, budget, key) = match way {
            Way::Out => (
                &call.bytes_out,
                &shared.spent.bytes_out,
                limits.bytes_out,
                &shared.budgets.bytes_out,
                key::MAX_BYTES_OUT,
            ),
            Way::In => (
                &call.bytes_in,
                &shared.spent.bytes_in,
                limits.bytes_in,
                &shared.budgets.bytes_in,
                key::MAX_BYTES_IN,
            ),
        };
        let used = own.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if let Some(limit) = limit
            && used > limit
        {
            let word = if way == Way::Out { "sent" } else { "was sent" };
            return Err(self.reach(&format!("it {word} more than {limit} bytes")));
        }
        let used = all.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if let Some(rule) = budget
            && used > rule.value
        {
            let most = format!("{} bytes", rule.value);
            return Err(Refusal::Policy(used_up(key, rule, &most)));
        }
        Ok(())
    }
}
