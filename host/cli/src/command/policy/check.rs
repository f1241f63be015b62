//! `wharf policy check`

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Parser as _;
use serde::Serialize;
use wharf_host::policy::Policies;

use super::needs::{Judged, Needs};
use crate::command::{Command, Wharf, usage, wanted_format};
use crate::error::{CommandError, Kind};
use crate::options::{ConnectionArgs, Format, SandboxArgs};
use crate::output::{Answer, Output};

/// Explain which policies hold, and what they allow a command
///
/// Reads the policies of your and the project's `wharf.toml`, of `$WHARF_POLICY` and of
/// --policy, and says what each of them rules. With a command behind it, says what that
/// would do, and whether they allow it: nothing is run, and no registry is asked. It ends
/// with 7 when something is refused.
///
/// What is not known before is not told: where a registry leads to, for example.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  Show the policies that hold here:
  $ wharf policy check

  See whether a push is allowed:
  $ wharf policy check --policy ci.toml registry push ghcr.io/user/app:v1

  The same for programs:
  $ wharf policy check --policy ci.toml --format json up -f ghcr.io/user/app:v1 | \\
      jq .allowed")]
pub(in crate::command) struct Args {
    /// A policy that holds too (can be repeated)
    #[arg(long, value_name = "FILE")]
    policy: Vec<PathBuf>,

    /// The configuration file to use in place of your own
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Print the result as `plain` text or as `json`
    #[arg(long, value_enum, value_name = "FORMAT", hide_possible_values = true)]
    format: Option<Format>,

    /// The command, with its arguments
    #[arg(
        value_name = "COMMAND",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    command: Vec<OsString>,
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Checked {
    policies: Vec<Explained>,
    /// What was asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<String>,
    /// What it would do.
    checks: Vec<Check>,
    /// Whether all of that is allowed.
    allowed: bool,
}

#[derive(Debug, Serialize)]
struct Explained {
    name: String,
    rules: Vec<Rule>,
}

#[derive(Debug, Serialize)]
struct Rule {
    #[serde(rename = "rule")]
    key: &'static str,
    value: String,
    place: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Check {
    what: String,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    way_out: Option<String>,
}

impl Args {
    /// How its result is printed: as the command's would be, unless it says otherwise.
    pub(super) fn output(&self) -> Output {
        let format = self.format.unwrap_or_else(|| wanted_format(&self.command));
        Output::new(format, false)
    }

    /// Explains.
    pub(super) fn run(self, output: Output) -> Result<(), CommandError> {
        let own = ConnectionArgs::of_files(SandboxArgs {
            config: self.config,
            policy: self.policy,
            audit: None,
        });
        let mut policies = own.policies()?;
        let mut checks = Vec::new();
        let mut command = None;
        if !self.command.is_empty() {
            let parsed = parse(&self.command)?;
            let quiet = Output::new(Format::Plain, true);
            let needs = Needs::of(&parsed, quiet)?;
            let connection = needs.connection.unwrap_or(&own);
            // Those that both name hold once as well as twice.
            let named = connection.policies()?;
            for policy in named.iter() {
                if !policies.iter().any(|known| known == policy) {
                    policies.push(policy.clone());
                }
            }
            for need in &needs.all {
                checks.push(Check::of(need.judge(&policies, connection)?));
            }
            let words: Vec<_> = self
                .command
                .iter()
                .map(|word| word.to_string_lossy())
                .collect();
            command = Some(words.join(" "));
        }
        let allowed = checks.iter().all(|check| check.allowed);
        output.answer(&Checked {
            policies: explained(&policies),
            command,
            checks,
            allowed,
        })?;
        if allowed {
            return Ok(());
        }
        let refused = "the policies do not allow this command";
        Err(CommandError::new(Kind::Refused, refused))
    }
}

/// The command of these words, with the name of the program or without.
fn parse(words: &[OsString]) -> Result<Command, CommandError> {
    let words = match words.split_first() {
        Some((first, rest)) if first == "wharf" => rest,
        _ => words,
    };
    let name = OsString::from("wharf");
    let parsed = Wharf::try_parse_from([&name].into_iter().chain(words));
    parsed
        .map(|wharf| wharf.command)
        .map_err(|error| usage(&error))
}

fn explained(policies: &Policies) -> Vec<Explained> {
    let explain = |policy: &wharf_host::policy::Policy| Explained {
        name: policy.name.clone(),
        rules: policy
            .rules()
            .into_iter()
            .map(|(key, value, place)| Rule {
                key,
                value,
                place: place.to_owned(),
            })
            .collect(),
    };
    policies.iter().map(explain).collect()
}

impl Check {
    fn of(judged: Judged) -> Self {
        let Judged { what, violation } = judged;
        let Some(violation) = violation else {
            return Self {
                what,
                allowed: true,
                rule: None,
                place: None,
                reason: None,
                way_out: None,
            };
        };
        Self {
            what,
            allowed: false,
            rule: Some(violation.rule),
            place: Some(violation.place),
            reason: Some(violation.why),
            way_out: Some(violation.way_out),
        }
    }

    fn lines(&self) -> Vec<String> {
        if self.allowed {
            return vec![format!("allowed: {}", self.what)];
        }
        let text = |part: &Option<String>| part.clone().unwrap_or_default();
        vec![
            format!("refused: {}", self.what),
            format!("  by {}: {}", text(&self.place), text(&self.reason)),
            format!("  {}", text(&self.way_out)),
        ]
    }
}

impl Answer for Checked {
    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.policies.is_empty() {
            lines.push("No policy holds.".to_owned());
        }
        for policy in &self.policies {
            lines.push(format!("Policy {}", policy.name));
            for Rule { key, value, .. } in &policy.rules {
                lines.push(format!("  {key}: {value}"));
            }
        }
        lines.extend(self.checks.iter().flat_map(Check::lines));
        lines
    }
}
