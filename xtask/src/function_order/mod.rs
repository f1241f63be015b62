//! The order of functions in the executable: those that a transfer calls stand side by side.
//!
//! The kernel maps the text of a program in pieces around what is called. Scattered as the
//! compiler leaves them, a tenth of the functions bring nearly half of the text with them.
//! Which ones it is changes with each dependency, and so do their names: what was built is
//! watched at work, and then linked again.

mod training;

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};

use crate::cargo::{cargo, executable, root};
use crate::narrate;

/// What `host/cli/build.rs` reads.
const VARIABLE: &str = "WHARF_FUNCTION_ORDER";

/// Whether Rust links with LLD here, which can do it.
const IS_KNOWN: bool = cfg!(all(
    target_arch = "x86_64",
    target_os = "linux",
    target_env = "gnu"
));

/// So much of what a transfer calls has to be in the order already, or it is linked again:
/// what threads come to call differs a little each time.
const ENOUGH: f64 = 0.95;

/// Builds what the arguments of `cargo build` say, `wharf` among it, with its functions in
/// order. Returns cargo's messages.
pub(crate) fn build(profile: &str, what: &[&str]) -> Result<Vec<u8>> {
    if !IS_KNOWN {
        narrate::explain("The linker of this system is not asked to put functions in order.");
        return cargo_build(profile, what, None);
    }
    let folder = root().join("target/function-order");
    let order = folder.join(profile);
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let known = fs::read_to_string(&order).unwrap_or_default();
    // The same build but for the content of this file: so the names stay what they are.
    if known.is_empty() {
        write(&order, "")?;
    }
    let built = cargo_build(profile, what, Some(&order))?;
    let wharf = executable(&built, "wharf").context("cargo built no executable called wharf")?;
    narrate::heading("Watching which functions a transfer calls");
    let called = training::called(&wharf)?;
    if is_enough(&known, &called) {
        return Ok(built);
    }
    write(&order, &(called.join("\n") + "\n"))?;
    narrate::heading("Linking again, with those side by side");
    cargo_build(profile, what, Some(&order))
}

fn is_enough(known: &str, called: &[String]) -> bool {
    let known: HashSet<&str> = known.lines().collect();
    let found = called.iter().filter(|name| known.contains(name.as_str()));
    #[expect(clippy::cast_precision_loss, reason = "there are thousands")]
    let share = found.count() as f64 / called.len() as f64;
    share >= ENOUGH
}

fn write(order: &Path, text: &str) -> Result<()> {
    fs::write(order, text).with_context(|| format!("writing {}", order.display()))
}

fn cargo_build(profile: &str, what: &[&str], order: Option<&Path>) -> Result<Vec<u8>> {
    let line = what.join(" ");
    narrate::command(&format!(
        "cargo build --workspace {line} --profile {profile}"
    ));
    let mut cargo = cargo();
    cargo
        .args(["build", "--workspace", "--profile", profile])
        .args(what)
        .args(["--message-format", "json-render-diagnostics"])
        .stderr(Stdio::inherit());
    if let Some(order) = order {
        cargo.env(VARIABLE, order);
    }
    let built = cargo.output().context("cargo could not be started")?;
    if !built.status.success() {
        bail!("wharf did not build ({})", built.status);
    }
    Ok(built.stdout)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_that_are_new_are_no_reason_to_link_again() {
        let called: Vec<String> = (0..100).map(|number| format!("f{number}")).collect();
        let known = |count: usize| called[..count].join("\n");
        assert!(is_enough(&known(100), &called));
        assert!(is_enough(&known(95), &called));
        assert!(!is_enough(&known(94), &called));
        assert!(!is_enough("", &called));
    }
}
