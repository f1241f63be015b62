//! `wharf cache list`

use indicatif::DecimalBytes;
use serde::Serialize;
use wharf_host::{Name, Store, StoreError};

use super::with;
use crate::error::CommandError;
use crate::options::{OutputArgs, StoreArgs};
use crate::output::{Answer, Output};

/// List what was seen: names, digests, sizes and times
///
/// Each line is a manifest that a name leads to, with the size of all that belongs to
/// it. Pieces that several share are counted with each. What was last seen comes first.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  List everything that has a name:
  $ wharf cache list

  Print the names that are not whole and need a pull:
  $ wharf cache list --format json | jq -r '.names[] | select(.complete | not) | .name'")]
pub(in crate::command) struct Args {
    #[command(flatten)]
    store: StoreArgs,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Listing {
    names: Vec<Row>,
}

/// A manifest that was seen.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    /// None when it was seen under its digest alone.
    name: Option<String>,
    digest: String,
    media_type: String,
    /// Of all that belongs to it, in bytes.
    size: u64,
    /// Whether all of that is here.
    complete: bool,
    /// When it was last seen, as in RFC 3339.
    seen: Option<String>,
    /// The digest of what it refers to, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
}

impl Args {
    /// Lists it.
    pub(super) async fn run(self, output: Output) -> Result<(), CommandError> {
        let store = self.store.open()?;
        let names = with(&store, rows).await?;
        output.answer(&Listing { names })
    }
}

fn rows(store: &Store) -> Result<Vec<Row>, StoreError> {
    let mut names = store.names()?;
    names.sort_by(|a, b| b.seen.cmp(&a.seen).then_with(|| a.name.cmp(&b.name)));
    names.into_iter().map(|name| row(store, name)).collect()
}

fn row(store: &Store, name: Name) -> Result<Row, StoreError> {
    let closure = store.closure(&name.target.digest)?;
    Ok(Row {
        size: closure.bytes(),
        complete: closure.problems.is_empty(),
        name: name.name,
        digest: name.target.digest.to_string(),
        media_type: name.target.media_type,
        seen: name.seen,
        subject: name.subject.map(|subject| subject.to_string()),
    })
}

impl Answer for Listing {
    fn lines(&self) -> Vec<String> {
        let name = |row: &Row| row.name.clone().unwrap_or_else(|| "(no name)".to_owned());
        let size = |row: &Row| {
            if row.complete {
                DecimalBytes(row.size).to_string()
            } else {
                "incomplete".to_owned()
            }
        };
        let names = self.names.iter().map(|row| name(row).chars().count()).max();
        let sizes = self.names.iter().map(|row| size(row).chars().count()).max();
        let (names, sizes) = (names.unwrap_or(0), sizes.unwrap_or(0));
        let rows = self.names.iter().map(|row| {
            let (name, size) = (name(row), size(row));
            let seen = row.seen.as_deref().unwrap_or("-");
            format!("{name:<names$}  {}  {size:>sizes$}  {seen}", row.digest)
        });
        rows.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let row = |name: Option<&str>, size, complete| Row {
            name: name.map(str::to_owned),
            digest: "sha256:…".to_owned(),
            media_type: "a/b".to_owned(),
            size,
            complete,
            seen: None,
            subject: None,
        };
        let listing = Listing {
            names: vec![
                row(Some("r.example/app:1"), 1_500_000, true),
                row(None, 7, false),
            ],
        };
        assert_eq!(
            listing.lines(),
            [
                "r.example/app:1  sha256:…     1.50 MB  -",
                "(no name)        sha256:…  incomplete  -",
            ]
        );
    }
}
