//! Registries of the distribution project on free loopback ports: Debian's
//! `docker-registry`, which is 2.8, and 3.1, which `cargo xtask peers` builds.

mod storage;

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::authority::Authority;
use crate::peers;
use crate::token_server::TokenServer;

/// A running registry. It stops, and its content goes, when this is dropped. Its
/// log is shown when the test failed.
pub struct Registry {
    child: Child,
    address: String,
    directory: TempDir,
    log: Arc<Log>,
}

/// Settings of a registry.
#[derive(Default)]
pub struct Settings<'a> {
    tls: Option<&'a Authority>,
    access: Access<'a>,
    realm: Option<String>,
    beside: Option<PathBuf>,
    newer: bool,
}

#[derive(Default)]
enum Access<'a> {
    #[default]
    Anyone,
    Passwords(Vec<(String, String)>),
    Tokens(&'a TokenServer),
}

#[derive(Default)]
struct Log {
    state: Mutex<LogState>,
    changed: Condvar,
}

#[derive(Default)]
struct LogState {
    text: String,
    address: Option<String>,
    ended: bool,
}

impl Registry {
    /// A registry over plain HTTP that lets anyone do anything.
    pub fn start() -> Self {
        Settings::default().start()
    }

    /// Settings to choose from.
    pub fn settings<'a>() -> Settings<'a> {
        Settings::default()
    }

    /// Host and port, `127.0.0.1:…`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        self.log.lock().text.clone()
    }
}

impl<'a> Settings<'a> {
    /// Under TLS, with a certificate of this authority.
    #[must_use]
    pub fn tls(mut self, authority: &'a Authority) -> Self {
        self.tls = Some(authority);
        self
    }

    /// For this user only; may be called again for more users.
    #[must_use]
    pub fn user(mut self, name: &str, password: &str) -> Self {
        let mut users = match self.access {
            Access::Passwords(users) => users,
            _ => Vec::new(),
        };
        users.push((name.to_owned(), password.to_owned()));
        self.access = Access::Passwords(users);
        self
    }

    /// For whoever has a token of this server.
    #[must_use]
    pub fn tokens(mut self, server: &'a TokenServer) -> Self {
        self.access = Access::Tokens(server);
        self
    }

    /// The address that challenges name, when a proxy stands before the token server.
    #[must_use]
    pub fn realm(mut self, address: &str) -> Self {
        self.realm = Some(address.to_owned());
        self
    }

    /// With the content of another registry, which must outlive it.
    #[must_use]
    pub fn beside(mut self, other: &Registry) -> Self {
        self.beside = Some(other.directory.path().join("data"));
        self
    }

    /// Of version 3.1 in place of 2.8. It tells what an upload holds that was cut.
    #[must_use]
    pub fn distribution3(mut self) -> Self {
        self.newer = true;
        self
    }

