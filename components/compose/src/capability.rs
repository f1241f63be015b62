//! What an interface is about: which of a component's settings decide what it can do.

use wharf_app::locked::Inherit;

const AI_MODELS: &str = "ai_models";
const ALLOWED_OUTBOUND_HOSTS: &str = "allowed_outbound_hosts";
const ENVIRONMENT: &str = "environment";
const FILES: &str = "files";
const KEY_VALUE_STORES: &str = "key_value_stores";
const SQLITE_DATABASES: &str = "sqlite_databases";
const VARIABLES: &str = "variables";

/// Interfaces without their versions, or packages with a `/` at the end: all that
/// hosts of Spin applications have had.
const SETTINGS: [(&str, &str); 24] = [
    ("fermyon:spin/llm", AI_MODELS),
    ("fermyon:spin/http", ALLOWED_OUTBOUND_HOSTS),
    ("fermyon:spin/mqtt", ALLOWED_OUTBOUND_HOSTS),
    ("fermyon:spin/mysql", ALLOWED_OUTBOUND_HOSTS),
    ("fermyon:spin/postgres", ALLOWED_OUTBOUND_HOSTS),
    ("fermyon:spin/redis", ALLOWED_OUTBOUND_HOSTS),
    ("spin:mqtt/", ALLOWED_OUTBOUND_HOSTS),
    ("spin:mysql/", ALLOWED_OUTBOUND_HOSTS),
    ("spin:postgres/", ALLOWED_OUTBOUND_HOSTS),
    ("spin:redis/", ALLOWED_OUTBOUND_HOSTS),
    ("wasi:http/client", ALLOWED_OUTBOUND_HOSTS),
    ("wasi:http/outgoing-handler", ALLOWED_OUTBOUND_HOSTS),
    ("wasi:sockets/", ALLOWED_OUTBOUND_HOSTS),
    ("wasi:cli/environment", ENVIRONMENT),
    ("wasi:filesystem/", FILES),
    ("fermyon:spin/key-value", KEY_VALUE_STORES),
    ("spin:key-value/", KEY_VALUE_STORES),
    ("wasi:keyvalue/", KEY_VALUE_STORES),
    ("fermyon:spin/sqlite", SQLITE_DATABASES),
    ("spin:sqlite/", SQLITE_DATABASES),
    ("fermyon:spin/config", VARIABLES),
    ("fermyon:spin/variables", VARIABLES),
    ("spin:variables/", VARIABLES),
    ("wasi:config/", VARIABLES),
];

/// What no setting has a say in.
const FREE: [&str; 8] = [
    "wasi:cli/",
    "wasi:clocks/",
    "wasi:http/handler",
    "wasi:http/types",
    "wasi:io/",
    "wasi:logging/",
    "wasi:otel/",
    "wasi:random/",
];

/// Where the host's own interfaces are. What is anywhere else is never the host's.
const OF_THE_HOST: [&str; 3] = ["fermyon:", "spin:", "wasi:"];

/// Why a dependency may not use an interface, or none when it may. To be read after
/// the dependency.
pub(crate) fn denial(interface: &str, inherit: &Inherit) -> Option<String> {
    let Inherit::Some(inherited) = inherit else {
        return None;
    };
    let name = interface.split('@').next().unwrap_or_default();
    let is = |entry: &str| name == entry || (entry.ends_with('/') && name.starts_with(entry));
    match SETTINGS.iter().find(|(entry, _)| is(entry)) {
        Some((_, setting)) if inherited.iter().any(|key| key == setting) => None,
        Some((_, setting)) => Some(format!("does not inherit `{setting}`")),
        None if FREE.iter().any(|entry| is(entry)) => None,
        // Of a later version of the host: what it can do is not known.
        None if OF_THE_HOST.iter().any(|space| name.starts_with(space)) => {
            Some(format!("does not inherit all, so not `{name}`"))
        }
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied(interface: &str, keys: &[&str]) -> Option<String> {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        denial(interface, &Inherit::Some(keys))
    }

    #[test]
    fn each_interface_belongs_to_its_setting() {
        for (interface, setting) in [
            ("wasi:http/outgoing-handler@0.2.6", ALLOWED_OUTBOUND_HOSTS),
            ("wasi:http/client@0.3.0", ALLOWED_OUTBOUND_HOSTS),
            ("wasi:sockets/tcp@0.2.0", ALLOWED_OUTBOUND_HOSTS),
            ("spin:postgres/postgres@4.2.0", ALLOWED_OUTBOUND_HOSTS),
            ("fermyon:spin/http", ALLOWED_OUTBOUND_HOSTS),
            ("wasi:cli/environment@0.3.0", ENVIRONMENT),
            ("wasi:filesystem/preopens@0.2.0", FILES),
            ("wasi:keyvalue/batch@0.2.0-draft2", KEY_VALUE_STORES),
            ("fermyon:spin/key-value@2.0.0", KEY_VALUE_STORES),
            ("spin:sqlite/sqlite@3.1.0", SQLITE_DATABASES),
            ("wasi:config/store@0.2.0-draft-2024-09-27", VARIABLES),
            ("fermyon:spin/config", VARIABLES),
            ("fermyon:spin/llm@2.0.0", AI_MODELS),
        ] {
            assert_eq!(
                denied(interface, &[]),
                Some(format!("does not inherit `{setting}`")),
                "{interface}"
            );
            assert_eq!(denied(interface, &["x", setting]), None, "{interface}");
            assert_eq!(denial(interface, &Inherit::All), None, "{interface}");
        }
    }

    #[test]
    fn what_no_setting_is_about_passes() {
        for interface in [
            "wasi:io/streams@0.2.6",
            "wasi:clocks/wall-clock@0.2.0",
            "wasi:cli/stdout@0.2.0",
            "wasi:http/types@0.3.0",
            "my:own/filesystem",
            "plain",
        ] {
            assert_eq!(denied(interface, &[]), None, "{interface}");
        }
    }

    #[test]
    fn what_a_later_host_may_have_is_denied() {
        for interface in ["wasi:blobstore/container@0.1.0", "spin:time-travel/back"] {
            assert!(denied(interface, &["files"]).is_some(), "{interface}");
            assert_eq!(denial(interface, &Inherit::All), None);
        }
    }
}
