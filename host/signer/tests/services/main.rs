//! Everything that signs, against the services of the tests' own Sigstore.

mod cosign;
mod exchange;

use std::{fs, sync::Mutex, thread, time::Duration};

use serde_json::{Value, json};
use wharf_signer::{
    Algorithm, PrivateKey,
    keyless::{
        Ambient, CLIENT_ID, Certificates, Content, IdentityToken, Invitation, Issuer, KeylessError,
        Log, Services, Signed, SigningConfig, Step, TokenError, Verifier, certify, in_browser,
        on_another_device, witness,
    },
};
use wharf_tests::Sigstore;

use exchange::Plain;

fn now() -> u64 {
    std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .expect("it is after 1970")
        .as_secs()
}

fn services(file: &std::path::Path) -> Services {
    let config = fs::read(file).expect("the configuration is there");
    let config = SigningConfig::parse(&config).expect("it is one");
    config.services(now()).expect("there are services")
}

async fn certified(sigstore: &Sigstore, key: &PrivateKey) -> Certificates {
    let token = IdentityToken::parse(&sigstore.token(&json!({}))).expect("it is one");
    token.check_time(now()).expect("it is new");
    certify(&Plain, sigstore.fulcio(), key, &token)
        .await
        .expect("there is a certificate")
}

fn entry(entries: &[Vec<u8>]) -> Value {
    let [entry] = entries else {
        panic!("there is not one entry")
    };
    serde_json::from_slice(entry).expect("it is JSON")
}

const PAYLOAD: &[u8] = br#"{"_type":"https://in-toto.io/Statement/v1"}"#;
const KIND: &str = "application/vnd.in-toto+json";

/// How every token begins: `{"alg":` in base64.
const JWT: &str = "eyJhbGciOi";

