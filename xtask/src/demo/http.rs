//! What a browser would ask the running application.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::narrate;

const ANSWER: Duration = Duration::from_secs(30);
/// How much of an answer is shown, in lines.
const SHOWN: usize = 4;

/// Asks `server` (host and port) for `path`, shows the answer, and fails unless it is
/// `status` with exactly `body`.
pub(super) async fn expect(server: &str, path: &str, status: u16, body: &str) -> Result<()> {
    narrate::command(&format!("curl -i http://{server}{path}"));
    let (was, content) = timeout(ANSWER, get(server, path))
        .await
        .with_context(|| format!("no answer within {} seconds", ANSWER.as_secs()))?
        .with_context(|| format!("GET http://{server}{path}"))?;
    if was.as_u16() != status {
        bail!("GET http://{server}{path}: {was} where {status} was expected");
    }
    if content != body.as_bytes() {
        bail!("GET http://{server}{path}: the body is not the expected one, which is:\n{body}");
    }
    Ok(())
}

async fn get(server: &str, path: &str) -> Result<(StatusCode, Bytes)> {
    let stream = TcpStream::connect(server).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Ends by itself with the last of the answer, as `sender` goes.
    tokio::spawn(connection);
    let request = Request::get(path)
        .header(HOST, server)
        .body(Empty::<Bytes>::new())?;
    let answer = sender.send_request(request).await?;
    let status = answer.status();
    let content_type = answer.headers().get(CONTENT_TYPE).cloned();
    let body = answer.into_body().collect().await?.to_bytes();
    narrate::output(&format!("HTTP {status}"));
    if let Some(content_type) = content_type {
        narrate::output(&format!("content-type: {}", content_type.to_str()?));
    }
    show(&body);
    Ok((status, body))
}

fn show(body: &[u8]) {
    let text = String::from_utf8_lossy(body);
    for line in text.lines().take(SHOWN) {
        narrate::output(line);
    }
    let more = text.lines().count().saturating_sub(SHOWN);
    if more > 0 {
        narrate::output(&format!("… and {more} more lines"));
    }
}
