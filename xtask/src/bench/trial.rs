//! One program's run through one scenario, measured.

use std::env;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

use super::contender::{Contender, FULL_STORE, Place, Programs};
use super::content::{Content, link_tree};
use super::proxy::{Proxy, Traffic};
use super::row::{Row, Scenario};

/// What one run of one program took.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Sample {
    #[serde(flatten)]
    pub(super) usage: Usage,
    /// What passed the proxy, when there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) traffic: Option<Traffic>,
}

/// What the stopwatch says.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(super) struct Usage {
    /// From start to end.
    pub(super) seconds: f64,
    /// Of the processor, for the program and the system on its behalf, children included.
    pub(super) cpu_seconds: f64,
    /// The most memory that its largest process had resident.
    pub(super) peak_bytes: u64,
}

/// What the stopwatch writes.
#[derive(Deserialize)]
struct Taken {
    #[serde(flatten)]
    usage: Usage,
    success: bool,
    /// How it ended, in words.
    ended: String,
}

/// What became of a row: what was measured, or why nothing was.
pub(super) type Outcome = (Row, Result<Sample>);

/// From how many bytes on it is told in a run's time whether there was memory at hand.
const MUCH: u64 = 64 * 1024 * 1024;

/// After how long what became free has gone back to a virtual machine's host. Linux looks for
/// it two seconds after something did (`mm/page_reporting.c`).
const GONE: Duration = Duration::from_secs(3);

/// Takes so many bytes of memory for a file, and gives them back. A virtual machine may return
/// to its host what was free for some seconds, and who needs memory next waits for each page:
/// that would be whoever comes after the slowest program.
fn have_memory(folder: &Path, bytes: u64) -> io::Result<()> {
    if bytes < MUCH {
        return Ok(());
    }
    // What the program before gave back would take this along, in the midst of the run.
    thread::sleep(GONE);
    let mut file = tempfile::tempfile_in(folder)?;
    // In large pieces, as the programs write: the system then takes as large pieces of memory.
    let piece = vec![0; 1024 * 1024];
    let pieces = bytes.div_ceil(piece.len() as u64);
    (0..pieces).try_for_each(|_| file.write_all(&piece))
}

/// Where runs take place.
pub(super) struct Arena<'a> {
    pub(super) programs: &'a Programs,
    /// Where the folders of the runs are made.
    pub(super) folder: &'a Path,
    /// Host and port of the registry, or of `proxy`.
    pub(super) server: &'a str,
    /// The proxy that is before the registry, if one is.
    pub(super) proxy: Option<&'a Proxy>,
}

impl Arena<'_> {
    /// Runs `contender` through the rows of `scenario` that it takes part in, with a fresh
    /// folder and the fresh repository `repository`. After a row that failed, the others
    /// are left out.
    pub(super) fn run(
        &self,
        contender: Contender,
        scenario: Scenario,
        content: &Content,
        repository: &str,
    ) -> Result<Vec<Outcome>> {
        let folder = tempfile::tempdir_in(self.folder).context("no folder for a run")?;
        if contender.has_store() {
            link_tree(&content.store, &folder.path().join(FULL_STORE))
                .with_context(|| format!("{} could not be linked", content.store.display()))?;
        }
        let place = Place {
            server: self.server,
            folder: folder.path(),
            repository,
            content,
        };
        let mut outcomes = Vec::new();
        for row in scenario.rows() {
            if contender.takes_part(row) {
                let sample = self.measure(contender, row, &place);
                let failed = sample.is_err();
                outcomes.push((row, sample));
                if failed {
                    break;
                }
            }
        }
        Ok(outcomes)
    }

    fn measure(&self, contender: Contender, row: Row, place: &Place<'_>) -> Result<Sample> {
        let command = contender.command(self.programs, row, place)?;
        if row.moves_everything() {
            have_memory(place.folder, place.content.files.bytes())
                .context("what a run wants of memory could not be had before it")?;
        }
        if let Some(proxy) = self.proxy {
            // What an earlier program left behind is not this one's.
            proxy.take();
        }
        let usage = measured(&self.programs.clients, &command, place.folder)?;
        let traffic = self.proxy.map(Proxy::take);
        if let Some(traffic) = &traffic
            && row.moves_everything()
            && traffic.bytes_sent + traffic.bytes_received < place.content.files.bytes()
        {
            let moved = traffic.bytes_sent + traffic.bytes_received;
            bail!("it moved {moved} bytes alone, where everything was to be moved");
        }
        Ok(Sample { usage, traffic })
    }
}

/// Runs `command` under the stopwatch of `clients`, in an environment without anything of
/// the user's, with its home in `folder`.
pub(super) fn measured(clients: &Path, command: &Command, folder: &Path) -> Result<Usage> {
    let (taken, errors) = (folder.join("taken.json"), folder.join("errors"));
    let mut stopwatch = Command::new(clients);
    stopwatch
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        // Or else skopeo, as root, remembers for everyone where it saw which content.
        .env("_CONTAINERS_ROOTLESS_UID", "1000")
        .envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .current_dir(command.get_current_dir().unwrap_or(folder))
        .args(["measure", "--output"])
        .arg(&taken)
        .arg("--")
        .arg(command.get_program())
        .args(command.get_args())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(&errors)?);
    let status = stopwatch
        .status()
        .with_context(|| format!("{} could not be started", clients.display()))?;
    let said = fs::read_to_string(&errors).unwrap_or_default();
    if !status.success() {
        bail!("the stopwatch failed: {}", said.trim());
    }
    let taken = fs::read(&taken).context("the stopwatch wrote nothing")?;
    let taken: Taken =
        serde_json::from_slice(&taken).context("the stopwatch wrote something else")?;
    if !taken.success {
        let said: Vec<&str> = said.split_whitespace().collect();
        bail!("{}: {}", taken.ended, said.join(" "));
    }
    Ok(taken.usage)
}
