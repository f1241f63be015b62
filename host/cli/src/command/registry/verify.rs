//! `wharf registry verify` and `wharf registry verify-attestation`

use std::path::{Path, PathBuf};

use serde::Serialize;
use wharf_host::trust::{Look, Requirement, Verified};
use wharf_host::{Error as HostError, Reference, Wharf};

use super::findings::Found;
use super::predicate::PredicateType;
use crate::bounded;
use crate::client;
use crate::error::{CommandError, Kind};
use crate::options::{ConnectionArgs, OutputArgs, SignerArgs, StoreArgs, key_value};
use crate::output::{Answer, Output};

/// The largest bundle that is read from a file, in bytes.
const BUNDLE_BYTES: u64 = 4 * 1024 * 1024;

/// Verify who signed an application
///
/// Looks for signatures of exactly what REFERENCE leads to, in both of cosign's formats,
/// and says who made them, what was checked and what was not. One signature that is
/// accepted is enough, whatever else is there.
///
/// It ends with 0 when it is signed by one of those who are named, with 8 when it is not,
/// with 9 when a signature is wrong and no other counts, and with 10 when that could not be
/// found out.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  By a key:
  $ wharf registry verify --key cosign.pub ghcr.io/user/app:v1

  By who published it from a workflow:
  $ wharf registry verify ghcr.io/user/app:v1 \\
      --certificate-identity https://github.com/user/app/.github/workflows/push.yml@refs/heads/main \\
      --certificate-oidc-issuer https://token.actions.githubusercontent.com

  Without a network, what was pulled before:
  $ wharf registry verify --offline --key cosign.pub ghcr.io/user/app:v1")]
pub(in crate::command) struct Args {
    #[command(flatten)]
    what: WhatArgs,
}

/// Verify what was attested of an application
///
/// The same as `wharf registry verify`, for attestations of one type. With `--format json`,
/// what they say is told.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  The provenance that a builder signed:
  $ wharf registry verify-attestation --type slsaprovenance --key builder.pub ghcr.io/user/app:v1

  Read the bill of materials:
  $ wharf registry verify-attestation --type cyclonedx --key cosign.pub --format json \\
      ghcr.io/user/app:v1 | jq '.signatures[0].predicate'")]
pub(in crate::command) struct AttestationArgs {
    /// The type of attestation: `slsaprovenance`, `slsaprovenance1`, `spdx`, `spdxjson`,
    /// `cyclonedx`, `link`, `vuln`, or a URI
    #[arg(long = "type", value_name = "TYPE")]
    kind: PredicateType,

    #[command(flatten)]
    what: WhatArgs,
}

/// What is verified, and how.
#[derive(Debug, clap::Args)]
pub(in crate::command) struct WhatArgs {
    /// What to verify: `[registry/]repository[:tag][@digest]`
    #[arg(value_name = "REFERENCE")]
    pub(in crate::command) reference: Reference,

    #[command(flatten)]
    signers: SignerArgs,

    /// Only count signatures with this annotation (can be repeated)
    #[arg(short = 'a', long = "annotation", value_name = "KEY=VALUE", value_parser = key_value)]
    annotations: Vec<(String, String)>,

    /// Verify this Sigstore bundle, a file, in place of what the registry has
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,

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
    /// The manifest's.
    digest: String,
    signatures: Vec<Found>,
}

impl Args {
    pub(in crate::command) fn what(&self) -> &WhatArgs {
        &self.what
    }

    /// Verifies it.
    pub(super) async fn run(self, output: Output) -> Result<(), CommandError> {
        Box::pin(self.what.run(None, output)).await
    }
}

impl AttestationArgs {
    pub(in crate::command) fn what(&self) -> &WhatArgs {
        &self.what
    }

    /// Verifies it.
    pub(super) async fn run(self, output: Output) -> Result<(), CommandError> {
        Box::pin(self.what.run(Some(self.kind), output)).await
    }
}

impl WhatArgs {
    async fn run(self, kind: Option<PredicateType>, output: Output) -> Result<(), CommandError> {
        if !self.signers.is_given() {
            return Err(CommandError::usage(
                "it is not said whose signature counts: give --key, or --certificate-identity \
                 and --certificate-oidc-issuer",
            ));
        }
        let requirement = Requirement {
            predicate: kind.map(PredicateType::into_uri),
            annotations: self.annotations,
            ..self.signers.requirement()?
        };
        let bundle = self.bundle.as_deref().map(bundle_of).transpose()?;
        let registry = &self.reference.registry;
        let (wharf, progress) =
            client::of_registry(registry, &self.store, &self.connection, output)?;
        let look = if self.offline {
            Look::Here
        } else {
            Look::Registry
        };
        let verified = verified(&wharf, &self.reference, &requirement, bundle, look).await;
        progress.clear();
        let verified = verified.map_err(|error| not_verified(error, &self.reference))?;
        output.answer(&Answered {
            reference: self.reference.to_string(),
            digest: verified.subject.digest.to_string(),
            signatures: verified.findings.into_iter().map(Found::of).collect(),
        })
    }
}

async fn verified(
    wharf: &Wharf,
    reference: &Reference,
    requirement: &Requirement,
    bundle: Option<Vec<u8>>,
    look: Look,
) -> Result<Verified, HostError> {
    // What is wrong with the question is said before a registry is asked.
    wharf.check_requirement(requirement).await?;
    match bundle {
        None => wharf.verify(reference, requirement, look).await,
        Some(bundle) => {
            wharf
                .verify_bundle(reference, requirement, bundle, look)
                .await
        }
    }
}

/// Why it is not verified. That a registry could not be asked is never taken for the lack of
/// a signature.
fn not_verified(error: HostError, reference: &Reference) -> CommandError {
    let could_not_look = matches!(
        error,
        HostError::Authentication(_)
            | HostError::Withheld { .. }
            | HostError::Network(_)
            | HostError::Integrity(_)
            | HostError::LimitExceeded(_)
            | HostError::MissingContent(_)
            | HostError::Storage(_)
            | HostError::Other(_)
    );
    let mut told = CommandError::at_registry(error, &reference.registry);
    if could_not_look {
        told.kind = Kind::Unverified;
    }
    told.while_doing(format!("cannot verify {reference}"))
}

/// A bundle in a file.
pub(super) fn bundle_of(path: &Path) -> Result<Vec<u8>, CommandError> {
    bounded::read(path, BUNDLE_BYTES)
        .map_err(|why| CommandError::usage(format!("the bundle `{}` {why}", path.display())))
}

impl Answer for Answered {
    fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("Verified {} ({})", self.reference, self.digest)];
        lines.extend(Found::lines(&self.signatures));
        lines
    }
}
