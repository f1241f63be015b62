//! What a project's file may say: it came with whatever was cloned, and can only narrow.

use wharf_host::Pace;

use super::document::Document;
use super::key::{Key, Value};
use crate::error::{CommandError, Kind};

/// The same document of a project, which decides nothing about trust.
pub(super) fn narrowing(document: Document) -> Result<Document, CommandError> {
    let settings = document.settings();
    let loose = settings
        .filter(|(key, _)| key.is_about_trust())
        .map(|(_, setting)| &setting.place);
    let packages = document.packages().iter().map(|package| &package.place);
    let loose = loose.chain(packages).next().cloned();
    match loose {
        Some(place) => Err(refused(
            &place,
            "decides whom to trust, which is not a project's to say",
        )),
        None => Ok(document),
    }
}

/// The error of what a project may not say.
pub(super) fn refused(place: &str, why: &str) -> CommandError {
    CommandError::new(Kind::Refused, format!("{place} {why}")).hint(
        "a project's file can only narrow: set this in your own file (--config FILE, or \
         $WHARF_CONFIG), in the environment or on the command line",
    )
}

/// What holds where nothing is set, for what a project may narrow.
pub(super) fn default(key: Key) -> Option<Value> {
    let pace = Pace::DEFAULT;
    match key {
        Key::Concurrency => pace.concurrency.map(Value::Count),
        Key::Retries => pace.retries.map(Value::Count),
        Key::ConnectTimeout => pace.connect_timeout.map(Value::Time),
        Key::StallTimeout => pace.stall_timeout.map(Value::Time),
        Key::FirstWait => pace.first_wait.map(Value::Time),
        Key::LongestWait => pace.longest_wait.map(Value::Time),
        Key::PlainHttp
        | Key::CaFile
        | Key::CertFile
        | Key::PrivateKeyFile
        | Key::TlsSkipVerify
        | Key::Proxy
        | Key::Allow
        | Key::Mirrors
        // There is no limit then, so that every one is narrower.
        | Key::Bandwidth => None,
    }
}

/// Whether a value is more than a limit of its kind.
pub(super) fn exceeds(value: &Value, limit: &Value) -> bool {
    match (value, limit) {
        (Value::Count(value), Value::Count(limit)) => value > limit,
        (Value::Time(value), Value::Time(limit)) => value > limit,
        (Value::Rate(value), Value::Rate(limit)) => value > limit,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn document(text: &str) -> Document {
        Document::parse(Path::new("/c/wharf.toml"), text).unwrap()
    }

    #[test]
    fn a_project_sets_nothing_about_trust() {
        for setting in [
            "plain-http = true",
            "plain-http = false",
            "ca-file = \"ca.pem\"",
            "cert-file = \"c.pem\"\nkey-file = \"k.pem\"",
            "tls-skip-verify = true",
            "proxy = \"http://p.example\"",
            "proxy = \"none\"",
            "allow = [\"10.0.0.0/8\"]",
            "mirrors = [\"m.example\"]",
        ] {
            let text = format!("[registry.\"r.example\"]\n{setting}");
            let error = narrowing(document(&text)).unwrap_err();
            assert_eq!(error.kind, Kind::Refused);
            let name = setting.split(' ').next().unwrap();
            assert!(error.messages[0].contains(name), "{error:?}");
            assert!(error.messages[0].contains("line 2"), "{error:?}");
        }
    }

    #[test]
    fn a_project_does_not_say_where_packages_are() {
        let error = narrowing(document("[packages]\na = \"r.example\"")).unwrap_err();
        assert_eq!(error.kind, Kind::Refused);
        assert!(error.messages[0].contains("`a` in"), "{error:?}");
    }
}
