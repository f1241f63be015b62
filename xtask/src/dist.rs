//! `cargo xtask dist`: what is handed to users, in one directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::cargo::{ensure_component_target, executable, made_by_build_script, root};
use crate::{function_order, narrate, programs};

/// Where each shell looks for completions below `share`, and what the file is called.
const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "bash-completion/completions/wharf"),
    ("zsh", "zsh/site-functions/_wharf"),
    ("fish", "fish/vendor_completions.d/wharf.fish"),
];

/// The components as files, for those who run them elsewhere.
const COMPONENTS: [&str; 3] = ["registry.wasm", "packager.wasm", "trust.wasm"];

/// What they import, made of WASI alone.
const PLUGS: &str = "plugs.wasm";

/// The documents that go with a package.
const DOCUMENTS: [&str; 3] = ["README.md", "CHANGELOG.md", "LICENSE"];

/// Put together what is handed to users, in `target/dist`
///
/// Builds `wharf`, and lays it out as below `/usr/local`: the command in `bin`, its manual
/// pages and the completions of bash, zsh and fish in `share`, and in `share/wharf` the
/// components as `.wasm` files with their contracts, for those who run them elsewhere; and
/// `wharf.wasm`, a command that is composed of them and needs WASI alone. What was there is
/// replaced.
///
/// Where Rust links with LLD, `wharf` is linked a second time with the functions side by side
/// that a transfer calls. Valgrind finds out which these are, with a registry on this machine:
/// both are installed where they are missing and this is root on Debian.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The cargo profile to build with
    #[arg(long, value_name = "PROFILE", default_value = "release")]
    profile: String,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    ensure_component_target()?;
    let built = Built::with(&arguments.profile)?;
    let dist = built.target.join("dist");
    if dist.exists() {
        fs::remove_dir_all(&dist).with_context(|| format!("removing {}", dist.display()))?;
    }
    built.lay_out(&dist)?;
    narrate::heading(&format!("{} is ready", dist.display()));
    Ok(())
}

/// What cargo built.
struct Built {
    wharf: PathBuf,
    /// What writes the component that is composed of all others.
    portable: PathBuf,
    /// The directory of the components.
    components: PathBuf,
    /// The plugs.
    plugs: PathBuf,
    /// The target directory.
    target: PathBuf,
}

impl Built {
    fn with(profile: &str) -> Result<Self> {
        let what = ["--bin", "wharf", "--bin", "wharf-portable"];
        let built = function_order::build(profile, &what)?;
        let wharf =
            executable(&built, "wharf").context("cargo built no executable called wharf")?;
        let portable = executable(&built, "wharf-portable")
            .context("cargo built no executable called wharf-portable")?;
        let made =
            |folder| made_by_build_script(&built, folder).context("cargo built no components");
        let components = made("components/artifacts")?;
        let plugs = made("components/portable")?.join(PLUGS);
        // The executable is in the folder of its profile.
        let target = wharf.ancestors().nth(2);
        let target = target.context("the executable is in no target directory")?;
        Ok(Self {
            target: target.to_owned(),
            wharf,
            portable,
            components,
            plugs,
        })
    }

    fn lay_out(&self, dist: &Path) -> Result<()> {
        copy(&self.wharf, &dist.join("bin/wharf"))?;
        let share = dist.join("share");
        programs::run(
            Command::new(&self.wharf)
                .arg("man")
                .arg(share.join("man/man1")),
        )?;
        for (shell, file) in COMPLETIONS {
            self.completions(shell, &share.join(file))?;
        }
        for component in COMPONENTS {
            let from = self.components.join(component);
            copy(&from, &share.join("wharf").join(component))?;
        }
        copy(&self.plugs, &share.join("wharf").join(PLUGS))?;
        programs::run(Command::new(&self.portable).arg(share.join("wharf/wharf.wasm")))?;
        copy_all(&root().join("wit"), &share.join("wharf/wit"))?;
        let documents = share.join("doc/wharf");
        for document in DOCUMENTS {
            copy(&root().join(document), &documents.join(document))?;
        }
        copy_all(&root().join("docs"), &documents.join("docs"))?;
        Ok(())
    }

    fn completions(&self, shell: &str, to: &Path) -> Result<()> {
        let printed = Command::new(&self.wharf)
            .args(["completions", shell])
            .output()
            .context("wharf could not be started")?;
        if !printed.status.success() {
            bail!("`wharf completions {shell}` failed ({})", printed.status);
        }
        prepare(to)?;
        fs::write(to, printed.stdout).with_context(|| format!("writing {}", to.display()))
    }
}

/// Copies a file, and makes the directories that it is to be in.
fn copy(from: &Path, to: &Path) -> Result<()> {
    prepare(to)?;
    fs::copy(from, to)
        .with_context(|| format!("copying {} to {}", from.display(), to.display()))?;
    Ok(())
}

/// Copies a directory with all that is in it.
fn copy_all(from: &Path, to: &Path) -> Result<()> {
    let entries = fs::read_dir(from).with_context(|| format!("reading {}", from.display()))?;
    for entry in entries {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_all(&entry.path(), &to)?;
        } else {
            copy(&entry.path(), &to)?;
        }
    }
    Ok(())
}

fn prepare(file: &Path) -> Result<()> {
    let folder = file.parent().unwrap_or(file);
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_has_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let wharf = folder.path().join("target/release/wharf");
        // It writes down what it was asked for, as the real one does what it is asked.
        let script = "#!/bin/sh\nif [ $1 = man ]; then mkdir -p $2; touch $2/wharf.1; \
                      else echo $2; fi\n";
        prepare(&wharf).unwrap();
        fs::write(&wharf, script).unwrap();
        let executable = |path: &Path| {
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            fs::set_permissions(path, mode).unwrap();
        };
        executable(&wharf);
        let portable = folder.path().join("target/release/wharf-portable");
        fs::write(&portable, "#!/bin/sh\ntouch $1\n").unwrap();
        executable(&portable);
        let plugs = folder.path().join(PLUGS);
        fs::write(&plugs, "").unwrap();
        let components = folder.path().join("out");
        for component in COMPONENTS {
            prepare(&components.join(component)).unwrap();
            fs::write(components.join(component), "").unwrap();
        }
        let dist = folder.path().join("dist");
        let target = folder.path().join("target");
        let built = Built {
            wharf,
            portable,
            components,
            plugs,
            target,
        };
        built.lay_out(&dist).unwrap();
        for file in [
            "bin/wharf",
            "share/man/man1/wharf.1",
            "share/wharf/registry.wasm",
            "share/wharf/packager.wasm",
            "share/wharf/trust.wasm",
            "share/wharf/plugs.wasm",
            "share/wharf/wharf.wasm",
            "share/wharf/wit/world.wit",
            "share/doc/wharf/LICENSE",
            "share/doc/wharf/docs/policy.md",
        ] {
            assert!(dist.join(file).is_file(), "{file}");
        }
        for (shell, file) in COMPLETIONS {
            let text = fs::read_to_string(dist.join("share").join(file)).unwrap();
            assert_eq!(text.trim(), shell);
        }
    }
}
