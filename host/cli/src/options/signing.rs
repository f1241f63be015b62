//! What signs, on the command line.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use wharf_host::credentials::Secret as Text;
use wharf_host::trust::{
    Ambient, CLIENT_ID, Format, IdentityToken, Invitation, Issuer, KeySource, Predicate,
    PrivateKey, Secret, Services, Signing, SigningConfig, in_browser, on_another_device,
};
use wharf_host::{Origin, Url, Wharf};

use super::fetched::signing_config;
use crate::env;
use crate::error::{CommandError, Kind};
use crate::output::Output;
use crate::prompt;

/// For whom identity tokens are that Fulcio takes.
const AUDIENCE: &str = "sigstore";
/// How long somebody may take to sign in with a browser.
const PATIENCE: Duration = Duration::from_mins(5);

/// What signs, and how that is written down.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Signing")]
pub(crate) struct SigningArgs {
    /// Sign with this private key: a file of cosign or in PEM, or `env://VARIABLE`
    ///
    /// Its passphrase is that of `$COSIGN_PASSWORD`, or is asked for. Without a key, you sign
    /// with your identity: with that of the job in GitHub Actions or GitLab CI, with a token,
    /// or by signing in.
    #[arg(long, value_name = "FILE|env://VAR")]
    key: Option<KeySource>,

    /// Read the passphrase of the key from standard input; one line end behind it is left
    /// out
    #[arg(long, requires = "key", conflicts_with_all = ["password_stdin", "identity_token_stdin"])]
    passphrase_stdin: bool,

    /// Write the signature as a `bundle` that refers to what is signed, as `legacy` under a
    /// tag that is made of its digest, or in both ways
    ///
    /// Newer tools read bundles, and older ones the other. Without this, it is both.
    #[arg(long, value_enum, value_name = "FORMAT")]
    #[arg(hide_possible_values = true)]
    signature_format: Option<SignatureFormat>,

    /// Sign as whom this token names, in place of a key: a file, or the token itself
    ///
    /// Other users of this machine can see a token on the command line.
    #[arg(long, value_name = "FILE|TOKEN", value_parser = text, conflicts_with = "key")]
    identity_token: Option<Text>,

    /// Read that token from standard input
    #[arg(long, conflicts_with_all = ["key", "identity_token", "password_stdin"])]
    identity_token_stdin: bool,

    /// The services that sign, in place of the public ones or those of `wharf trust update`
    /// (a `signing_config.json` of Sigstore)
    ///
    /// With a key, its signatures are written into the log that this names, and given a time.
    #[arg(long, value_name = "FILE")]
    signing_config: Option<PathBuf>,

    /// Sign in with a `browser` on this machine, or with a code on any `device`
    #[arg(long, value_enum, value_name = "FLOW", conflicts_with = "key")]
    #[arg(hide_possible_values = true, hide_short_help = true)]
    auth_flow: Option<AuthFlow>,

    /// Do not ask before a name becomes public in a log
    #[arg(short, long)]
    yes: bool,
}

/// The values of `--signature-format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SignatureFormat {
    Bundle,
    Legacy,
}

/// The values of `--auth-flow`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum AuthFlow {
    Browser,
    Device,
}

/// What signs, as far as the machine of the user has it.
pub(crate) struct Signatory {
    who: Who,
    formats: Vec<Format>,
    /// Whether these formats are what the user asked for.
    is_chosen: bool,
    may_ask: bool,
}

enum Who {
    Key(PrivateKey),
    /// With a log.
    Witnessed(PrivateKey, SigningConfig),
    Identity(Identity, SigningConfig),
}

/// Where an identity token comes from.
enum Identity {
    Token(IdentityToken),
    Ambient(Ambient),
    SigningIn(AuthFlow),
}

