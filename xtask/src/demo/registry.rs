//! A registry that wants a password, on a free port, for as long as the demo runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::process::Command;

use super::process::Process;
use crate::{narrate, peers, programs};

pub(super) const USER: &str = "captain";
pub(super) const PASSWORD: &str = "aye-aye";
/// That password for that user, as `htpasswd -nbB captain aye-aye` prints it.
const HTPASSWD: &str = "captain:$2y$05$FUtRAgU54pd6pqwVfmq1m.68iIzVQTjn0gXJ40JKC99/fG0OppQdW\n";

const START: Duration = Duration::from_secs(30);

/// The registry's program: Debian's where it is or can be installed, else built with Go.
pub(super) fn program() -> Result<PathBuf> {
    const DEBIAN: &str = "docker-registry";
    if programs::find(DEBIAN).is_none() && programs::can_install() {
        programs::ensure(&[DEBIAN])?;
    }
    if let Some(program) = programs::find(DEBIAN) {
        return Ok(program);
    }
    if programs::find("go").is_some() {
        narrate::explain("\nThere is no docker-registry here; Go builds one.");
        return peers::distribution();
    }
    bail!(
        "the demo needs a registry to talk to; on Debian or Ubuntu, `sudo apt-get install \
         docker-registry` installs one, and elsewhere the demo builds one if Go is there \
         (https://go.dev/dl/)"
    )
}

/// A running registry. Dropping it stops it.
pub(super) struct Registry {
    process: Process,
    /// Host and port, as references begin.
    pub(super) server: String,
}

impl Registry {
    /// Starts `program` with all of its files in `folder`, and waits until it answers.
    pub(super) async fn start(program: &Path, folder: &Path) -> Result<Self> {
        let folder = folder.join("registry");
        fs::create_dir(&folder)?;
        let passwords = folder.join("htpasswd");
        fs::write(&passwords, HTPASSWD)?;
        let configuration = folder.join("config.yml");
        // Port 0: the system chooses a free one, and the registry's log says which.
        fs::write(
            &configuration,
            format!(
                "version: 0.1\n\
                 log: {{ level: info }}\n\
                 storage: {{ filesystem: {{ rootdirectory: {} }} }}\n\
                 http: {{ addr: \"127.0.0.1:0\" }}\n\
                 auth: {{ htpasswd: {{ realm: demo, path: {} }} }}\n",
                quoted(&folder.join("data")),
                quoted(&passwords),
            ),
        )?;
        let name = program.file_name().unwrap_or_default().to_string_lossy();
        narrate::command(&format!("{name} serve config.yml &"));
        let mut command = Command::new(program);
        command
            .env_clear()
            .current_dir(&folder)
            .arg("serve")
            .arg(&configuration);
        let process = Process::start(command, |_| {})?;
        let server = process
            .wait_for_line(START, |line| {
                let (_, address) = line.split_once("listening on ")?;
                address.split('"').next().map(str::to_owned)
            })
            .await
            .context("the registry did not start")?;
        narrate::output(&format!("listening on {server}"));
        Ok(Self { process, server })
    }

    /// Stops it, as an administrator would.
    pub(super) async fn stop(self) -> Result<()> {
        narrate::command("kill %1    # the registry");
        self.process.terminate().await
    }
}

/// A path as YAML: JSON's strings are YAML's too.
fn quoted(path: &Path) -> String {
    serde_json::Value::from(path.to_string_lossy()).to_string()
}
