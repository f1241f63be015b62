//! Indexes: signed themselves, or by the manifest in them that is used; and named by a digest
//! that nobody here has seen before.

use wharf_tests::{Json, Registry, TestEnv, digest, http, json as value};

use super::{author, careful, pushed, sign};
use crate::{environment, greeting, json, push, text, up};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// The descriptor of `app:1` as it stands in an index.
fn member(address: &str) -> Json {
    let resolve = format!("registry resolve {address}/app:1 --format json");
    let resolved = json(&environment().run(&resolve).success().stdout);
    value!({
        "mediaType": resolved["mediaType"],
        "digest": resolved["digest"],
        "size": resolved["size"],
        "platform": { "os": "wasip1", "architecture": "wasm" },
    })
}

/// Publishes an index of `app:1` as `app:all`, and tells its descriptor.
fn indexed(address: &str) -> Json {
    put(address, &value!([member(address)]))
}

/// Publishes an index of these manifests as `app:all`, and tells its descriptor.
fn put(address: &str, manifests: &Json) -> Json {
    let index = value!({
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": manifests,
    });
    let content = index.to_string();
    let url = format!("http://{address}/v2/app/manifests/all");
    let headers = [("Content-Type", INDEX)];
    let answer = http::request("PUT", &url, &headers, content.as_bytes()).expect("it answers");
    assert_eq!(answer.status, 201, "{}", answer.text());
    value!({
        "mediaType": INDEX,
        "digest": digest(content.as_bytes()),
        "size": content.len(),
    })
}

fn digest_of(descriptor: &Json) -> &str {
    descriptor["digest"].as_str().expect("it is text")
}

#[test]
fn the_manifest_that_is_used_is_enough_where_the_digest_of_an_index_is_new() {
    let registry = Registry::start();
    let address = registry.address();
    let maker = author();
    let app = pushed(&maker, address);
    let index = indexed(address);
    let reference = format!("{address}/app@{}", digest_of(&index));
    let env = careful(&maker, address);
    let pull = format!("registry pull {reference}");
    let check = format!("trust check {reference}");
    let _ = env.run(&pull).code(8);
    let _ = env.run(&check).code(8);

    let _ = sign(&maker, &format!("{address}/app@{app}")).success();
    let _ = env.run(&check).success();
    env.empty_store();
    let pulled = env.run(&pull).success();
    assert_eq!(pulled.digest(), app);
    // All of it is here now.
    let _ = env.run(&format!("{check} --offline")).success();
    let (running, url) = up(&env, &format!("-f {reference} --offline"));
    assert!(text(&url).contains("GET"), "it does not serve");
    running.interrupt();
    let _ = running.finish();

    let stranger = careful(&author(), address);
    let _ = stranger.run(&pull).code(8);
    // Which one it is had to be looked up, and of what it names nothing came.
    let manifest = json(&String::from_utf8(registry.blob(&app).expect("it is there")).unwrap());
    for layer in manifest["layers"].as_array().expect("it is a list") {
        assert!(stranger.blob(digest_of(layer)).is_none(), "{layer}");
    }
}

#[test]
fn an_index_that_is_signed_stands_for_what_is_in_it() {
    let registry = Registry::start();
    let address = registry.address();
    let maker = author();
    let app = pushed(&maker, address);
    let index = indexed(address);
    let reference = format!("{address}/app@{}", digest_of(&index));
    let _ = sign(&maker, &reference).success();
    let env = careful(&maker, address);
    let pulled = env.run(&format!("registry pull {reference}")).success();
    assert_eq!(pulled.digest(), app);
    let _ = env
        .run(&format!("registry pull {address}/app@{app}"))
        .code(8);
}

#[test]
fn an_index_is_copied_whole_only_where_all_of_it_is_signed() {
    let registry = Registry::start();
    let address = registry.address();
    let maker = author();
    let app = pushed(&maker, address);
    let _ = sign(&maker, &format!("{address}/app@{app}")).success();
    let mut members = vec![member(address)];
    let other = greeting("other").write(&maker.work());
    let other = push(&maker, &other, &format!("{address}/app:1")).digest();
    members.push(member(address));
    let index = put(address, &value!(members));
    let reference = format!("{address}/app@{}", digest_of(&index));
    let env = careful(&maker, address);
    let copy = format!("registry copy {reference} {address}/copied:1");
    let _ = env.run(&copy).code(8).says(&[&other]);
    assert!(registry.tags("copied").is_empty());
    let pulled = env.run(&format!("registry pull {reference}")).success();
    assert_eq!(pulled.digest(), app);

    let _ = sign(&maker, &format!("{address}/app@{other}")).success();
    let _ = env.run(&copy).success();
}

/// What refers to a manifest, as each of them says itself.
fn subjects(env: &TestEnv, address: &str, of: &Json) -> Vec<Json> {
    let referrers = format!(
        "registry referrers {address}/app@{} --format json",
        digest_of(of)
    );
    let answer = json(&env.run(&referrers).success().stdout);
    let listed = answer["referrers"].as_array().expect("it is a list").iter();
    let subject = |referrer: &Json| {
        let url = format!("http://{address}/v2/app/manifests/{}", digest_of(referrer));
        let answer = http::request("GET", &url, &[("Accept", MANIFEST)], b"").expect("it answers");
        json(&answer.text())["subject"].clone()
    };
    listed.map(subject).collect()
}

#[test]
fn what_is_signed_by_a_digest_that_is_new_is_described_as_it_is() {
    let registry = Registry::start();
    let address = registry.address();
    let _ = pushed(&author(), address);
    let mut app = member(address);
    app.as_object_mut().expect("it is one").remove("platform");
    let index = indexed(address);
    for subject in [app, index] {
        // Whoever signs has nothing of it here.
        let signer = author();
        let reference = format!("{address}/app@{}", digest_of(&subject));
        let _ = sign(&signer, &reference).success();
        assert_eq!(
            subjects(&signer, address, &subject),
            std::slice::from_ref(&subject)
        );
        let _ = super::verify(&signer, &reference).success();
    }
    let nothing = format!("{address}/app@sha256:{}", "1".repeat(64));
    let _ = sign(&author(), &nothing).code(4);
}
