//! The programs that are compared, and how each is told what to do.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::content::{Content, Shape, TAG};
use super::floor;
use super::row::{Job, Row, Scenario, Step};

/// Whose time is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Contender {
    Wharf,
    Oras,
    Skopeo,
    OciClient,
    /// The plain client with 64 connections.
    Native,
    /// curl, sha256sum and cp.
    Floor,
    /// What Wharf would be without its sandbox.
    Unsandboxed,
    /// `oras resolve`, from a layout: a start that reads a little.
    OrasResolve,
}

/// Where the programs are.
pub(super) struct Programs {
    pub(super) wharf: PathBuf,
    pub(super) oras: PathBuf,
    pub(super) skopeo: PathBuf,
    /// What is in `clients/`.
    pub(super) clients: PathBuf,
    /// What is in `xtask/unsandboxed`, where a row asks for it.
    pub(super) unsandboxed: Option<PathBuf>,
}

/// What a program is given in one run.
pub(super) struct Place<'a> {
    /// Host and port of the registry, or of the proxy before it.
    pub(super) server: &'a str,
    /// A folder of its own, empty before its first step.
    pub(super) folder: &'a Path,
    /// The repository that it pushes to, empty before its first step.
    pub(super) repository: &'a str,
    pub(super) content: &'a Content,
}

impl Contender {
    pub(super) const ALL: [Self; 8] = [
        Self::Wharf,
        Self::Oras,
        Self::Skopeo,
        Self::OciClient,
        Self::Native,
        Self::Floor,
        Self::Unsandboxed,
        Self::OrasResolve,
    ];

