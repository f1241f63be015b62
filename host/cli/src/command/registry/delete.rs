//! `wharf registry delete`

use serde::Serialize;
use wharf_host::{Error, Reference, Tag, Wharf};

use crate::client;
use crate::error::CommandError;
use crate::options::{ConnectionArgs, OutputArgs, StoreArgs};
use crate::output::{Answer, Output};
use crate::prompt;

/// Delete a manifest with all of its tags, or one tag
///
/// REPOSITORY@DIGEST deletes the manifest, and with it every tag that leads to it: they
/// are listed, and you are asked, unless --force says not to. REPOSITORY:TAG deletes
/// that tag and nothing else, which not every registry can do. What a registry does with
/// content that nothing names any more is its own business.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  Delete a version, after a look at the tags that go with it:
  $ wharf registry delete \\
      ghcr.io/user/app@sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae

  Delete a tag alone, from a script:
  $ wharf registry delete --force ghcr.io/user/app:old")]
pub(in crate::command) struct Args {
    /// What to delete: `[registry/]repository@digest` or `[registry/]repository:tag`
    #[arg(value_name = "REFERENCE", value_parser = named)]
    pub(in crate::command) reference: Reference,

    /// Ask nothing
    #[arg(short = 'y', long, visible_alias = "yes")]
    force: bool,

    #[command(flatten)]
    pub(in crate::command) connection: ConnectionArgs,

    #[command(flatten)]
    store: StoreArgs,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Deleted {
    reference: String,
    /// The tags that went with it, as far as they were looked up.
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<String>>,
}

impl Args {
    /// Deletes it.
    pub(super) async fn run(self, output: Output) -> Result<(), CommandError> {
        if !self.force && !prompt::can_ask() {
            return Err(CommandError::usage(format!(
                "{} would be deleted, and there is nobody to ask whether it should be",
                self.reference
            ))
            .hint("to delete it without being asked, pass --force"));
        }
        let registry = &self.reference.registry;
        let (wharf, progress) =
            client::of_registry(registry, &self.store, &self.connection, output)?;
        let tags = if self.force {
            self.reference.tag.as_ref().map(|tag| vec![tag.clone()])
        } else {
            let tags = self.affected(&wharf).await?;
            progress.clear();
            if !prompt::confirm(&question(&self.reference, &tags))? {
                return Err(CommandError::new(
                    crate::error::Kind::Other,
                    format!("{} was not deleted", self.reference),
                ));
            }
            Some(tags)
        };
        let deleted = wharf.delete(&self.reference).await;
        progress.clear();
        deleted.map_err(|error| self.failed(error))?;
        output.answer(&Deleted {
            reference: self.reference.to_string(),
            tags: tags.map(|tags| tags.iter().map(ToString::to_string).collect()),
        })
    }

    /// Whether the registry is asked which tags vanish.
    pub(in crate::command) fn asks_for_tags(&self) -> bool {
        !self.force && self.reference.tag.is_none()
    }

    /// The tags that vanish.
    async fn affected(&self, wharf: &Wharf) -> Result<Vec<Tag>, CommandError> {
        if let Some(tag) = &self.reference.tag {
            return Ok(vec![tag.clone()]);
        }
        wharf.tags(&self.reference).await.map_err(|error| {
            CommandError::at_registry(error, &self.reference.registry)
                .while_doing(format!("cannot tell which tags lead to {}", self.reference))
        })
    }

    fn failed(&self, error: Error) -> CommandError {
        let refused = matches!(&error, Error::Network(exchange)
            if matches!(exchange.status, Some(400 | 405)) && exchange.method == "DELETE");
        let failed = CommandError::at_registry(error, &self.reference.registry);
        let failed = match (&self.reference.tag, refused) {
            (Some(_), true) => failed.hint(
                "this registry does not delete a tag alone; deleting the manifest by its digest \
                 takes all of its tags along",
            ),
            (None, true) => failed.hint("this registry is set up to delete nothing"),
            (_, false) => failed,
        };
        failed.while_doing(format!("cannot delete {}", self.reference))
    }
}

impl Answer for Deleted {
    fn lines(&self) -> Vec<String> {
        vec![format!("Deleted {}", self.reference)]
    }
}

fn question(reference: &Reference, tags: &[Tag]) -> String {
    let names: Vec<String> = tags.iter().map(ToString::to_string).collect();
    match (&reference.digest, names.as_slice()) {
        (None, _) => format!("Delete the tag {reference}?"),
        (Some(_), []) => format!("Delete {reference}, to which no tag leads?"),
        (Some(_), names) => format!(
            "Delete {reference} and with it {}: {}?",
            if names.len() == 1 {
                "the tag"
            } else {
                "the tags"
            },
            names.join(", ")
        ),
    }
}

/// A reference that says exactly what it means: a tag, or a digest, written out.
fn named(text: &str) -> Result<Reference, String> {
    let reference: Reference = text
        .parse()
        .map_err(|error: wharf_host::ReferenceError| error.to_string())?;
    let last = text.rsplit('/').next().unwrap_or_default();
    let (name, digest) = match last.split_once('@') {
        Some((name, _)) => (name, true),
        None => (last, false),
    };
    match (name.contains(':'), digest) {
        (true, false) | (false, true) => Ok(reference),
        (true, true) => Err("it has a tag and a digest: name the one that is to go".to_owned()),
        (false, false) => Err("it has neither a tag nor a digest: name what is to go".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    #[test]
    fn what_is_deleted_is_written_out() {
        assert!(named("localhost:5000/a:v1").is_ok());
        assert!(named(&format!("localhost:5000/a@{DIGEST}")).is_ok());
        for text in ["localhost:5000/a", "a", &format!("r.example/a:v1@{DIGEST}")] {
            assert!(named(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_question_names_the_tags_that_go_too() {
        let reference = named(&format!("r.example/a@{DIGEST}")).unwrap();
        let tags = ["v1".parse().unwrap(), "latest".parse().unwrap()];
        let text = question(&reference, &tags);
        assert!(text.ends_with("the tags: v1, latest?"), "{text}");
    }
}
