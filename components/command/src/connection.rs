//! How registries are spoken to, and what was done there.

use wharf_oci::Registry;

use crate::arguments::Connection;
use crate::bindings::client::Options;
use crate::bindings::{Outcome, Report, Transport};

impl Connection {
    /// The settings of a call.
    pub(crate) fn options(&self, registry: &Registry) -> Options {
        let options = Options::new();
        options.set_transport(match (self.plain_http, registry.is_loopback()) {
            (true, _) => Transport::Http,
            (false, true) => Transport::HttpOrHttps,
            (false, false) => Transport::Https,
        });
        options
    }
}

/// What a call did, in one line for people.
pub(crate) fn tell(report: &Report, moved: &str) {
    let (mut count, mut bytes, mut present) = (0_u64, 0_u64, 0_u64);
    for transfer in &report.transfers {
        if matches!(transfer.outcome, Outcome::Moved) {
            count += 1;
            bytes += transfer.content.size;
        } else {
            present += 1;
        }
    }
    eprintln!("{count} {moved} ({bytes} bytes), {present} already there");
}
