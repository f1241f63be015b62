//! Applications put into a store and served, requests sent over real connections.

use std::time::Duration;

use crate::support::{Trial, get, lines, locked, request};
use wharf_up::{Settings, UpError};

use crate::guest;

#[tokio::test(flavor = "multi_thread")]
async fn routes_lead_to_components_and_the_rest_is_not_found() {
    let trial = Trial::new();
    let app = trial.app(
        &locked(&[("a", "/a"), ("b", "/b/...")]),
        &[("a", guest::answering()), ("b", guest::answering())],
    );
    let served = trial.serve(&app).await;
    let status = |path: &'static str| get(served.address, path);
    assert_eq!(status("/a").await.status, 200);
    assert_eq!(status("/a/").await.status, 200);
    assert_eq!(status("/b/c/d").await.status, 200);
    let missing = status("/a/b").await;
    assert_eq!((missing.status, missing.body.as_str()), (404, ""));
    assert_eq!(status("/").await.status, 404);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_answers_for_itself() {
    let trial = Trial::new();
    // Not even a route of the application for all paths gets these.
    let app = trial.app(&locked(&[("a", "/...")]), &[("a", guest::answering())]);
    let served = trial.serve(&app).await;
    let health = get(served.address, "/.well-known/spin/health").await;
    assert_eq!((health.status, health.body.as_str()), (200, "OK"));
    let info = get(served.address, "/.well-known/spin/info").await;
    assert_eq!(
        info.body,
        format!(r#"{{"name":"trial","oci_image_digest":"{app}","version":"1.0.0"}}"#)
    );
    let other = get(served.address, "/.well-known/spin/other").await;
    assert_eq!((other.status, other.body.as_str()), (404, ""));
    assert_eq!(get(served.address, "/.well-known/else").await.status, 200);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_does_not_answer_is_an_empty_500_and_a_notice() {
    let trial = Trial::new();
    let app = trial.app(
        &locked(&[("trap", "/trap"), ("silent", "/silent")]),
        &[("trap", guest::trapping()), ("silent", guest::silent())],
    );
    let served = trial.serve(&app).await;
    for path in ["/trap", "/silent"] {
        let answer = get(served.address, path).await;
        assert_eq!((answer.status, answer.body.as_str()), (500, ""), "{path}");
    }
    served.stop().await;
    let told = lines(&trial.notices);
    assert!(
        told.iter()
            .any(|line| line.contains("`trap` was stopped: wasm trap")),
        "{told:?}"
    );
    assert!(
        told.iter()
            .any(|line| line.contains("`silent` did not answer `/silent`")),
        "{told:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn components_that_compute_without_end_leave_the_others_their_turn() {
    let trial = Trial::new();
    let app = trial.app(
        &locked(&[("loop", "/loop"), ("a", "/a")]),
        &[("loop", guest::looping()), ("a", guest::answering())],
    );
    let served = trial.serve(&app).await;
    let address = served.address;
    let loops: Vec<_> = (0..4)
        .map(|_| tokio::spawn(async move { get(address, "/loop").await }))
        .collect();
    for _ in 0..5 {
        assert_eq!(get(address, "/a").await.status, 200);
        assert_eq!(get(address, "/.well-known/spin/health").await.status, 200);
    }
    for task in loops {
        task.abort();
    }
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_none_are_refused() {
    let trial = Trial::new();
    let app = trial.app(&locked(&[("a", "/...")]), &[("a", guest::answering())]);
    let served = trial.serve(&app).await;
    let status = |head: String| async move { request(served.address, &head).await.status };
    assert_eq!(status("GET / HTTP/1.1\r\n\r\n".into()).await, 400);
    assert_eq!(
        status("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".into()).await,
        400
    );
    assert_eq!(
        status("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n".into()).await,
        404
    );
    let headers = "x: y\r\n".repeat(200);
    assert_eq!(
        status(format!("GET / HTTP/1.1\r\nHost: h\r\n{headers}\r\n")).await,
        431
    );
    let long = "y".repeat(100_000);
    assert_eq!(
        status(format!("GET / HTTP/1.1\r\nHost: h\r\nx: {long}\r\n\r\n")).await,
        431
    );
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_said_or_another_is_found() {
    let trial = Trial::new();
    let app = trial.app(&locked(&[("a", "/a")]), &[("a", guest::answering())]);
    let served = trial.serve(&app).await;
    let second = trial.prepare(&app).await.unwrap();
    match second.listen(served.address, false).await {
        Err(UpError::PortInUse(address)) => assert_eq!(address, served.address),
        other => panic!("{:?}", other.err()),
    }
    let third = trial.prepare(&app).await.unwrap();
    let found = third.listen(served.address, true).await.unwrap();
    assert_ne!(found.address(), served.address);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_stopped_closes_idle_connections() {
    let trial = Trial::new();
    let app = trial.app(&locked(&[("a", "/a")]), &[("a", guest::answering())]);
    let served = trial.serve(&app).await;
    let idle = tokio::net::TcpStream::connect(served.address)
        .await
        .unwrap();
    assert_eq!(get(served.address, "/a").await.status, 200);
    // Less than running requests would be waited for.
    let stopped = tokio::time::timeout(Duration::from_secs(9), served.stop()).await;
    assert!(stopped.is_ok());
    drop(idle);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_later_of_two_same_routes_answers_and_it_is_told() {
    let trial = Trial::new();
    let app = trial.app(
        &locked(&[("trap", "/x"), ("a", "/x/"), ("trap", "/y/...")]),
        &[("trap", guest::trapping()), ("a", guest::answering())],
    );
    let served = trial.serve(&app).await;
    assert_eq!(get(served.address, "/x").await.status, 200);
    let shown: Vec<_> = served
        .routes
        .iter()
        .map(|route| (route.id.as_str(), route.route.as_str(), route.wildcard))
        .collect();
    assert_eq!(shown, [("a", "/x", false), ("trap", "/y", true)]);
    served.stop().await;
    assert_eq!(
        lines(&trial.notices),
        ["the route `/x` is there twice: `a` answers, and `trap` does not"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_laid_out_files_are_gone_when_the_server_is() {
    let trial = Trial::new();
    let mut document = locked(&[("a", "/a"), ("loop", "/loop")]);
    for component in document["components"].as_array_mut().unwrap() {
        component["files"] = serde_json::json!([{"inline": "eA==", "path": "dir/x"}]);
    }
    let components = [("a", guest::answering()), ("loop", guest::looping())];
    let app = trial.app(&document, &components);
    let served = trial.serve(&app).await;
    assert_eq!(trial.laid_out("dir/x"), 2);
    let address = served.address;
    let endless = tokio::spawn(async move { get(address, "/loop").await });
    assert_eq!(get(address, "/a").await.status, 200);
    endless.abort();
    served.stop().await;
    assert_eq!(trial.laid_out("dir/x"), 0);
}

#[test]
fn settings_do_not_show_the_values_of_the_environment() {
    let settings = Settings {
        environment: vec![("TOKEN".into(), "geheim".into())],
        ..Settings::default()
    };
    let shown = format!("{settings:?}");
    assert!(
        shown.contains("TOKEN") && !shown.contains("geheim"),
        "{shown}"
    );
}
