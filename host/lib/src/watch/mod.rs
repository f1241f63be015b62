//! What watches over calls: policies, budgets, bounds, and the audit.
//!
//! ```text
//!   Overseer   of one Wharf: policies, audit, what was spent of the budgets
//!     └─ Watch     of one call: whose it is, which bound it reached, what was refused
//!         └─ Open      of one request: until its answer has ended
//! ```
//!
//! Without a policy and without an audit, this counts requests, and no byte.

mod spending;
mod telling;

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use http::Method;
use wharf_oci::request::{ManifestName, Operation, Request};
use wharf_oci::{Reference, Registry, Repository, Url};

use crate::audit::{Audit, AuditError, Decision, Event, Refusal, SCHEMA, Standing};
use crate::capability::grant::Purpose;
use crate::error::Error;
use crate::limits::Limits;
use crate::policy::{Policies, Right, Violation, key};

use spending::{Budgets, Spent, used_up};

pub(crate) use spending::Way;
pub(crate) use telling::{Open, Stored};

/// How many different refusals of one call are kept, so that a guest that tries for ever
/// takes no more memory.
const MOST_VIOLATIONS: usize = 100;

/// What all calls have in common.
#[derive(Clone)]
pub(crate) struct Overseer(Arc<Shared>);

struct Shared {
    policies: Policies,
    audit: Option<Audit>,
    limits: Limits,
    budgets: Budgets,
    spent: Spent,
    began: Instant,
}

/// What watches over one call. Clones are of the same call.
#[derive(Clone)]
pub(crate) struct Watch(Arc<Call>);

struct Call {
    overseer: Overseer,
    /// The repository that the call is about, and what it does there.
    subject: Option<(Registry, Repository, Right)>,
    spent: Spent,
    open: AtomicUsize,
    /// What policies refused, each once.
    violations: Mutex<Vec<Violation>>,
    /// Why no credential was looked for where there might have been one.
    withheld: OnceLock<Violation>,
    /// The first bound that was reached.
    reached: Mutex<Option<String>>,
}

impl Overseer {
    /// Begins the audit.
    pub(crate) fn new(
        policies: Policies,
        audit: Option<Audit>,
        limits: Limits,
    ) -> Result<Self, AuditError> {
        if let Some(audit) = &audit {
            audit.write(&Event::Start {
                schema: SCHEMA,
                version: env!("CARGO_PKG_VERSION"),
                policies: policies.iter().map(|one| one.name.as_str()).collect(),
            })?;
        }
        let budgets = Budgets::of(&policies);
        Ok(Self(Arc::new(Shared {
            policies,
            audit,
            limits,
            budgets,
            spent: Spent::default(),
            began: Instant::now(),
        })))
    }

    pub(crate) fn policies(&self) -> &Policies {
        &self.0.policies
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Watches over a call, about a repository or not.
    pub(crate) fn watch(&self, subject: Option<(Registry, Repository, Right)>) -> Watch {
        Watch(Arc::new(Call {
            overseer: self.clone(),
            subject,
            spent: Spent::default(),
            open: AtomicUsize::new(0),
            violations: Mutex::default(),
            withheld: OnceLock::new(),
            reached: Mutex::default(),
        }))
    }

    /// How a call that takes so long ends at the latest. What had been done by then stays
    /// as it is.
    pub(crate) async fn in_time<T>(
        &self,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        // It is waited for in one of two ways, and would be held twice.
        let call = Box::pin(call);
        let Some(rule) = &self.0.budgets.time else {
            return call.await;
        };
        let left = rule.value.saturating_sub(self.0.began.elapsed());
        if let Ok(outcome) = tokio::time::timeout(left, call).await {
            return outcome;
        }
        let violation = used_up(key::MAX_TIME, rule, &format!("{:?}", rule.value));
        self.limit(&violation.to_string());
        Err(Error::Policy(violation))
    }

    /// Tells of what came of a requirement for a reference.
    pub(crate) fn trust(
        &self,
        reference: &Reference,
        required_by: &str,
        standing: Standing<'_>,
    ) -> Result<(), Error> {
        if let Some(audit) = &self.0.audit {
            audit.write(&standing.told(&reference.to_string(), required_by))?;
        }
        Ok(())
    }

    fn limit(&self, reason: &str) {
        if let Some(audit) = &self.0.audit {
            // What could not be written is told at the end of the call.
            let _ = audit.write(&Event::Limit { reason });
        }
    }
}

impl Watch {
    /// Of a call that nothing is said about, for tests of what is watched over.
    #[cfg(test)]
    pub(crate) fn lenient() -> Self {
        match Overseer::new(Policies::default(), None, Limits::default()) {
            Ok(overseer) => overseer.watch(None),
            Err(never) => panic!("{never}"),
        }
    }

    pub(crate) fn limits(&self) -> &Limits {
        self.0.overseer.limits()
    }

