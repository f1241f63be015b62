//! `wharf cache info`

use indicatif::DecimalBytes;
use serde::Serialize;
use wharf_host::{Count, Store};

use super::with;
use crate::error::CommandError;
use crate::options::{OutputArgs, StoreArgs};
use crate::output::{Answer, Output};

/// Print where the content store is and how much is in it
///
/// Counts, and hashes nothing: `wharf cache verify` does that.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  Print where the store is and how large it is:
  $ wharf cache info

  Print its size in bytes alone:
  $ wharf cache info --format json | jq .content.bytes")]
pub(in crate::command) struct Args {
    #[command(flatten)]
    store: StoreArgs,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Info {
    path: String,
    /// Whole content.
    content: Amount,
    /// How many names lead to it.
    names: u64,
    /// How many applications of it run now.
    running: u64,
    /// Content of which a part is here, to be continued.
    unfinished: Amount,
    /// What was set aside because it was not what it should be.
    damaged: Amount,
}

/// A number of files and of the bytes in them.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Amount {
    pieces: u64,
    bytes: u64,
}

impl Args {
    /// Counts it.
    pub(super) async fn run(self, output: Output) -> Result<(), CommandError> {
        let store = self.store.open()?;
        let survey = with(&store, Store::survey).await?;
        output.answer(&Info {
            path: store.path().display().to_string(),
            content: survey.blobs.into(),
            names: survey.names,
            running: survey.held,
            unfinished: survey.unfinished.into(),
            damaged: survey.damaged.into(),
        })
    }
}

impl Answer for Info {
    fn lines(&self) -> Vec<String> {
        vec![
            format!("Path:        {}", self.path),
            format!("Content:     {}", self.content.text()),
            format!("Names:       {}", self.names),
            format!("Running:     {}", self.running),
            format!("Unfinished:  {}", self.unfinished.text()),
            format!("Damaged:     {}", self.damaged.text()),
        ]
    }
}

impl Amount {
    /// `3 pieces (1.5 MB)`.
    pub(super) fn text(self) -> String {
        let noun = if self.pieces == 1 { "piece" } else { "pieces" };
        format!("{} {noun} ({})", self.pieces, DecimalBytes(self.bytes))
    }
}

impl From<Count> for Amount {
    fn from(count: Count) -> Self {
        Self {
            pieces: count.pieces,
            bytes: count.bytes,
        }
    }
}
