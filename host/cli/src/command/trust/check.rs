//! `wharf trust check`

use serde::Serialize;
use wharf_host::trust::{Distrust, Judged as HostJudged, Mode, wanted};
use wharf_host::{Pull, Reference};

use crate::client;
use crate::command::registry::Found;
use crate::error::{CommandError, Kind};
use crate::options::{ConnectionArgs, OutputArgs, StoreArgs};
use crate::output::{Answer, Output};

/// Explain what is required of a reference, and what is missing
///
/// Tells each rule of your configuration and of policies that holds for REFERENCE, and
/// whether what it leads to meets that. Nothing is run, and only signatures are fetched.
///
/// It ends as `wharf up` would: with 0 when all that is required is met, else with 8, 9 or
/// 10.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  $ wharf trust check ghcr.io/user/app:v1

  With what was pulled before, and without a network:
  $ wharf trust check --offline ghcr.io/user/app:v1")]
pub(in crate::command) struct Args {
    /// What is meant: `[registry/]repository[:tag][@digest]`
    #[arg(value_name = "REFERENCE")]
    pub(in crate::command) reference: Reference,

    /// Use no network: look at the content store alone
    #[arg(long)]
    pub(in crate::command) offline: bool,

    #[command(flatten)]
    pub(in crate::command) connection: ConnectionArgs,

    #[command(flatten)]
    store: StoreArgs,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Answered {
    reference: String,
    rules: Vec<Judged>,
}

/// A rule, and whether it is met.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Judged {
    /// Where it stands.
    place: String,
    /// `require` or `warn`.
    mode: &'static str,
    /// Whose signature it wants.
    wanted: String,
    /// `met`, `unsigned`, `wrong-signature` or `unknown`.
    answer: &'static str,
    /// What is missing, or was found beside.
    reasons: Vec<String>,
    signatures: Vec<Found>,
}

impl Args {
    /// Explains it.
    pub(super) async fn run(self, output: Output) -> Result<(), CommandError> {
        self.connection.sandbox()?;
        let registry = &self.reference.registry;
        let (wharf, progress) =
            client::of_registry(registry, &self.store, &self.connection, output)?;
        let policy = if self.offline {
            Pull::Never
        } else {
            Pull::Always
        };
        let rules = wharf.judged(&self.reference, policy, None).await;
        progress.clear();
        let rules = rules.map_err(|error| {
            CommandError::at_registry(error, registry)
                .while_doing(format!("cannot look at {}", self.reference))
        })?;
        let mut judged = Vec::new();
        let mut failed = None;
        for HostJudged { rule, outcome, .. } in rules {
            let (answer, reasons, findings, kind) = match outcome {
                Ok(verified) => ("met", Vec::new(), verified.findings, None),
                Err(untrusted) => {
                    let (answer, kind) = match untrusted.why {
                        Distrust::Unsigned => ("unsigned", Kind::Unsigned),
                        Distrust::Wrong => ("wrong-signature", Kind::WrongSignature),
                        Distrust::Unknown => ("unknown", Kind::Unverified),
                    };
                    (answer, untrusted.lines(), untrusted.findings, Some(kind))
                }
            };
            if rule.mode == Mode::Require {
                failed = failed.or(kind);
            }
            judged.push(Judged {
                place: rule.place,
                mode: match rule.mode {
                    Mode::Require => "require",
                    Mode::Warn => "warn",
                    Mode::Off => "off",
                },
                wanted: wanted(&rule.requirement),
                answer,
                reasons,
                signatures: findings.into_iter().map(Found::of).collect(),
            });
        }
        let reference = self.reference.to_string();
        output.answer(&Answered {
            reference: reference.clone(),
            rules: judged,
        })?;
        match failed {
            None => Ok(()),
            Some(kind) => Err(CommandError::new(
                kind,
                format!("{reference} does not meet what is required of it"),
            )),
        }
    }
}

impl Answer for Answered {
    fn lines(&self) -> Vec<String> {
        if self.rules.is_empty() {
            return vec![format!("Nothing is required of {}", self.reference)];
        }
        let mut lines = Vec::new();
        for rule in &self.rules {
            let Judged {
                place,
                mode,
                wanted,
                answer,
                ..
            } = rule;
            lines.push(format!(
                "{answer}: {place} ({mode}) wants a signature by {wanted}"
            ));
            lines.extend(rule.reasons.iter().map(|reason| format!("  {reason}")));
            let found = Found::lines(&rule.signatures).into_iter();
            lines.extend(found.map(|line| format!("  {line}")));
        }
        lines
    }
}