impl SigningArgs {
    /// The first option that was given, for messages.
    pub(crate) fn given(&self) -> Option<&'static str> {
        [
            (self.key.is_some(), "--key"),
            (self.signature_format.is_some(), "--signature-format"),
            (self.identity_token.is_some(), "--identity-token"),
            (self.identity_token_stdin, "--identity-token-stdin"),
            (self.signing_config.is_some(), "--signing-config"),
            (self.auth_flow.is_some(), "--auth-flow"),
            (self.yes, "--yes"),
        ]
        .into_iter()
        .find_map(|(given, name)| given.then_some(name))
    }

    /// Where the services are that have a part in what these sign: the authority that
    /// certifies an identity, the log, and who tells the time.
    pub(crate) fn services(&self) -> Result<Vec<Origin>, CommandError> {
        if self.key.is_some() && self.signing_config.is_none() {
            return Ok(Vec::new());
        }
        let config = signing_config(self.signing_config.as_deref())?;
        let services = services_of(&config)?;
        let authority = services.authority.filter(|_| self.key.is_none());
        let logs = services.logs.into_iter().map(|log| log.url);
        let all = authority.into_iter().chain(logs).chain(services.timestamps);
        let mut origins = Vec::new();
        for service in all {
            let url: Url = service.parse().map_err(|error| {
                CommandError::usage(format!("the service `{service}` can't be asked: {error}"))
            })?;
            if !origins.contains(url.origin()) {
                origins.push(url.origin().clone());
            }
        }
        Ok(origins)
    }

    /// What signs with these. May ask a person for a passphrase, or read standard input.
    pub(crate) fn signatory(&self) -> Result<Signatory, CommandError> {
        let formats = match self.signature_format {
            Some(SignatureFormat::Bundle) => vec![Format::Bundle],
            Some(SignatureFormat::Legacy) => vec![Format::Legacy],
            None => vec![Format::Bundle, Format::Legacy],
        };
        let who = match (&self.key, &self.signing_config) {
            (Some(key), None) => Who::Key(read(key, self.passphrase_stdin)?),
            (Some(key), Some(config)) => {
                let config = signing_config(Some(config))?;
                Who::Witnessed(read(key, self.passphrase_stdin)?, config)
            }
            (None, config) => {
                let config = signing_config(config.as_deref())?;
                Who::Identity(self.identity()?, config)
            }
        };
        Ok(Signatory {
            who,
            formats,
            is_chosen: self.signature_format.is_some(),
            may_ask: !self.yes && self.signing_config.is_none(),
        })
    }

    fn identity(&self) -> Result<Identity, CommandError> {
        let wrong = |error: &dyn Error| CommandError::usage(error.to_string());
        if self.identity_token_stdin {
            let token = prompt::line_from(io::stdin().lock(), "the identity token")?;
            let token = IdentityToken::parse(&token);
            return Ok(Identity::Token(token.map_err(|error| wrong(&error))?));
        }
        if let Some(given) = &self.identity_token {
            let path = Path::new(given.reveal());
            let token = if path.is_file() {
                IdentityToken::from_file(path)
            } else {
                IdentityToken::parse(given.reveal())
            };
            return Ok(Identity::Token(token.map_err(|error| wrong(&error))?));
        }
        if let Some(flow) = self.auth_flow {
            return Ok(Identity::SigningIn(flow));
        }
        let variable = |name: &str| env::value(name)?.into_string().ok();
        if let Some(ambient) = Ambient::detect(&variable) {
            return Ok(Identity::Ambient(ambient));
        }
        if prompt::can_ask() {
            return Ok(Identity::SigningIn(AuthFlow::Browser));
        }
        Err(CommandError::usage(
            "it is not said who signs: there is no key, no identity token, and nobody to sign in",
        )
        .hint(
            "give --key (`wharf trust generate-key-pair` makes one), or an identity: \
             --identity-token, --identity-token-stdin, --auth-flow, or a job with \
             `id-token: write` in GitHub Actions, or with `SIGSTORE_ID_TOKEN` in GitLab CI",
        ))
    }
}

impl Signatory {
    /// In which formats it signs.
    pub(crate) fn formats(&mut self) -> &mut Vec<Format> {
        &mut self.formats
    }

