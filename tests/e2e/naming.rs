//! `wharf registry tag` and `wharf registry delete`.

use wharf_tests::{Answer, Proxy, Registry, Server, Shelf, http, json as value};

use crate::{environment, greeting, json, push};

/// A registry with an application under the tags `v1` and `v2`, and its digest.
fn published() -> (Registry, String) {
    let registry = Registry::start();
    let author = environment();
    let app = greeting("app").write(&author.work());
    let mut digest = String::new();
    for tag in ["v1", "v2"] {
        let name = format!("{}/app:{tag}", registry.address());
        digest = push(&author, &app, &name).digest();
    }
    (registry, digest)
}

#[test]
fn further_tags_lead_to_the_same_bytes() {
    let (registry, digest) = published();
    let proxy = Proxy::start(registry.address());
    let env = environment();
    for source in [format!("app@{digest}"), "app:v1".to_owned()] {
        let tag = format!("registry tag {}/{source} stable latest", proxy.address());
        assert_eq!(env.run(&tag).success().digest(), digest);
        let exchanges = proxy.take();
        assert_eq!(exchanges.len(), 3, "{exchanges:#?}");
        assert_eq!(
            registry.tags("app"),
            ["latest", "stable", "v1", "v2"].map(str::to_owned)
        );
    }
    for tag in ["latest", "stable"] {
        let resolve = format!("registry resolve {}/app:{tag}", registry.address());
        assert_eq!(env.run(&resolve).success().digest(), digest);
    }
    let absent = format!("registry tag {}/app:absent x", registry.address());
    let _ = env.run(&absent).code(4);
    assert!(!registry.tags("app").contains(&"x".to_owned()));
}

#[test]
fn nothing_is_deleted_without_being_asked() {
    let (registry, digest) = published();
    let env = environment();
    for reference in [format!("app@{digest}"), "app:v1".to_owned()] {
        let _ = env
            .run(&format!(
                "registry delete {}/{reference}",
                registry.address()
            ))
            .code(2)
            .says(&["--force"]);
    }
    assert_eq!(registry.tags("app"), ["v1", "v2"]);
}

#[test]
fn a_manifest_is_deleted_with_its_tags() {
    let (registry, digest) = published();
    let env = environment();
    let delete = format!(
        "registry delete --force {}/app@{digest} --format json",
        registry.address()
    );
    let answer = json(&env.run(&delete).success().stdout);
    assert!(answer["reference"].as_str().unwrap().contains(&digest));
    let url = format!("http://{}/v2/app/manifests/v1", registry.address());
    assert_eq!(http::get(&url).unwrap().status, 404);
    let _ = env.run(&delete).code(4);
}

#[test]
fn a_tag_alone_is_deleted_or_nothing_is() {
    // This registry does not delete tags.
    let (registry, _) = published();
    let env = environment();
    let _ = env
        .run(&format!(
            "registry delete --force {}/app:v1",
            registry.address()
        ))
        .code(5)
        .says(&["does not delete a tag alone", "by its digest"]);
    for tag in ["v1", "v2"] {
        let url = format!("http://{}/v2/app/manifests/{tag}", registry.address());
        let accept = "application/vnd.oci.image.manifest.v1+json";
        let answer = http::request("GET", &url, &[("Accept", accept)], b"").unwrap();
        assert_eq!(answer.status, 200);
    }
    // This one does.
    let server = Server::start(|request| match request.method.as_str() {
        "DELETE" => Answer::status(202),
        _ => Answer::content("application/vnd.oci.image.manifest.v1+json", "{}"),
    });
    let _ = env
        .run(&format!(
            "registry delete --force {}/app:v1",
            server.address()
        ))
        .success();
    let requests = server.requests();
    let requests: Vec<_> = requests
        .iter()
        .map(|one| (&*one.method, &*one.target))
        .collect();
    let target = "/v2/app/manifests/v1";
    assert_eq!(requests, [("HEAD", target), ("DELETE", target)]);
}

#[test]
fn the_right_to_delete_is_asked_for() {
    let mut shelf = Shelf::new();
    let config = shelf.blob("application/json", "{}");
    let manifest = value!({ "schemaVersion": 2, "config": config, "layers": [] });
    let digest = shelf.manifest("1", manifest.to_string());
    let server = Server::start(move |request| {
        if request.path() == "/token" {
            return Answer::content("application/json", r#"{"token": "given"}"#);
        }
        if request.header("authorization").is_none() {
            let authority = request.header("host").unwrap_or_default();
            let challenge = format!("Bearer realm=\"http://{authority}/token\",service=\"s\"");
            return Answer::status(401).header("WWW-Authenticate", &challenge);
        }
        match request.method.as_str() {
            "DELETE" => Answer::status(202),
            _ => shelf.answer(request),
        }
    });
    let env = environment();
    let delete = format!("registry delete --force {}/app@{digest}", server.address());
    let _ = env.run(&delete).success();
    let requests = server.requests();
    let mut tokens = requests.iter().filter(|one| one.path() == "/token");
    let scopes = tokens.next().unwrap().query("scope");
    assert_eq!(scopes, ["repository:app:pull,delete"]);
}
