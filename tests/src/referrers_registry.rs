//! A registry that lists referrers itself: `tests/servers/referrers`, which
//! `cargo xtask peers referrers` builds.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::peers;

/// A running registry, over plain HTTP and in memory. It stops when this is dropped.
pub struct ReferrersRegistry {
    child: Child,
    address: String,
}

impl ReferrersRegistry {
    /// Starts it, and waits until it listens.
    pub fn start() -> Self {
        let program = peers::program("referrers", "referrers");
        let mut child = Command::new(&program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("`{}` does not start: {error}", program.display()));
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
        let read = output.read_line(&mut line);
        let registry = Self {
            child,
            address: line.trim().trim_start_matches("listening on ").to_owned(),
        };
        // Only now, so that it ends when it does not listen.
        assert!(read.is_ok() && !registry.address.is_empty(), "{line:?}");
        registry
    }

    /// Host and port, `127.0.0.1:…`.
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for ReferrersRegistry {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http;

    #[test]
    fn it_lists_referrers() {
        let registry = ReferrersRegistry::start();
        let url = format!("http://{}/v2/", registry.address());
        assert_eq!(http::get(&url).unwrap().status, 200);
    }
}
