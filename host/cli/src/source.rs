//! What `-f` means: a path of this machine, or a reference to a registry.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use wharf_host::Reference;

use crate::error::CommandError;
use crate::output::Output;

/// The file that makes a directory an application.
const MANIFEST: &str = "spin.toml";

/// Where an application comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// The manifest of an application on this machine.
    Manifest(PathBuf),
    /// A single component on this machine.
    Component(PathBuf),
    /// An application in a registry.
    Registry(Reference),
}

impl Source {
    /// What the user meant. An existing path wins over a reference; a text that is
    /// neither a path nor likely a reference is refused, as Spin refuses it.
    pub(crate) fn infer(text: &OsStr) -> Result<Self, CommandError> {
        let path = Path::new(text);
        if path.symlink_metadata().is_ok() {
            return Self::at(path);
        }
        match text.to_str().and_then(probably_reference) {
            Some(reference) => Ok(Self::Registry(reference)),
            None => Err(CommandError::usage(format!(
                "File or directory '{}' not found. If you meant to load from a registry, \
                 use the `--from-registry` option.",
                path.display()
            ))),
        }
    }

    /// What a path leads to: a component, a manifest, or the one in the directory that it
    /// is.
    pub(crate) fn at(path: &Path) -> Result<Self, CommandError> {
        let shown = path.display();
        let metadata = path
            .metadata()
            .map_err(|error| CommandError::usage(format!("cannot read {shown}: {error}")))?;
        if metadata.is_file() {
            let path = path.to_owned();
            return Ok(if is_wasm(&path) {
                Self::Component(path)
            } else {
                Self::Manifest(path)
            });
        }
        if !metadata.is_dir() {
            return Err(CommandError::usage(format!(
                "{shown} is neither a file nor a directory"
            )));
        }
        let manifest = path.join(MANIFEST);
        if manifest.is_file() {
            return Ok(Self::Manifest(manifest));
        }
        let absent = format!("there is no {MANIFEST} in the directory {shown}");
        Err(CommandError::usage(absent).hint(format!(
            "name an application with -f: a {MANIFEST}, the directory of one, or a component"
        )))
    }
}

/// Whether a path is that of WebAssembly, by its end: Spin's rule.
pub(crate) fn is_wasm(path: &Path) -> bool {
    let end = path.extension().and_then(OsStr::to_str);
    matches!(end, Some("wasm" | "wat"))
}

/// How many directories above this one are searched, as Spin does.
const LEVELS: usize = 19;

/// What is in the root of a repository.
const REPOSITORY: &str = ".git";

/// The manifest of this directory or of the nearest one above that has one, within the
/// repository. Says which, when it is not this directory's.
pub(crate) fn nearest(output: Output) -> Result<PathBuf, CommandError> {
    let found = nearest_to(Path::new(""));
    match &found {
        Some(manifest) if manifest.parent() != Some(Path::new("")) => {
            output.status(&format!("Using {}", manifest.display()));
        }
        _ => {}
    }
    found.ok_or_else(|| {
        CommandError::usage(format!(
            "there is no {MANIFEST} in this directory, and none in those above within its \
             repository"
        ))
        .hint(format!(
            "name an application with -f: a {MANIFEST} or the directory of one"
        ))
    })
}

/// The same for another directory.
fn nearest_to(directory: &Path) -> Option<PathBuf> {
    let mut directory = directory.to_owned();
    for _ in 0..=LEVELS {
        let manifest = directory.join(MANIFEST);
        if manifest.is_file() {
            return Some(manifest);
        }
        if directory.join(REPOSITORY).exists() {
            return None;
        }
        directory.push("..");
    }
    None
}

/// The reference, when the text is likely meant as one (Spin's rule). `foo/spin.toml`
/// is by grammar a reference to Docker Hub with the tag `latest`; so a text without tag
/// and digest that leads to Docker Hub counts only if it says `docker`. One that begins
/// as only a path does is never a reference.
fn probably_reference(text: &str) -> Option<Reference> {
    if text.starts_with(['.', '/', '~']) {
        return None;
    }
    let reference: Reference = text.parse().ok()?;
    let explicit = reference.digest.is_some() || has_tag(text);
    let likely = explicit || !reference.registry.is_docker_hub() || text.contains("docker");
    likely.then_some(reference)
}

/// Whether a tag was written: a colon after the last slash.
fn has_tag(text: &str) -> bool {
    text.rsplit('/')
        .next()
        .is_some_and(|name| name.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    #[test]
    fn what_is_likely_a_reference() {
        for text in [
            "ghcr.io/user/app",
            "localhost:5000/app",
            "user/app:v1",
            "app:latest",
            "docker.io/user/app",
            &format!("user/app@{DIGEST}"),
        ] {
            assert!(probably_reference(text).is_some(), "{text}");
        }
        for text in [
            "user/app",
            "app/spin.toml",
            "../app",
            "./app:v1",
            "/absent/app",
            "",
            "https://ghcr.io/user/app:v1",
        ] {
            assert_eq!(probably_reference(text), None, "{text}");
        }
    }

    #[test]
    fn an_absent_path_is_answered_in_spins_words() {
        let error = Source::infer(OsStr::new("no-such/app")).unwrap_err();
        assert_eq!(
            error.messages,
            [
                "File or directory 'no-such/app' not found. If you meant to load from a \
              registry, use the `--from-registry` option."
            ]
        );
        assert_eq!(error.kind.exit().code(), 2);
    }

    #[test]
    fn this_package_is_a_directory_without_an_application() {
        let error = Source::infer(OsStr::new(env!("CARGO_MANIFEST_DIR"))).unwrap_err();
        assert!(error.messages[0].contains("no spin.toml"), "{error:?}");
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        assert_eq!(
            Source::infer(OsStr::new(manifest)).unwrap(),
            Source::Manifest(manifest.into())
        );
    }

    #[test]
    fn a_manifest_is_looked_for_up_to_the_root_of_the_repository() {
        let directory = tempfile::tempdir().unwrap();
        let at = |path: &str| directory.path().join(path);
        std::fs::create_dir_all(at("app/repo/a/b")).unwrap();
        std::fs::write(at("app/spin.toml"), "").unwrap();
        let found = |path: &str| Some(nearest_to(&at(path))?.canonicalize().unwrap());
        let manifest = at("app/spin.toml").canonicalize().unwrap();
        assert_eq!(found("app"), Some(manifest.clone()));
        assert_eq!(found("app/repo/a/b"), Some(manifest));
        std::fs::create_dir(at("app/repo/.git")).unwrap();
        assert_eq!(found("app/repo/a/b"), None);
        assert_eq!(found("app/repo"), None);
        std::fs::write(at("app/repo/spin.toml"), "").unwrap();
        let own = at("app/repo/spin.toml").canonicalize().unwrap();
        assert_eq!(found("app/repo"), Some(own.clone()));
        assert_eq!(found("app/repo/a"), Some(own));
    }
}
