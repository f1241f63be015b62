//! What has to be there before anything is measured: programs, content, a place to work.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use super::contender::Programs;
use super::content::{self, Content, Shape, TAG};
use super::trial;
use crate::application::{Files, write_application};
use crate::cargo::{build_example, cargo, ensure_component_target, executable, root};
use crate::{function_order, narrate, peers, programs as others};

/// What other packages bring, called as the packages are.
const PACKAGES: [&str; 2] = ["skopeo", "curl"];

/// The example that serves as the application's component.
const EXAMPLE: &str = "hello";

/// A folder that is gone afterwards, and in nobody else's use.
pub(super) struct Workplace {
    /// Cargo's.
    pub(super) target: PathBuf,
    pub(super) folder: PathBuf,
    _lock: File,
}

impl Workplace {
    /// `bench` in the target directory, emptied.
    pub(super) fn new() -> Result<Self> {
        let target = root().join("target");
        let folder = target.join("bench");
        let lock = File::create(target.join("bench.lock"))?;
        if lock.try_lock().is_err() {
            bail!("another bench is at work in {}", folder.display());
        }
        // Of one that was interrupted.
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)
            .with_context(|| format!("{} could not be made", folder.display()))?;
        Ok(Self {
            target,
            folder,
            _lock: lock,
        })
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        // The next one does what can't be done here.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Builds, installs or finds the programs; `quick` in the profile for everyday work. The
/// client without a sandbox is built where it takes part.
pub(super) fn programs(wharf: Option<&Path>, unsandboxed: bool, quick: bool) -> Result<Programs> {
    others::ensure(&PACKAGES)?;
    ensure_component_target()?;
    let oras = peers::oras()?;
    build_example(EXAMPLE)?;
    narrate::status("Building what is measured");
    Ok(Programs {
        wharf: match wharf {
            Some(wharf) => wharf
                .canonicalize()
                .with_context(|| format!("{} is not there", wharf.display()))?,
            None if quick => build(&["--bin", "wharf"], "wharf", quick)?,
            // As users get it.
            None => {
                let built = function_order::build("release", &["--bin", "wharf"])?;
                executable(&built, "wharf").context("cargo built no executable called wharf")?
            }
        },
        unsandboxed: unsandboxed
            .then(|| build(&["--bin", "unsandboxed"], "unsandboxed", quick))
            .transpose()?,
        oras,
        skopeo: others::find("skopeo").context("there is no skopeo")?,
        // Apart, since an example is built with other features of what both depend on.
        clients: build(&["--example", "bench-clients"], "bench-clients", quick)?,
    })
}

fn build(what: &[&str], name: &str, quick: bool) -> Result<PathBuf> {
    let mut command = cargo();
    command.args(["build", "--workspace"]).args(what);
    if !quick {
        command.arg("--release");
    }
    let built = command
        .args(["--message-format", "json-render-diagnostics"])
        .stderr(Stdio::inherit())
        .output()
        .context("cargo could not be started")?;
    if !built.status.success() {
        bail!("{name} did not build ({})", built.status);
    }
    executable(&built.stdout, name)
        .with_context(|| format!("cargo built no executable called {name}"))
}

/// Makes the application, pushes it to the registry at `server` with a store that stays,
/// and copies it from there to a layout: so every program starts from the same bytes.
pub(super) fn content(
    programs: &Programs,
    workplace: &Workplace,
    server: &str,
    shape: Shape,
    files: Files,
) -> Result<Content> {
    #[derive(Deserialize)]
    struct Pushed {
        digest: String,
    }
    let folder = workplace.folder.join(shape.name());
    let (directory, layout) = (folder.join("app"), folder.join("layout"));
    let store = folder.join("store");
    let component = format!("examples/{EXAMPLE}/target/wasm32-wasip2/release/{EXAMPLE}.wasm");
    write_application(&directory, &root().join(component), files)?;
    let repository = format!("seed/{}", shape.name());
    let reference = format!("{server}/{repository}:{TAG}");
    let pushed = Command::new(&programs.wharf)
        .env("HOME", &folder)
        .args(["registry", "push", &reference, "--quiet"])
        .args(["--format", "json", "--from"])
        .arg(&directory)
        .arg("--cache-dir")
        .arg(&store)
        .stderr(Stdio::inherit())
        .output()
        .context("wharf could not be started")?;
    if !pushed.status.success() {
        bail!("wharf did not push what is to be measured");
    }
    let pushed: Pushed = serde_json::from_slice(&pushed.stdout)
        .context("wharf printed something else than what it pushed")?;
    let key = signed(programs, &folder, &format!("{reference}@{}", pushed.digest))?;
    let mut copy = Command::new(&programs.clients);
    copy.args(["native", "pull", &reference]).arg(&layout);
    trial::measured(&programs.clients, &copy, &folder)
        .context("what is to be measured could not be copied to a layout")?;
    Ok(Content {
        files,
        directory,
        blobs: content::blobs(&layout, &pushed.digest)?,
        layout,
        store,
        repository,
        digest: pushed.digest,
        key,
    })
}

/// Signs the application at the registry, with a new key. Returns where the public one is.
fn signed(programs: &Programs, folder: &Path, reference: &str) -> Result<PathBuf> {
    let wharf = || {
        let mut wharf = Command::new(&programs.wharf);
        wharf
            .current_dir(folder)
            .env("HOME", folder)
            .env("COSIGN_PASSWORD", "")
            .stdout(Stdio::null());
        wharf
    };
    others::run_quietly(wharf().args(["trust", "generate-key-pair", "--quiet"]))?;
    let mut sign = wharf();
    sign.args(["registry", "sign", reference, "--key", "cosign.key"]);
    // A push from the store of the content would take signatures along.
    let store = folder.join("signing-store");
    others::run_quietly(sign.arg("--quiet").arg("--cache-dir").arg(store))?;
    Ok(folder.join("cosign.pub"))
}
