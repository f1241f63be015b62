//! A stopwatch: runs one program and notes what it and its children took.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

/// Run a program and write what it took, as JSON
///
/// A process of its own because the system counts the memory of a program from before it
/// was started: what its parent had resident is its peak too. This parent is small.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Where to write what it took
    #[arg(long)]
    output: PathBuf,

    /// The program and its arguments
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

/// Runs it. That it fails is noted too.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let (program, rest) = arguments.command.split_first().context("no program")?;
    let begun = Instant::now();
    let status = Command::new(program)
        .args(rest)
        .status()
        .with_context(|| format!("{program} could not be started"))?;
    let wall = begun.elapsed();
    let usage = usage_of_children();
    let taken = serde_json::json!({
        "seconds": wall.as_secs_f64(),
        "cpu_seconds": (duration(usage.ru_utime) + duration(usage.ru_stime)).as_secs_f64(),
        // The system counts it in KiB (getrusage(2)).
        "peak_bytes": usage.ru_maxrss * 1024,
        "success": status.success(),
        "ended": status.to_string(),
    });
    fs::write(&arguments.output, taken.to_string())
        .with_context(|| format!("{} could not be written", arguments.output.display()))
}

/// Processor time of all processes that this one waited for and that those waited for;
/// memory of the largest of them.
#[expect(unsafe_code, reason = "the standard library does not tell")]
fn usage_of_children() -> libc::rusage {
    // SAFETY: what is filled is plain data, for which zeros are valid. It does not fail
    // with these arguments.
    unsafe {
        let mut usage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_CHILDREN, &raw mut usage);
        usage
    }
}

fn duration(time: libc::timeval) -> Duration {
    let micros = time.tv_sec * 1_000_000 + time.tv_usec;
    Duration::from_micros(u64::try_from(micros).unwrap_or_default())
}