    /// The other clients of the field.
    pub(super) const PEERS: [Self; 3] = [Self::Oras, Self::Skopeo, Self::OciClient];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Wharf => "wharf",
            Self::Oras => "oras",
            Self::Skopeo => "skopeo",
            Self::OciClient => "oci-client",
            Self::Native => "native",
            Self::Floor => "floor",
            Self::Unsandboxed => "unsandboxed",
            Self::OrasResolve => "oras-resolve",
        }
    }

    /// Whether a row asks for it.
    pub(super) fn takes_part(self, row: Row) -> bool {
        let Scenario { job, shape, .. } = row.scenario;
        match self {
            Self::Wharf => true,
            Self::Unsandboxed => row.scenario.sandbox && row.step == Step::Cold,
            Self::OrasResolve => row.scenario.sandbox && row.step == Step::ByDigest,
            _ if row.scenario.sandbox => false,
            Self::Oras | Self::Skopeo => job != Job::Dir,
            // It has a program of ours, which knows tags alone.
            Self::OciClient => job != Job::Dir && row.step != Step::ByDigest,
            Self::Native => job != Job::Dir && shape == Shape::Many && row.step == Step::Cold,
            Self::Floor => job == Job::Dir || row.step == Step::Cold,
        }
    }

    /// Whether it starts from a content store, as Wharf does.
    pub(super) fn has_store(self) -> bool {
        matches!(self, Self::Wharf | Self::Unsandboxed)
    }

    /// What it runs for a row that it takes part in.
    pub(super) fn command(
        self,
        programs: &Programs,
        row: Row,
        place: &Place<'_>,
    ) -> Result<Command> {
        let content = place.content;
        let layout = place.folder.join("layout");
        let source = match row.step {
            Step::ByDigest | Step::Verified | Step::VerifiedAgain => {
                format!("{}@{}", content.repository, content.digest)
            }
            _ => format!("{}:{TAG}", content.repository),
        };
        let source = format!("{}/{source}", place.server);
        let repository = match row.step {
            Step::Elsewhere => format!("{}-2", place.repository),
            _ => place.repository.to_owned(),
        };
        let target = format!("{}/{repository}:{TAG}", place.server);
        let stored = format!("{}:{TAG}", content.layout.display());
        let received = format!("{}:{TAG}", layout.display());
        let pull = row.scenario.job == Job::Pull;
        Ok(match self {
            Self::Wharf => wharf(programs, row, place, &source, &target),
            Self::Oras if pull => {
                let mut command = Command::new(&programs.oras);
                command.args(["copy", "--no-tty", "--from-plain-http", &source]);
                command.args(["--to-oci-layout", &received]);
                command
            }
            Self::Oras => {
                let mut command = Command::new(&programs.oras);
                command.args(["copy", "--no-tty", "--from-oci-layout", &stored]);
                command.args(["--to-plain-http", &target]);
                command
            }
            Self::Skopeo => {
                let mut command = Command::new(&programs.skopeo);
                command.args(["--insecure-policy", "copy", "--quiet"]);
                if pull {
                    command.arg("--src-tls-verify=false");
                    command.args([format!("docker://{source}"), format!("oci:{received}")]);
                } else {
                    command.arg("--dest-tls-verify=false");
                    command.args([format!("oci:{stored}"), format!("docker://{target}")]);
                }
                command
            }
            Self::Unsandboxed => {
                let program = programs.unsandboxed.as_deref();
                let mut command = Command::new(program.context("it was not built")?);
                if pull {
                    command.args(["pull", &source]);
                    command.arg(place.folder.join(STORE));
                } else {
                    command.args(["push", &target]);
                    command.arg(place.folder.join(FULL_STORE));
                    command.arg(&content.digest);
                }
                command
            }
            Self::OrasResolve => {
                let mut command = Command::new(&programs.oras);
                command.args(["resolve", "--oci-layout", &stored]);
                command
            }
            Self::OciClient | Self::Native => {
                let mut command = Command::new(&programs.clients);
                command.arg(self.name());
                if pull {
                    command.args(["pull", &source]).arg(layout);
                } else {
                    command.args(["push", &target]).arg(&content.layout);
                }
                command
            }
            Self::Floor if pull => floor::pull(place.server, content, place.folder)?,
            Self::Floor => match (row.scenario.job, row.step) {
                (Job::Dir, Step::Again) => floor::hash_directory(content, place.folder)?,
                (Job::Dir, step) => {
                    let copy = step == Step::Cold;
                    floor::push_directory(place.server, &repository, content, place.folder, copy)?
                }
                _ => floor::push(place.server, &repository, content, place.folder)?,
            },
        })
    }
}

/// The store that a program has in a run, and the one that has the content from the beginning.
pub(super) const STORE: &str = "store";
pub(super) const FULL_STORE: &str = "full-store";

