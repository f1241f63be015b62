//! Signing as an identity: a certificate, an entry in a log, a timestamp. The services are a
//! Sigstore of the tests' own, and cosign is the judge.

use std::fs;
use std::path::Path;

use wharf_tests::{Output, Registry, Sigstore, TestEnv, json as value, peer};

use super::{at_each_registry, author, pushed, read};
use crate::json;

const ANN: &str = "ann@wharf.test";

/// A file with a token for somebody.
fn token(env: &TestEnv, sigstore: &Sigstore, name: &str) -> String {
    let claims = value!({ "sub": name, "email": name, "email_verified": true });
    let token = sigstore.token(&claims);
    fs::write(env.work().join("token"), &token).expect("it can be written");
    token
}

fn sign(env: &TestEnv, config: &Path, rest: &str) -> Output {
    env.run(&format!(
        "registry sign --signing-config {} {rest}",
        config.display()
    ))
}

/// The options that say whose signature counts.
fn by(sigstore: &Sigstore, name: &str) -> String {
    format!(
        "--certificate-identity {name} --certificate-oidc-issuer {} --trusted-root {}",
        sigstore.issuer(),
        sigstore.trusted_root().display()
    )
}

fn verify(env: &TestEnv, sigstore: &Sigstore, name: &str, rest: &str) -> Output {
    env.run(&format!("registry verify {} {rest}", by(sigstore, name)))
}

#[test]
fn what_an_identity_signs_is_verified_by_us_and_by_cosign() {
    let sigstore = Sigstore::start();
    at_each_registry(|address| {
        for config in [sigstore.signing_config(), sigstore.signing_config_v1()] {
            let env = author();
            let name = if config == sigstore.signing_config() {
                "new"
            } else {
                "old"
            };
            let app = crate::greeting(name).write(&env.work());
            let reference = format!("{address}/{name}:1");
            let _ = crate::push(&env, &app, &reference);
            let _ = token(&env, &sigstore, ANN);
            let _ = sign(
                &env,
                &config,
                &format!("{reference} --identity-token token"),
            )
            .success();

            let told = verify(&env, &sigstore, ANN, &format!("{reference} --format json"));
            let answer = json(&told.success().stdout);
            let first = &answer["signatures"][0];
            assert!(first["by"].as_str().unwrap().contains(ANN), "{answer:#}");
            assert!(first["time"].is_string(), "{answer:#}");
            let _ = verify(&env, &sigstore, "bob@wharf.test", &reference)
                .code(8)
                .says(&[ANN]);
            let check = format!(
                "verify {} --allow-http-registry {reference}",
                by(&sigstore, ANN)
            );
            let _ = peer::cosign(&env.work(), &check);
        }
    });
}

#[test]
fn a_log_of_the_first_version_makes_both_formats() {
    let sigstore = Sigstore::start();
    let registry = Registry::start();
    let reference = format!("{}/app:1", registry.address());
    let env = author();
    let _ = pushed(&env, registry.address());
    let _ = token(&env, &sigstore, ANN);
    let line = format!("{reference} --identity-token token --format json");
    let signed = sign(&env, &sigstore.signing_config_v1(), &line).success();
    let answer = json(&signed.stdout);
    assert_eq!(
        answer["signatures"].as_array().unwrap().len(),
        2,
        "{answer:#}"
    );
    let told = verify(&env, &sigstore, ANN, &format!("{reference} --format json")).success();
    let answer = json(&told.stdout);
    let accepted = |format: &str| {
        let mut all = answer["signatures"].as_array().unwrap().iter();
        all.any(|it| it["format"] == format && it["outcome"] == "accepted")
    };
    assert!(accepted("bundle") && accepted("legacy"), "{answer:#}");
}

