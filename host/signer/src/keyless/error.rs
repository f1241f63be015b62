use super::{ExchangeError, Step};
use crate::KeyProblem;

/// Why a signature has no certificate, log entry or timestamp.
#[derive(Debug, thiserror::Error)]
pub enum KeylessError {
    /// A service gives no answer.
    #[error("can't get {step} from `{service}`: {source}")]
    Unreachable {
        /// What was asked for.
        step: Step,
        /// The service's address.
        service: String,
        /// Why.
        source: ExchangeError,
    },
    /// A service says no.
    #[error(
        "`{service}` refuses {step} with status {status}{}: {}",
        message.as_ref().map(|message| format!(" ({message})")).unwrap_or_default(),
        way_out(*step, *status)
    )]
    Refused {
        /// What was asked for.
        step: Step,
        /// The service's address.
        service: String,
        /// The answer's status.
        status: u16,
        /// What it says, without anything that is secret.
        message: Option<String>,
    },
    /// A service's answer is not what was asked for.
    #[error(
        "`{service}` gives {step} that can't be used: {problem}; check its address, and which \
         version of its interface the signing configuration gives"
    )]
    Answer {
        /// What was asked for.
        step: Step,
        /// The service's address.
        service: String,
        /// What is wrong with it.
        problem: String,
    },
    /// An identity token is none, or can't be used.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The key can't prove that it is there.
    #[error(transparent)]
    Key(#[from] KeyProblem),
    /// Someone did not sign in, in time or at all.
    #[error("no one signed in at `{service}`: {why}; sign in again, or give an identity token")]
    NotSignedIn {
        /// The issuer's address.
        service: String,
        /// What happened instead.
        why: String,
    },
    /// The issuer has no such way of signing in.
    #[error(
        "`{service}` has no way of signing in {way}; sign in another way, or give an identity \
         token"
    )]
    NoSuchWay {
        /// The issuer's address.
        service: String,
        /// Which way.
        way: &'static str,
    },
    /// The browser can't be listened to.
    #[error(
        "can't wait for the browser on this machine: {0}; sign in with a code on another device, \
         or give an identity token"
    )]
    Listen(#[source] std::io::Error),
    /// The key has no name in the log's interface.
    #[error("keys of the kind {0} can't be written into this transparency log; use ECDSA P-256")]
    Unnamed(crate::Algorithm),
}

/// Why an identity token can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The file of a token can't be read.
    #[error("can't read the identity token `{path}`: {source}")]
    Read {
        /// Which file.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// It is no token.
    #[error(
        "the identity token can't be read: {0}; an identity token is an OpenID Connect token \
         (three parts with dots between them)"
    )]
    Malformed(String),
    /// It names no one.
    #[error("the identity token names no one: {0}")]
    Nameless(&'static str),
    /// It is over.
    #[error("the identity token has expired {ago} s ago; get a new one")]
    Expired {
        /// For how many seconds.
        ago: u64,
    },
}

fn way_out(step: Step, status: u16) -> &'static str {
    match (step, status) {
        (_, 429 | 500..) => "try again later",
        (Step::Certificate, 400 | 401 | 403) => {
            "check that the identity token is for the audience `sigstore`, has not expired, and \
             is of an issuer that this authority knows"
        }
        (Step::IdentityToken | Step::DeviceCode, 400..) => {
            "sign in again, or give an identity token"
        }
        (Step::LogEntry, 409) => "this very signature is in the log already",
        (_, 300..400) => "it is elsewhere; correct its address in the signing configuration",
        _ => "check its address in the signing configuration",
    }
}
