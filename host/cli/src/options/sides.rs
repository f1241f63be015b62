//! The options of a command that concerns two registries: those for both, and the same
//! with `--from-` and `--to-` in front, each for one side alone.
//!
//! Nothing is written out twice: the options of a side are made of those of
//! [`ConnectionArgs`], whatever these are. A side's arguments are put together, its own
//! over those for both, and read once more by the grammar of that side.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use wharf_host::{Location, Registry, Store, Wharf};

use super::{ConnectionArgs, CredentialArgs, TrustArgs};
use crate::error::CommandError;
use crate::output::Output;
use crate::progress::Progress;

/// How the two registries are reached, and as whom.
#[derive(Debug)]
pub(crate) struct Sides {
    both: ConnectionArgs,
    source: OneSide<Source>,
    target: OneSide<Target>,
}

/// The options that are about one side, with those for both where it has none.
struct OneSide<S>(Box<ConnectionArgs>, PhantomData<S>);

/// Which side it is.
trait Side {
    /// What options and their ids begin with.
    const PREFIX: &'static str;
    /// The side in words.
    const NAME: &'static str;
    /// The heading in help.
    const HEADING: &'static str;
}

#[derive(Debug)]
struct Source;

#[derive(Debug)]
struct Target;

impl Side for Source {
    const PREFIX: &'static str = "from";
    const NAME: &'static str = "the source";
    const HEADING: &'static str = "For the source alone";
}

impl Side for Target {
    const PREFIX: &'static str = "to";
    const NAME: &'static str = "the target";
    const HEADING: &'static str = "For the target alone";
}

/// What is one, whatever is done: the user's own file, policies and the audit.
const OF_NO_SIDE: [&str; 3] = ["config", "policy", "audit"];

impl Sides {
    /// A client of both registries over this store.
    pub(crate) fn wharf(
        &self,
        store: Store,
        (source, target): (&Registry, &Registry),
        output: Output,
        progress: &Progress,
    ) -> Result<Wharf, CommandError> {
        let (from, to) = (&*self.source.0, &*self.target.0);
        if source == target && from != to {
            return Err(CommandError::usage(format!(
                "source and target are both in {source}, which is reached in one way and as one \
                 user"
            ))
            .hint("give the option without --from- and --to-, or the same to both"));
        }
        let builder = Wharf::builder(store).observer(Arc::new(progress.clone()));
        let builder = builder.trust(self.both.trust()?);
        let sandbox = self.both.sandbox()?;
        let mut builder = sandbox.over(builder);
        if [&self.both, from, to]
            .iter()
            .any(|side| side.credential.is_given())
        {
            sandbox.check_given()?;
        }
        let mut sides = vec![(source, from)];
        if source != target {
            sides.push((target, to));
        }
        let asked = BTreeSet::from([source.clone(), target.clone()]);
        for (registry, side) in &sides {
            let settings = side.settings()?;
            let connection = settings.settings(registry)?.connection(registry, output)?;
            for mirror in connection.mirrors.iter().map(Location::registry) {
                if !asked.contains(mirror) {
                    let connection = settings.settings(mirror)?.connection(mirror, output)?;
                    builder = builder.connection_to(mirror.clone(), connection);
                }
            }
            builder = builder.connection_to((*registry).clone(), connection);
        }
        let mut credentials = self.both.credential.sources(&[source, target], output)?;
        for (registry, side) in sides {
            if let Some(given) = side.credential.given(registry, output)? {
                credentials = credentials.after(Arc::new(given));
            }
        }
        Ok(builder.credentials(Arc::new(credentials)).build()?)
    }

    /// The same for what uses what it fetches: with what is required of it.
    pub(crate) fn trusting(self, trust: TrustArgs) -> Self {
        Self {
            both: self.both.trusting(trust),
            ..self
        }
    }

    /// The options for both.
    pub(crate) fn both(&self) -> &ConnectionArgs {
        &self.both
    }

    /// What is wrong with these options together, though each is right.
    fn contradiction(&self) -> Option<&'static str> {
        let (from, to) = (&self.source.0.credential, &self.target.0.credential);
        if self.both.credential.is_given() && (from.is_given() || to.is_given()) {
            return Some(
                "a user is given with and without --from- or --to- in front: name the side of \
                 each",
            );
        }
        if from.is_from_stdin() && to.is_from_stdin() {
            return Some(
                "standard input has one password, and --from-password-stdin and \
                 --to-password-stdin want two: log in to one of the registries with `wharf \
                 registry login` before",
            );
        }
        None
    }
}

