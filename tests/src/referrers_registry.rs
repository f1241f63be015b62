//! A registry that lists referrers itself: `tests/servers/referrers`, which
//! `cargo xtask peers referrers` builds.

use std::env;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// A running registry, over plain HTTP and in memory. It stops when this is dropped.
pub struct ReferrersRegistry {
    child: Child,
    address: String,
}

/// Where it was built, below the folder of the peers.
const PROGRAM: &str = "referrers-v0.22.1/referrers";

impl ReferrersRegistry {
    /// Starts it, and waits until it listens.
    pub fn start() -> Self {
        let program = peers().join(PROGRAM);
        let mut child = Command::new(&program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!(
                    "`{}` does not start ({error}); `cargo xtask peers referrers` builds it",
                    program.display()
                )
            });
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

fn peers() -> PathBuf {
    let variable = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    if let Some(folder) = variable("WHARF_PEERS") {
        return folder.into();
    }
    let cache = variable("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(variable("HOME")?).join(".cache")));
    cache.expect("there is a home").join("wharf-peers")
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
