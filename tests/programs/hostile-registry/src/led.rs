//! Going further than where the registry led: by a challenge, a redirect, a `Link`, a
//! `Location`.

use crate::attacks::{Place, stand_in, told};
use crate::origins::{DIGEST, first_success};
use crate::requests::{Ask, Method, Sent, basic};

/// Runs the attack, if it is one of these.
pub async fn run(attack: &str, place: &Place<'_>) -> Option<String> {
    let Place {
        registry,
        elsewhere,
        repository,
    } = *place;
    let blob = format!("/v2/{repository}/blobs/{DIGEST}");
    let get = |path: &'static str| Ask::get(elsewhere, path);
    Some(match attack {
        "realm-not-named" => {
            let (user, stand_in) = match stand_in(registry).await {
                Ok(pair) => pair,
                Err(reason) => return Some(reason),
            };
            let form = format!("grant_type=password&username={user}&password={stand_in}");
            let ask = get("/token").method(Method::Post).body(form);
            told(ask.send().await, "a realm that nobody named was asked")
        }
        "realm-elsewhere-on-it" => {
            if let Some(problem) = led_by(registry, "/v2/", 401).await {
                return Some(problem);
            }
            let mut outcomes = Vec::new();
            for path in ["/", "/token/", "/token/more", "/Token", "/tokens"] {
                outcomes.push(told(get(path).send().await, "beside the realm"));
            }
            first_success(outcomes)
        }
        "realm-other-method" => {
            if let Some(problem) = led_by(registry, "/v2/", 401).await {
                return Some(problem);
            }
            let mut outcomes = Vec::new();
            for method in [Method::Put, Method::Delete, Method::Head, Method::Patch] {
                let ask = get("/token").method(method);
                outcomes.push(told(ask.send().await, "the realm was written to"));
            }
            first_success(outcomes)
        }
        "redirect-other-query" => {
            if let Some(problem) = led_by(registry, &blob, 307).await {
                return Some(problem);
            }
            let mut outcomes = Vec::new();
            for path in [
                "/blob",
                "/blob?signature=2",
                "/blob?signature=1&x",
                "/blob/?signature=1",
            ] {
                outcomes.push(told(get(path).send().await, "beside the redirect"));
            }
            first_success(outcomes)
        }
        "redirect-with-credential" => {
            if let Some(problem) = led_by(registry, &blob, 307).await {
                return Some(problem);
            }
            let (user, stand_in) = match stand_in(registry).await {
                Ok(pair) => pair,
                Err(reason) => return Some(reason),
            };
            let mut outcomes = Vec::new();
            for (name, value) in [
                ("authorization", basic(&user, &stand_in)),
                ("authorization", format!("Bearer {stand_in}")),
                ("proxy-authorization", basic(&user, &stand_in)),
                ("cookie", format!("session={stand_in}")),
            ] {
                let ask = get("/blob?signature=1").header(name, value);
                outcomes.push(told(ask.send().await, &format!("{name} went along")));
            }
            first_success(outcomes)
        }
        "redirect-other-method" => {
            if let Some(problem) = led_by(registry, &blob, 307).await {
                return Some(problem);
            }
            let mut outcomes = Vec::new();
            for method in [Method::Post, Method::Put, Method::Delete] {
                let ask = get("/blob?signature=1").method(method).body("x");
                outcomes.push(told(ask.send().await, "the redirect was written to"));
            }
            first_success(outcomes)
        }
        "link-elsewhere" => {
            let list = format!("/v2/{repository}/tags/list");
            if let Some(problem) = led_by(registry, &list, 200).await {
                return Some(problem);
            }
            let next = format!("/v2/{repository}/tags/list?last=x");
            let sent = Ask::get(elsewhere, &next).send().await;
            told(sent, "the next page was asked for elsewhere")
        }
        "location-in-a-pull" => {
            // The answer to a GET names a session, which is none of a reader's.
            let list = format!("/v2/{repository}/tags/list");
            if let Some(problem) = led_by(registry, &list, 200).await {
                return Some(problem);
            }
            let ask = get("/upload/1").method(Method::Put).body("x");
            told(ask.send().await, "an upload went elsewhere")
        }
        _ => return None,
    })
}

/// Has the registry lead somewhere. None when it did.
async fn led_by(registry: &str, path: &str, status: u16) -> Option<String> {
    match Ask::get(registry, path).send().await {
        Sent::Answered(answered) if answered == status => None,
        Sent::Answered(answered) => Some(format!("unusable: answered {answered}")),
        Sent::Failed(why) => Some(format!("unusable: {why}")),
    }
}
