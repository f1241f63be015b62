//! `cargo xtask fuzz`: what Wharf reads of others, fed with whatever a fuzzer finds.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::cargo::root;
use crate::{narrate, peers, programs};

/// Feed the parsers of foreign input with whatever a fuzzer finds
///
/// Builds the targets in `fuzz/` with cargo-fuzz, which is itself built once at a pinned
/// version, and runs one after the other. An input that makes one fail is kept in
/// `fuzz/artifacts`, those of use for further runs in `fuzz/corpus`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// For how many seconds each target runs
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    time: u32,

    /// Which to run; all of them where none is named
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,

    /// How many inputs each target gets, always the same ones
    #[arg(long, value_name = "COUNT")]
    inputs: Option<u32>,
}

/// The longest input that is tried, in bytes: the parsers' bounds have tests of their own.
const LONGEST: u32 = 4096;

/// How long one input may take, in seconds.
const SLOWEST: u32 = 10;

/// How many inputs each target gets among everything that must pass: the same in each
/// run, so that a change is to blame when one of them fails.
const FEW: u32 = 30_000;

/// How long that may take for each target, in seconds.
const SHORT: u32 = 30;

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let known = targets()?;
    for name in &arguments.targets {
        let is_known = known.contains(name);
        anyhow::ensure!(
            is_known,
            "there is no target {name}, only {}",
            known.join(", ")
        );
    }
    if programs::find("c++").is_none() {
        programs::ensure(&["g++"])?;
    }
    programs::run(fuzz("build")?.args(BUILD))?;
    for target in known {
        let is_wanted = arguments.targets.is_empty() || arguments.targets.contains(&target);
        if is_wanted {
            once(&target, arguments.time, arguments.inputs)?;
        }
    }
    Ok(())
}

/// Runs all targets for a short while.
pub(crate) fn shortly() -> Result<()> {
    run(&Arguments {
        time: SHORT,
        targets: Vec::new(),
        inputs: Some(FEW),
    })
}

/// Works without a nightly compiler; Rust has bounds of its own.
const BUILD: [&str; 2] = ["--sanitizer", "none"];

fn once(target: &str, time: u32, inputs: Option<u32>) -> Result<()> {
    narrate::explain(&format!("{target}, for {time} s at most"));
    let found = root().join("fuzz/corpus").join(target);
    fs::create_dir_all(&found).with_context(|| format!("no folder {}", found.display()))?;
    let mut command = fuzz("run")?;
    command
        .args(BUILD)
        .arg(target)
        .arg(found)
        .arg(root().join("fuzz/seeds").join(target))
        .arg("--")
        .arg(format!("-max_total_time={time}"))
        .arg(format!("-max_len={LONGEST}"))
        .arg(format!("-timeout={SLOWEST}"))
        .args(["-verbosity=0", "-print_final_stats=1"]);
    if let Some(inputs) = inputs {
        command.args([format!("-runs={inputs}"), "-seed=1".to_owned()]);
    }
    programs::run(&mut command)
}

fn fuzz(task: &str) -> Result<Command> {
    let mut command = Command::new(peers::cargo_fuzz()?);
    command
        .current_dir(root())
        .arg("fuzz")
        .arg(task)
        // What the outer build was told concerns the outer build.
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("RUSTFLAGS");
    Ok(command)
}

/// The names of all targets. Each has seeds, in a folder of its name.
fn targets() -> Result<Vec<String>> {
    let seeds = root().join("fuzz/seeds");
    let entries = fs::read_dir(&seeds).with_context(|| format!("no folder {}", seeds.display()))?;
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names: Vec<String> = names.collect::<Result<_>>()?;
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_has_seeds() {
        let manifest = fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
        let mut named: Vec<_> = manifest
            .lines()
            .filter_map(|line| line.strip_prefix("path = \"fuzz_targets/"))
            .filter_map(|rest| rest.strip_suffix(".rs\""))
            .collect();
        named.sort_unstable();
        assert_eq!(targets().unwrap(), named);
    }
}
