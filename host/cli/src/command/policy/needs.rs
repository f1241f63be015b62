//! What a command would need to be allowed to do.

use std::path::{Path, PathBuf};

use wharf_host::credentials::SourceKind;
use wharf_host::policy::{Policies, Right, Violation};
use wharf_host::{Elsewhere, Origin, PackOptions, Packages, Reference, Registry};

use crate::command::Command;
use crate::command::registry::{Command as RegistryCommand, WhatArgs};
use crate::command::trust::Command as TrustCommand;
use crate::error::CommandError;
use crate::options::{ConnectionArgs, SigningArgs};
use crate::output::Output;
use crate::source::{self, Source};
use crate::stored::Stored;

/// Something that a command does.
#[derive(Debug)]
pub(super) enum Need {
    /// To send requests to a registry, or to where a file is.
    Registry(Registry),
    /// To send requests to a service that has a part in signing.
    Service(Origin),
    /// To read from a repository or to write to it, under a name or another.
    Manifest(Right, Reference),
    /// The same, whatever is read there.
    Repository(Right, Reference),
    /// To use a credential that is given.
    Given,
    /// To store content.
    Store,
}

/// What a need is, and what the policies say about it.
pub(super) struct Judged {
    pub(super) what: String,
    pub(super) violation: Option<Violation>,
}

/// All that a command needs, and how it reaches registries.
pub(super) struct Needs<'a> {
    pub(super) connection: Option<&'a ConnectionArgs>,
    pub(super) all: Vec<Need>,
}

impl<'a> Needs<'a> {
    /// Those of a command.
    pub(super) fn of(command: &'a Command, output: Output) -> Result<Self, CommandError> {
        let mut needs = Self {
            connection: None,
            all: Vec::new(),
        };
        match command {
            Command::Registry(command) => {
                needs.connection = command.connection();
                needs.registry(command, output)?;
            }
            Command::Up(args) => {
                needs.connection = Some(&args.connection);
                match args.source(output)? {
                    Source::Registry(reference) => {
                        needs.manifest(Right::Pull, &reference);
                        needs.all.push(Need::Store);
                    }
                    Source::Manifest(path) => needs.packed(Some(&path))?,
                    Source::Component(_) => needs.all.push(Need::Store),
                }
            }
            Command::Trust(TrustCommand::Check(args)) => {
                needs.connection = Some(&args.connection);
                if !args.offline {
                    needs.manifest(Right::Pull, &args.reference);
                    needs.all.push(Need::Store);
                }
            }
            Command::Trust(TrustCommand::Update(args)) => {
                needs.all.push(Need::Registry(args.asked()?));
            }
            Command::Cache(_)
            | Command::Policy(_)
            | Command::Trust(TrustCommand::GenerateKeyPair(_) | TrustCommand::PublicKey(_))
            | Command::Completions(_)
            | Command::Man(_) => {}
        }
        let given = needs.connection.is_some_and(|it| it.credential.is_given());
        if given {
            needs.all.push(Need::Given);
        }
        Ok(needs)
    }

    fn registry(&mut self, command: &RegistryCommand, output: Output) -> Result<(), CommandError> {
        use RegistryCommand as C;
        match command {
            C::Login(args) => self.all.push(Need::Registry(args.registry.clone())),
            C::Push(args) => {
                if !args.offline {
                    self.manifest(Right::Push, &args.reference);
                    if args.along.is_any() {
                        self.looked_at(&args.reference);
                    }
                    if let Some(signing) = args.along.signing() {
                        self.services(signing)?;
                    }
                    for tag in &args.tags {
                        self.all
                            .push(Need::Manifest(Right::Push, tagged(&args.reference, tag)));
                    }
                }
                let text = args.from.as_ref().or(args.source.as_ref());
                let manifest = match (&args.wit, text) {
                    (Some(_), _) => None,
                    (None, Some(text)) => match Source::at(Path::new(text)) {
                        Ok(Source::Manifest(path)) => Some(path),
                        Ok(_) => None,
                        // It is in the store: nothing is packed.
                        Err(_) => return Ok(()),
                    },
                    (None, None) => source::nearest(output).ok(),
                };
                // What can't be read is told by the command itself.
                let _ = self.packed(manifest.as_deref());
            }
            C::Pull(args) => {
                self.manifest(Right::Pull, &args.reference);
                self.all.push(Need::Store);
            }
            C::Copy(args) => {
                self.manifest(Right::Pull, &args.source);
                self.manifest(Right::Push, &args.target);
                if args.source.registry != args.target.registry {
                    self.all.push(Need::Store);
                }
            }
            C::Save(args) => {
                let references = args.what.iter().filter_map(|stored| match stored {
                    Stored::Reference(reference) => Some(reference.clone()),
                    Stored::Digest(_) => None,
                });
                let references: Vec<_> = references.filter(|_| !args.offline).collect();
                for reference in &references {
                    self.manifest(Right::Pull, reference);
                    self.all.push(Need::Store);
                }
            }
            C::Resolve(args) => self.manifest(Right::Pull, &args.reference),
            C::Inspect(args) => {
                self.manifest(Right::Pull, &args.reference);
                self.all.push(Need::Store);
            }
            C::Tags(args) => self.repository(Right::Pull, args.repository.reference()),
            C::Tag(args) => {
                self.repository(Right::Push, &args.source);
                for tag in &args.tags {
                    self.all
                        .push(Need::Manifest(Right::Push, tagged(&args.source, tag)));
                }
            }
            C::Delete(args) => {
                self.manifest(Right::Push, &args.reference);
                if args.asks_for_tags() {
                    self.looked_at(&args.reference);
                }
            }
            C::Referrers(args) => self.manifest(Right::Pull, &args.reference),
            C::Sign(args) => {
                if let Some(reference) = &args.reference {
                    self.attached(reference);
                }
                self.services(&args.signing)?;
            }
            C::Attest(args) => {
                self.attached(&args.reference);
                self.services(&args.signing)?;
            }
            C::Attach(args) => self.attached(&args.reference),
            C::Verify(args) => self.verified(args.what()),
            C::VerifyAttestation(args) => self.verified(args.what()),
            C::Load(_) => self.all.push(Need::Store),
            C::Logout(_) | C::Whoami(_) => {}
        }
        Ok(())
    }

