//! Where the credentials of a user are, and in which order they are looked for.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use super::{AuthFile, Chain, CredentialSource, LoginFile, Owner, SpinLogins};

/// The files in which a user's credentials may be. Where one is not set, there is no
/// home directory that it would be in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// `$REGISTRY_AUTH_FILE`. When set, it is the only one that counts.
    pub named: Option<PathBuf>,
    /// Wharf's own: `$WHARF_AUTH_FILE`, else `wharf/auth.json` in the configuration
    /// folder.
    pub own: Option<PathBuf>,
    /// Spin's: `fermyon/registry-auth.json` in the configuration folder.
    pub spin: Option<PathBuf>,
    /// Podman's: `containers/auth.json` in `$XDG_RUNTIME_DIR`, then in the
    /// configuration folder.
    pub podman: Vec<PathBuf>,
    /// Docker's: `config.json` in `$DOCKER_CONFIG`, else in `.docker` in the home
    /// directory.
    pub docker: Option<PathBuf>,
}

impl Places {
    /// Those of the user whose environment this process has.
    #[must_use]
    pub fn of_user() -> Self {
        Self::of(|name| env::var_os(name))
    }

    /// Those that follow from environment variables. One that is set to nothing
    /// counts as not set.
    #[must_use]
    pub fn of(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let path = |name: &str| {
            let value = variable(name).filter(|value| !value.is_empty());
            value.map(PathBuf::from)
        };
        // The XDG base directory specification has relative paths ignored.
        let folder = |name: &str| path(name).filter(|path| path.is_absolute());
        let home = path("HOME");
        let in_home = |name: &str| home.as_ref().map(|home| home.join(name));
        let config = folder("XDG_CONFIG_HOME").or_else(|| in_home(".config"));
        let in_config = |name: &str| config.as_ref().map(|config| config.join(name));
        // On macOS Spin follows Apple's convention instead.
        let spin_config = if cfg!(target_os = "macos") {
            in_home("Library/Application Support")
        } else {
            config.clone()
        };
        let podman = [
            folder("XDG_RUNTIME_DIR").map(|runtime| runtime.join("containers/auth.json")),
            in_config("containers/auth.json"),
        ];
        Self {
            named: path("REGISTRY_AUTH_FILE"),
            own: path("WHARF_AUTH_FILE").or_else(|| in_config("wharf/auth.json")),
            spin: spin_config.map(|config| config.join("fermyon/registry-auth.json")),
            podman: podman.into_iter().flatten().collect(),
            docker: path("DOCKER_CONFIG")
                .or_else(|| in_home(".docker"))
                .map(|folder| folder.join("config.json")),
        }
    }

    /// The file that logins are written to: the first that is looked at.
    #[must_use]
    pub fn login_file(&self) -> Option<LoginFile> {
        let path = self.named.as_ref().or(self.own.as_ref())?;
        Some(LoginFile::at(path.clone()))
    }

    /// The sources, in their order.
    #[must_use]
    pub fn sources(&self) -> Chain {
        let file = |path: &PathBuf, owner| -> Arc<dyn CredentialSource> {
            Arc::new(AuthFile::at(path.clone(), owner))
        };
        if let Some(named) = &self.named {
            return Chain::new(vec![file(named, Owner::Named)]);
        }
        let mut sources = Vec::new();
        sources.extend(self.own.iter().map(|path| file(path, Owner::Login)));
        sources.extend(
            self.spin.iter().map(|path| -> Arc<dyn CredentialSource> {
                Arc::new(SpinLogins::at(path.clone()))
            }),
        );
        sources.extend(self.podman.iter().map(|path| file(path, Owner::Podman)));
        sources.extend(self.docker.iter().map(|path| file(path, Owner::Docker)));
        Chain::new(sources)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(variables: &[(&str, &str)]) -> Places {
        Places::of(|name| {
            let found = variables.iter().find(|(own, _)| *own == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn without_variables_everything_is_at_home() {
        let places = places(&[("HOME", "/home/ada"), ("WHARF_AUTH_FILE", "")]);
        assert_eq!(places.own, Some("/home/ada/.config/wharf/auth.json".into()));
        assert_eq!(
            places.podman,
            [PathBuf::from("/home/ada/.config/containers/auth.json")]
        );
        assert_eq!(places.docker, Some("/home/ada/.docker/config.json".into()));
        assert_eq!(places.login_file().unwrap().path(), places.own.unwrap());
    }

    #[test]
    fn variables_lead_elsewhere_and_relative_folders_are_ignored() {
        let home = ("HOME", "/h");
        let set = places(&[
            home,
            ("XDG_CONFIG_HOME", "/c"),
            ("XDG_RUNTIME_DIR", "/r"),
            ("WHARF_AUTH_FILE", "logins.json"),
            ("DOCKER_CONFIG", "/d"),
        ]);
        assert_eq!(set.own, Some("logins.json".into()));
        assert_eq!(
            set.podman,
            ["/r/containers/auth.json", "/c/containers/auth.json"].map(PathBuf::from)
        );
        assert_eq!(set.docker, Some("/d/config.json".into()));
        let relative = places(&[home, ("XDG_CONFIG_HOME", "c"), ("XDG_RUNTIME_DIR", "r")]);
        assert_eq!(relative, places(&[home]));
        assert_eq!(places(&[]), Places::default());
        assert_eq!(
            places(&[]).login_file().map(|file| file.path().into()),
            None::<PathBuf>
        );
    }

    #[cfg(not(target_os = "macos"))]
    #[test]
    fn the_order_is_own_spin_podman_docker_and_a_named_file_stands_alone() {
        let variables = [("HOME", "/h"), ("XDG_RUNTIME_DIR", "/r")];
        assert_eq!(
            places(&variables).sources().name(),
            "the login file `/h/.config/wharf/auth.json`, then \
             Spin's login file `/h/.config/fermyon/registry-auth.json`, then \
             Podman's auth file `/r/containers/auth.json`, then \
             Podman's auth file `/h/.config/containers/auth.json`, then \
             Docker's config `/h/.docker/config.json`"
        );
        let named = [("HOME", "/h"), ("REGISTRY_AUTH_FILE", "/n.json")];
        let places = places(&named);
        assert_eq!(
            places.sources().name(),
            "the file of $REGISTRY_AUTH_FILE `/n.json`"
        );
        assert_eq!(places.login_file().unwrap().path(), "/n.json");
    }
}
