//! The environment variables that the command reads, or that what it stands on reads.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::Path;

use crate::config::Key;
use crate::error::CommandError;

/// Where the content store is, unless `--cache-dir` says so.
pub(crate) const CACHE_DIR: &str = "WHARF_CACHE_DIR";

/// The user's configuration file, unless `--config` names another.
pub(crate) const CONFIG: &str = "WHARF_CONFIG";

/// A policy that holds besides all others.
pub(crate) const POLICY: &str = "WHARF_POLICY";

/// Where `wharf registry login` keeps credentials, instead of the user's
/// configuration folder. Read by the host library.
pub(crate) const AUTH_FILE: &str = "WHARF_AUTH_FILE";

/// The one file of credentials that counts, as Podman and Skopeo name it. Read by the
/// host library.
pub(crate) const REGISTRY_AUTH_FILE: &str = "REGISTRY_AUTH_FILE";

/// The folder of Docker's config file. Read by the host library.
pub(crate) const DOCKER_CONFIG: &str = "DOCKER_CONFIG";

/// The folder of the user's configuration (XDG base directory specification 0.8).
/// Read by the host library.
pub(crate) const XDG_CONFIG_HOME: &str = "XDG_CONFIG_HOME";

/// The folder of the user's caches (XDG base directory specification 0.8).
pub(crate) const XDG_CACHE_HOME: &str = "XDG_CACHE_HOME";

/// The address that `wharf up` listens on, as Spin names it.
pub(crate) const HTTP_LISTEN_ADDR: &str = "SPIN_HTTP_LISTEN_ADDR";

/// What the names of environment variables begin with whose rest, in lower case, is the
/// name of an application's variable, as in Spin.
pub(crate) const VARIABLE_PREFIX: &str = "SPIN_VARIABLE_";

/// Whether components are built before they are packed, as Spin names it.
pub(crate) const ALWAYS_BUILD: &str = "SPIN_ALWAYS_BUILD";

/// The time that a reproducible artifact says it was made at, in seconds since 1970
/// (reproducible-builds.org, `SOURCE_DATE_EPOCH` 1.1).
pub(crate) const SOURCE_DATE_EPOCH: &str = "SOURCE_DATE_EPOCH";

/// When it is there, whatever it says, files are published in archives, as with Spin.
pub(crate) const ARCHIVE_LAYERS: &str = "SPIN_OCI_ARCHIVE_LAYERS";

/// The passphrase of the private key that signs, as cosign names it.
pub(crate) const COSIGN_PASSWORD: &str = "COSIGN_PASSWORD";

/// A file of certificates to trust instead of the system's. Read by the TLS roots.
pub(crate) const SSL_CERT_FILE: &str = "SSL_CERT_FILE";

/// Each of them with one line of explanation, for `wharf --help`.
pub(crate) const TABLE: [(&str, &str); 22] = [
    (
        CACHE_DIR,
        "folder of the content store (default: the user's cache folder)",
    ),
    (CONFIG, "your configuration file"),
    (POLICY, "a policy, which holds besides all others"),
    (AUTH_FILE, "file that `wharf registry login` writes"),
    (
        REGISTRY_AUTH_FILE,
        "file of credentials to use instead of all others",
    ),
    (DOCKER_CONFIG, "folder of Docker's config file"),
    (XDG_CONFIG_HOME, "folder of the user's configuration"),
    (XDG_CACHE_HOME, "folder of the user's caches"),
    ("XDG_RUNTIME_DIR", "folder in which Podman keeps logins"),
    (HTTP_LISTEN_ADDR, "default of `wharf up --listen`"),
    (
        "SPIN_VARIABLE_…",
        "values of the application's variables for `wharf up`",
    ),
    (
        ALWAYS_BUILD,
        "build components before they are packed, as with `--build`",
    ),
    (
        SOURCE_DATE_EPOCH,
        "time that a pushed artifact says it was made at",
    ),
    (
        ARCHIVE_LAYERS,
        "when set, `push` puts all files of a component into an archive",
    ),
    (COSIGN_PASSWORD, "passphrase of the private key that signs"),
    (
        "SIGSTORE_ID_TOKEN",
        "identity to sign with, in a job of GitLab",
    ),
    (
        "ACTIONS_ID_TOKEN_…",
        "where a job of GitHub Actions gets its identity",
    ),
    (
        SSL_CERT_FILE,
        "certificates to trust instead of the system's",
    ),
    (
        "https_proxy",
        "proxy for TLS; this and the next two also in upper case",
    ),
    ("all_proxy", "proxy for everything that has no other"),
    ("no_proxy", "names and addresses to reach without a proxy"),
    ("http_proxy", "proxy for plain HTTP; only in lower case"),
];

/// The table as text, for `wharf --help`.
pub(crate) fn help() -> String {
    let mut text = String::from("Environment variables:\n");
    for (name, meaning) in TABLE {
        // Writing to a String can't fail.
        let _ = writeln!(text, "  {name:<22} {meaning}");
    }
    for key in Key::ALL {
        let (variable, flag) = (key.variable(), key.name());
        let _ = writeln!(text, "  {variable:<22} default of `--{flag}`");
    }
    text
}

/// The time that what is made is to say it was made at.
pub(crate) fn source_date() -> Result<Option<u64>, CommandError> {
    let Some(value) = value(SOURCE_DATE_EPOCH) else {
        return Ok(None);
    };
    value
        .to_str()
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|text| text.parse().ok())
        .map(Some)
        .ok_or_else(|| {
            CommandError::usage(format!(
                "{SOURCE_DATE_EPOCH} is `{}`: expected a number of seconds since 1970",
                Path::new(&value).display()
            ))
        })
}

/// The value of a variable. One that is set to nothing counts as not set.
pub(crate) fn value(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}
