//! Getting the secret out: what stands in for it, in every place of a request. What of it
//! is sent, the test sees.

use crate::attacks::{Place, stand_in, told};
use crate::origins::first_success;
use crate::requests::{Ask, Method, Sent, base64, basic};
use crate::wharf::oci::content_store;

/// Runs the attack, if it is one of these.
pub async fn run(attack: &str, place: &Place<'_>) -> Option<String> {
    let registry = place.registry;
    if !attack.starts_with("leak-") {
        return None;
    }
    let (user, secret) = match stand_in(registry).await {
        Ok(pair) => pair,
        Err(reason) => return Some(reason),
    };
    let tag = format!("/v2/{}/manifests/x", place.repository);
    let ask = || Ask::get(registry, &tag);
    Some(match attack {
        "leak-query" => {
            let mut outcomes = Vec::new();
            for query in [
                format!("password={secret}"),
                secret.clone(),
                base64(secret.as_bytes()),
                base64(format!("{user}:{secret}").as_bytes()).replace('=', "%3D"),
            ] {
                for path in ["/v2/", tag.as_str()] {
                    let path = format!("{path}?{query}");
                    let sent = Ask::get(registry, &path).send().await;
                    outcomes.push(told(sent, "it went in the query"));
                }
            }
            first_success(outcomes)
        }
        "leak-path" => {
            let mut outcomes = Vec::new();
            for path in [
                format!("/{secret}"),
                format!("/v2/{secret}"),
                format!("/v2/{secret}/x"),
            ] {
                let sent = Ask::get(registry, &path).send().await;
                outcomes.push(told(sent, "it went in the path"));
            }
            first_success(outcomes)
        }
        "leak-tag" => {
            let path = format!("/v2/{}/manifests/{secret}", place.repository);
            sent(Ask::get(registry, &path).send().await)
        }
        "leak-header" => {
            let ask = ask().header("x-password", secret.as_str());
            let ask = ask.header("x-encoded", base64(secret.as_bytes()));
            sent(ask.header("user-agent", basic(&user, &secret)).send().await)
        }
        "leak-cookie" => sent(ask().header("cookie", basic(&user, &secret)).send().await),
        "leak-bearer" => {
            let ask = ask().header("authorization", format!("Bearer {secret}"));
            sent(ask.send().await)
        }
        "leak-other-user" => {
            let ask = ask().header("authorization", basic("eve", &secret));
            sent(ask.send().await)
        }
        "leak-twice-encoded" => {
            let twice = base64(base64(format!("{user}:{secret}").as_bytes()).as_bytes());
            sent(
                ask()
                    .header("authorization", format!("Basic {twice}"))
                    .send()
                    .await,
            )
        }
        "leak-part" => {
            let part = format!("{user}:x{secret}");
            let value = format!("Basic {}", base64(part.as_bytes()));
            sent(ask().header("authorization", value).send().await)
        }
        "leak-proxy" => {
            let ask = ask().header("proxy-authorization", basic(&user, &secret));
            sent(ask.send().await)
        }
        "leak-body" => {
            let form = format!("password={secret}&x={}", basic(&user, &secret));
            sent(
                ask()
                    .header("content-length", form.len().to_string())
                    .body(form)
                    .send()
                    .await,
            )
        }
        "leak-trailer" => {
            let ask = ask().body("x").trailer("x-password", secret.as_str());
            sent(
                ask.trailer("authorization", basic(&user, &secret))
                    .send()
                    .await,
            )
        }
        "leak-form-to-registry" => {
            // A form is a token request's, and this goes to no token server.
            let form = format!("grant_type=password&username={user}&password={secret}");
            let path = format!("/v2/{}/blobs/uploads/", place.repository);
            let ask = Ask::get(registry, &path).method(Method::Post).body(form);
            told(ask.send().await, "the form was taken")
        }
        "leak-blob" => match content_store::put(secret.as_bytes(), None) {
            Ok(digest) => format!("sent: stored as {digest}"),
            Err(error) => format!("refused: {error:?}"),
        },
        other => format!("unknown attack `{other}`"),
    })
}

fn sent(sent: Sent) -> String {
    match sent {
        Sent::Answered(status) => format!("sent: answered with {status}"),
        Sent::Failed(why) => format!("refused: {why}"),
    }
}
