//! How `wharf registry push` packs an application.

use wharf_host::PackOptions;

use crate::env;
use crate::error::CommandError;
use crate::options;

/// How an application is packed.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Packing")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
pub(super) struct PackingArgs {
    /// Build the components first: run their `build` commands
    ///
    /// In the order of the spin.toml, each in its `workdir`, by the shell. Also with
    /// `$SPIN_ALWAYS_BUILD` set.
    #[arg(long)]
    pub(super) build: bool,

    /// Annotate the manifest (can be repeated)
    #[arg(long = "annotation", value_name = "KEY=VALUE", value_parser = options::key_value)]
    annotations: Vec<(String, String)>,

    /// Publish what the components say in this profile
    #[arg(long, value_name = "PROFILE")]
    pub(super) profile: Option<String>,

    /// Publish the commands that build the components too
    ///
    /// Without it they are left out: they tell how your machine is set up.
    #[arg(long)]
    include_build: bool,

    /// Publish the defaults of secret variables too, instead of refusing to
    #[arg(long)]
    include_secret_defaults: bool,

    /// Compose each component with its dependencies
    ///
    /// With `--compose=false` the dependencies are sent beside the components, and whoever
    /// runs the application composes them: `wharf up` does, older hosts don't.
    #[arg(
        long,
        value_name = "BOOL",
        default_value_t = true,
        default_missing_value = "true",
        num_args = 0..=1,
        require_equals = true,
        action = clap::ArgAction::Set
    )]
    compose: bool,
}

impl PackingArgs {
    /// The first of these options that is used, if there is one.
    pub(super) fn used(&self) -> Option<&'static str> {
        let annotation = (!self.annotations.is_empty()).then_some("--annotation");
        annotation.or_else(|| self.used_for_manifests())
    }

    /// The same of those that are about a `spin.toml`.
    pub(super) fn used_for_manifests(&self) -> Option<&'static str> {
        let options = [
            ("--build", self.build),
            ("--profile", self.profile.is_some()),
            ("--include-build", self.include_build),
            ("--include-secret-defaults", self.include_secret_defaults),
            ("--compose=false", !self.compose),
        ];
        options
            .into_iter()
            .find_map(|(option, is_used)| is_used.then_some(option))
    }

    /// As the host library takes them, with the user's rules of what is left out.
    pub(super) fn options(self, ignore: Vec<Vec<String>>) -> Result<PackOptions, CommandError> {
        Ok(PackOptions {
            created: env::source_date()?,
            annotations: distinct(self.annotations)?,
            profile: self.profile,
            build: self.include_build,
            secret_defaults: self.include_secret_defaults,
            uncomposed: !self.compose,
            archive_files: std::env::var_os(env::ARCHIVE_LAYERS).is_some(),
            ignore,
            ..PackOptions::default()
        })
    }
}

/// The annotations, unless one is given twice: which one is meant can't be known.
fn distinct(annotations: Vec<(String, String)>) -> Result<Vec<(String, String)>, CommandError> {
    let mut seen = std::collections::HashSet::new();
    for (key, _) in &annotations {
        if !seen.insert(key) {
            return Err(CommandError::usage(format!(
                "the annotation `{key}` is given twice"
            )));
        }
    }
    Ok(annotations)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_annotation_given_twice_is_refused_by_name() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert!(distinct(vec![pair("a", "1"), pair("b", "1")]).is_ok());
        let error = distinct(vec![pair("a", "1"), pair("a", "2")]).unwrap_err();
        assert!(error.messages[0].contains("`a`"), "{error:?}");
    }
}