    /// Gets ready to sign: who signs without a key is certified now.
    pub(crate) async fn signing(
        mut self,
        wharf: &Wharf,
        annotations: Vec<(String, String)>,
        predicate: Option<Predicate>,
        output: Output,
    ) -> Result<Signing, CommandError> {
        if let Who::Witnessed(_, config) | Who::Identity(_, config) = &self.who
            && !self.is_chosen
            && has_new_log(config)?
        {
            // What a log of the second version says has no place in the other format.
            self.formats.retain(|format| *format == Format::Bundle);
            output.status(
                "Signing as a bundle alone: the log is one that the older format has no place for",
            );
        }
        let (key, prover) = match self.who {
            Who::Key(key) => {
                let key: Arc<dyn wharf_host::trust::SigningKey> = Arc::new(key);
                (key, None)
            }
            Who::Witnessed(key, config) => {
                let (key, prover) = wharf.witnessed(&config, key)?;
                (key, Some(prover))
            }
            Who::Identity(identity, config) => {
                let token = identity.token(wharf, &config, output).await?;
                if self.may_ask && prompt::can_ask() {
                    let name = token.subject();
                    let question =
                        format!("`{name}` becomes public, for ever, in a transparency log. Go on?");
                    if !prompt::confirm(&question)? {
                        return Err(CommandError::new(Kind::Other, "nothing was signed"));
                    }
                }
                let (key, prover) = wharf.certified(&config, &token).await?;
                (key, Some(prover))
            }
        };
        Ok(Signing {
            key,
            prover,
            formats: self.formats,
            annotations,
            predicate,
            created: env::source_date()?,
        })
    }
}

impl Identity {
    async fn token(
        self,
        wharf: &Wharf,
        config: &SigningConfig,
        output: Output,
    ) -> Result<IdentityToken, CommandError> {
        let failed = |error: &dyn Error| CommandError::new(Kind::Other, error.to_string());
        let flow = match self {
            Self::Token(token) => return Ok(token),
            Self::Ambient(ambient) => {
                let token = ambient.token(wharf, AUDIENCE).await;
                return token.map_err(|error| failed(&error));
            }
            Self::SigningIn(flow) => flow,
        };
        let Some(issuer) = services_of(config)?.issuer else {
            return Err(CommandError::usage(
                "the signing configuration has no issuer to sign in at (`oidcUrls`)",
            ));
        };
        let issuer = Issuer::discover(wharf, &issuer).await;
        let issuer = issuer.map_err(|error| failed(&error))?;
        let show = |invitation: Invitation<'_>| match invitation {
            Invitation::Open { url } => {
                output.note(&format!("Sign in with your browser at {url}"));
            }
            Invitation::Enter { url, code } => {
                output.note(&format!("Sign in at {url} with the code {code}"));
            }
        };
        let token = match flow {
            AuthFlow::Browser => in_browser(wharf, &issuer, CLIENT_ID, PATIENCE, &show).await,
            AuthFlow::Device => on_another_device(wharf, &issuer, CLIENT_ID, &show).await,
        };
        token.map_err(|error| failed(&error))
    }
}

/// Whether signatures are written into a log whose entries only bundles can have.
fn has_new_log(config: &SigningConfig) -> Result<bool, CommandError> {
    let services = services_of(config)?;
    Ok(services.logs.iter().any(|log| log.version > 1))
}

/// The services of a configuration that are in use now.
fn services_of(config: &SigningConfig) -> Result<Services, CommandError> {
    let services = config.services(wharf_host::trust::now());
    services.map_err(|error| CommandError::usage(error.to_string()))
}

/// A private key, opened.
pub(crate) fn read(source: &KeySource, from_stdin: bool) -> Result<PrivateKey, CommandError> {
    let ask = || {
        let secret = passphrase(from_stdin, "Passphrase of the private key: ");
        secret.map_err(|error| {
            let told: Box<dyn Error + Send + Sync> = error.messages.join(": ").into();
            told
        })
    };
    PrivateKey::read(source, &ask).map_err(|error| CommandError::usage(error.to_string()))
}

/// A passphrase: of standard input, of the environment, or asked for.
pub(crate) fn passphrase(from_stdin: bool, question: &str) -> Result<Secret, CommandError> {
    if from_stdin {
        let line = prompt::line_from(io::stdin().lock(), "the passphrase")?;
        return Ok(line.into_bytes().into());
    }
    if let Some(given) = std::env::var_os(env::COSIGN_PASSWORD) {
        return Ok(given.into_encoded_bytes().into());
    }
    if prompt::can_ask() {
        return Ok(prompt::secret(question)?.into_bytes().into());
    }
    Err(CommandError::usage(format!(
        "there is no passphrase, and nobody can be asked: this is not a terminal; give it by \
         --passphrase-stdin or ${}",
        env::COSIGN_PASSWORD
    )))
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "what clap wants of a function that parses"
)]
fn text(text: &str) -> Result<Text, std::convert::Infallible> {
    Ok(Text::new(text.to_owned()))
}
