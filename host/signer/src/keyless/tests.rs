//! What services answer that they should not. What they answer when all is well is tested
//! against services (`tests/services.rs`).

use std::{collections::VecDeque, fs, path::Path, sync::Mutex};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::*;
use crate::{Algorithm, KeySource, PrivateKey};

/// Gives these answers, one after the other.
struct Script(Mutex<VecDeque<Response>>);

impl Script {
    fn new(answers: impl IntoIterator<Item = (u16, Vec<u8>)>) -> Self {
        let answers = answers.into_iter().map(|(status, body)| Response {
            status,
            location: None,
            body,
        });
        Self(Mutex::new(answers.collect()))
    }

    fn json(status: u16, body: &Value) -> Self {
        Self::new([(status, body.to_string().into_bytes())])
    }
}

impl Exchange for Script {
    fn send(&self, _: Request) -> Answer<'_> {
        let answer = self.0.lock().unwrap().pop_front();
        Box::pin(async move { answer.ok_or_else(|| ExchangeError("no one is there".into())) })
    }
}

fn vector(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/vectors")
        .join(name)
}

fn key() -> PrivateKey {
    let source = KeySource::File(vector("p256.key"));
    PrivateKey::read(&source, &|| Err("it has none".into())).unwrap()
}

fn token() -> IdentityToken {
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(r#"{"sub":"id"}"#);
    IdentityToken::parse(&format!("eyJ.{claims}.sig")).unwrap()
}

async fn certified(key: &PrivateKey, script: Script) -> Result<Certificates, KeylessError> {
    certify(&script, "https://ca", key, &token()).await
}

fn chain(kind: &str, certificates: &[&str]) -> Value {
    json!({ kind: { "chain": { "certificates": certificates } } })
}

#[tokio::test]
async fn certificates_that_do_not_fit_are_refused() {
    let certificate = fs::read_to_string(vector("p256.crt")).unwrap();
    let embedded = "signedCertificateEmbeddedSct";
    let right = chain(embedded, &[&certificate]);
    let found = certified(&key(), Script::json(201, &right)).await.unwrap();
    assert!(found.logged);
    assert_eq!(found.chain.len(), 1);
    let beside = chain("signedCertificateDetachedSct", &[&certificate]);
    let found = certified(&key(), Script::json(201, &beside)).await.unwrap();
    assert!(!found.logged);

    let other = PrivateKey::ephemeral().unwrap();
    let error = certified(&other, Script::json(201, &right))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("another key"), "{error}");
    for answer in [
        json!({}),
        json!([]),
        chain(embedded, &[]),
        chain(embedded, &["no certificate"]),
        chain(embedded, &[certificate.as_str(); 11]),
        chain(embedded, &[&certificate.replace("MII", "MIA")]),
    ] {
        let error = certified(&key(), Script::json(201, &answer))
            .await
            .unwrap_err();
        assert!(
            matches!(error, KeylessError::Answer { .. }),
            "{answer}: {error}"
        );
    }
    let long = Script::new([(201, vec![b' '; 300 * 1024])]);
    let error = certified(&key(), long).await.unwrap_err();
    assert!(error.to_string().contains("longer"), "{error}");
}

#[tokio::test]
async fn refusals_say_what_and_what_to_do() {
    let token = token();
    let said = json!({ "message": format!("bad token {}", token.expose()) });
    let error = certified(&key(), Script::json(400, &said))
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(text.contains("status 400 (bad token …)"), "{text}");
    assert!(text.contains("audience `sigstore`"), "{text}");
    assert!(!format!("{error:?}").contains(token.expose()));
    let error = certified(&key(), Script::json(503, &json!({})))
        .await
        .unwrap_err();
    assert!(error.to_string().ends_with("try again later"), "{error}");
    let error = certified(&key(), Script::new([])).await.unwrap_err();
    assert!(
        matches!(
            error,
            KeylessError::Unreachable {
                step: Step::Certificate,
                ..
            }
        ),
        "{error}"
    );
}

const SIGNATURE: &[u8] = b"a signature";

async fn written(version: u32, script: Script) -> Result<Value, KeylessError> {
    let key = key();
    let signed = Signed {
        content: Content::Message(b"a payload"),
        signature: SIGNATURE,
        verifier: Verifier::Key(key.public_der()),
        algorithm: Algorithm::EcdsaP256,
    };
    let log = Log {
        url: "https://log".to_owned(),
        version,
    };
    let found = witness(&script, &[log], &[], &signed).await?;
    Ok(serde_json::from_slice(&found.log_entries[0]).unwrap())
}

fn first() -> Value {
    let body = json!({
        "apiVersion": "0.0.1",
        "kind": "hashedrekord",
        "spec": { "signature": { "content": STANDARD.encode(SIGNATURE) } },
    });
    json!({
        "body": STANDARD.encode(body.to_string()),
        "integratedTime": 1_700_000_000,
        "logID": "c0ff",
        "logIndex": 7,
        "verification": {
            "signedEntryTimestamp": "c2V0",
            "inclusionProof": {
                "checkpoint": "log\n1\n",
                "hashes": ["00", "01"],
                "logIndex": 5,
                "rootHash": "ab",
                "treeSize": 9,
            },
        },
    })
}

