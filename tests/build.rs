//! Builds the guest programs for `wasm32-wasip2`.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const TARGET: &str = "wasm32-wasip2";
const PROGRAMS: [&str; 15] = [
    "hello-module",
    "hello-p2",
    "hello-p3",
    "hostile-packager",
    "hostile-registry",
    "imports-kv",
    "library-p2",
    "library-p3",
    "middleware-p3",
    "reader-p2",
    "reader-spin",
    "spin-loop",
    "trap",
    "variables-p2",
    "variables-p3",
];

fn main() -> Result<(), Box<dyn Error>> {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let sources = here.join("programs");
    // The hostile component is built against the contracts.
    for source in [sources.clone(), here.join("../wit")] {
        println!("cargo::rerun-if-changed={}", source.display());
    }
    let built = build(&sources, &out)?;
    for program in PROGRAMS {
        let name = program.replace('-', "_");
        let wasm = built.join(&name).with_extension("wasm");
        // A copy, since the next build of another checkout may replace it.
        fs::copy(&wasm, out.join(program).with_extension("wasm"))?;
    }
    Ok(())
}

/// Runs a cargo for all programs, and says where it put them.
fn build(sources: &Path, out: &Path) -> Result<PathBuf, Box<dyn Error>> {
    // A target directory of its own: the outer cargo holds the lock of the usual
    // one. Beside that one, so that all profiles share what is built.
    let target_dir = out
        .ancestors()
        .nth(4)
        .ok_or("OUT_DIR is not below a target directory")?
        .join("programs");
    let mut cargo = Command::new(env::var("CARGO")?);
    cargo
        .current_dir(sources)
        .args(["build", "--locked", "--target", TARGET])
        .arg("--target-dir")
        .arg(&target_dir);
    // What the outer build was told concerns the outer build.
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        let outer = name.starts_with("CARGO_PROFILE_")
            || name.starts_with("CARGO_FEATURE_")
            || name.starts_with("CARGO_CFG_")
            || name.starts_with("CARGO_BUILD_")
            || name.contains("RUSTFLAGS")
            || name.contains("WRAPPER")
            || name == "CARGO_MAKEFLAGS";
        if outer {
            cargo.env_remove(&*name);
        }
    }
    let status = cargo.status()?;
    if !status.success() {
        return Err(format!(
            "the guest programs did not build; if the target is missing, \
             `rustup target add {TARGET}` installs it"
        )
        .into());
    }
    Ok(target_dir.join(TARGET).join("debug"))
}
