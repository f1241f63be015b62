//! A registry on this machine, without a password, for programs that are measured or
//! watched.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;

use crate::{peers, programs};

const START: Duration = Duration::from_secs(30);

/// Which registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Debian's docker-registry
    DockerRegistry,
    /// The registry of the distribution project, built with Go
    Distribution,
}

/// A running registry without authentication. It is killed when this is dropped.
pub(crate) struct Registry {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Kind {
    /// Its program, which is installed or built if need be.
    pub(crate) fn program(self) -> Result<PathBuf> {
        const DEBIAN: &str = "docker-registry";
        match self {
            Self::DockerRegistry => {
                programs::ensure(&[DEBIAN])?;
                programs::find(DEBIAN).context("docker-registry is not where it was installed")
            }
            Self::Distribution => peers::distribution(),
        }
    }
}

impl Registry {
    /// Starts `program` with all of its files in `folder`, and waits until it answers.
    pub(crate) fn start(program: &Path, folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)
            .with_context(|| format!("{} could not be made", folder.display()))?;
        // It says its port only in a log that has a line for each request too, which would
        // be measured.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| listener.local_addr())
            .context("no port for the registry")?;
        let configuration = folder.join("config.yml");
        let data = serde_json::Value::from(folder.join("data").to_string_lossy());
        fs::write(
            &configuration,
            format!(
                "version: 0.1\n\
                 log: {{ level: error, accesslog: {{ disabled: true }} }}\n\
                 storage: {{ filesystem: {{ rootdirectory: {data} }} }}\n\
                 http: {{ addr: \"{address}\" }}\n",
            ),
        )?;
        let log = folder.join("log");
        let child = Command::new(program)
            .env_clear()
            // The newer one would send traces.
            .env("OTEL_TRACES_EXPORTER", "none")
            .current_dir(folder)
            .arg("serve")
            .arg(&configuration)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .spawn()
            .with_context(|| format!("{} could not be started", program.display()))?;
        let mut registry = Self { child, address };
        let limit = Instant::now() + START;
        while TcpStream::connect(address).is_err() {
            if registry.child.try_wait()?.is_some() || Instant::now() > limit {
                let log = fs::read_to_string(&log).unwrap_or_default();
                bail!("the registry did not start; it said:\n{log}");
            }
            sleep(Duration::from_millis(10));
        }
        Ok(registry)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
