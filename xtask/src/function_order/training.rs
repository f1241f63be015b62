//! Which functions a transfer calls: found by Valgrind, while `wharf` pushes an application,
//! copies it and pulls it.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::application::{Files, write_application};
use crate::cargo::{build_example, root};
use crate::registry::{Kind, Registry};
use crate::{narrate, programs};

const VALGRIND: &str = "valgrind";

/// The example that serves as the application's component.
const EXAMPLE: &str = "hello";

/// More than are moved at once, and each of them more than one piece.
const FILES: Files = Files {
    number: 80,
    size: 192 * 1024,
};

/// The names of the functions that `wharf` calls in a pull, where there is nothing to pull,
/// in a copy, and in a push of a directory, each once and in this order.
pub(super) fn called(wharf: &Path) -> Result<Vec<String>> {
    programs::ensure(&[VALGRIND])?;
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    build_example(EXAMPLE)?;
    let component = format!("examples/{EXAMPLE}/target/wasm32-wasip2/release/{EXAMPLE}.wasm");
    let application = folder.join("app");
    write_application(&application, &root().join(component), FILES)?;
    let program = Kind::DockerRegistry.program()?;
    let registry = Registry::start(&program, &folder.join("registry"))?;
    let reference = format!("{}/training/app:v1", registry.address);
    let copied = format!("{}/training/copied:v1", registry.address);
    let watched = |command: &[&str], rest: &[&Path], store: &str| -> Result<String> {
        narrate::command(&format!("wharf {}", command.join(" ")));
        watched(wharf, folder, |wharf| {
            wharf.args(command).args(rest).arg("--cache-dir");
            wharf.arg(folder.join(store))
        })
    };
    let directory = watched(
        &["registry", "push", &reference, "--from"],
        &[&application],
        "store",
    )?;
    let copy = watched(&["registry", "copy", &reference, &copied], &[], "store")?;
    let pull = watched(&["registry", "pull", &reference], &[], "pulled")?;
    let again = watched(&["registry", "pull", &reference], &[], "pulled")?;
    let mut seen = HashSet::new();
    let all = [&pull, &again, &copy, &directory].into_iter();
    let names = all.flat_map(|profile| functions(profile));
    let called: Vec<String> = names
        .filter(|name| seen.insert(*name))
        .map(str::to_owned)
        .collect();
    if called.is_empty() {
        bail!("Valgrind saw no function called; is `wharf` stripped of its symbols?");
    }
    Ok(called)
}

/// Has Valgrind run a command. Returns what it wrote down.
fn watched(
    wharf: &Path,
    folder: &Path,
    with: impl FnOnce(&mut Command) -> &mut Command,
) -> Result<String> {
    let profile = folder.join("profile");
    let mut command = Command::new(VALGRIND);
    command
        .env("HOME", folder)
        .args(["--tool=callgrind", "--quiet", "--demangle=no"])
        .arg("--compress-strings=no")
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(wharf)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let status = with(&mut command)
        .status()
        .context("valgrind could not be started")?;
    if !status.success() {
        bail!("what Valgrind watched failed ({status})");
    }
    let written = fs::read(&profile).context("Valgrind wrote nothing down")?;
    Ok(String::from_utf8_lossy(&written).into_owned())
}

/// The names of functions in a profile ("The Callgrind Format Specification", `fn=`).
/// A function that calls itself is in there once for each depth, as `name'2`.
fn functions(profile: &str) -> impl Iterator<Item = &str> {
    let names = profile.lines().filter_map(|line| line.strip_prefix("fn="));
    names.map(|name| name.split('\'').next().unwrap_or(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_found_in_a_profile() {
        let profile = "version: 1\nevents: Ir\n\nob=/bin/wharf\nfl=a.rs\nfn=_RNvC1a1b\n\
                       1 5\ncfn=_RNvC1a1c\ncalls=1 2\n3 4\n\nfn=_RNvC1a1d'2\n7 8\n";
        let names: Vec<&str> = functions(profile).collect();
        assert_eq!(names, ["_RNvC1a1b", "_RNvC1a1d"]);
    }
}
