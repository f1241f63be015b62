//! `wharf cache verify`

use serde::Serialize;
use wharf_host::Store;

use super::info::Amount;
use super::with;
use crate::error::{CommandError, Kind};
use crate::options::{OutputArgs, StoreArgs};
use crate::output::{Answer, Output};

/// Hash everything in the content store
///
/// What is not what its digest promises is set aside, where it does no harm: the next
/// pull fetches it again. Ends with exit code 6 when there was any.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  Check everything:
  $ wharf cache verify

  Print what has to be pulled again:
  $ wharf cache verify --format json | jq -r '.affected[].name'")]
pub(in crate::command) struct Args {
    #[command(flatten)]
    store: StoreArgs,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Verified {
    sound: Amount,
    /// The digests of what was set aside.
    damaged: Vec<String>,
    /// What needs some of that.
    affected: Vec<Affected>,
}

#[derive(Debug, Serialize)]
struct Affected {
    name: Option<String>,
    digest: String,
}

impl Args {
    /// Hashes it.
    pub(super) async fn run(self, output: Output) -> Result<(), CommandError> {
        let store = self.store.open()?;
        let survey = with(&store, Store::survey).await?;
        output.status(&format!("Hashing {}", Amount::from(survey.blobs).text()));
        let verified = with(&store, Store::verify_all).await?;
        let affected = verified.affected.into_iter().map(|one| Affected {
            name: one.name,
            digest: one.target.digest.to_string(),
        });
        let damaged = verified.damaged.iter().map(ToString::to_string).collect();
        output.answer(&Verified {
            sound: verified.sound.into(),
            affected: affected.collect(),
            damaged,
        })?;
        match verified.damaged.len() {
            0 => Ok(()),
            count => {
                let what = if count == 1 { "piece" } else { "pieces" };
                Err(CommandError::new(
                    Kind::Integrity,
                    format!(
                        "{count} damaged {what} of content in the store at {}",
                        store.path().display()
                    ),
                )
                .hint("what was damaged is set aside; pull or push what needs it again"))
            }
        }
    }
}

impl Answer for Verified {
    fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("Sound: {}", self.sound.text())];
        let damaged = self.damaged.iter();
        lines.extend(damaged.map(|digest| format!("Damaged: {digest}")));
        let affected = self.affected.iter();
        lines.extend(affected.map(|one| {
            let name = one.name.as_deref().unwrap_or(&one.digest);
            format!("Needs what was damaged: {name}")
        }));
        lines
    }
}
