use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// 2026-01-01.
const NOW: u64 = 1_767_225_600;

fn services(config: &Value) -> Result<Services, ConfigError> {
    SigningConfig::parse(config.to_string().as_bytes())?.services(NOW)
}

fn log(url: &str, version: u32, operator: &str, start: &str, end: Option<&str>) -> Value {
    json!({
        "url": url,
        "majorApiVersion": version,
        "validFor": { "start": start, "end": end },
        "operator": operator,
    })
}

fn with_logs(logs: &[Value], selector: &Value) -> Result<Vec<String>, ConfigError> {
    let config = json!({
        "mediaType": MEDIA_TYPE,
        "rekorTlogUrls": logs,
        "rekorTlogConfig": selector,
    });
    Ok(services(&config)?
        .logs
        .into_iter()
        .map(|log| log.url)
        .collect())
}

#[test]
fn the_public_configuration_has_every_service() {
    let services = SigningConfig::public().unwrap().services(NOW).unwrap();
    assert_eq!(
        services.authority.as_deref(),
        Some("https://fulcio.sigstore.dev")
    );
    assert_eq!(
        services.issuer.as_deref(),
        Some("https://oauth2.sigstore.dev/auth")
    );
    assert_eq!(
        services.logs,
        [Log {
            url: "https://rekor.sigstore.dev".to_owned(),
            version: 1
        }]
    );
    assert_eq!(
        services.timestamps,
        ["https://timestamp.sigstore.dev/api/v1/timestamp"]
    );
    assert!(matches!(
        SigningConfig::public().unwrap().services(0),
        Err(ConfigError::None { .. })
    ));
}

#[test]
fn the_newest_of_each_operator_with_the_highest_version_is_used() {
    let logs = [
        log("https://one", 1, "a", "2025-01-01T00:00:00Z", None),
        log("https://old", 2, "a", "2024-01-01T00:00:00Z", None),
        log("https://new", 2, "a", "2025-01-01T00:00:00Z", None),
        log(
            "https://over",
            2,
            "a",
            "2025-02-01T00:00:00Z",
            Some("2025-12-31T23:59:59Z"),
        ),
        log("https://soon", 2, "a", "2026-01-01T00:00:01Z", None),
        log(
            "https://other",
            2,
            "b",
            "2023-01-01T00:00:00Z",
            Some("2026-01-01T00:00:00Z"),
        ),
        log("https://three", 3, "c", "2025-01-01T00:00:00Z", None),
    ];
    let chosen = |selector: Value| with_logs(&logs, &selector);
    assert_eq!(chosen(json!({"selector": "ANY"})).unwrap(), ["https://new"]);
    assert_eq!(
        chosen(json!({"selector": "ALL"})).unwrap(),
        ["https://new", "https://other"]
    );
    assert_eq!(
        chosen(json!({"selector": "EXACT", "count": 2})).unwrap(),
        ["https://new", "https://other"]
    );
    for count in [0, 3] {
        assert!(matches!(
            chosen(json!({"selector": "EXACT", "count": count})),
            Err(ConfigError::Count { .. })
        ));
    }
    assert!(chosen(json!({})).is_err());
    assert!(chosen(json!({"selector": "SOME"})).is_err());
}

#[test]
fn what_is_not_understood_is_refused() {
    let one = |service| with_logs(&[service], &json!({"selector": "ANY"}));
    assert!(matches!(
        one(log("https://three", 3, "", "2025-01-01T00:00:00Z", None)),
        Err(ConfigError::None { .. })
    ));
    assert!(matches!(
        one(log("file:///etc", 1, "", "2025-01-01T00:00:00Z", None)),
        Err(ConfigError::Address(_))
    ));
    assert!(matches!(
        services(&json!({"mediaType": "application/vnd.dev.sigstore.signingconfig.v0.1+json"})),
        Err(ConfigError::Kind { .. })
    ));
    assert!(SigningConfig::parse(b"{").is_err());
}

#[test]
fn services_that_are_not_there_are_none() {
    let services = services(&json!({"mediaType": MEDIA_TYPE})).unwrap();
    assert_eq!(services.authority, None);
    assert!(services.logs.is_empty());
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        prop_assert!(SigningConfig::parse(&bytes).is_err());
    }
}
