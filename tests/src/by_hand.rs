//! Content put into a registry over plain HTTP that lets anyone write, request by request
//! (OCI distribution-spec v1.1.1, "Push").

use serde_json::{Value as Json, json};

use crate::{digest, http};

/// Uploads a blob, and gives its descriptor.
pub(crate) fn upload(address: &str, base: &str, content: &[u8]) -> Json {
    let started = send("POST", &format!("{base}/blobs/uploads/"), "text/plain", b"");
    let location = started.header("location").expect("an upload has one");
    let origin = if location.starts_with('/') {
        format!("http://{address}")
    } else {
        String::new()
    };
    let separator = if location.contains('?') { '&' } else { '?' };
    let digest = digest(content);
    let url = format!("{origin}{location}{separator}digest={digest}");
    send("PUT", &url, "application/octet-stream", content);
    json!({
        "mediaType": "application/octet-stream",
        "digest": digest,
        "size": content.len(),
    })
}

/// Sends something, which must be taken.
pub(crate) fn send(method: &str, url: &str, media_type: &str, body: &[u8]) -> http::Response {
    let headers = [("Content-Type", media_type)];
    let answer = http::request(method, url, &headers, body).expect("it answers");
    assert!((200..300).contains(&answer.status), "{url}: {answer:?}");
    answer
}