#[tokio::test]
async fn entries_of_the_first_interface_become_those_of_bundles() {
    let found = written(1, Script::json(201, &json!({ "ab": first() })))
        .await
        .unwrap();
    assert_eq!(
        found,
        json!({
            "logIndex": "7",
            "logId": { "keyId": "wP8=" },
            "kindVersion": { "kind": "hashedrekord", "version": "0.0.1" },
            "integratedTime": "1700000000",
            "inclusionPromise": { "signedEntryTimestamp": "c2V0" },
            "inclusionProof": {
                "logIndex": "5",
                "rootHash": "qw==",
                "treeSize": "9",
                "hashes": ["AA==", "AQ=="],
                "checkpoint": { "envelope": "log\n1\n" },
            },
            "canonicalizedBody": first()["body"],
        })
    );
}

#[tokio::test]
async fn an_entry_that_is_there_is_fetched() {
    let name = "24296fb24b8ad77a".to_owned() + &"0a".repeat(32);
    let conflict = json!({
        "code": 409,
        "message": format!("an equivalent entry already exists with UUID {name}"),
    });
    let there = json!({ name: first() });
    let script = Script::new([conflict.clone(), there].map(|body| {
        let status = if body["code"] == 409 { 409 } else { 200 };
        (status, body.to_string().into_bytes())
    }));
    assert_eq!(written(1, script).await.unwrap()["logIndex"], "7");
    let error = written(1, Script::json(409, &json!({"message": "there"})))
        .await
        .unwrap_err();
    assert!(
        matches!(error, KeylessError::Refused { status: 409, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn entries_that_do_not_fit_are_refused() {
    let altered = |pointer: &str, value: Value| {
        let mut entry = first();
        *entry.pointer_mut(pointer).unwrap() = value;
        json!({ "ab": entry })
    };
    let other = json!({
        "apiVersion": "0.0.1",
        "kind": "hashedrekord",
        "spec": { "signature": { "content": "b3RoZXI=" } },
    });
    for answer in [
        json!({}),
        json!({ "ab": first(), "cd": first() }),
        altered("/logID", json!("no hex")),
        altered("/body", json!("no base64")),
        altered("/body", json!(STANDARD.encode(other.to_string()))),
        altered(
            "/body",
            json!(STANDARD.encode(r#"{"kind":"rekord","apiVersion":"0.0.1"}"#)),
        ),
        altered("/verification", json!({})),
        altered("/verification/inclusionProof/hashes", json!(["zz"])),
    ] {
        let error = written(1, Script::json(201, &answer)).await.unwrap_err();
        assert!(
            matches!(error, KeylessError::Answer { .. }),
            "{answer}: {error}"
        );
    }
}

fn second() -> Value {
    let body = json!({
        "apiVersion": "0.0.2",
        "kind": "hashedrekord",
        "spec": { "hashedRekordV002": { "signature": { "content": STANDARD.encode(SIGNATURE) } } },
    });
    json!({
        "logId": { "keyId": "wP8=" },
        "kindVersion": { "kind": "hashedrekord", "version": "0.0.2" },
        "inclusionPromise": null,
        "inclusionProof": {
            "rootHash": "qw==",
            "treeSize": "1",
            "checkpoint": { "envelope": "log\n1\n" },
        },
        "canonicalizedBody": STANDARD.encode(body.to_string()),
    })
}

#[tokio::test]
async fn entries_of_the_second_interface_are_checked_too() {
    // The first entry of a log: protobuf leaves out what is zero.
    let found = written(2, Script::json(201, &second())).await.unwrap();
    assert_eq!(found["logIndex"], "0");
    assert_eq!(found["inclusionProof"]["hashes"], json!([]));
    assert!(found.get("integratedTime").is_none());
    assert!(found.get("inclusionPromise").is_none());
    let altered = |name: &str, value: Value| {
        let mut entry = second();
        entry[name] = value;
        entry
    };
    for answer in [
        json!({}),
        altered("kindVersion", json!({"kind": "dsse", "version": "0.0.2"})),
        altered("canonicalizedBody", json!(STANDARD.encode("{}"))),
        altered("inclusionProof", Value::Null),
    ] {
        let error = written(2, Script::json(201, &answer)).await.unwrap_err();
        assert!(
            matches!(error, KeylessError::Answer { .. }),
            "{answer}: {error}"
        );
    }
    let error = written(2, Script::json(409, &json!({"message": "there"})))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("in the log already"), "{error}");
}

#[tokio::test]
async fn issuers_that_lead_elsewhere_are_refused() {
    let configuration = json!({
        "issuer": "https://issuer",
        "authorization_endpoint": "https://issuer/auth",
        "token_endpoint": "https://issuer/token",
    });
    let discover = async |configuration: &Value| {
        let script = Script::json(200, configuration);
        Issuer::discover(&script, "https://issuer/").await
    };
    let issuer = discover(&configuration).await.unwrap();
    let error = on_another_device(&Script::new([]), &issuer, CLIENT_ID, &|_| {})
        .await
        .unwrap_err();
    assert!(matches!(error, KeylessError::NoSuchWay { .. }), "{error}");
    for (name, value) in [
        ("issuer", "https://other"),
        ("token_endpoint", "http://issuer/token"),
        ("authorization_endpoint", "file:///etc/passwd"),
        ("device_authorization_endpoint", "http://issuer/device"),
    ] {
        let mut other = configuration.clone();
        other[name] = value.into();
        let error = discover(&other).await.unwrap_err();
        assert!(
            matches!(error, KeylessError::Answer { .. }),
            "{name}: {error}"
        );
    }
}
