//! The settings of a call, as its `options` resource collects them.

use std::cell::RefCell;
use std::collections::BTreeMap;

use wharf_app::archive::Limits;
use wharf_app::artifact::Archiving;
use wharf_app::manifest::Publishing;

use crate::bindings::exports::wharf::oci::packaging::GuestOptions;

/// The settings of one call. The defaults are those that the WIT documents.
#[derive(Clone, Default)]
pub(crate) struct Settings {
    /// The annotations that the caller wants, by key.
    pub(crate) annotations: BTreeMap<String, String>,
    /// When the content was made, in seconds since 1970-01-01T00:00:00Z.
    pub(crate) created: Option<u64>,
    /// What of the manifest is published.
    pub(crate) publishing: Publishing,
    /// Whether components stay as they are.
    pub(crate) uncomposed: bool,
    /// Which files travel in archives.
    pub(crate) archiving: Archiving,
    /// How much archives may hold that are unpacked.
    pub(crate) limits: Limits,
    /// Sets of rules that say which files are left out.
    pub(crate) ignore: Vec<Vec<String>>,
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

    fn add_annotation(&self, key: String, value: String) {
        self.0.borrow_mut().annotations.insert(key, value);
    }

    fn set_created(&self, seconds: u64) {
        self.0.borrow_mut().created = Some(seconds);
    }

    fn set_profile(&self, name: String) {
        self.0.borrow_mut().publishing.profile = Some(name);
    }

    fn include_build(&self) {
        self.0.borrow_mut().publishing.build = true;
    }

    fn include_secret_defaults(&self) {
        self.0.borrow_mut().publishing.secret_defaults = true;
    }

    fn leave_uncomposed(&self) {
        self.0.borrow_mut().uncomposed = true;
    }

    fn archive_files(&self) {
        self.0.borrow_mut().archiving = Archiving::Always;
    }

    fn set_max_unpacked_size(&self, bytes: u64) {
        self.0.borrow_mut().limits.bytes = Some(bytes);
    }

    fn set_max_files(&self, count: u64) {
        self.0.borrow_mut().limits.entries = Some(count);
    }

    fn add_ignore_rules(&self, rules: Vec<String>) {
        self.0.borrow_mut().ignore.push(rules);
    }
}
