//! A program that runs, its output as it comes, and how it ended.

use std::fmt;
use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// A program that was started. It is killed when this is dropped.
pub struct Running {
    command: String,
    pid: libc::pid_t,
    limit: Duration,
    shared: Arc<Shared>,
}

/// How a program ended.
#[must_use = "a program may have failed"]
pub struct Output {
    /// The command line, for messages.
    pub command: String,
    /// How it ended.
    pub status: ExitStatus,
    /// What it printed.
    pub stdout: String,
    /// What it printed as errors.
    pub stderr: String,
    /// The most memory that was resident at once, in bytes: `VmHWM`, which only
    /// grows, as it was when last looked at, a few milliseconds before the end.
    /// (`ru_maxrss` is no use: it begins with what the test itself had resident
    /// when it started the program.)
    pub peak_memory: u64,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    /// How many of the two outputs are still open.
    open: usize,
    peak_memory: u64,
    end: Option<ExitStatus>,
}

impl Running {
    /// Starts a program with some input. It may run for `limit`.
    pub fn start(mut command: Command, input: Vec<u8>, limit: Duration) -> Self {
        let line = format!("{command:?}");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{line} does not start: {error}"));
        let pid = libc::pid_t::try_from(child.id()).expect("the system made it");
        let shared = Arc::new(Shared::default());
        shared.lock().open = 2;
        let mut stdin = child.stdin.take().expect("it is piped");
        thread::spawn(move || {
            // A program need not read its input.
            let _ = stdin.write_all(&input);
        });
        let stdout = child.stdout.take().expect("it is piped");
        let stderr = child.stderr.take().expect("it is piped");
        follow(stdout, shared.clone(), |state| &mut state.stdout);
        follow(stderr, shared.clone(), |state| &mut state.stderr);
        thread::spawn({
            let shared = shared.clone();
            move || reap(child, &shared)
        });
        thread::spawn({
            let shared = shared.clone();
            move || watch_memory(pid, &shared)
        });
        Self {
            command: line,
            pid,
            limit,
            shared,
        }
    }

    /// Waits until the standard output holds `text`, and gives the whole line.
    pub fn wait_for(&self, text: &str) -> String {
        self.wait_in(|state| &state.stdout, text)
    }

    /// The same of what is said on standard error.
    pub fn wait_for_note(&self, text: &str) -> String {
        self.wait_in(|state| &state.stderr, text)
    }

    fn wait_in(&self, place: impl Fn(&State) -> &Vec<u8>, text: &str) -> String {
        let (state, _) = self
            .shared
            .changed
            .wait_timeout_while(self.shared.lock(), self.limit, |state| {
                line_with(place(state), text).is_none() && (state.end.is_none() || state.open > 0)
            })
            .unwrap_or_else(PoisonError::into_inner);
        line_with(place(&state), text).unwrap_or_else(|| {
            let (stdout, stderr) = (text_of(&state.stdout), text_of(&state.stderr));
            panic!(
                "{} did not print `{text}`\n--- stdout\n{stdout}\n--- stderr\n{stderr}",
                self.command
            )
        })
    }

    /// Interrupts it, as Ctrl-C does.
    pub fn interrupt(&self) {
        self.signal(libc::SIGINT);
    }

    /// Kills it. It can do nothing about that.
    pub fn kill(&self) {
        self.signal(libc::SIGKILL);
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        self.shared.lock().end.is_some()
    }

    /// Waits for its end. When it takes longer than it may, it is killed, and the
    /// test has failed.
    pub fn finish(self) -> Output {
        let ended = self.wait_for_the_end();
        if !ended {
            self.kill();
            self.wait_for_the_end();
        }
        let state = self.shared.lock();
        let status = state.end.expect("what is killed ends");
        let output = Output {
            command: self.command.clone(),
            status,
            stdout: text_of(&state.stdout),
            stderr: text_of(&state.stderr),
            peak_memory: state.peak_memory,
        };
        assert!(ended, "ran for longer than {:?}: {output:?}", self.limit);
        output
    }

    fn wait_for_the_end(&self) -> bool {
        let (_state, timeout) = self
            .shared
            .changed
            .wait_timeout_while(self.shared.lock(), self.limit, |state| {
                state.end.is_none() || state.open > 0
            })
            .unwrap_or_else(PoisonError::into_inner);
        !timeout.timed_out()
    }

