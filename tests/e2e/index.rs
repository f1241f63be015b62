//! References that lead to an index of several manifests.

use wharf_tests::scripted::Request;
use wharf_tests::shelf::ShelvedApp;
use wharf_tests::{Answer, Json, Output, Registry, Server, http, json as value};

use crate::{environment, greeting, json, push, up};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// The descriptor of an application's manifest, for a platform.
fn entry(app: &ShelvedApp, os: &str, architecture: &str) -> Json {
    value!({
        "mediaType": MANIFEST,
        "digest": app.digest,
        "size": app.manifest.to_string().len(),
        "platform": { "os": os, "architecture": architecture },
    })
}

/// The descriptor of a manifest that is nowhere, for Linux.
fn elsewhere() -> Json {
    value!({
        "mediaType": MANIFEST,
        "digest": format!("sha256:{}", "0".repeat(64)),
        "size": 3,
        "platform": { "os": "linux", "architecture": "amd64" },
    })
}

/// An index as it is served, and its descriptor.
fn index(media_type: &str, manifests: &[Json]) -> (String, Json) {
    let index = value!({
        "schemaVersion": 2,
        "mediaType": media_type,
        "manifests": manifests,
    });
    let text = index.to_string();
    let descriptor = value!({
        "mediaType": media_type,
        "digest": wharf_tests::digest(text.as_bytes()),
        "size": text.len(),
    });
    (text, descriptor)
}

/// A registry with an application, and an index under the tag `all`.
fn server(app: &ShelvedApp, media_type: &'static str, manifests: &[Json]) -> (Server, String) {
    let (text, _) = index(media_type, manifests);
    let digest = wharf_tests::digest(text.as_bytes());
    let shelf = app.shelf.clone();
    let server = Server::start({
        let digest = digest.clone();
        move |request: &Request| {
            let name = request.path().rsplit('/').next().unwrap_or_default();
            if name == "all" || name == digest {
                return Answer::content(media_type, text.clone())
                    .header("Docker-Content-Digest", &digest);
            }
            shelf.answer(request)
        }
    });
    (server, digest)
}

#[test]
fn the_manifest_for_webassembly_is_pulled_resolved_and_run() {
    for (media_type, os, architecture) in
        [(INDEX, "wasip1", "wasm"), (DOCKER_LIST, "Wasip2", "wasm32")]
    {
        let app = ShelvedApp::new();
        let manifests = [elsewhere(), entry(&app, os, architecture)];
        let (server, digest) = server(&app, media_type, &manifests);
        let reference = format!("{}/app:all", server.address());
        let env = environment();
        let resolved = env.run(&format!("registry resolve {reference}")).success();
        assert_eq!(resolved.digest(), app.digest);
        let pulled = env.run(&format!("registry pull {reference}")).success();
        assert_eq!(pulled.digest(), app.digest);
        assert!(env.blob(&digest).is_some(), "the index is stored too");

        let before = server.requests().len();
        let _ = env.run(&format!("registry pull {reference}")).success();
        let requests = server.requests();
        assert_eq!(requests.len(), before + 1, "nothing changed");

        let (running, url) = up(&env, &format!("-f {reference}"));
        assert_eq!(http::get(&url).unwrap().status, 200);
        running.interrupt();
        let _ = running.finish().success();

        let by_digest = format!("{}/app@{digest}", server.address());
        drop(server);
        let pulled = env.run(&format!("registry pull {by_digest}")).success();
        assert_eq!(pulled.digest(), app.digest, "without a network");
        env.verify_store();
    }
}

#[test]
fn an_explicit_platform_wins() {
    let app = ShelvedApp::new();
    let wasm = {
        let mut wasm = elsewhere();
        wasm["platform"] = value!({ "os": "wasip1", "architecture": "wasm" });
        wasm
    };
    let (server, _) = server(&app, INDEX, &[wasm, entry(&app, "plan9", "mips")]);
    let env = environment();
    let pull = format!("registry pull {}/app:all --platform", server.address());
    let pulled = env.run(&format!("{pull} plan9/mips")).success();
    assert_eq!(pulled.digest(), app.digest);
    let _ = env
        .run(&format!("{pull} plan9/mips/r2"))
        .code(2)
        .says(&["plan9/mips/r2", "wasip1/wasm"]);
}

#[test]
fn an_index_without_webassembly_is_refused_with_what_there_is() {
    let app = ShelvedApp::new();
    let manifests = [elsewhere(), entry(&app, "linux", "arm64")];
    let (server, _) = server(&app, INDEX, &manifests);
    let env = environment();
    for command in ["pull", "resolve"] {
        let _ = env
            .run(&format!("registry {command} {}/app:all", server.address()))
            .code(2)
            .says(&["linux/amd64, linux/arm64", "--platform"]);
    }
}

#[test]
fn what_an_index_says_of_a_manifest_is_enforced() {
    let app = ShelvedApp::new();
    let mut smaller = entry(&app, "wasip1", "wasm");
    smaller["size"] = 3.into();
    let mut other_kind = entry(&app, "wasip1", "wasm");
    other_kind["digest"] = app.asset.clone().into();
    let run = |manifest: Json| -> Output {
        let (server, _) = server(&app, INDEX, &[manifest]);
        let env = environment();
        env.run(&format!("registry pull {}/app:all", server.address()))
    };
    let _ = run(smaller).code(6).says(&["3 bytes"]);
    let _ = run(other_kind).code(4);
}

