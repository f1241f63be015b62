//! Whose signatures count, on the command line.

use std::path::{Path, PathBuf};

use clap::Args;
use wharf_host::trust::{Authority, Identity, Matcher, Mode, Requirement, Rule, Signer};

use super::fetched::{TRUST_BYTES, trusted_root};
use crate::bounded;
use crate::error::CommandError;

/// Whose signatures count.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Signatures")]
pub(crate) struct SignerArgs {
    /// Accept the signatures of this public key, a file in PEM (can be repeated)
    ///
    /// Of several signers that are given, one has to have signed.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Vec<PathBuf>,

    /// Accept the signatures of who has this name in a certificate: an email address, or the
    /// URI of a workflow
    #[arg(long, value_name = "NAME")]
    certificate_identity: Option<String>,

    /// The same for all names that this regular expression matches as a whole
    #[arg(
        long,
        value_name = "REGEXP",
        conflicts_with = "certificate_identity",
        hide_short_help = true
    )]
    certificate_identity_regexp: Option<String>,

    /// Who vouches for that name: the issuer of the identity token
    #[arg(long, value_name = "URL")]
    certificate_oidc_issuer: Option<String>,

    /// The same for all issuers that this regular expression matches as a whole
    #[arg(
        long,
        value_name = "REGEXP",
        conflicts_with = "certificate_oidc_issuer",
        hide_short_help = true
    )]
    certificate_oidc_issuer_regexp: Option<String>,

    /// The authorities and logs to trust with certificates, in place of the public ones or
    /// those of `wharf trust update` (a `trusted_root.json` of Sigstore)
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    trusted_root: Option<PathBuf>,

    /// Accept certificates without a proof that they were logged (SCT)
    #[arg(long, hide_short_help = true)]
    insecure_ignore_sct: bool,

    /// Accept signatures of identities that are in no transparency log. Those of keys need
    /// not be
    #[arg(long, hide_short_help = true)]
    insecure_ignore_tlog: bool,
}

impl SignerArgs {
    /// Whether any signer is given.
    pub(crate) fn is_given(&self) -> bool {
        !self.key.is_empty() || self.has_identity()
    }

    fn has_identity(&self) -> bool {
        self.certificate_identity.is_some()
            || self.certificate_identity_regexp.is_some()
            || self.certificate_oidc_issuer.is_some()
            || self.certificate_oidc_issuer_regexp.is_some()
    }

    /// What has to be found: a signature by one of these.
    pub(crate) fn requirement(&self) -> Result<Requirement, CommandError> {
        let mut signers = Vec::new();
        for path in &self.key {
            signers.push(key(path)?);
        }
        if self.has_identity() {
            let matcher = |exact: &Option<String>, pattern: &Option<String>| {
                let exact = exact.clone().map(Matcher::Exact);
                exact.or_else(|| pattern.clone().map(Matcher::Pattern))
            };
            let name = matcher(
                &self.certificate_identity,
                &self.certificate_identity_regexp,
            );
            let issuer = matcher(
                &self.certificate_oidc_issuer,
                &self.certificate_oidc_issuer_regexp,
            );
            let (Some(name), Some(issuer)) = (name, issuer) else {
                return Err(CommandError::usage(
                    "an identity is a name and who vouches for it: --certificate-identity and \
                     --certificate-oidc-issuer go together",
                ));
            };
            signers.push(Signer {
                name: identity_name(&name, &issuer),
                authority: Authority::Identity(Identity { name, issuer }),
            });
        }
        let trusted_root = if self.has_identity() || self.trusted_root.is_some() {
            Some(trusted_root(self.trusted_root.as_deref())?)
        } else {
            None
        };
        Ok(Requirement {
            signers,
            ignore_sct: self.insecure_ignore_sct,
            ignore_log: self.insecure_ignore_tlog,
            trusted_root,
            ..Requirement::default()
        })
    }
}

/// What is required of what a command uses, and whether the user sets it aside.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Signatures")]
pub(crate) struct TrustArgs {
    #[command(flatten)]
    signers: SignerArgs,

    /// DANGEROUS: use it though it is not signed as your configuration requires
    ///
    /// Says so on standard error and in the audit. It does not override `require-signature`
    /// of a policy.
    #[arg(long)]
    allow_unverified: bool,
}

impl TrustArgs {
    /// What is required by these, besides the configuration.
    pub(crate) fn rule(&self) -> Result<Option<Rule>, CommandError> {
        if !self.signers.is_given() {
            return Ok(None);
        }
        if self.allow_unverified {
            return Err(CommandError::usage(
                "--allow-unverified uses what is not signed, and others of these options say who \
                 has to have signed: choose",
            ));
        }
        Ok(Some(Rule {
            mode: Mode::Require,
            requirement: self.signers.requirement()?,
            place: "the command line".to_owned(),
        }))
    }

    /// Whether they say who has to have signed.
    pub(crate) fn names_signers(&self) -> bool {
        self.signers.is_given()
    }

    /// Whether what the configuration requires is set aside.
    pub(crate) fn allow_unverified(&self) -> bool {
        self.allow_unverified
    }
}

/// A signer by the file of a public key.
fn key(path: &Path) -> Result<Signer, CommandError> {
    let shown = path.display().to_string();
    let wrong = |why: String| CommandError::usage(format!("the public key `{shown}` {why}"));
    let bytes = bounded::read(path, TRUST_BYTES).map_err(wrong)?;
    let pem = String::from_utf8(bytes).map_err(|_| wrong("is no PEM".to_owned()))?;
    Ok(Signer {
        name: shown,
        authority: Authority::Key(pem),
    })
}

/// What an identity is called.
pub(crate) fn identity_name(name: &Matcher, issuer: &Matcher) -> String {
    let text = |matcher: &Matcher| match matcher {
        Matcher::Exact(text) => text.clone(),
        Matcher::Pattern(pattern) => format!("/{pattern}/"),
    };
    format!("{} (by {})", text(name), text(issuer))
}
