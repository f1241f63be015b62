//! Groups of options that several commands share.

mod connection;
mod credential;
mod fetched;
mod output;
mod sandbox;
mod sides;
mod signers;
mod signing;
mod store;

pub(crate) use connection::ConnectionArgs;
pub(crate) use credential::CredentialArgs;
pub(crate) use fetched::{TRUST_BYTES, kept, trusted_root, unreadable};
pub(crate) use output::{Format, OutputArgs};
pub(crate) use sandbox::SandboxArgs;
pub(crate) use sides::Sides;
pub(crate) use signers::{SignerArgs, TrustArgs, identity_name};
pub(crate) use signing::{Signatory, SigningArgs, passphrase, read as read_key};
pub(crate) use store::{PullArgs, StoreArgs};

/// Parses `KEY=VALUE`. The value may be empty and may have further equals signs.
pub(crate) fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_equals_sign_separates() {
        let pair = |key: &str, value: &str| Ok((key.to_owned(), value.to_owned()));
        assert_eq!(key_value("a=b=c"), pair("a", "b=c"));
        assert_eq!(key_value("a="), pair("a", ""));
        assert!(key_value("a").is_err());
        assert!(key_value("=b").is_err());
    }
}
