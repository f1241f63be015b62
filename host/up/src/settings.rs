//! What whoever runs an application decides about it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use wharf_oci::Digest;

/// Called with one line, for the person who runs the application.
pub type Notice = Arc<dyn Fn(&str) + Send + Sync>;

/// How an application is run.
#[derive(Clone, Default)]
pub struct Settings {
    /// Environment variables for every component, over its own.
    pub environment: Vec<(String, String)>,
    /// The values of the application's variables. Each has to be one of them.
    pub variables: BTreeMap<String, String>,
    /// Values for variables that have none above. Others count for nothing.
    pub fallback: BTreeMap<String, String>,
    /// Where the application came from, for error texts; none for a local one.
    pub reference: Option<String>,
    /// The manifest as it was published, where that which is run was made of another
    /// one. It is what the application says that it is.
    pub published: Option<Digest>,
    /// Told what happens while the application runs and has no other way to be
    /// known: a component that trapped, a connection that was denied.
    pub notice: Option<Notice>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The values may be secrets.
        let names: Vec<_> = self.environment.iter().map(|(name, _)| name).collect();
        f.debug_struct("Settings")
            .field("environment", &names)
            .field("variables", &self.variables.keys())
            .field("reference", &self.reference)
            .field("published", &self.published)
            .finish_non_exhaustive()
    }
}

/// Where notices go, if anywhere.
#[derive(Clone, Default)]
pub(crate) struct Notices {
    notice: Option<Notice>,
    ended: Arc<AtomicBool>,
}

impl Notices {
    pub(crate) fn new(notice: Option<Notice>) -> Self {
        Self {
            notice,
            ended: Arc::default(),
        }
    }

    pub(crate) fn say(&self, line: &str) {
        if let Some(notice) = &self.notice
            && !self.ended.load(Ordering::Relaxed)
        {
            notice(line);
        }
    }

    /// Says nothing more, to anybody: the application is being ended, and that its
    /// components end with it is no news.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }
}
