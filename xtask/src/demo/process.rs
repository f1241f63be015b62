//! A program that runs beside the demo, whose lines are watched.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

const STOP: Duration = Duration::from_secs(20);

/// A running program. Dropping it kills it.
pub(super) struct Process {
    child: Child,
    /// All that it printed so far, line by line, both streams in the order of arrival.
    lines: watch::Receiver<Vec<String>>,
    readers: [JoinHandle<()>; 2],
}

impl Process {
    /// Starts `command` without input; `seen` gets each line that it prints.
    pub(super) fn start(
        mut command: Command,
        seen: impl Fn(&str) + Clone + Send + 'static,
    ) -> Result<Self> {
        let name = command
            .as_std()
            .get_program()
            .to_string_lossy()
            .into_owned();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("`{name}` could not be started"))?;
        let (sender, lines) = watch::channel(Vec::new());
        let stdout = child.stdout.take().context("its output is not piped")?;
        let stderr = child.stderr.take().context("its errors are not piped")?;
        let readers = [
            tokio::spawn(read(stdout, sender.clone(), seen.clone())),
            tokio::spawn(read(stderr, sender, seen)),
        ];
        Ok(Self {
            child,
            lines,
            readers,
        })
    }

    /// Waits until `look` finds what it looks for in a line.
    ///
    /// Fails, with what the program printed, when it ends before or takes longer than
    /// `limit`.
    pub(super) async fn wait_for_line<T>(
        &self,
        limit: Duration,
        look: impl Fn(&str) -> Option<T>,
    ) -> Result<T> {
        self.wait_for(limit, |lines| lines.iter().find_map(|line| look(line)))
            .await
    }

    /// Waits until `look` finds what it looks for in all that the program printed.
    pub(super) async fn wait_for<T>(
        &self,
        limit: Duration,
        look: impl Fn(&[String]) -> Option<T>,
    ) -> Result<T> {
        let mut lines = self.lines.clone();
        let waited = timeout(limit, lines.wait_for(|lines| look(lines).is_some())).await;
        let why = match waited {
            Ok(Ok(lines)) => return look(&lines).context("a line was there and is not"),
            Ok(Err(_)) => "it ended".to_owned(),
            Err(_) => format!("nothing for {} seconds", limit.as_secs()),
        };
        let printed = self.lines.borrow().join("\n  ");
        bail!("{why}; it had printed:\n  {printed}")
    }

    /// Presses Ctrl-C, waits for the end, and says how it ended.
    pub(super) async fn interrupt(self) -> Result<ExitStatus> {
        self.signal(Signal::INT).await
    }

    /// Asks it to end and waits until it has.
    pub(super) async fn terminate(self) -> Result<()> {
        self.signal(Signal::TERM).await.map(|_| ())
    }

    async fn signal(mut self, signal: Signal) -> Result<ExitStatus> {
        let id = self.child.id().context("it had ended before")?;
        let id = i32::try_from(id).ok().and_then(Pid::from_raw);
        kill_process(id.context("it has no process id")?, signal)?;
        let ended = timeout(STOP, async {
            let status = self.child.wait().await?;
            // So that its last words come before ours.
            for reader in self.readers {
                reader.await?;
            }
            anyhow::Ok(status)
        });
        ended
            .await
            .with_context(|| format!("it did not end within {} seconds", STOP.as_secs()))?
    }
}

async fn read(
    stream: impl AsyncRead + Unpin,
    lines: watch::Sender<Vec<String>>,
    seen: impl Fn(&str),
) {
    let mut reader = BufReader::new(stream).lines();
    while let Ok(Some(line)) = reader.next_line().await {
        seen(&line);
        lines.send_modify(|lines| lines.push(line));
    }
}