fn envelope() -> Vec<u8> {
    let mut message = format!("DSSEv1 {} {KIND} {} ", KIND.len(), PAYLOAD.len()).into_bytes();
    message.extend(PAYLOAD);
    message
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signature_gets_a_certificate_a_time_and_an_entry_in_each_kind_of_log() {
    let sigstore = Sigstore::start();
    let key = PrivateKey::ephemeral().unwrap();
    let certificates = certified(&sigstore, &key).await;
    assert!(certificates.logged);
    assert!(certificates.chain.len() >= 2);
    let content = Content::Envelope {
        payload: PAYLOAD,
        kind: KIND,
    };
    for (content, message) in [
        (content, envelope()),
        (Content::Message(b"a payload"), b"a payload".to_vec()),
    ] {
        let signature = key.sign(&message).unwrap();
        let signed = Signed {
            content,
            signature: &signature,
            verifier: Verifier::Certificate(&certificates.chain[0]),
            algorithm: key.algorithm(),
        };
        for (file, version) in [
            (sigstore.signing_config(), 2),
            (sigstore.signing_config_v1(), 1),
        ] {
            let services = services(&file);
            assert_eq!(services.authority.as_deref(), Some(sigstore.fulcio()));
            assert_eq!(services.issuer.as_deref(), Some(sigstore.issuer()));
            assert_eq!(services.logs[0].version, version);
            let found = witness(&Plain, &services.logs, &services.timestamps, &signed)
                .await
                .unwrap();
            assert_eq!(found.timestamps.len(), 1);
            let entry = entry(&found.log_entries);
            assert!(entry["inclusionProof"]["checkpoint"]["envelope"].is_string());
            assert!(entry["logIndex"].is_string());
            if version == 1 {
                assert!(entry["inclusionPromise"]["signedEntryTimestamp"].is_string());
                assert!(entry["integratedTime"].is_string());
            }
        }
    }
    // The token is the authority's alone: no one else may have it, a public log least.
    for request in sigstore.requests() {
        let service = request["service"].as_str().unwrap();
        let has_token = request.to_string().contains(JWT);
        assert_eq!(has_token, service == "fulcio", "{request}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_of_every_kind_are_written_into_both_logs() {
    let sigstore = Sigstore::start();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    for name in [
        "p256.key",
        "p384.key",
        "p521.key",
        "rsa2048.key",
        "ed25519.key",
    ] {
        let source = wharf_signer::KeySource::File(folder.join(name));
        let key = PrivateKey::read(&source, &|| Err("it has no passphrase".into())).unwrap();
        let message = b"a payload".as_slice();
        let signature = key.sign(message).unwrap();
        let signed = Signed {
            content: Content::Message(message),
            signature: &signature,
            verifier: Verifier::Key(key.public_der()),
            algorithm: key.algorithm(),
        };
        for (url, version) in [(sigstore.rekor_v1(), 1), (sigstore.rekor_v2(), 2)] {
            let log = Log {
                url: url.to_owned(),
                version,
            };
            let found = witness(&Plain, std::slice::from_ref(&log), &[], &signed)
                .await
                .unwrap_or_else(|error| panic!("{name}, {version}: {error}"));
            let first = entry(&found.log_entries);
            // A signature is the same each time, but for some kinds: what is in the log
            // already is found there, where the log can say what it is.
            let again = witness(&Plain, std::slice::from_ref(&log), &[], &signed).await;
            match (version, again) {
                (1, again) => assert_eq!(
                    entry(&again.unwrap().log_entries)["logIndex"],
                    first["logIndex"]
                ),
                (_, Err(error)) => {
                    assert!(error.to_string().contains("in the log already"), "{error}");
                }
                (_, Ok(_)) => {}
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_authority_says_no_and_no_token_is_shown() {
    let sigstore = Sigstore::start();
    let key = PrivateKey::ephemeral().unwrap();
    let refused = async |token: String| {
        let parsed = IdentityToken::parse(&token).unwrap();
        let error = certify(&Plain, sigstore.fulcio(), &key, &parsed)
            .await
            .unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(!text.contains("eyJ"), "{text}");
        assert!(text.contains(sigstore.fulcio()), "{text}");
        assert!(
            matches!(
                error,
                KeylessError::Refused {
                    step: Step::Certificate,
                    ..
                }
            ),
            "{text}"
        );
    };
    refused(sigstore.forged_token(&json!({}))).await;
    refused(sigstore.token(&json!({"aud": "someone else"}))).await;
    let old = sigstore.token(&json!({"age": 3600}));
    let expired = IdentityToken::parse(&old).unwrap().check_time(now());
    assert!(matches!(expired, Err(TokenError::Expired { .. })));
    refused(old).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_of_github_has_an_identity() {
    let sigstore = Sigstore::start();
    let (url, token) = sigstore.github();
    let with = |token: &str| {
        let (url, token) = (url.to_owned(), token.to_owned());
        Ambient::detect(&move |name| match name {
            "ACTIONS_ID_TOKEN_REQUEST_URL" => Some(url.clone()),
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN" => Some(token.clone()),
            _ => None,
        })
        .unwrap()
    };
    let identity = with(token).token(&Plain, CLIENT_ID).await.unwrap();
    assert_eq!(identity.subject(), "repo:wharf/app:ref:refs/heads/main");
    let key = PrivateKey::ephemeral().unwrap();
    certify(&Plain, sigstore.fulcio(), &key, &identity)
        .await
        .unwrap();
    let error = with("a-wrong-one")
        .token(&Plain, CLIENT_ID)
        .await
        .unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(
        matches!(error, KeylessError::Refused { status: 401, .. }),
        "{text}"
    );
    assert!(!text.contains("a-wrong-one"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn someone_signs_in_with_a_browser() {
    let sigstore = Sigstore::start();
    let issuer = Issuer::discover(&Plain, sigstore.issuer()).await.unwrap();
    let (tell, told) = std::sync::mpsc::channel::<String>();
    let tell = Mutex::new(tell);
    let sigstore = &sigstore;
    let identity = thread::scope(|scope| {
        scope.spawn(move || sigstore.browse(&told.recv().expect("an address is shown")));
        // With its own end of the channel, which ends with it, whatever comes of it.
        let show = move |invitation: Invitation<'_>| match invitation {
            Invitation::Open { url } => tell.lock().unwrap().send(url.to_owned()).unwrap(),
            Invitation::Enter { .. } => panic!("it is not for another device"),
        };
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(in_browser(
                &Plain,
                &issuer,
                CLIENT_ID,
                Duration::from_mins(1),
                &show,
            ))
        })
    })
    .unwrap();
    assert_eq!(identity.subject(), "ann@wharf.test");
    assert_eq!(identity.issuer(), sigstore.issuer());
    let key = PrivateKey::ephemeral().unwrap();
    certify(&Plain, sigstore.fulcio(), &key, &identity)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn someone_signs_in_on_another_device_or_does_not() {
    let sigstore = Sigstore::start();
    let issuer = Issuer::discover(&Plain, sigstore.issuer()).await.unwrap();
    let identity = on_another_device(&Plain, &issuer, CLIENT_ID, &|invitation| {
        let Invitation::Enter { url, code } = invitation else {
            panic!("it is for another device")
        };
        assert!(url.contains(code));
        sigstore.browse(url);
    })
    .await
    .unwrap();
    assert_eq!(identity.subject(), "ann@wharf.test");
    let error = on_another_device(&Plain, &issuer, CLIENT_ID, &|invitation| {
        let Invitation::Enter { url, .. } = invitation else {
            panic!("it is for another device")
        };
        sigstore.browse(&format!("{url}&deny"));
    })
    .await
    .unwrap_err();
    assert!(error.to_string().contains("denied"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_one_signs_in_within_the_time() {
    let sigstore = Sigstore::start();
    let issuer = Issuer::discover(&Plain, sigstore.issuer()).await.unwrap();
    let error = in_browser(&Plain, &issuer, CLIENT_ID, Duration::ZERO, &|_| {})
        .await
        .unwrap_err();
    assert!(matches!(error, KeylessError::NotSignedIn { .. }), "{error}");
    assert!(error.to_string().contains(sigstore.issuer()), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_that_are_not_there_are_named() {
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nowhere = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = Issuer::discover(&Plain, &nowhere).await.unwrap_err();
    assert!(
        matches!(
            error,
            KeylessError::Unreachable {
                step: Step::Discovery,
                ..
            }
        ),
        "{error}"
    );
    assert!(error.to_string().contains(&nowhere), "{error}");
    assert_eq!(Algorithm::Rsa { bits: 2049 }.details(), None);
}