#[test]
fn an_index_that_nests_for_ever_is_left() {
    // Every index leads to another, and none to a manifest.
    let mut chain = vec![index(INDEX, &[])];
    for _ in 0..10 {
        let (_, inner) = chain.last().unwrap();
        let next = index(INDEX, std::slice::from_ref(inner));
        chain.push(next);
    }
    let top = chain.last().unwrap().0.clone();
    let server = Server::start(move |request| {
        let name = request.path().rsplit('/').next().unwrap_or_default();
        let found = chain.iter().find(|(_, is)| is["digest"] == name);
        Answer::content(INDEX, found.map_or(top.clone(), |(text, _)| text.clone()))
    });
    let env = environment();
    let _ = env
        .run(&format!("registry pull {}/app:1", server.address()))
        .code(7)
        .says(&["nest"]);
    assert!(server.requests().len() < 10);
}

#[test]
fn an_index_of_very_many_indexes_is_left() {
    let inner: Vec<_> = (0..100)
        .map(|number| {
            let mut nothing = elsewhere();
            nothing["size"] = number.into();
            index(INDEX, &[nothing])
        })
        .collect();
    let entries: Vec<Json> = inner.iter().map(|(_, is)| is.clone()).collect();
    let top = index(INDEX, &entries).0;
    let server = Server::start(move |request| {
        let name = request.path().rsplit('/').next().unwrap_or_default();
        let found = inner.iter().find(|(_, is)| is["digest"] == name);
        Answer::content(INDEX, found.map_or(top.clone(), |(text, _)| text.clone()))
    });
    let env = environment();
    let _ = env
        .run(&format!("registry pull {}/app:1", server.address()))
        .code(7);
    assert!(server.requests().len() < 30);
}

#[test]
fn a_manifest_in_a_nested_index_is_found() {
    let app = ShelvedApp::new();
    let (text, nested) = index(INDEX, &[entry(&app, "wasi", "wasm")]);
    let (outer, _) = index(INDEX, &[elsewhere(), nested.clone()]);
    let shelf = app.shelf.clone();
    let server = Server::start(move |request| {
        let name = request.path().rsplit('/').next().unwrap_or_default();
        match name {
            "all" => Answer::content(INDEX, outer.clone()),
            name if nested["digest"] == name => Answer::content(INDEX, text.clone()),
            _ => shelf.answer(request),
        }
    });
    let env = environment();
    let pull = format!("registry pull {}/app:all --format json", server.address());
    let answer = json(&env.run(&pull).success().stdout);
    assert_eq!(answer["digest"], app.digest);
}

#[test]
fn a_copy_of_an_index_has_all_that_it_lists() {
    let source = Registry::start();
    let author = environment();
    let mut entries = Vec::new();
    for (name, os) in [("one", "wasip1"), ("two", "linux")] {
        let app = greeting(name).write(&author.work());
        let reference = format!("{}/app:{name}", source.address());
        let pushed = push(&author, &app, &reference);
        let resolve = format!("registry resolve {reference} --format json");
        let mut descriptor = json(&author.run(&resolve).success().stdout);
        assert_eq!(descriptor["digest"], pushed.digest());
        descriptor["platform"] = value!({ "os": os, "architecture": "wasm" });
        entries.push(descriptor);
    }
    let put = |name: &str, text: &str| {
        let url = format!("http://{}/v2/app/manifests/{name}", source.address());
        let headers = [("Content-Type", INDEX)];
        let answer = http::request("PUT", &url, &headers, text.as_bytes()).expect("it answers");
        assert_eq!(answer.status, 201, "{}", answer.text());
    };
    let (inner, nested) = index(INDEX, &entries);
    put(nested["digest"].as_str().unwrap(), &inner);
    // One of the manifests stands in both.
    let (outer, whole) = index(INDEX, &[entries[0].clone(), nested.clone()]);
    put("all", &outer);
    let digest = whole["digest"].as_str().unwrap();

    let other = Registry::start();
    for (target, registry) in [("copied", &source), ("copied", &other)] {
        let env = environment();
        let to = format!("{}/{target}", registry.address());
        let copy = format!("registry copy {}/app:all {to}:all", source.address());
        let copied = env.run(&copy).success();
        assert_eq!(copied.digest(), digest);
        for name in [
            digest,
            nested["digest"].as_str().unwrap(),
            entries[0]["digest"].as_str().unwrap(),
            entries[1]["digest"].as_str().unwrap(),
        ] {
            let url = format!("http://{}/v2/{target}/manifests/{name}", registry.address());
            let accept = [(
                "Accept",
                "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json",
            )];
            let answer = http::request("GET", &url, &accept, b"").expect("it answers");
            assert_eq!(answer.status, 200, "{name}: {}", answer.text());
            assert_eq!(wharf_tests::digest(&answer.body), name);
        }
        let pull = format!("registry pull --platform linux/wasm {to}:all");
        assert_eq!(
            environment().run(&pull).success().digest(),
            entries[1]["digest"].as_str().unwrap()
        );
        // It goes on from the store.
        let push = format!("registry push {to}-again:1 -f {digest}");
        if registry.address() == other.address() {
            assert_eq!(env.run(&push).success().digest(), digest);
        }

        let one = format!(
            "registry copy --platform wasip1/wasm {}/app:all {to}:one",
            source.address()
        );
        assert_eq!(
            env.run(&one).success().digest(),
            entries[0]["digest"].as_str().unwrap()
        );
    }
    // Another name in the same repository is the index's.
    let tag = format!("registry tag {}/app:all again", source.address());
    assert_eq!(environment().run(&tag).success().digest(), digest);
}
