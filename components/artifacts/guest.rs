//! Builds a component, for build scripts.

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "wasm32-wasip2";

/// Runs a cargo for one component, and says where it put it. One at a time, since
/// two packages in one build would share features and grow.
pub(crate) fn build(root: &Path, out: &Path, component: &str) -> Result<PathBuf, Box<dyn Error>> {
    // A target directory of its own: the outer cargo holds the lock of the usual
    // one. Beside that one, so that all profiles share what is built.
    let target_dir = out
        .ancestors()
        .nth(4)
        .ok_or("OUT_DIR is not below a target directory")?
        .join("components");
    let mut cargo = Command::new(env::var("CARGO")?);
    cargo
        .current_dir(root)
        .args(["build", "--profile", "component", "--target", TARGET])
        .args(["--package", &format!("wharf-{component}")])
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
            "the component `wharf-{component}` did not build; if the target is missing, \
             `rustup target add {TARGET}` installs it"
        )
        .into());
    }
    Ok(target_dir.join(format!("{TARGET}/component/wharf_{component}.wasm")))
}
