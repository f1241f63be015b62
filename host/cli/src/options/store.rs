//! The content store on this machine, and when a registry is asked for what may be there.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use wharf_host::{Pull, Store};

use super::ConnectionArgs;
use crate::env;
use crate::error::CommandError;

/// Where content is kept on this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Content store")]
pub(crate) struct StoreArgs {
    /// Folder of the content store
    ///
    /// The default is `$WHARF_CACHE_DIR`, else `wharf` in the user's cache folder
    /// (`$XDG_CACHE_HOME`, else `~/.cache`). Several commands may use one store at the
    /// same time.
    #[arg(long, value_name = "DIR")]
    pub(crate) cache_dir: Option<PathBuf>,
}

/// When a registry is asked for what may be in the content store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Content store")]
pub(crate) struct PullArgs {
    /// Ask the registry `always`, only for what is `missing` here, or `never`
    ///
    /// With `always`, a tag is looked up each time, and what is here is not fetched
    /// again. With `missing`, a tag means what it meant when it was last seen.
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    #[arg(hide_possible_values = true)]
    pull: PullPolicy,

    /// Use no network: the same as `--pull never`
    #[arg(long, conflicts_with = "pull")]
    offline: bool,
}

/// The values of `--pull`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum PullPolicy {
    #[default]
    Always,
    Missing,
    Never,
}

impl PullArgs {
    /// As the host library takes it.
    pub(crate) fn policy(self) -> Pull {
        match self.pull {
            _ if self.offline => Pull::Never,
            PullPolicy::Always => Pull::Always,
            PullPolicy::Missing => Pull::Missing,
            PullPolicy::Never => Pull::Never,
        }
    }
}

impl StoreArgs {
    /// Opens the store for a command that changes it by itself, as far as policies allow.
    pub(crate) fn open_to_change(&self) -> Result<Store, CommandError> {
        let policies = ConnectionArgs::default().policies()?;
        let store = self.open()?;
        Ok(match policies.store() {
            Ok(()) => store,
            Err(violation) => store.read_only(&violation.to_string()),
        })
    }

    /// Opens the store, which creates it where there is none.
    pub(crate) fn open(&self) -> Result<Store, CommandError> {
        let path = match &self.cache_dir {
            Some(path) => path.clone(),
            None => default_store().ok_or_else(|| {
                CommandError::usage("there is no home folder to keep content in").hint(format!(
                    "name a folder with --cache-dir or ${}",
                    env::CACHE_DIR
                ))
            })?,
        };
        Store::open(&path).map_err(|error| CommandError::opening_store(&error))
    }
}

fn default_store() -> Option<PathBuf> {
    if let Some(path) = env::value(env::CACHE_DIR) {
        return Some(path.into());
    }
    Some(caches()?.join("wharf"))
}

/// The folder of the user's caches.
pub(super) fn caches() -> Option<PathBuf> {
    // The specification has relative paths ignored.
    env::value(env::XDG_CACHE_HOME)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| {
            let home = std::env::home_dir().filter(|home| home.is_absolute())?;
            Some(home.join(".cache"))
        })
}