fn wharf(programs: &Programs, row: Row, place: &Place<'_>, source: &str, target: &str) -> Command {
    let mut command = Command::new(&programs.wharf);
    let has_content = row.scenario.job == Job::Push || row.step == Step::Elsewhere;
    let store = place
        .folder
        .join(if has_content { FULL_STORE } else { STORE });
    command.arg("registry");
    match row.scenario.job {
        Job::Pull => command.args(["pull", source]),
        Job::Push => command.args(["push", target, "--from", &place.content.digest]),
        Job::Dir => command
            .args(["push", target, "--from"])
            .arg(&place.content.directory),
    };
    command.args(["--quiet", "--cache-dir"]).arg(store);
    if matches!(row.step, Step::Verified | Step::VerifiedAgain) {
        command.arg("--key").arg(&place.content.key);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::application::Files;

    fn line(contender: Contender, name: &str) -> Option<String> {
        let row = Scenario::all()
            .into_iter()
            .flat_map(Scenario::rows)
            .find(|row| row.name() == name)
            .unwrap();
        if !contender.takes_part(row) {
            return None;
        }
        let programs = Programs {
            wharf: "wharf".into(),
            oras: "oras".into(),
            skopeo: "skopeo".into(),
            clients: "clients".into(),
            unsandboxed: Some("unsandboxed".into()),
        };
        let content = Content {
            files: Files { number: 1, size: 8 },
            directory: "/c/app".into(),
            layout: "/c/layout".into(),
            store: "/c/store".into(),
            repository: "seed/x".to_owned(),
            digest: "sha256:00".to_owned(),
            key: "/c/cosign.pub".into(),
            blobs: Vec::new(),
        };
        let place = Place {
            server: "127.0.0.1:1",
            folder: Path::new("/f"),
            repository: "run/1",
            content: &content,
        };
        let command = contender.command(&programs, row, &place).unwrap();
        Some(format!("{command:?}").replace('"', ""))
    }

    #[test]
    fn wharf_is_told_where_from_and_where_to() {
        let line = |name| line(Contender::Wharf, name).unwrap();
        let end = "--quiet --cache-dir /f/store";
        assert_eq!(
            line("pull-many"),
            format!("wharf registry pull 127.0.0.1:1/seed/x:v1 {end}")
        );
        assert_eq!(
            line("pull-many-digest-far"),
            format!("wharf registry pull 127.0.0.1:1/seed/x@sha256:00 {end}")
        );
        assert_eq!(
            line("dir-big"),
            format!("wharf registry push 127.0.0.1:1/run/1:v1 --from /c/app {end}")
        );
        let end = "--quiet --cache-dir /f/full-store";
        assert_eq!(
            line("push-big-again"),
            format!("wharf registry push 127.0.0.1:1/run/1:v1 --from sha256:00 {end}")
        );
        assert_eq!(
            line("dir-big-elsewhere"),
            format!("wharf registry push 127.0.0.1:1/run/1-2:v1 --from /c/app {end}")
        );
    }

    #[test]
    fn the_cost_of_the_sandbox_is_between_two_programs_with_stores() {
        let (with, without) = (Contender::Wharf, Contender::Unsandboxed);
        assert_eq!(
            line(with, "sandbox-push-big").unwrap(),
            line(with, "push-big").unwrap()
        );
        assert_eq!(
            line(without, "sandbox-pull-many").unwrap(),
            "unsandboxed pull 127.0.0.1:1/seed/x:v1 /f/store"
        );
        assert_eq!(
            line(without, "sandbox-push-big").unwrap(),
            "unsandboxed push 127.0.0.1:1/run/1:v1 /f/full-store sha256:00"
        );
        assert_eq!(line(without, "sandbox-pull-many-digest"), None);
        assert_eq!(line(without, "sandbox-pull-many-verified"), None);
        assert_eq!(
            line(with, "sandbox-pull-many-verified-again").unwrap(),
            "wharf registry pull 127.0.0.1:1/seed/x@sha256:00 --quiet --cache-dir /f/store \
             --key /c/cosign.pub"
        );
        assert_eq!(line(without, "pull-many"), None);
        assert_eq!(
            line(Contender::OrasResolve, "sandbox-pull-many-digest").unwrap(),
            "oras resolve --oci-layout /c/layout:v1"
        );
        for other in [Contender::Oras, Contender::Native, Contender::Floor] {
            assert_eq!(line(other, "sandbox-pull-many"), None);
        }
    }

    #[test]
    fn a_peer_copies_between_registry_and_layout() {
        assert_eq!(
            line(Contender::Oras, "push-many").unwrap(),
            "oras copy --no-tty --from-oci-layout /c/layout:v1 --to-plain-http 127.0.0.1:1/run/1:v1"
        );
        assert_eq!(
            line(Contender::Skopeo, "pull-many").unwrap(),
            "skopeo --insecure-policy copy --quiet --src-tls-verify=false \
             docker://127.0.0.1:1/seed/x:v1 oci:/f/layout:v1"
        );
        assert_eq!(line(Contender::OciClient, "pull-many-digest"), None);
        assert_eq!(line(Contender::Skopeo, "dir-many"), None);
        assert_eq!(line(Contender::Native, "pull-big"), None);
        assert_eq!(line(Contender::Floor, "push-big-again"), None);
    }
}