    #[expect(unsafe_code, reason = "the standard library sends no signals")]
    fn signal(&self, signal: libc::c_int) {
        let state = self.shared.lock();
        if state.end.is_none() {
            // SAFETY: no memory is involved. The process is still ours: it is reaped
            // under the lock that is held here.
            unsafe { libc::kill(self.pid, signal) };
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Output {
    /// The same, which must have ended with 0.
    pub fn success(self) -> Self {
        self.code(0)
    }

    /// The same, which must have ended with this exit code.
    pub fn code(self, code: i32) -> Self {
        assert_eq!(self.status.code(), Some(code), "{self:?}");
        self
    }

    /// The same, whose errors must hold all of these words, whatever their case.
    pub fn says(self, words: &[&str]) -> Self {
        let stderr = self.stderr.to_lowercase();
        for word in words {
            let found = stderr.contains(&word.to_lowercase());
            assert!(found, "`{word}` is not said in {self:?}");
        }
        assert!(
            !stderr.contains("panicked at") && !stderr.contains("rust_backtrace"),
            "{self:?}"
        );
        self
    }

    /// The last digest that was printed.
    pub fn digest(&self) -> String {
        let start = self
            .stdout
            .rfind("sha256:")
            .unwrap_or_else(|| panic!("no digest was printed: {self:?}"));
        self.stdout[start..]
            .chars()
            .take("sha256:".len() + 64)
            .collect()
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}: {}\n--- stdout\n{}\n--- stderr\n{}\n---",
            self.command, self.status, self.stdout, self.stderr
        )
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn follow(
    mut output: impl Read + Send + 'static,
    shared: Arc<Shared>,
    into: fn(&mut State) -> &mut Vec<u8>,
) {
    thread::spawn(move || {
        let mut piece = [0; 4096];
        while let Ok(length @ 1..) = output.read(&mut piece) {
            into(&mut shared.lock()).extend_from_slice(&piece[..length]);
            shared.changed.notify_all();
        }
        shared.lock().open -= 1;
        shared.changed.notify_all();
    });
}

/// Waits for the end of a process, and notes it.
fn reap(mut child: Child, shared: &Shared) {
    wait_unreaped(&child);
    // It stays a zombie until the lock is held, so that no signal goes to another
    // process that was given its number.
    let mut state = shared.lock();
    state.end = child.wait().ok();
    drop(state);
    shared.changed.notify_all();
}

#[expect(
    unsafe_code,
    reason = "the standard library can't wait without reaping"
)]
fn wait_unreaped(child: &Child) {
    // SAFETY: what is filled is plain data, for which zeros are valid.
    unsafe {
        let mut info = std::mem::zeroed();
        libc::waitid(
            libc::P_PID,
            child.id(),
            &raw mut info,
            libc::WEXITED | libc::WNOWAIT,
        );
    }
}

/// After how long it is first looked how much memory a process has, and how long it is at
/// most until the next look.
const FIRST_LOOK: Duration = Duration::from_millis(5);
const LAST_LOOK: Duration = Duration::from_millis(40);

/// Notes the most memory that a process had resident, until it ends.
fn watch_memory(pid: libc::pid_t, shared: &Shared) {
    let mut wait = FIRST_LOOK;
    let mut state = shared.lock();
    while state.end.is_none() {
        let peak = resident_peak(pid).unwrap_or_default();
        if peak > state.peak_memory {
            state.peak_memory = peak;
            shared.changed.notify_all();
        }
        (state, _) = shared
            .changed
            .wait_timeout(state, wait)
            .unwrap_or_else(PoisonError::into_inner);
        wait = (wait * 2).min(LAST_LOOK);
    }
}

/// `VmHWM` of a process in bytes, once it runs the program that it was started for.
fn resident_peak(pid: libc::pid_t) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes * 1024)
}

fn line_with(output: &[u8], text: &str) -> Option<String> {
    let output = text_of(output);
    // Only whole lines: the rest may still be on its way.
    let whole = &output[..output.rfind('\n')?];
    whole
        .lines()
        .find(|line| line.contains(text))
        .map(str::to_owned)
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    fn shell(script: &str) -> Running {
        // A shell can't trap what whoever started the tests has ignored.
        let mut command = Command::new("env");
        command.args(["--default-signal=INT", "sh", "-c", script]);
        Running::start(command, b"input\n".to_vec(), Duration::from_secs(20))
    }

    #[test]
    fn input_output_and_exit_code_are_told() {
        let script = "trap 'exit 3' INT; cat; echo no >&2; while :; do sleep 0.01; done";
        let running = shell(script);
        running.wait_for("input");
        let (state, shared) = (running.shared.lock(), &running.shared);
        let unseen = |state: &mut State| state.stderr.is_empty() || state.peak_memory == 0;
        let waited = shared
            .changed
            .wait_timeout_while(state, running.limit, unseen);
        drop(waited.unwrap());
        running.interrupt();
        let output = running.finish().code(3);
        assert_eq!(output.stdout, "input\n");
        assert_eq!(output.stderr, "no\n");
        assert!(output.peak_memory > 100_000);
    }

    #[test]
    fn a_line_is_waited_for_and_a_signal_ends_the_program() {
        let running =
            shell("trap 'echo bye; exit 0' INT; echo ready; while :; do sleep 0.01; done");
        assert_eq!(running.wait_for("read"), "ready");
        running.interrupt();
        assert!(running.finish().success().stdout.ends_with("bye\n"));
        let running = shell("echo ready; exec sleep 60");
        running.wait_for("ready");
        running.kill();
        assert_eq!(running.finish().status.signal(), Some(libc::SIGKILL));
    }
}