impl Args for Sides {
    fn augment_args(command: Command) -> Command {
        let command = ConnectionArgs::augment_args(command);
        let command = OneSide::<Source>::augment_args(command);
        OneSide::<Target>::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Sides {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let sides = Self {
            both: ConnectionArgs::from_arg_matches(matches)?,
            source: OneSide::from_arg_matches(matches)?,
            target: OneSide::from_arg_matches(matches)?,
        };
        match sides.contradiction() {
            Some(problem) => Err(clap::Error::raw(ErrorKind::ArgumentConflict, problem)),
            None => Ok(sides),
        }
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl<S: Side> OneSide<S> {
    /// The options of the side as they are written, under the ids that they have for
    /// both, with all that they require of each other.
    fn grammar() -> Command {
        let command = Command::new("wharf registry copy").no_binary_name(true);
        ConnectionArgs::augment_args(command).mut_args(|option| match option.get_long() {
            Some(long) => {
                let long = format!("{}-{long}", S::PREFIX);
                option.short(None).long(long)
            }
            None => option,
        })
    }

    /// The id of an option beside those for both.
    fn id(option: &Arg) -> String {
        format!("{}_{}", S::PREFIX, option.get_id())
    }

    /// An option as the whole command has it. That it requires others, which do not
    /// have the same ids there, is left to [`Self::grammar`].
    fn beside(option: &Arg) -> Option<Arg> {
        let long = option.get_long()?.to_owned();
        let plain = long.strip_prefix(S::PREFIX)?.trim_start_matches('-');
        let mut beside = Arg::new(Self::id(option))
            .help(format!("As --{plain}, for {} alone", S::NAME))
            .help_heading(S::HEADING)
            .hide_short_help(true)
            .action(option.get_action().clone())
            .value_parser(option.get_value_parser().clone());
        if option.get_action().takes_values() {
            beside = beside.hide_possible_values(true);
        }
        if let Some(names) = option.get_value_names() {
            beside = beside.value_names(names.to_vec());
        }
        if let Some(delimiter) = option.get_value_delimiter() {
            beside = beside.value_delimiter(delimiter);
        }
        Some(beside.long(long))
    }
}

impl<S: Side> Args for OneSide<S> {
    fn augment_args(command: Command) -> Command {
        let grammar = Self::grammar();
        let options = grammar
            .get_arguments()
            .filter(|option| !is_of_no_side(option));
        command.args(options.filter_map(Self::beside))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<S: Side> FromArgMatches for OneSide<S> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let credential = CredentialArgs::augment_args(Command::new("credential"));
        let is_credential = |option: &Arg| {
            let mut options = credential.get_arguments();
            options.any(|one| one.get_id() == option.get_id())
        };
        let grammar = Self::grammar();
        let mut written = Vec::new();
        for option in grammar.get_arguments() {
            let own = if is_of_no_side(option) {
                Vec::new()
            } else {
                written_as(option, &Self::id(option), matches)
            };
            // A user is one registry's.
            if own.is_empty() && !is_credential(option) {
                written.extend(written_as(option, option.get_id().as_str(), matches));
            }
            written.extend(own);
        }
        let matches = grammar.try_get_matches_from(written)?;
        let connection = ConnectionArgs::from_arg_matches(&matches)?;
        Ok(Self(Box::new(connection), PhantomData))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl<S: Side> fmt::Debug for OneSide<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple(S::PREFIX).field(&self.0).finish()
    }
}

fn is_of_no_side(option: &Arg) -> bool {
    OF_NO_SIDE.contains(&option.get_id().as_str())
}

/// An option with what the command line gives it under an id, as it would be written.
fn written_as(option: &Arg, id: &str, matches: &ArgMatches) -> Vec<OsString> {
    let source = matches.value_source(id);
    let (Some(ValueSource::CommandLine), Some(long)) = (source, option.get_long()) else {
        return Vec::new();
    };
    let flag = OsString::from(format!("--{long}"));
    if !option.get_action().takes_values() {
        return vec![flag];
    }
    let values = matches.get_raw(id).into_iter().flatten();
    values
        .map(|value| {
            let mut whole = flag.clone();
            whole.push("=");
            whole.push(value);
            whole
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        sides: Sides,
    }

    fn sides(line: &str) -> Result<(ConnectionArgs, ConnectionArgs), String> {
        let line = Line::try_parse_from(line.split_whitespace());
        let sides = line.map_err(|error| error.to_string())?.sides;
        Ok((*sides.source.0, *sides.target.0))
    }

    #[derive(Debug, Parser)]
    struct Plain {
        #[command(flatten)]
        connection: ConnectionArgs,
    }

    fn plain(line: &str) -> ConnectionArgs {
        Plain::try_parse_from(line.split_whitespace())
            .unwrap()
            .connection
    }

    #[test]
    fn every_option_has_a_form_for_each_side() {
        let command = Line::augment_args(Command::new("line"));
        let longs: Vec<_> = command.get_arguments().filter_map(Arg::get_long).collect();
        let plain = ConnectionArgs::augment_args(Command::new("plain"));
        for long in plain.get_arguments().filter_map(Arg::get_long) {
            for prefix in ["from", "to"] {
                let form = format!("{prefix}-{long}");
                let is_of_a_side = !OF_NO_SIDE.contains(&long);
                assert_eq!(longs.contains(&form.as_str()), is_of_a_side, "{form}");
            }
        }
        command.debug_assert();
    }

    #[test]
    fn a_side_has_its_own_and_what_is_for_both() {
        let (from, to) = sides(
            "l --retries 2 --from-retries 3 --to-plain-http --from-ca-file a=b.pem --ca-file c.pem",
        )
        .unwrap();
        assert_eq!(from, plain("p --retries 3 --ca-file a=b.pem"));
        assert_eq!(to, plain("p --retries 2 --plain-http --ca-file c.pem"));
    }

    #[test]
    fn users_are_of_one_side() {
        let (from, to) = sides("l -u ann -p a").unwrap();
        assert!(!from.credential.is_given() && !to.credential.is_given());
        let (from, to) = sides("l --from-username ann --from-password=-a --to-username b").unwrap();
        assert_eq!(from, plain("p -u ann --password=-a"));
        assert_eq!(to, plain("p -u b"));
    }

    #[test]
    fn what_does_not_go_together_is_refused_by_the_name_it_was_given() {
        for (line, part) in [
            ("l --from-cert-file c.pem", "--from-key-file"),
            ("l --to-password-stdin", "--to-username"),
            ("l --to-retries many", "--to-retries"),
            (
                "l --from-username a --from-password b --from-password-stdin",
                "cannot be used with",
            ),
            ("l -u a --from-username b", "name the side"),
            (
                "l --from-username a --from-password-stdin --to-username b --to-password-stdin",
                "one password",
            ),
            ("l --from-config c.toml", "--from-config"),
        ] {
            let error = sides(line).unwrap_err();
            assert!(error.contains(part), "{line}: {error}");
        }
    }
}