#[test]
fn a_job_signs_as_itself() {
    let sigstore = Sigstore::start();
    let registry = Registry::start();
    let reference = format!("{}/app:1", registry.address());
    let env = author();
    let _ = pushed(&env, registry.address());
    let config = sigstore.signing_config();
    let line = format!(
        "registry sign --signing-config {} {reference}",
        config.display()
    );
    // Neither a key nor anybody who could be asked.
    let _ = env
        .run(&line)
        .code(2)
        .says(&["it is not said who signs", "--identity-token"]);
    let (url, opening) = sigstore.github();
    let signed = env
        .command(line.split(' '))
        .variable("ACTIONS_ID_TOKEN_REQUEST_URL", url)
        .variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN", opening)
        .run();
    let signed = signed.success();
    assert!(!signed.stderr.contains(opening), "{}", signed.stderr);
    let anybody = format!(
        "registry verify --certificate-identity-regexp .* --certificate-oidc-issuer {} \
         --trusted-root {} {reference} --format json",
        sigstore.issuer(),
        sigstore.trusted_root().display()
    );
    let answer = json(&env.run(&anybody).success().stdout);
    assert_eq!(answer["signatures"][0]["outcome"], "accepted", "{answer:#}");
}

#[test]
fn somebody_signs_in_with_a_browser_or_on_another_device() {
    let sigstore = Sigstore::start();
    let registry = Registry::start();
    let config = sigstore.signing_config();
    for (flow, before) in [("browser", "at "), ("device", "Sign in at ")] {
        let env = author();
        let app = crate::greeting(flow).write(&env.work());
        let reference = format!("{}/{flow}:1", registry.address());
        let _ = crate::push(&env, &app, &reference);
        let line = format!(
            "registry sign --signing-config {} --auth-flow {flow} {reference}",
            config.display()
        );
        let running = env.command(line.split(' ')).start();
        let said = running.wait_for_note("Sign in");
        let (_, url) = said.split_once(before).expect("an address is told");
        let url = url.split_whitespace().next().expect("it is one");
        sigstore.browse(url);
        let _ = running.finish().success();
        let anybody = format!(
            "registry verify --certificate-identity-regexp .* --certificate-oidc-issuer {} \
             --trusted-root {} {reference}",
            sigstore.issuer(),
            sigstore.trusted_root().display()
        );
        let _ = env.run(&anybody).success();
    }
}

#[test]
fn a_token_goes_to_one_service_and_nowhere_else() {
    let sigstore = Sigstore::start();
    let registry = Registry::start();
    let proxy = wharf_tests::Proxy::start(registry.address());
    let reference = format!("{}/app:1", proxy.address());
    let env = author();
    let _ = pushed(&env, &proxy.address());
    let token = token(&env, &sigstore, ANN);
    let rest = format!("{reference} --identity-token token --audit a.jsonl --verbose");
    let signed = sign(&env, &sigstore.signing_config(), &rest).success();
    let forged =
        sigstore.forged_token(&value!({ "sub": ANN, "email": ANN, "email_verified": true }));
    fs::write(env.work().join("token"), &forged).unwrap();
    let refused = sign(&env, &sigstore.signing_config(), &rest);
    assert_eq!(refused.status.code(), Some(1), "{}", refused.stderr);
    let mut said = signed.stdout + &signed.stderr + &refused.stderr;
    let audit = read(&env.work().join("a.jsonl"));
    assert!(audit.contains("\"signing\""), "{audit}");
    said.push_str(&audit);
    for file in wharf_tests::environment::files_below(&env.cache()) {
        said.push_str(&String::from_utf8_lossy(&fs::read(file).unwrap()));
    }
    for one in proxy.take_all() {
        said += &one.target;
        said.extend(one.headers.into_iter().map(|(_, value)| value));
    }
    let parts: Vec<_> = token.split('.').chain(forged.split('.')).collect();
    for secret in [parts[2], parts[5]] {
        assert!(!said.contains(secret), "a token is told");
    }
    let mut seen = 0;
    for request in sigstore.requests() {
        let text = request.to_string();
        if text.contains(parts[2]) {
            assert!(text.contains("signingCert"), "{text}");
            seen += 1;
        }
    }
    assert_eq!(seen, 1);
}