    pub(crate) fn policies(&self) -> &Policies {
        self.0.overseer.policies()
    }

    fn shared(&self) -> &Shared {
        &self.0.overseer.0
    }

    /// Whether bytes have to be counted.
    pub(crate) fn counts_bytes(&self) -> bool {
        let (shared, limits) = (self.shared(), self.limits());
        shared.audit.is_some()
            || shared.budgets.bytes_out.is_some()
            || shared.budgets.bytes_in.is_some()
            || limits.bytes_out.is_some()
            || limits.bytes_in.is_some()
    }

    /// Tells of the call itself, which the policies allow or not: its operation, and what
    /// that is about.
    pub(crate) fn begins(
        &self,
        (operation, subject): (&str, &str),
        mirror_of: Option<String>,
        allowed: Result<(), Violation>,
    ) -> Result<(), Error> {
        let allowed = allowed.map_err(Refusal::Policy);
        if let Some(audit) = &self.shared().audit {
            audit.write(&Event::Call {
                capability: "component",
                decision: Decision::of(&allowed),
                operation,
                subject,
                mirror_of,
            })?;
        }
        match allowed {
            Err(Refusal::Policy(violation)) => Err(Error::Policy(violation)),
            _ => Ok(()),
        }
    }

    /// What the policies say of a request that the sandbox grants.
    pub(crate) fn check(
        &self,
        purpose: Purpose,
        method: &Method,
        url: &Url,
    ) -> Result<(), Violation> {
        let policies = self.policies();
        if policies.is_empty() {
            return Ok(());
        }
        policies.origin(url.origin())?;
        if purpose != Purpose::Registry {
            return Ok(());
        }
        let request = Request::classify(method.as_str(), url.path(), url.query());
        // Further pages and sessions follow from what was checked.
        let (Some(request), Some((registry, own, right))) = (request, &self.0.subject) else {
            return Ok(());
        };
        let Some(repository) = &request.repository else {
            return Ok(());
        };
        let is_push = request.operation.writes() || (*right == Right::Push && repository == own);
        let needed = if is_push { Right::Push } else { Right::Pull };
        policies.repository(needed, registry, repository)?;
        match &request.operation {
            Operation::StartUpload(Some(mount)) => match &mount.from {
                Some(from) => policies.repository(Right::Pull, registry, from),
                None => Ok(()),
            },
            Operation::ReadManifest(ManifestName::Tag(tag))
            | Operation::WriteManifest(ManifestName::Tag(tag))
            | Operation::DeleteManifest(ManifestName::Tag(tag)) => {
                policies.tag(&format!("{registry}/{repository}:{tag}"))
            }
            _ => Ok(()),
        }
    }

    /// Notes that a bound was reached.
    pub(crate) fn reach(&self, what: &str) -> Refusal {
        let mut reached = self
            .0
            .reached
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if reached.is_none() {
            *reached = Some(what.to_owned());
            self.0.overseer.limit(what);
        }
        Refusal::Sandbox(what.to_owned())
    }

    /// Notes what was refused, for whoever called.
    pub(crate) fn note(&self, refusal: &Refusal) {
        if let Refusal::Policy(violation) = refusal {
            let mut known = self.violations();
            if !known.contains(violation) && known.len() < MOST_VIOLATIONS {
                known.push(violation.clone());
            }
        }
    }

    /// Whether this very refusal was noted before: whoever is told once knows.
    pub(crate) fn knows(&self, refusal: &Refusal) -> bool {
        match refusal {
            Refusal::Policy(violation) => self.violations().contains(violation),
            Refusal::Sandbox(_) => false,
        }
    }

    fn violations(&self) -> MutexGuard<'_, Vec<Violation>> {
        let violations = self.0.violations.lock();
        violations.unwrap_or_else(PoisonError::into_inner)
    }

    /// What a call came to: what it reached, and what was refused, says more than what a
    /// component made of it.
    pub(crate) fn outcome<T>(&self, outcome: Result<T, Error>) -> Result<T, Error> {
        if let Some(audit) = &self.shared().audit {
            audit.check()?;
        }
        let error = match outcome {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        let reached = self
            .0
            .reached
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(what) = &*reached {
            return Err(Error::LimitExceeded(format!(
                "the component was stopped: {what}"
            )));
        }
        drop(reached);
        if let Some(first) = self.violations().first() {
            return Err(Error::Policy(first.clone()));
        }
        let is_anybody = matches!(error, Error::Authentication(_));
        if let Some(withheld) = self.0.withheld.get().filter(|_| is_anybody) {
            return Err(Error::Withheld {
                error: Box::new(error),
                withheld: withheld.clone(),
            });
        }
        if let Error::LimitExceeded(text) = &error {
            self.0.overseer.limit(text);
        }
        Err(error)
    }
}
