//! `[sandbox]`: a policy, which can only narrow what everything else grants.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use toml::de::{DeTable, DeValue};
use wharf_host::policy::{Policy, Rule, key};

use super::key::time;
use super::table::{Fault, Reader, in_order, tables, texts, unknown};
use crate::size;

/// The table of a policy.
pub(super) const SANDBOX: &str = "sandbox";

impl Reader<'_> {
    /// The policy of a table.
    pub(super) fn sandbox(&self, table: &DeTable<'_>) -> Result<Policy, Fault> {
        let mut policy = Policy::named(&self.path.display().to_string());
        for (name, value) in in_order(table) {
            let rule: &str = name.get_ref();
            let place = format!("`{rule}` in {}", self.place(name.span().start));
            let given = value.get_ref();
            let wrong = |expected: String| {
                let problem = format!("`{rule}` can't be this: {expected}");
                (value.span().start, problem)
            };
            match rule {
                key::ORIGINS => policy.origins = set(place, list(given)).map_err(wrong)?,
                key::PUSH => policy.push = set(place, list(given)).map_err(wrong)?,
                key::PULL => policy.pull = set(place, list(given)).map_err(wrong)?,
                key::CREDENTIALS => policy.credentials = set(place, list(given)).map_err(wrong)?,
                key::READ_ONLY_STORE => {
                    policy.read_only_store = set(place, flag(given)).map_err(wrong)?;
                }
                key::DIGESTS_ONLY => {
                    policy.digests_only = set(place, flag(given)).map_err(wrong)?;
                }
                key::MAX_BYTES_OUT => {
                    policy.max_bytes_out = set(place, bytes(given)).map_err(wrong)?;
                }
                key::MAX_BYTES_IN => {
                    policy.max_bytes_in = set(place, bytes(given)).map_err(wrong)?;
                }
                key::MAX_REQUESTS => {
                    policy.max_requests = set(place, count(given)).map_err(wrong)?;
                }
                key::REQUIRE_SIGNATURE => {
                    let rules = self.trust(tables(name, value)?, true)?;
                    policy.require_signature = Some(Rule {
                        value: rules,
                        place,
                    });
                }
                key::MAX_TIME => policy.max_time = set(place, duration(given)).map_err(wrong)?,
                other => {
                    let problem = unknown(other, &format!("in `[{SANDBOX}]`"), &key::ALL);
                    return Err((name.span().start, problem));
                }
            }
        }
        Ok(policy)
    }
}

fn set<T>(place: String, value: Result<T, String>) -> Result<Option<Rule<T>>, String> {
    value.map(|value| Some(Rule { value, place }))
}

fn list<T: FromStr<Err: Display>>(value: &DeValue<'_>) -> Result<Vec<T>, String> {
    let members = texts(value).ok_or_else(|| "expected a list of texts".to_owned())?;
    let members = members.into_iter();
    members
        .map(|member| member.parse().map_err(|error: T::Err| error.to_string()))
        .collect()
}

fn flag(value: &DeValue<'_>) -> Result<bool, String> {
    let flag = value.as_bool();
    flag.ok_or_else(|| "expected `true` or `false`".to_owned())
}

fn bytes(value: &DeValue<'_>) -> Result<u64, String> {
    match value.as_str() {
        Some(text) => size::parse(text),
        None => Err("expected a size as a text, for example `\"100MiB\"`".to_owned()),
    }
}

fn count(value: &DeValue<'_>) -> Result<u64, String> {
    let number = value.as_integer();
    let number = number.and_then(|it| u64::from_str_radix(it.as_str(), it.radix()).ok());
    number.ok_or_else(|| "expected a whole number".to_owned())
}

fn duration(value: &DeValue<'_>) -> Result<Duration, String> {
    let time = value.as_str().and_then(time);
    time.ok_or_else(|| {
        "expected a time up to `24h`, with its unit: `ms`, `s`, `m` or `h`".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::document::Document;
    use super::*;

    fn policy(text: &str) -> Result<Policy, String> {
        let text = format!("[sandbox]\n{text}");
        let parsed = Document::parse_policy(Path::new("/c/ci.toml"), &text);
        parsed.map_err(|error| error.messages.join(": "))
    }

    #[test]
    fn every_rule_can_be_written() {
        let policy = policy(
            "origins = [\"https://ghcr.io\", \"https://*.example.com\"]\n\
             push = [\"ghcr.io/user/app\"]\n\
             pull = [\"ghcr.io/user/*\"]\n\
             credentials = [\"given\", \"docker\"]\n\
             read-only-store = true\n\
             digests-only = true\n\
             max-bytes-out = \"1MiB\"\n\
             max-bytes-in = \"2kB\"\n\
             max-requests = 10\n\
             max-time = \"2m\"\n\
             [sandbox.require-signature.default]",
        )
        .unwrap();
        let rules = policy.rules();
        let keys: Vec<_> = rules.iter().map(|(key, ..)| *key).collect();
        assert_eq!(keys, key::ALL);
        assert_eq!(policy.max_bytes_out.unwrap().value, 1 << 20);
        assert_eq!(policy.max_bytes_in.unwrap().value, 2000);
        assert_eq!(policy.max_time.unwrap().value, Duration::from_mins(2));
        let push = policy.push.unwrap();
        assert_eq!(push.place, "`push` in `/c/ci.toml`, line 3, column 1");
        assert_eq!(policy.name, "/c/ci.toml");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, part) in [
            ("origin = []", "mean `origins`"),
            ("max_requests = 1", "mean `max-requests`"),
            ("words = 1", "known are `origins`"),
            (
                "require-signature = true",
                "`require-signature` has to be a table",
            ),
            ("origins = \"https://ghcr.io\"", "a list of texts"),
            ("origins = [\"ghcr.io\"]", "expected an origin"),
            ("push = [\"*\"]", "expected a repository"),
            ("pull = [\"ghcr.io/a:1\"]", "expected a repository"),
            ("credentials = [\"mine\"]", "`mine` is no source"),
            ("credentials = true", "a list of texts"),
            ("read-only-store = 1", "`true` or `false`"),
            ("max-bytes-in = 5", "a size as a text"),
            ("max-bytes-in = \"5 stones\"", "expected a size"),
            ("max-requests = -1", "a whole number"),
            ("max-time = \"forever\"", "with its unit"),
        ] {
            let error = policy(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
            assert!(error.contains("line 2"), "{text}: {error}");
        }
    }

    #[test]
    fn a_policy_file_has_a_policy_and_nothing_else() {
        let parse = |text| Document::parse_policy(Path::new("p.toml"), text);
        let said = |text| parse(text).unwrap_err().messages.join(" ");
        assert!(said("").contains("no table `[sandbox]`"));
        let error = said("[sandbox]\n[registry.\"*\"]");
        assert!(
            error.contains("line 2") && error.contains("in a policy"),
            "{error}"
        );
        assert!(said("[sandbx]").contains("mean `sandbox`"));
        assert!(said("sandbox = 1").contains("has to be a table"));
        assert!(parse("[sandbox]").unwrap().rules().is_empty());
    }
}
