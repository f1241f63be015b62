//! The command `wharf`, run as a newcomer would run it, in a home of its own.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::time::timeout;

use super::process::Process;
use crate::cargo::root;
use crate::narrate;

/// How long a command may take.
const COMMAND: Duration = Duration::from_mins(2);

/// The command and where it keeps its things.
pub(super) struct Wharf {
    program: PathBuf,
    home: PathBuf,
}

impl Wharf {
    /// `program`, with the existing folder `home` as its home directory.
    pub(super) fn new(program: &Path, home: &Path) -> Self {
        Self {
            program: program.to_owned(),
            home: home.to_owned(),
        }
    }

    /// Where it keeps content.
    pub(super) fn store(&self) -> PathBuf {
        self.home.join(".cache/wharf")
    }

    /// Runs `wharf ARGUMENTS`, shows what it printed, and fails unless it ends with
    /// `code`. Answers with its standard output.
    pub(super) async fn run(&self, arguments: &[&str], code: i32) -> Result<String> {
        self.run_with_input(arguments, None, code).await
    }

    /// The same with a line on standard input.
    pub(super) async fn run_with_input(
        &self,
        arguments: &[&str],
        input: Option<&str>,
        code: i32,
    ) -> Result<String> {
        let line = format!("wharf {}", arguments.join(" "));
        narrate::command(&match input {
            Some(input) => format!("echo {input} | {line}"),
            None => line.clone(),
        });
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("wharf could not be started")?;
        let mut stdin = child.stdin.take().context("its input is not piped")?;
        // A command that has no use for its input may have ended already.
        if let Some(input) = input {
            let _ = stdin.write_all(format!("{input}\n").as_bytes()).await;
        }
        drop(stdin);
        let ended = timeout(COMMAND, child.wait_with_output())
            .await
            .with_context(|| format!("`{line}` took over {} seconds", COMMAND.as_secs()))??;
        let stdout = String::from_utf8(ended.stdout)
            .with_context(|| format!("`{line}` printed what is not UTF-8"))?;
        let stderr = String::from_utf8_lossy(&ended.stderr);
        for printed in stderr.lines().chain(stdout.lines()) {
            narrate::output(printed);
        }
        if ended.status.code() != Some(code) {
            bail!(
                "`{line}` ended with {} where {code} was expected",
                ended.status
            );
        }
        if code != 0 {
            narrate::output(&format!("(exit code {code})"));
        }
        Ok(stdout)
    }

    /// Runs `wharf up ARGUMENTS` on a free port and waits until it serves `routes` routes.
    pub(super) async fn up(&self, arguments: &[&str], routes: usize) -> Result<Up> {
        // Port 0: the system chooses a free one, and the command says which.
        let arguments = [&["up"], arguments, &["--listen", "127.0.0.1:0"]].concat();
        narrate::command(&format!("wharf {}", arguments.join(" ")));
        let process = Process::start(self.command(&arguments), narrate::output)?;
        let server = process
            .wait_for(COMMAND, |lines| serving(lines, routes))
            .await
            .context("`wharf up` did not serve the application")?;
        Ok(Up { process, server })
    }

    /// `wharf` with nothing of the user's: no variables, no credentials, no proxies.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .current_dir(root())
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("HOME", &self.home)
            .args(arguments)
            .kill_on_drop(true);
        command
    }
}

/// An application that is being served. Dropping it stops it.
pub(super) struct Up {
    process: Process,
    /// Host and port.
    pub(super) server: String,
}

impl Up {
    /// Presses Ctrl-C; fails unless the command ends well.
    pub(super) async fn stop(self) -> Result<()> {
        narrate::output("^C");
        let status = self.process.interrupt().await?;
        if !status.success() {
            bail!("`wharf up` ended with {status} after Ctrl-C");
        }
        Ok(())
    }
}

/// The address in `Serving http://…`, once all routes are listed below it.
fn serving(lines: &[String], routes: usize) -> Option<String> {
    let server = lines
        .iter()
        .find_map(|line| line.strip_prefix("Serving http://"))?;
    let listed = lines
        .iter()
        .skip_while(|line| !line.starts_with("Available Routes:"))
        .filter(|line| line.contains(": http://"))
        .count();
    (listed >= routes).then(|| server.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::serving;

    #[test]
    fn an_application_serves_once_its_routes_are_listed() {
        let printed: Vec<String> = [
            "Serving http://127.0.0.1:4000",
            "Available Routes:",
            "  pages: http://127.0.0.1:4000 (wildcard)",
            "    Pages from static files",
            "  catalog: http://127.0.0.1:4000/api/items",
        ]
        .map(str::to_owned)
        .into();
        assert_eq!(serving(&printed[..4], 2), None);
        assert_eq!(serving(&printed, 2), Some("127.0.0.1:4000".to_owned()));
        assert_eq!(serving(&printed[1..], 2), None);
    }
}
