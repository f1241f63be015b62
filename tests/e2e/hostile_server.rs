//! Servers that answer what no registry should.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use wharf_tests::environment::files_below;
use wharf_tests::scripted::{Ending, Request};
use wharf_tests::shelf::ShelvedApp;
use wharf_tests::{Answer, Server, Shelf, TestEnv};

use crate::{environment, greeting};

/// Pulls from a server with this script, and gives the environment.
fn pulled(
    code: i32,
    words: &[&str],
    script: impl Fn(&Request) -> Answer + Send + Sync + 'static,
) -> TestEnv {
    let server = Server::start(script);
    let env = environment();
    let output = env.run(&format!("registry pull {}/app:1", server.address()));
    let _ = output.code(code).says(words);
    env.verify_store();
    env
}

#[test]
fn a_web_page_is_not_taken_for_a_registry() {
    let _ = pulled(5, &[], |_| Answer::html(200));
    let _ = pulled(5, &["500"], |_| Answer::html(500));
}

#[test]
fn a_web_page_is_not_taken_for_a_registry_by_a_push_or_a_login() {
    let server = Server::start(|_| Answer::html(200));
    let env = environment();
    greeting("app").write(&env.work());
    let _ = env
        .run(&format!("registry push {}/app:1 -f app", server.address()))
        .code(5);
}

#[test]
fn a_401_for_ever_ends_after_a_few_requests() {
    for challenge in [
        "Basic realm=\"r\"",
        "Bearer realm=\"REALM/token\",service=\"s\"",
        "Nonsense",
        "",
    ] {
        let server = Server::start(move |request| {
            let authority = request.header("host").unwrap_or_default();
            let realm = format!("http://{authority}");
            let answer = Answer::status(401);
            if challenge.is_empty() {
                answer
            } else {
                answer.header("WWW-Authenticate", &challenge.replace("REALM", &realm))
            }
        });
        let env = environment();
        let output = env.run(&format!("registry pull {}/app:1", server.address()));
        let _ = output.code(3).says(&["registry login"]);
        assert!(server.requests().len() < 10, "{challenge}");
    }
}

#[test]
fn a_registry_that_wants_something_else_each_time_is_answered_a_few_times() {
    let count = AtomicUsize::new(0);
    let server = Server::start(move |request| {
        if request.path() == "/token" {
            return Answer::content("application/json", r#"{"token": "worthless"}"#);
        }
        let authority = request.header("host").unwrap_or_default();
        let scope = count.fetch_add(1, Ordering::Relaxed);
        let challenge = format!(
            "Bearer realm=\"http://{authority}/token\",service=\"s\",scope=\"repository:a{scope}:pull\""
        );
        Answer::status(401).header("WWW-Authenticate", &challenge)
    });
    let env = environment();
    let _ = env
        .run(&format!("registry pull {}/app:1", server.address()))
        .code(3);
    assert!(server.requests().len() < 40, "{}", server.requests().len());
}

#[test]
fn a_token_that_does_not_help_is_not_asked_for_for_ever() {
    let server = Server::start(|request| {
        if request.path() == "/token" {
            return Answer::content("application/json", r#"{"token": "worthless"}"#);
        }
        let authority = request.header("host").unwrap_or_default();
        let challenge = format!("Bearer realm=\"http://{authority}/token\",service=\"s\"");
        Answer::status(401).header("WWW-Authenticate", &challenge)
    });
    let env = environment();
    let _ = env
        .run(&format!("registry pull {}/app:1", server.address()))
        .code(3);
    assert!(server.requests().len() < 10);
}

#[test]
fn a_blob_that_is_not_what_its_digest_says_never_appears() {
    let app = ShelvedApp::new();
    let asset = app.asset.clone();
    let env = pulled(6, &["sha256:"], move |request| {
        let mut answer = app.shelf.answer(request);
        if request.path().ends_with(&app.asset) {
            answer.body[0] ^= 1;
        }
        answer
    });
    assert!(env.blob(&asset).is_none());
}

#[test]
fn a_blob_that_is_longer_or_shorter_than_said_never_appears() {
    for change in [-1_i32, 1] {
        let app = ShelvedApp::new();
        let asset = app.asset.clone();
        let server = Server::start(move |request| {
            let mut answer = app.shelf.answer(request);
            if request.path().ends_with(&app.asset) {
                if change > 0 {
                    answer.body.push(b'!');
                } else {
                    answer.body.pop();
                }
            }
            answer
        });
        let env = environment();
        let pull = format!("registry pull {}/app:1", server.address());
        let run = env.command(pull.split(' ')).limit(Duration::from_secs(20));
        let output = run.run();
        assert!(matches!(output.status.code(), Some(5 | 6)), "{output:?}");
        // A server that does not do better is not asked for ever.
        assert!(server.requests().len() < 20);
        assert!(env.blob(&asset).is_none());
        env.verify_store();
    }
}

#[test]
fn a_manifest_that_lies_about_a_size_is_an_integrity_error() {
    let mut app = ShelvedApp::new();
    app.manifest["layers"][1]["size"] = 3.into();
    app.shelf.manifest("1", app.manifest.to_string());
    let asset = app.asset.clone();
    let env = pulled(6, &[], move |request| app.shelf.answer(request));
    assert!(env.blob(&asset).is_none());
}

#[test]
fn a_manifest_that_is_not_what_was_asked_for_is_an_integrity_error() {
    let app = ShelvedApp::new();
    let other = format!("sha256:{}", "0".repeat(64));
    let shelf = app.shelf.clone();
    let server = Server::start(move |request| {
        if request.path().contains("/manifests/") {
            let mut request = request.clone();
            request.target = "/v2/app/manifests/1".to_owned();
            return shelf.answer(&request);
        }
        shelf.answer(request)
    });
    let env = environment();
    let output = env.run(&format!("registry pull {}/app@{other}", server.address()));
    let _ = output.code(6);
    assert!(env.blob(&other).is_none());
}

#[test]
fn a_digest_header_that_lies_is_an_integrity_error() {
    let app = ShelvedApp::new();
    let lie = format!("sha256:{}", "0".repeat(64));
    let _ = pulled(6, &[], move |request| {
        let mut answer = app.shelf.answer(request);
        for (name, value) in &mut answer.headers {
            if name == "Docker-Content-Digest" {
                value.clone_from(&lie);
            }
        }
        answer
    });
}

#[test]
fn manifests_that_are_none_are_refused() {
    let digest = format!("sha256:{}", "0".repeat(64));
    for manifest in [
        String::new(),
        "{".to_owned(),
        "[]".to_owned(),
        "null".to_owned(),
        r#"{"schemaVersion": 2}"#.to_owned(),
        r#"{"schemaVersion": 1, "fsLayers": []}"#.to_owned(),
        format!(
            r#"{{"schemaVersion": 2, "config": {{"mediaType": "a/b", "digest": "{digest}",
            "size": -1}}, "layers": []}}"#
        ),
        r#"{"schemaVersion": 2, "config": {"mediaType": "a/b", "digest": "sha256:../../x",
            "size": 1}, "layers": []}"#
            .to_owned(),
        format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)),
    ] {
        let mut shelf = Shelf::new();
        shelf.manifest("1", manifest.clone());
        let server = Server::start(move |request| shelf.answer(request));
        let env = environment();
        let output = env.run(&format!("registry pull {}/app:1", server.address()));
        let shown: String = manifest.chars().take(80).collect();
        assert!(
            matches!(output.status.code(), Some(1 | 2 | 5 | 6)),
            "{shown}: {output:?}"
        );
        let _ = output.says(&[]);
        assert!(!env.root().join("x").exists());
    }
}