    /// What is made of something at a registry, and put beside it.
    fn attached(&mut self, to: &Reference) {
        self.manifest(Right::Push, to);
        self.looked_at(to);
        self.all.push(Need::Store);
    }

    /// What is read besides of a repository that is written to.
    fn looked_at(&mut self, reference: &Reference) {
        self.all
            .push(Need::Repository(Right::Pull, reference.clone()));
    }

    fn services(&mut self, signing: &SigningArgs) -> Result<(), CommandError> {
        let services = signing.services()?;
        self.all.extend(services.into_iter().map(Need::Service));
        Ok(())
    }

    fn verified(&mut self, what: &WhatArgs) {
        if !what.offline {
            self.manifest(Right::Pull, &what.reference);
            self.all.push(Need::Store);
        }
    }

    fn manifest(&mut self, right: Right, reference: &Reference) {
        self.all.push(Need::Registry(reference.registry.clone()));
        self.all.push(Need::Manifest(right, reference.clone()));
    }

    fn repository(&mut self, right: Right, reference: &Reference) {
        self.all.push(Need::Registry(reference.registry.clone()));
        self.all.push(Need::Repository(right, reference.clone()));
    }

    /// What packing needs: to store what is packed, and where sources of a manifest are.
    fn packed(&mut self, manifest: Option<&Path>) -> Result<(), CommandError> {
        self.all.push(Need::Store);
        let (Some(manifest), Some(connection)) = (manifest.map(PathBuf::from), self.connection)
        else {
            return Ok(());
        };
        let elsewhere = Elsewhere::of(&manifest, &PackOptions::default());
        let packages = if elsewhere.needs_places() {
            connection.settings()?.packages()?
        } else {
            Packages::default()
        };
        let hosts = elsewhere.hosts(&packages);
        self.all.extend(hosts.into_iter().map(Need::Registry));
        let registries = elsewhere.registries(&packages);
        self.all.extend(registries.into_iter().map(Need::Registry));
        Ok(())
    }
}

fn tagged(reference: &Reference, tag: &wharf_host::Tag) -> Reference {
    Reference {
        tag: Some(tag.clone()),
        digest: None,
        ..reference.clone()
    }
}

impl Need {
    /// What the policies say about it.
    pub(super) fn judge(
        &self,
        policies: &Policies,
        connection: &ConnectionArgs,
    ) -> Result<Judged, CommandError> {
        let (what, checked) = match self {
            Self::Registry(registry) => {
                let origins = origins(registry, connection)?;
                let checks = origins.iter().map(|origin| policies.origin(origin));
                let texts: Vec<_> = origins.iter().map(ToString::to_string).collect();
                let what = format!("send requests to {}", texts.join(" or "));
                // Where two would do, one is enough.
                (what, checks.reduce(Result::or).unwrap_or(Ok(())))
            }
            Self::Service(origin) => {
                let what = format!("send requests to {origin}");
                (what, policies.origin(origin))
            }
            Self::Manifest(right, reference) => {
                let what = format!("{} {reference}", verb(*right));
                (what, policies.reference(*right, reference))
            }
            Self::Repository(right, reference) => {
                let Reference {
                    registry,
                    repository,
                    ..
                } = reference;
                let what = format!("{} {registry}/{repository}", verb(*right));
                (what, policies.repository(*right, registry, repository))
            }
            Self::Given => {
                let what = "use the credential that is given".to_owned();
                (what, policies.credential(SourceKind::Given))
            }
            Self::Store => {
                let what = "store content that is not in the content store".to_owned();
                (what, policies.store())
            }
        };
        let violation = checked.err();
        Ok(Judged { what, violation })
    }
}

fn verb(right: Right) -> &'static str {
    match right {
        Right::Push => "write to",
        Right::Pull => "read",
    }
}

/// Where a registry may be spoken to.
fn origins(registry: &Registry, connection: &ConnectionArgs) -> Result<Vec<Origin>, CommandError> {
    let settings = connection.settings()?.settings(registry)?;
    let schemes: &[bool] = if settings.is_plain() {
        &[false]
    } else if registry.is_loopback() {
        &[false, true]
    } else {
        &[true]
    };
    Ok(schemes.iter().map(|tls| registry.origin(*tls)).collect())
}
