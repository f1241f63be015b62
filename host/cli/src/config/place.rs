//! Where the files of settings are.

use std::path::{Path, PathBuf};

use crate::env;

/// What both files are called.
const NAME: &str = "wharf.toml";

/// What makes a folder the root of a repository.
const REPOSITORY: &str = ".git";

/// The user's file, and whether somebody named it: then it has to be there. None where
/// there is no home folder.
pub(super) fn user(option: Option<&Path>) -> Option<(PathBuf, bool)> {
    if let Some(path) = option {
        return Some((path.to_owned(), true));
    }
    if let Some(path) = env::value(env::CONFIG) {
        return Some((path.into(), true));
    }
    Some((folder()?.join("wharf").join(NAME), false))
}

/// The file of package tools such as `wkg`.
pub(super) fn wasm_pkg() -> Option<PathBuf> {
    Some(folder()?.join("wasm-pkg/config.toml"))
}

/// The folder of the user's configuration.
fn folder() -> Option<PathBuf> {
    // The XDG base directory specification has relative paths ignored.
    env::value(env::XDG_CONFIG_HOME)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| Some(home()?.join(".config")))
}

/// The project's file: the nearest one, from the working directory up to the root of
/// its repository. Without a repository it is looked for in the working directory
/// alone, so that nothing counts that somebody left in a folder above. The home folder
/// and those above it are no projects.
pub(super) fn project() -> Option<PathBuf> {
    nearest(&std::env::current_dir().ok()?, home().as_deref())
}

fn nearest(working: &Path, home: Option<&Path>) -> Option<PathBuf> {
    let inside = |folder: &&Path| home.is_none_or(|home| !home.starts_with(folder));
    let folders: Vec<_> = working.ancestors().take_while(inside).collect();
    let root = folders
        .iter()
        .position(|folder| folder.join(REPOSITORY).exists());
    let searched = folders.get(..=root.unwrap_or(0)).unwrap_or_default();
    let mut files = searched.iter().map(|folder| folder.join(NAME));
    files.find(|file| file.is_file())
}

fn home() -> Option<PathBuf> {
    std::env::home_dir().filter(|home| home.is_absolute())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_project_reaches_to_the_root_of_its_repository() {
        let directory = tempfile::tempdir().unwrap();
        let at = |path: &str| directory.path().join(path);
        fs::create_dir_all(at("home/repo/.git")).unwrap();
        fs::create_dir_all(at("home/repo/a/b")).unwrap();
        fs::create_dir_all(at("home/alone/a")).unwrap();
        for folder in ["", "home", "home/repo", "home/alone"] {
            fs::write(at(folder).join(NAME), "").unwrap();
        }
        let home = at("home");
        let found = |working: &str| nearest(&at(working), Some(&home));
        assert_eq!(found("home/repo/a/b"), Some(at("home/repo/wharf.toml")));
        fs::write(at("home/repo/a/wharf.toml"), "").unwrap();
        assert_eq!(found("home/repo/a/b"), Some(at("home/repo/a/wharf.toml")));
        assert_eq!(found("home/alone"), Some(at("home/alone/wharf.toml")));
        assert_eq!(found("home/alone/a"), None);
        assert_eq!(found("home"), None);
        assert_eq!(found(""), None);
    }
}
