//! Requests to where nothing was granted, and for what the call is not about.

use crate::attacks::{Place, stand_in, told};
use crate::requests::{Ask, Method, Sent, basic};

pub const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

/// Runs the attack, if it is one of these.
pub async fn run(attack: &str, place: &Place<'_>) -> Option<String> {
    let port = place.repository;
    let own_port = place.registry.rsplit_once(':').map_or("", |(_, port)| port);
    let tag = format!("/v2/{port}/manifests/x");
    let elsewhere = |authority: String| async move {
        let sent = Ask::get(&authority, "/v2/").send().await;
        told(sent, &format!("{authority} answered"))
    };
    Some(match attack {
        "other-origin" => elsewhere(place.elsewhere.to_owned()).await,
        "other-port" => elsewhere(format!("localhost:{port}")).await,
        "other-name" => elsewhere("metadata.google.internal".to_owned()).await,
        "own-port-elsewhere" => elsewhere(format!("127.0.0.2:{own_port}")).await,
        "other-number" => {
            let mut outcomes = Vec::new();
            for host in [
                "0x7f.1",
                "2130706433",
                "127.1",
                "[::1]",
                "[::ffff:127.0.0.1]",
                "0",
            ] {
                outcomes.push(elsewhere(format!("{host}:{port}")).await);
            }
            outcomes.push(elsewhere("169.254.169.254".to_owned()).await);
            first_success(outcomes)
        }
        "user-information" => elsewhere(format!("{}@{}", place.registry, place.elsewhere)).await,
        "other-scheme" => {
            let ask = Ask {
                secure: true,
                ..Ask::get(place.elsewhere, "/v2/")
            };
            told(ask.send().await, "an ungranted scheme was let through")
        }
        "stand-in-elsewhere" => {
            let (user, stand_in) = match stand_in(place.registry).await {
                Ok(pair) => pair,
                Err(reason) => return Some(reason),
            };
            let ask = Ask::get(place.elsewhere, "/token");
            let ask = ask.header("authorization", basic(&user, &stand_in));
            told(ask.send().await, "the stand-in went to another server")
        }
        "another-repository" => {
            let mut outcomes = Vec::new();
            for path in [
                "/v2/other/manifests/x".to_owned(),
                format!("/v2/other/blobs/{DIGEST}"),
                format!("/v2/{port}/more/manifests/x"),
                "/v2/other/tags/list".to_owned(),
                format!("/v2/other/referrers/{DIGEST}"),
            ] {
                let sent = Ask::get(place.registry, &path).send().await;
                outcomes.push(told(sent, &format!("{path} was answered")));
            }
            first_success(outcomes)
        }
        "outside-of-the-protocol" => {
            let mut outcomes = Vec::new();
            for path in [
                "/".to_owned(),
                "/v2/_catalog".to_owned(),
                "/metrics".to_owned(),
                "/debug/pprof".to_owned(),
                format!("/v2/{port}/../other/manifests/x"),
                format!("/v2/{port}/manifests/..%2f..%2fother%2fmanifests%2fx"),
                format!("/v2/{port}%2f..%2fother/manifests/x"),
                format!("//{}/v2/", place.elsewhere),
                format!("/v2/{port}/manifests/x?y"),
                format!("/v2/{port}/manifests/x/"),
                format!("/v2/{port}/blobs/uploads/x"),
            ] {
                let sent = Ask::get(place.registry, &path).send().await;
                outcomes.push(told(sent, &format!("{path} was answered")));
            }
            first_success(outcomes)
        }
        "write-in-a-pull" => {
            let mut outcomes = Vec::new();
            for (method, path) in [
                (Method::Post, format!("/v2/{port}/blobs/uploads/")),
                (
                    Method::Post,
                    format!("/v2/{port}/blobs/uploads/?digest={DIGEST}"),
                ),
                (Method::Put, tag.clone()),
                (Method::Patch, format!("/v2/{port}/blobs/uploads/1")),
            ] {
                let ask = Ask::get(place.registry, &path).method(method).body("{}");
                outcomes.push(told(ask.send().await, &format!("{path} was written to")));
            }
            first_success(outcomes)
        }
        "delete-in-a-pull" => {
            let ask = Ask::get(place.registry, &tag).method(Method::Delete);
            told(ask.send().await, "it was deleted")
        }
        "mount-from-another" => {
            let path = format!("/v2/{port}/blobs/uploads/?mount={DIGEST}&from=other");
            let ask = Ask::get(place.registry, &path).method(Method::Post);
            told(ask.send().await, "it was mounted")
        }
        "odd-methods" => {
            let mut outcomes = Vec::new();
            for method in ["CONNECT", "TRACE", "OPTIONS", "PROPFIND", "get"] {
                let ask = Ask::get(place.registry, &tag).method(Method::Other(method.to_owned()));
                outcomes.push(told(ask.send().await, &format!("{method} was answered")));
            }
            first_success(outcomes)
        }
        "host-header" => {
            // The host is what the address says, and not what a header does.
            let ask = Ask::get(place.registry, &tag).header("host", place.elsewhere);
            match ask.send().await {
                Sent::Answered(status) => format!("sent: answered with {status}"),
                Sent::Failed(why) => format!("refused: {why}"),
            }
        }
        _ => return None,
    })
}

/// The first outcome that is none of those that were meant, or all of them.
pub fn first_success(outcomes: Vec<String>) -> String {
    let success = outcomes
        .iter()
        .find(|outcome| !outcome.starts_with("refused: "));
    match success {
        Some(success) => success.clone(),
        None => format!("refused: {}", outcomes.join("; ")),
    }
}
