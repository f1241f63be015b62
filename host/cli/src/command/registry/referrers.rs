//! `wharf registry referrers`

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;
use wharf_host::{Digest, Reference, Referrer, Wharf};

use crate::client;
use crate::error::CommandError;
use crate::options::{ConnectionArgs, OutputArgs, StoreArgs};
use crate::output::{Answer, Output};

/// How deep the tree is followed: a signature of an inventory of an application is two
/// deep.
const DEPTH: usize = 8;

/// How many are shown.
const MOST: usize = 1_000;

/// Show what refers to an artifact: signatures, inventories, attestations
///
/// As a tree: what refers to the manifest, what refers to that, and so on. Of an index,
/// name the digest to see what refers to the index itself.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  $ wharf registry referrers ghcr.io/user/app:v1

  Only one kind of artifact:
  $ wharf registry referrers --artifact-type application/spdx+json ghcr.io/user/app:v1

  Fetch them along with the artifact:
  $ wharf registry pull --referrers ghcr.io/user/app:v1")]
pub(in crate::command) struct Args {
    /// What they refer to: `[registry/]repository[:tag][@digest]`
    #[arg(value_name = "REFERENCE")]
    pub(in crate::command) reference: Reference,

    /// Show this kind of artifact alone, and of what refers to it again this kind alone
    #[arg(long, value_name = "TYPE")]
    artifact_type: Option<String>,

    #[command(flatten)]
    pub(in crate::command) connection: ConnectionArgs,

    #[command(flatten)]
    store: StoreArgs,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Tree {
    reference: String,
    /// The digest that they refer to.
    digest: String,
    referrers: Vec<Node>,
}

/// A referrer and what refers to it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    digest: String,
    media_type: String,
    /// In bytes.
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    artifact_type: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    referrers: Vec<Self>,
}

impl Args {
    /// Shows them.
    pub(super) async fn run(self, output: Output) -> Result<(), CommandError> {
        let registry = &self.reference.registry;
        let (wharf, progress) =
            client::of_registry(registry, &self.store, &self.connection, output)?;
        let found = self.found(&wharf).await;
        progress.clear();
        let (digest, referrers) = found?;
        output.answer(&Tree {
            reference: self.reference.to_string(),
            digest: digest.to_string(),
            referrers,
        })
    }

    async fn found(&self, wharf: &Wharf) -> Result<(Digest, Vec<Node>), CommandError> {
        let failed = |error: wharf_host::Error| {
            CommandError::at_registry(error, &self.reference.registry)
                .while_doing(format!("cannot tell what refers to {}", self.reference))
        };
        let root = if let Some(digest) = &self.reference.digest {
            digest.clone()
        } else {
            let resolved = wharf.resolve(&self.reference, None).await;
            resolved.map_err(failed)?.digest
        };
        let mut seen = HashSet::from([root.clone()]);
        // Level by level: each is the referrers of the one before with their subjects.
        let mut levels: Vec<Vec<(Digest, Referrer)>> = Vec::new();
        let mut subjects = vec![root.clone()];
        while !subjects.is_empty() {
            let mut level = Vec::new();
            for subject in &subjects {
                let at = self.reference.at_digest(subject.clone());
                let wanted = self.artifact_type.as_deref();
                let listed = wharf.referrers(&at, wanted).await.map_err(failed)?;
                let new = listed
                    .into_iter()
                    .filter(|referrer| seen.insert(referrer.content.digest.clone()));
                level.extend(new.map(|referrer| (subject.clone(), referrer)));
            }
            // The root is none of them.
            if seen.len() > MOST + 1 || (levels.len() >= DEPTH && !level.is_empty()) {
                return Err(CommandError::new(
                    crate::error::Kind::Refused,
                    format!(
                        "more than {MOST} manifests refer to {}, or they do more than {DEPTH} deep",
                        self.reference
                    ),
                ));
            }
            subjects = level
                .iter()
                .map(|(_, it)| it.content.digest.clone())
                .collect();
            levels.push(level);
        }
        Ok((root, tree(levels)))
    }
}

/// The tree of levels, built from its leaves.
fn tree(levels: Vec<Vec<(Digest, Referrer)>>) -> Vec<Node> {
    let mut below: BTreeMap<Digest, Vec<Node>> = BTreeMap::new();
    for level in levels.into_iter().rev() {
        let mut of: BTreeMap<Digest, Vec<Node>> = BTreeMap::new();
        for (subject, referrer) in level {
            let content = referrer.content;
            let referrers = below.remove(&content.digest).unwrap_or_default();
            of.entry(subject).or_default().push(Node {
                digest: content.digest.to_string(),
                media_type: content.media_type,
                size: content.size,
                artifact_type: referrer.artifact_type,
                annotations: referrer.annotations.into_iter().collect(),
                referrers,
            });
        }
        below = of;
    }
    below.into_values().flatten().collect()
}

impl Answer for Tree {
    fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("{} ({})", self.reference, self.digest)];
        if self.referrers.is_empty() {
            lines.push("Nothing refers to it".to_owned());
        }
        draw(&self.referrers, "", &mut lines);
        lines
    }
}

fn draw(nodes: &[Node], before: &str, lines: &mut Vec<String>) {
    for (place, node) in nodes.iter().enumerate() {
        let is_last = place + 1 == nodes.len();
        let (branch, deeper) = if is_last {
            ("└── ", "    ")
        } else {
            ("├── ", "│   ")
        };
        let kind = node.artifact_type.as_deref().unwrap_or(&node.media_type);
        lines.push(format!("{before}{branch}{kind} {}", node.digest));
        draw(&node.referrers, &format!("{before}{deeper}"), lines);
    }
}
