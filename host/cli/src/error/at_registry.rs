//! Failures while a registry was talked to, with what may help there.

use wharf_host::{Error as HostError, Registry};

use super::CommandError;

impl CommandError {
    /// A failure to check a credential that is to be stored.
    pub(crate) fn logging_in(error: HostError, registry: &Registry, username: &str) -> Self {
        let error = match &error {
            HostError::Authentication(_) => Self::from(error).hint(
                "check the user name and the password; many registries want an access token \
                 in the password's place",
            ),
            HostError::Network(_) => Self::at_registry(error, registry)
                .hint("to store the credential without asking the registry, pass --skip-check"),
            _ => Self::from(error),
        };
        error.while_doing(format!(
            "cannot log in as {username} to registry {registry}"
        ))
    }

    /// A failure of the host library while it talked to this registry.
    pub(crate) fn at_registry(error: HostError, registry: &Registry) -> Self {
        let hint = match &error {
            HostError::Authentication(exchange) if exchange.status == Some(403) => Some(format!(
                "the account that was used may not do this: ask for access, or log in as \
                 another with `wharf registry login {registry}`"
            )),
            HostError::Authentication(_) => Some(format!(
                "log in with `wharf registry login {registry}`, or check the credential \
                 that is stored"
            )),
            HostError::NotFound(_) => Some(format!(
                "check the reference; some registries also answer this for what is private, \
                 in which case `wharf registry login {registry}` helps"
            )),
            HostError::Network(exchange) if exchange.status.is_none() => {
                Some(unreachable_hint(&exchange.message, registry))
            }
            _ => None,
        };
        let error = Self::from(error);
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// Whether there is nobody to ask: the name is not known, or nothing listens there. The
/// reason is the registry component's, in words.
pub(crate) fn is_unreachable(error: &HostError) -> bool {
    const REASONS: [&str; 3] = [
        "its name can't be resolved",
        "connection refused",
        "no connection came about",
    ];
    matches!(error, HostError::Network(exchange) if exchange.status.is_none()
        && REASONS.iter().any(|reason| exchange.message.contains(reason)))
}

/// What to try when no answer came. The transport's reason is text for people, so
/// it only chooses between hints.
fn unreachable_hint(reason: &str, registry: &Registry) -> String {
    let reason = reason.to_ascii_lowercase();
    if reason.starts_with("the proxy ") {
        return "check --proxy, `proxy` in your `wharf.toml`, or `https_proxy` and `http_proxy` \
                in the environment; `--proxy none` goes without one"
            .to_owned();
    }
    if reason.contains("certificate") {
        format!(
            "when {registry} has a certificate of a private authority, name that \
             authority's with `--ca-file FILE`"
        )
    } else if reason.contains("tls") || reason.contains("protocol") {
        format!("when {registry} speaks plain HTTP without TLS, say so with `--plain-http`")
    } else {
        format!(
            "check that {registry} is right and running; when it speaks plain HTTP \
             without TLS, say so with `--plain-http`"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_fits_the_transports_reason() {
        let registry: Registry = "r.example:5000".parse().unwrap();
        for (reason, flag) in [
            ("invalid peer certificate: UnknownIssuer", "--ca-file"),
            ("TLS: corrupt message", "--plain-http"),
            ("connection refused", "running"),
        ] {
            let hint = unreachable_hint(reason, &registry);
            assert!(hint.contains(flag), "{reason}: {hint}");
            assert!(hint.contains("r.example:5000"), "{hint}");
        }
    }
}
