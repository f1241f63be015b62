//! What is asked of a registry without fetching: `wharf registry resolve`, `tags` and
//! `inspect`.

use wharf_tests::scripted::Request;
use wharf_tests::{Answer, Proxy, Registry, Server, json as value};

use crate::{environment, greeting, json, push};

#[test]
fn a_tag_is_resolved_with_one_request_and_nothing_is_fetched() {
    let registry = Registry::start();
    let author = environment();
    let app = greeting("app").write(&author.work());
    let digest = push(&author, &app, &format!("{}/app:1", registry.address())).digest();

    let proxy = Proxy::start(registry.address());
    let env = environment();
    let resolve = format!("registry resolve {}/app:1", proxy.address());
    let output = env.run(&resolve).success();
    assert_eq!(output.digest(), digest);
    let exchanges = proxy.take();
    assert_eq!(exchanges.len(), 1, "{exchanges:#?}");
    assert_eq!(exchanges[0].method, "HEAD");
    assert!(env.blobs().is_empty());

    let answer = json(
        &env.run(&format!("{resolve} --format json"))
            .success()
            .stdout,
    );
    assert_eq!(answer["digest"], digest);
    assert_eq!(
        answer["mediaType"],
        "application/vnd.oci.image.manifest.v1+json"
    );
    assert!(answer["size"].as_u64().unwrap() > 100);
}

#[test]
fn what_is_not_there_is_neither_resolved_nor_listed() {
    let registry = Registry::start();
    let env = environment();
    for what in [
        "resolve ADDRESS/app:1",
        "inspect ADDRESS/app:1",
        "tags ADDRESS/app",
    ] {
        let what = what.replace("ADDRESS", registry.address());
        let _ = env.run(&format!("registry {what}")).code(4).says(&["app"]);
    }
}

#[test]
fn a_web_page_is_no_answer() {
    let server = Server::start(|_| Answer::html(200));
    let env = environment();
    let digest = format!("sha256:{}", "0".repeat(64));
    for what in [
        "resolve ADDRESS/app:1",
        "inspect ADDRESS/app:1",
        "tags ADDRESS/app",
        "tag ADDRESS/app:1 2",
        "referrers ADDRESS/app@DIGEST",
        "delete --force ADDRESS/app@DIGEST",
    ] {
        let what = what
            .replace("ADDRESS", &server.address())
            .replace("DIGEST", &digest);
        let _ = env
            .run(&format!("registry {what}"))
            .code(5)
            .says(&["web page"]);
    }
}

#[test]
fn tags_are_listed() {
    let registry = Registry::start();
    let env = environment();
    let app = greeting("app").write(&env.work());
    for tag in ["v1", "v2", "latest"] {
        let _ = push(&env, &app, &format!("{}/app:{tag}", registry.address()));
    }
    let list = format!("registry tags {}/app", registry.address());
    let output = env.run(&list).success();
    let mut tags: Vec<&str> = output.stdout.lines().collect();
    tags.sort_unstable();
    assert_eq!(tags, ["latest", "v1", "v2"]);
    let answer = json(&env.run(&format!("{list} --format json")).success().stdout);
    assert_eq!(answer["tags"].as_array().unwrap().len(), 3);
}

/// A page of tags, with or without a link to the next.
fn page(tags: &[&str], next: Option<&str>) -> Answer {
    let body = value!({ "name": "app", "tags": tags }).to_string();
    let answer = Answer::content("application/json", body);
    match next {
        Some(next) => answer.header("Link", &format!("<{next}>; rel=\"next\"")),
        None => answer,
    }
}