    /// Starts it, and waits until it listens.
    pub fn start(self) -> Registry {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let config = directory.path().join("config.yml");
        fs::write(&config, self.config(directory.path())).expect("it can be written");
        let (program, way_out) = if self.newer {
            let way_out = "`cargo xtask peers distribution` builds it";
            (peers::program("distribution", "registry"), way_out)
        } else {
            let way_out = "on Debian and Ubuntu, `apt-get install docker-registry` installs it";
            (PathBuf::from("docker-registry"), way_out)
        };
        let mut child = Command::new(&program)
            .arg("serve")
            .arg(&config)
            // It would tell others of its spans.
            .env("OTEL_TRACES_EXPORTER", "none")
            // Many run at a time, and few requests come to each.
            .env("GOMAXPROCS", "1")
            .env("GOGC", "1000")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!(
                    "`{}` does not start ({error}); {way_out}",
                    program.display()
                )
            });
        let log = Arc::new(Log::default());
        let stdout = child.stdout.take().expect("it is piped");
        let stderr = child.stderr.take().expect("it is piped");
        follow(stdout, log.clone());
        follow(stderr, log.clone());
        let address = log.wait_for_address();
        let mut registry = Registry {
            child,
            address: String::new(),
            directory,
            log,
        };
        // Only now, so that the log is shown and the child ends when there is none.
        registry.address = address.expect("docker-registry listens");
        registry
    }

    fn config(&self, directory: &Path) -> String {
        let data = self.beside.clone().unwrap_or(directory.join("data"));
        let mut config = format!(
            "version: 0.1\n\
             log:\n  level: info\n  accesslog:\n    disabled: true\n\
             storage:\n  filesystem:\n    rootdirectory: {}\n  delete:\n    enabled: true\n\
             http:\n  addr: 127.0.0.1:0\n  secret: of-one-test\n",
            data.display(),
        );
        if let Some(authority) = self.tls {
            let identity = authority.server();
            let _ = write!(
                config,
                "  tls:\n    certificate: {}\n    key: {}\n",
                identity.certificate_file.display(),
                identity.key_file.display(),
            );
        }
        match &self.access {
            Access::Anyone => {}
            Access::Passwords(users) => {
                let file = directory.join("htpasswd");
                fs::write(&file, htpasswd(users)).expect("it can be written");
                let _ = write!(
                    config,
                    "auth:\n  htpasswd:\n    realm: tests\n    path: {}\n",
                    file.display(),
                );
            }
            Access::Tokens(server) => {
                let _ = write!(
                    config,
                    "auth:\n  token:\n    realm: {}\n    service: {}\n    issuer: {}\n    \
                     rootcertbundle: {}\n",
                    self.realm.clone().unwrap_or(server.realm()),
                    server.service(),
                    server.issuer(),
                    server.root_certificates().display(),
                );
            }
        }
        config
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!(
                "--- docker-registry at {} ---\n{}",
                self.address,
                self.log()
            );
        }
    }
}

impl Log {
    fn lock(&self) -> std::sync::MutexGuard<'_, LogState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Host and port, from the line in which it tells that it listens.
    fn wait_for_address(&self) -> Option<String> {
        let (state, _) = self
            .changed
            .wait_timeout_while(self.lock(), START_LIMIT, |state| {
                state.address.is_none() && !state.ended
            })
            .unwrap_or_else(PoisonError::into_inner);
        if state.address.is_none() {
            eprintln!("--- docker-registry does not listen ---\n{}", state.text);
        }
        state.address.clone()
    }
}

fn follow(output: impl Read + Send + 'static, log: Arc<Log>) {
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let mut state = log.lock();
            if let Some((_, rest)) = line.split_once("listening on ") {
                let end = rest.find([',', '"', ' ']).unwrap_or(rest.len());
                state.address = Some(rest[..end].to_owned());
            }
            state.text.push_str(&line);
            state.text.push('\n');
            log.changed.notify_all();
        }
        log.lock().ended = true;
        log.changed.notify_all();
    });
}

fn htpasswd(users: &[(String, String)]) -> String {
    let mut file = String::new();
    for (name, password) in users {
        // The lowest cost that bcrypt knows: it is asked with every request.
        let hash = bcrypt::hash(password, 4).expect("it can be hashed");
        let _ = writeln!(file, "{name}:{hash}");
    }
    file
}

/// How long it may take to start.
const START_LIMIT: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http;

    #[test]
    fn a_plain_registry_answers() {
        let registry = Registry::start();
        let answer = http::get(&format!("http://{}/v2/", registry.address())).unwrap();
        assert_eq!(answer.status, 200);
        assert!(registry.blobs().is_empty());
    }

    #[test]
    fn a_registry_with_passwords_refuses_without() {
        let registry = Registry::settings().user("ann", "secret").start();
        let url = format!("http://{}/v2/", registry.address());
        let answer = http::get(&url).unwrap();
        assert_eq!(answer.status, 401);
        assert!(
            answer
                .header("www-authenticate")
                .unwrap()
                .starts_with("Basic")
        );
        let basic = [("Authorization", "Basic YW5uOnNlY3JldA==")];
        assert_eq!(http::request("GET", &url, &basic, b"").unwrap().status, 200);
    }
}