#[test]
fn a_policy_keeps_from_services_that_it_does_not_name() {
    let sigstore = Sigstore::start();
    let registry = Registry::start();
    let env = author();
    let _ = pushed(&env, registry.address());
    let _ = token(&env, &sigstore, ANN);
    let policy = format!("[sandbox]\norigins = [\"http://{}\"]\n", registry.address());
    fs::write(env.work().join("p.toml"), policy).unwrap();
    let before = sigstore.requests().len();
    let line = format!(
        "{}/app:1 --identity-token token --policy p.toml",
        registry.address()
    );
    let _ = sign(&env, &sigstore.signing_config(), &line)
        .code(7)
        .says(&["origins", "p.toml"]);
    assert_eq!(sigstore.requests().len(), before);
}

/// What each signature that a Sigstore made, or that was forged, is worth.
const VARIANTS: [(&str, i32); 18] = [
    ("right", 0),
    ("again", 0),
    ("by-key", 8),
    ("other-digest", 9),
    ("other-identity", 8),
    ("other-issuer", 8),
    ("no-sct", 9),
    ("no-log", 9),
    ("no-log-no-timestamp", 9),
    ("expired", 9),
    ("not-yet-valid", 9),
    ("wrong-usage", 9),
    ("no-usage", 9),
    ("foreign", 8),
    ("foreign-authority", 8),
    ("foreign-sct", 9),
    ("foreign-log", 9),
    ("foreign-timestamp", 9),
];

#[test]
fn each_certificate_log_entry_and_timestamp_has_to_be_right() {
    let registry = Registry::start();
    let env = author();
    let digest = pushed(&env, registry.address());
    let issuer = "https://issuer.wharf.test";
    let options = ["--identity", ANN, "--issuer", issuer];
    let made = env.work().join("made");
    Sigstore::make(&made, &digest, &options);
    let reference = format!("{}/app@{digest}", registry.address());
    let whose = format!(
        "--certificate-identity {ANN} --certificate-oidc-issuer {issuer} --trusted-root \
         made/trusted_root.json"
    );
    let mut wrong = Vec::new();
    for (variant, code) in VARIANTS {
        for bundle in ["bundle.json", "bundle-rekor-v2.json"] {
            let line =
                format!("registry verify {whose} --bundle made/{variant}/{bundle} {reference}");
            let told = env.run(&line);
            if told.status.code() != Some(code) {
                wrong.push(format!(
                    "{variant}/{bundle}: {:?}, not {code}: {}",
                    told.status.code(),
                    told.stderr
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Part of a name, or of an issuer, is not the name.
    for (name, by, code) in [
        ("ann@wharf", "https://issuer.wharf.test", 8),
        (".*@wharf.test", "https://issuer.wharf.test", 0),
        (ANN, "https://issuer.wharf", 8),
        (ANN, "https://.*", 0),
    ] {
        let line = format!(
            "registry verify --certificate-identity-regexp {name} \
             --certificate-oidc-issuer-regexp {by} --trusted-root made/trusted_root.json \
             --bundle made/right/bundle.json {reference}"
        );
        let told = env.run(&line);
        assert_eq!(
            told.status.code(),
            Some(code),
            "{name} {by}: {}",
            told.stderr
        );
    }
    // One good bundle counts among all of the others.
    for (variant, _) in VARIANTS {
        let line = format!("registry attach --bundle made/{variant}/bundle.json {reference}");
        let attached = env.run(&line);
        assert!(
            attached.status.code() == Some(0) || variant == "other-digest",
            "{}",
            attached.stderr
        );
    }
    let told = env.run(&format!("registry verify {whose} {reference}"));
    let _ = told.success();
}
