//! Building the components of an application: the commands of its `spin.toml`, which the
//! user's shell runs. They are the author's and run with all of the user's rights.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus};

use wharf_host::manifest::{ComponentBuild, builds};

use crate::env;
use crate::error::{CommandError, Kind};
use crate::output::Output;

/// Whether to build: when the command line says so, or `$SPIN_ALWAYS_BUILD`.
pub(crate) fn is_wanted(flag: bool) -> bool {
    flag || env::value(env::ALWAYS_BUILD).is_some_and(|value| is_true(&value))
}

/// As Spin has it: everything but a no.
fn is_true(value: &OsStr) -> bool {
    let value = value.to_string_lossy().to_lowercase();
    !["n", "no", "f", "false", "off", "0"].contains(&value.as_str())
}

/// Runs the commands of all components in their order, up to the first that fails. What
/// they print goes to standard error.
pub(crate) async fn build(
    manifest: &Path,
    profile: Option<&str>,
    output: Output,
) -> Result<(), CommandError> {
    let doing = |error: CommandError| {
        error.while_doing(format!(
            "cannot build the application of {}",
            manifest.display()
        ))
    };
    let builds = builds(manifest, profile).map_err(|error| doing(error.into()))?;
    if builds.is_empty() {
        output.status("No component has a `build` command");
    }
    for component in builds {
        for command in &component.commands {
            output.status(&format!(
                "Building the component {} with `{command}`",
                component.id
            ));
            run(&component, command).await.map_err(doing)?;
        }
    }
    Ok(())
}

async fn run(component: &ComponentBuild, command: &str) -> Result<(), CommandError> {
    let mut shell = shell(command);
    // Standard output is for the answer.
    shell.current_dir(&component.directory).stdout(io::stderr());
    let ended = tokio::task::spawn_blocking(move || shell.status()).await;
    let failed = |why: String| {
        CommandError::new(
            Kind::Other,
            format!(
                "the command `{command}` of the component `{}` {why}",
                component.id
            ),
        )
    };
    match ended.map_err(io::Error::from).flatten() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(failed(format!("failed: {}", told(status)))),
        Err(error) => Err(failed(format!(
            "can't be run in {}: {error}",
            component.directory.display()
        ))),
    }
}

fn told(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("it ended with {code}"),
        None => status.to_string(),
    }
}

fn shell(command: &str) -> Command {
    let (program, option) = if cfg!(windows) {
        ("cmd", "/C")
    } else {
        ("sh", "-c")
    };
    let mut shell = Command::new(program);
    shell.args([option, command]);
    shell
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_but_a_no_is_a_yes() {
        for yes in ["1", "true", "yes", "x"] {
            assert!(is_true(OsStr::new(yes)), "{yes}");
        }
        for no in ["0", "false", "False", "no", "off"] {
            assert!(!is_true(OsStr::new(no)), "{no}");
        }
    }
}