/// Lists the tags of a scripted registry.
fn listed(script: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> (Server, crate::Output) {
    let server = Server::start(script);
    let env = environment();
    let output = env.run(&format!("registry tags {}/app", server.address()));
    (server, output)
}

#[test]
fn every_page_is_read_in_whatever_way_it_is_named() {
    let (server, output) = listed(|request| match request.target.as_str() {
        "/v2/app/tags/list?n=1000" => page(&["a", "b"], Some("/v2/app/tags/list?next_page=2")),
        "/v2/app/tags/list?next_page=2" => page(&[], Some("?last=b&n=2")),
        "/v2/app/tags/list?last=b&n=2" => page(&["b", "c"], None),
        other => Answer::html(if other.is_empty() { 500 } else { 404 }),
    });
    assert_eq!(output.success().stdout, "a\nb\nc\n");
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn endless_pages_end() {
    // The same for ever, one that is empty for ever, and a circle of two.
    let (server, output) = listed(|_| page(&["a"], Some("/v2/app/tags/list?n=1000")));
    let _ = output.code(5).says(&["repeat"]);
    assert!(server.requests().len() < 5);
    let (server, output) = listed(|_| page(&[], Some("/v2/app/tags/list?n=1000")));
    let _ = output.code(5).says(&["too many pages"]);
    assert!(server.requests().len() < 50);
    let (server, output) = listed(|request| {
        if request.target.ends_with("last=a") {
            page(&["b"], Some("/v2/app/tags/list?last=b"))
        } else {
            page(&["a"], Some("/v2/app/tags/list?last=a"))
        }
    });
    let _ = output.code(5).says(&["repeat"]);
    assert!(server.requests().len() < 10);
    // Always something new.
    let (server, output) = listed(|request| {
        let number = request.query("last").first().map_or(0, String::len);
        let tag = "x".repeat(number % 100 + 1);
        let tag = format!("{tag}{number}");
        let next = format!("/v2/app/tags/list?last={}", "y".repeat(number + 1));
        page(&[&tag], Some(&next))
    });
    let _ = output.code(5).says(&["too many pages"]);
    assert!(server.requests().len() <= 1_000);
}

#[test]
fn a_next_page_elsewhere_is_not_asked_for() {
    let elsewhere = Server::start(|_| page(&["stolen"], None));
    let next = format!("{}/v2/app/tags/list", elsewhere.url());
    let (_server, output) = listed(move |_| page(&["a"], Some(&next)));
    let _ = output.code(5).says(&["another origin"]);
    assert!(elsewhere.requests().is_empty());
}

#[test]
fn what_is_no_list_of_tags_is_an_error() {
    for body in [
        "{}",
        "[]",
        r#"{"name": "app", "tags": ["../../x"]}"#,
        r#"{"name": "app", "tags": {"a": 1}}"#,
    ] {
        let (_server, output) = listed(move |_| Answer::content("application/json", body));
        let _ = output.code(5);
    }
    let (_server, output) =
        listed(|_| Answer::content("application/json", r#"{"name": "app", "tags": null}"#));
    assert_eq!(output.success().stdout, "");
}

#[test]
fn an_artifact_is_shown_and_only_what_that_takes_is_fetched() {
    let registry = Registry::start();
    let author = environment();
    let app = greeting("shown").write(&author.work());
    let digest = push(&author, &app, &format!("{}/app:1", registry.address())).digest();

    let proxy = Proxy::start(registry.address());
    let env = environment();
    let inspect = format!("registry inspect {}/app:1", proxy.address());
    let output = env.run(&inspect).success();
    let fetched = proxy.take().iter().filter(|one| one.fetches_blob()).count();
    assert_eq!(fetched, 2, "the config and the locked application");
    for part in [&*digest, "Layers: 3", "shown", "Component hello: /..."] {
        assert!(output.stdout.contains(part), "{part}: {}", output.stdout);
    }
    let answer = json(
        &env.run(&format!("{inspect} --format json"))
            .success()
            .stdout,
    );
    assert_eq!(answer["manifest"]["digest"], digest);
    assert_eq!(answer["layers"].as_array().unwrap().len(), 3);
    assert_eq!(answer["app"]["name"], "shown");
    assert_eq!(answer["app"]["components"][0]["routes"][0], "/...");
    assert!(answer["annotations"]["org.opencontainers.image.title"].is_string());
    assert!(answer["config"]["size"].as_u64().unwrap() > 0);

    // What was looked at is not taken for complete.
    let _ = env
        .run(&format!("registry pull {}/app:1", proxy.address()))
        .success();
    env.verify_store();
    assert_eq!(env.blobs().len(), 5);
}

#[test]
fn an_artifact_that_is_no_application_is_shown_too() {
    let mut shelf = wharf_tests::Shelf::new();
    let config = shelf.blob("application/vnd.example.config+json", "{}");
    let layer = shelf.blob("text/plain", "some text");
    let manifest = value!({
        "schemaVersion": 2,
        "artifactType": "application/vnd.example",
        "config": config,
        "layers": [layer],
        "annotations": { "steers": "\u{1b}[2J" },
    });
    shelf.manifest("1", manifest.to_string());
    let server = Server::start(move |request| shelf.answer(request));
    let env = environment();
    let inspect = format!("registry inspect {}/app:1", server.address());
    let output = env.run(&inspect).success();
    assert!(output.stdout.contains("Application: none"), "{output:?}");
    assert!(output.stdout.contains("application/vnd.example\n"));
    assert!(!output.stdout.contains('\u{1b}'));
    let answer = json(
        &env.run(&format!("{inspect} --format json"))
            .success()
            .stdout,
    );
    assert!(answer.get("app").is_none());
    assert_eq!(answer["artifactType"], "application/vnd.example");
}
