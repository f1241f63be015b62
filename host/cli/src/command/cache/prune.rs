//! `wharf cache prune`

use indicatif::DecimalBytes;
use serde::Serialize;

use super::info::Amount;
use super::with;
use crate::error::CommandError;
use crate::options::{OutputArgs, StoreArgs};
use crate::output::{Answer, Output};
use crate::size;

/// Make room in the content store
///
/// Removes what no name leads to: content that was packed here and never pushed,
/// unfinished downloads, and what was set aside as damaged. With --max-size, removes no
/// more than it takes to get there, that first, and then what has names, the least
/// recently used first, with all that refers to it.
///
/// What a running `wharf up` uses stays. Waits until no other command brings content
/// into the store. What is removed can be pulled again.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  Remove what no name leads to:
  $ wharf cache prune

  Keep the store below 10 GB:
  $ wharf cache prune --max-size 10G

  Print what would be removed to empty the store:
  $ wharf cache prune --max-size 0 --dry-run")]
pub(in crate::command) struct Args {
    /// Remove until the store has at most this size, for example `500M` or `2GiB`
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    max_size: Option<u64>,

    /// Say what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    store: StoreArgs,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// What is printed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Pruned {
    dry_run: bool,
    /// What was forgotten, the least recently used first.
    names: Vec<Forgotten>,
    content: Amount,
    /// Unfinished content, and what was set aside as damaged.
    remains: Amount,
    /// What the store has afterwards, in bytes.
    left: u64,
}

#[derive(Debug, Serialize)]
struct Forgotten {
    name: Option<String>,
    digest: String,
}

impl Args {
    /// Removes it.
    pub(super) async fn run(self, output: Output) -> Result<(), CommandError> {
        let store = self.store.open_to_change()?;
        let Self {
            max_size, dry_run, ..
        } = self;
        let pruned = with(&store, move |store| store.prune(max_size, dry_run)).await?;
        if let Some(most) = max_size
            && pruned.left > most
        {
            output.warning(&format!(
                "the store still has {}: what is left is in use",
                DecimalBytes(pruned.left)
            ));
        }
        let names = pruned.names.into_iter().map(|name| Forgotten {
            name: name.name,
            digest: name.target.digest.to_string(),
        });
        output.answer(&Pruned {
            dry_run,
            names: names.collect(),
            content: pruned.blobs.into(),
            remains: pruned.remains.into(),
            left: pruned.left,
        })
    }
}

impl Answer for Pruned {
    fn lines(&self) -> Vec<String> {
        let (forget, remove) = if self.dry_run {
            ("Would forget", "Would remove")
        } else {
            ("Forgot", "Removed")
        };
        let names = self.names.iter();
        let mut lines: Vec<_> = names
            .map(|one| format!("{forget} {}", one.name.as_deref().unwrap_or(&one.digest)))
            .collect();
        lines.push(format!("{remove} {}", self.content.text()));
        lines.push(format!(
            "{remove} {} unfinished or damaged",
            self.remains.text()
        ));
        lines.push(format!("Left: {}", DecimalBytes(self.left)));
        lines
    }
}