#[test]
fn a_manifest_beyond_the_bound_is_refused() {
    let mut shelf = Shelf::new();
    let filler = "x".repeat(5 << 20);
    shelf.manifest("1", format!(r#"{{"schemaVersion": 2, "x": "{filler}"}}"#));
    let _ = pulled(7, &["4194304"], move |request| shelf.answer(request));
}

#[test]
fn a_connection_that_is_closed_without_an_answer_is_a_network_error() {
    let _ = pulled(5, &[], |_| Answer::none());
}

#[test]
fn a_blob_that_breaks_off_is_a_network_error_and_never_appears() {
    let app = ShelvedApp::new();
    let asset = app.asset.clone();
    let env = pulled(5, &[], move |request| {
        let answer = app.shelf.answer(request);
        if request.path().ends_with(&app.asset) {
            return answer.ending(Ending::CloseAfter(10));
        }
        answer
    });
    assert!(env.blob(&asset).is_none());
}

#[test]
fn a_server_that_goes_silent_is_given_up() {
    let app = ShelvedApp::new();
    let server = Server::start(move |request| {
        let answer = app.shelf.answer(request);
        if request.path().ends_with(&app.program) {
            return answer.ending(Ending::SilentAfter(1000));
        }
        answer
    });
    let env = environment();
    let pull = format!("registry pull {}/app:1", server.address());
    let run = env.command(pull.split(' ')).limit(Duration::from_mins(3));
    let _ = run.run().code(5);
    env.verify_store();
}

#[test]
fn what_a_server_says_can_not_act_on_the_terminal() {
    let server = Server::start(|_| {
        let body =
            r#"{"errors": [{"code": "DENIED", "message": "\u001b[2J\u001b]0;x\u0007hello"}]}"#;
        let mut answer = Answer::content("application/json", body);
        answer.status = 403;
        answer
    });
    let env = environment();
    let output = env
        .run(&format!("registry pull {}/app:1", server.address()))
        .code(3);
    assert!(!output.stderr.contains('\u{1b}') && !output.stderr.contains('\u{7}'));
    let _ = output.says(&["hello"]);
}

#[test]
fn a_redirect_does_not_take_the_credential_along() {
    let app = ShelvedApp::new();
    let shelf = app.shelf.clone();
    let elsewhere = Server::start(move |request| shelf.answer(request));
    let url = elsewhere.url();
    let server = Server::start(move |request| {
        if request.header("authorization").is_none() {
            return Answer::status(401).header("WWW-Authenticate", "Basic realm=\"r\"");
        }
        if request.path().contains("/blobs/") {
            return Answer::status(307).header("Location", &format!("{url}{}", request.target));
        }
        app.shelf.answer(request)
    });
    let env = environment();
    let login = format!(
        "registry login {} -u ann --password-stdin --skip-check",
        server.address()
    );
    let _ = env
        .command(login.split(' '))
        .input("secret")
        .run()
        .success();
    let output = env
        .run(&format!("registry pull {}/app:1", server.address()))
        .success();
    assert_eq!(output.digest(), app.digest);
    let requests = elsewhere.requests();
    assert_eq!(requests.len(), 4);
    for request in requests {
        assert!(request.header("authorization").is_none(), "{request:?}");
    }
}

#[test]
fn nothing_is_left_half_written_outside_of_the_store() {
    let app = ShelvedApp::new();
    let env = pulled(6, &[], move |request| {
        let mut answer = app.shelf.answer(request);
        if request.path().ends_with(&app.program) {
            answer.body.reverse();
        }
        answer
    });
    for directory in ["home", "work", "tmp"] {
        let files = files_below(&env.root().join(directory));
        assert!(files.is_empty(), "{files:?}");
    }
}
