//! Where `cargo xtask peers` built what the tests run and cargo does not build.

use std::env;
use std::fs;
use std::path::PathBuf;

/// The program of a peer, in its newest version.
pub(crate) fn program(peer: &str, executable: &str) -> PathBuf {
    let folder = folder();
    let is_version = |name: &str| {
        let version = name
            .strip_prefix(peer)
            .and_then(|rest| rest.strip_prefix('-'));
        let version = version.map(|version| version.trim_start_matches('v'));
        version.is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit()))
    };
    let built = fs::read_dir(&folder).into_iter().flatten().flatten();
    let newest = built
        .filter(|entry| is_version(&entry.file_name().to_string_lossy()))
        .map(|entry| entry.path().join(executable))
        .filter(|program| program.is_file())
        .max();
    newest.unwrap_or_else(|| {
        panic!(
            "`{executable}` is not below `{}`; `cargo xtask peers {peer}` builds it",
            folder.display()
        )
    })
}

fn folder() -> PathBuf {
    let variable = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    if let Some(folder) = variable("WHARF_PEERS") {
        return folder.into();
    }
    let cache = variable("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(variable("HOME")?).join(".cache")));
    cache.expect("there is a home").join("wharf-peers")
}
