//! Other people's programs: found, installed where that is possible, and run.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use anyhow::{Context as _, Result, bail};

use crate::narrate;

/// A program that ended without success.
#[derive(Debug, thiserror::Error)]
#[error("`{line}` failed ({status})")]
pub(crate) struct Failed {
    line: String,
    status: ExitStatus,
    /// What to end with: the program's own exit code, 1 where a signal ended it.
    pub(crate) code: u8,
}

/// Where the program called `name` is, in `$PATH` or where Debian keeps daemons.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/bin", "/usr/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
}

/// Installs the Debian packages that bring `programs` (a program is called as its
/// package is), where they are missing and this is root on a Debian system.
pub(crate) fn ensure(programs: &[&str]) -> Result<()> {
    let missing: Vec<&str> = programs
        .iter()
        .copied()
        .filter(|program| find(program).is_none())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages = missing.join(" ");
    if !can_install() {
        bail!(
            "{packages} missing; on Debian or Ubuntu, \
             `sudo apt-get install --no-install-recommends {packages}` installs what is needed"
        );
    }
    narrate::heading(&format!("Installing {packages}"));
    run(Command::new("apt-get").args(["--quiet", "update"]))?;
    run(Command::new("apt-get")
        .env("DEBIAN_FRONTEND", "noninteractive")
        .args(["--quiet", "--yes", "--no-install-recommends", "install"])
        .args(&missing))?;
    for program in missing {
        find(program).with_context(|| format!("the package {program} brought no `{program}`"))?;
    }
    Ok(())
}

/// Whether packages can be installed without asking anyone.
pub(crate) fn can_install() -> bool {
    find("apt-get").is_some() && rustix::process::geteuid().is_root()
}

/// Runs `command` where its output is seen, after showing it.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = shown(command);
    narrate::command(&line);
    run_quietly(command)
}

/// Runs `command` where its output is seen.
pub(crate) fn run_quietly(command: &mut Command) -> Result<()> {
    let line = shown(command);
    let status = command
        .status()
        .with_context(|| format!("`{line}` could not be started"))?;
    if status.success() {
        return Ok(());
    }
    let code = status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .unwrap_or(1);
    Err(Failed { line, status, code }.into())
}

/// `command` as one would type it: program by its name alone, arguments quoted where
/// a shell needs it.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or_default();
    let variables = command.get_envs().filter_map(|(name, value)| {
        Some(format!(
            "{}={}",
            name.to_string_lossy(),
            quoted(&value?.to_string_lossy())
        ))
    });
    let arguments = command
        .get_args()
        .map(|argument| quoted(&argument.to_string_lossy()));
    variables
        .chain([program.to_string_lossy().into_owned()])
        .chain(arguments)
        .collect::<Vec<_>>()
        .join(" ")
}

fn quoted(word: &str) -> String {
    let plain = !word.is_empty()
        && word
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_./:=@,+%".contains(c));
    if plain {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_command_can_be_pasted_into_a_shell() {
        let mut command = Command::new("/usr/bin/cargo");
        command
            .env("RUSTDOCFLAGS", "-D warnings")
            .env_remove("CARGO_TARGET_DIR")
            .args(["doc", "it's"]);
        assert_eq!(
            shown(&command),
            r"RUSTDOCFLAGS='-D warnings' cargo doc 'it'\''s'"
        );
    }

    #[test]
    fn a_failure_keeps_the_exit_code_of_the_program() {
        let error = run_quietly(Command::new("sh").args(["-c", "exit 7"])).unwrap_err();
        assert_eq!(error.downcast_ref::<Failed>().unwrap().code, 7);
        assert!(error.to_string().contains("sh -c 'exit 7'"), "{error}");
    }

    #[test]
    fn a_program_that_is_missing_is_named() {
        assert!(find("no-such-program-anywhere").is_none());
        let error = run_quietly(&mut Command::new("no-such-program-anywhere")).unwrap_err();
        assert!(error.to_string().contains("no-such-program-anywhere"));
    }
}
