//! The pages: serves the files that `spin.toml` gave this component. The host mounts
//! them read-only at `/`; there is nothing else to see there.

use std::fs;
use std::path::{Component, Path};

use spin_sdk::http::{HeaderMap, HeaderValue, IntoResponse, Method, Request, StatusCode};
use spin_sdk::http_service;

#[http_service]
async fn pages(request: Request) -> impl IntoResponse {
    if request.method() != Method::GET {
        return answer(StatusCode::METHOD_NOT_ALLOWED, "text/plain", "GET only\n");
    }
    let path = match request.uri().path() {
        "/" => "/index.html",
        path => path,
    };
    match read(path) {
        Some(content) => answer(StatusCode::OK, content_type(path), content),
        None => answer(
            StatusCode::NOT_FOUND,
            "text/plain",
            format!("no page at {path}\n"),
        ),
    }
}

/// What the file at `path` holds; nothing where there is no such file, or where `path`
/// takes a way round.
fn read(path: &str) -> Option<Vec<u8>> {
    let straight = Path::new(path)
        .components()
        .all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
    if straight { fs::read(path).ok() } else { None }
}

fn content_type(path: &str) -> &'static str {
    match Path::new(path).extension().and_then(|end| end.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css",
        Some("svg") => "image/svg+xml",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn answer(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Vec<u8>>,
) -> (StatusCode, HeaderMap, FullBody) {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static(content_type));
    (status, headers, FullBody::new(body.into().into()))
}

type FullBody = spin_sdk::http::FullBody<bytes::Bytes>;
