//! Policies hold together, and say what they refuse.

use wharf_oci::Url;

use super::*;

fn rule<T>(value: T, key: &str) -> Rule<T> {
    let place = format!("`{key}` in `p.toml`, line 1");
    Rule { value, place }
}

fn list<T: std::str::FromStr<Err: std::fmt::Debug>>(texts: &[&str]) -> Vec<T> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn origin(text: &str) -> Origin {
    text.parse::<Url>().unwrap().origin().clone()
}

fn reference(text: &str) -> Reference {
    text.parse().unwrap()
}

#[test]
fn what_has_no_rule_is_allowed() {
    let policies = Policies::new(vec![Policy::named("p")]);
    assert_eq!(policies.origin(&origin("https://a.example")), Ok(()));
    assert_eq!(
        policies.reference(Right::Push, &reference("a.example/b:1")),
        Ok(())
    );
    assert_eq!(policies.credential(SourceKind::Docker), Ok(()));
    assert_eq!(policies.store(), Ok(()));
    assert_eq!(policies.withheld(), None);
    assert!(Policies::default().is_empty());
}

#[test]
fn each_of_several_can_refuse() {
    let one = Policy {
        pull: Some(rule(list(&["a.example/*", "b.example/x"]), "pull")),
        max_requests: Some(rule(9, "max-requests")),
        ..Policy::named("one")
    };
    let other = Policy {
        pull: Some(rule(list(&["b.example/*"]), "pull")),
        max_requests: Some(rule(3, "max-requests")),
        ..Policy::named("other")
    };
    let policies = Policies::new(vec![one, other]);
    let pull = |text| policies.reference(Right::Pull, &reference(text));
    assert!(pull("b.example/x:1").is_ok());
    assert!(pull("a.example/x:1").is_err());
    assert!(pull("b.example/y:1").is_err());
    // Reading and writing are two rules.
    assert!(
        policies
            .reference(Right::Push, &reference("c.example/x:1"))
            .is_ok()
    );
    let least = policies.least(|policy| policy.max_requests.as_ref());
    assert_eq!(least.map(|rule| rule.value), Some(3));
}

#[test]
fn a_refusal_names_the_rule_its_place_and_the_way_out() {
    let policies = Policies::new(vec![Policy {
        origins: Some(rule(list(&["https://a.example"]), "origins")),
        push: Some(rule(Vec::new(), "push")),
        credentials: Some(rule(vec![SourceKind::Given], "credentials")),
        read_only_store: Some(rule(true, "read-only-store")),
        digests_only: Some(rule(true, "digests-only")),
        ..Policy::named("p.toml")
    }]);
    let refusals = [
        policies.origin(&origin("https://b.example/x")),
        policies.reference(Right::Push, &reference("a.example/x:1")),
        policies.reference(Right::Pull, &reference("a.example/x:1")),
        policies.credential(SourceKind::Docker),
        policies.store(),
    ];
    let rules = [
        "origins",
        "push",
        "digests-only",
        "credentials",
        "read-only-store",
    ];
    let ways = [
        "https://b.example",
        "a.example/x",
        "@sha256:",
        "\"docker\"",
        "before",
    ];
    for ((refusal, rule), way) in refusals.into_iter().zip(rules).zip(ways) {
        let refusal = refusal.unwrap_err();
        assert_eq!(refusal.rule, rule);
        let text = refusal.to_string();
        assert!(
            text.contains(&format!("`{rule}` in `p.toml`, line 1")),
            "{text}"
        );
        assert!(refusal.way_out.contains(way), "{text}");
    }
    assert!(policies.credential(SourceKind::Given).is_ok());
    assert!(policies.withheld().is_some());
    let digest = format!("a.example/x@sha256:{}", "0".repeat(64));
    assert!(policies.reference(Right::Pull, &reference(&digest)).is_ok());
}

#[test]
fn every_rule_is_told_with_its_value() {
    let policy = Policy {
        origins: Some(rule(list(&["https://a.example"]), "origins")),
        push: Some(rule(Vec::new(), "push")),
        pull: Some(rule(list(&["a.example/*"]), "pull")),
        credentials: Some(rule(Vec::new(), "credentials")),
        read_only_store: Some(rule(true, "read-only-store")),
        digests_only: Some(rule(false, "digests-only")),
        max_bytes_out: Some(rule(1, "max-bytes-out")),
        max_bytes_in: Some(rule(2, "max-bytes-in")),
        max_requests: Some(rule(3, "max-requests")),
        max_time: Some(rule(Duration::from_secs(90), "max-time")),
        require_signature: Some(rule(Rules::default(), "require-signature")),
        ..Policy::named("p")
    };
    let rules = policy.rules();
    let keys: Vec<_> = rules.iter().map(|(key, ..)| *key).collect();
    assert_eq!(keys, key::ALL);
    let values: Vec<_> = rules.iter().map(|(_, value, _)| value.as_str()).collect();
    assert_eq!(
        values,
        [
            "https://a.example",
            "none",
            "a.example/*",
            "none",
            "true",
            "false",
            "1",
            "2",
            "3",
            "90s",
            "nothing"
        ]
    );
}
