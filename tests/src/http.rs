//! A client for plain HTTP, to look at what a server answers as it is.

use std::io::{self, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::wire::{self, Head};

/// An answer.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// In their order.
    pub headers: Vec<(String, String)>,
    /// The whole of it.
    pub body: Vec<u8>,
}

/// Gets `url`, which begins with `http://`. Waits for an answer for a minute.
pub fn get(url: &str) -> io::Result<Response> {
    request("GET", url, &[], b"")
}

/// Sends a request over a connection of its own.
pub fn request(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<Response> {
    let rest = url
        .strip_prefix("http://")
        .ok_or_else(|| io::Error::other(format!("`{url}` is not an http URL")))?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let path = if path.is_empty() { "/" } else { path };
    let mut stream = TcpStream::connect(authority)?;
    stream.set_read_timeout(Some(Duration::from_mins(1)))?;
    let mut head = Head {
        start: format!("{method} {path} HTTP/1.1"),
        headers: vec![
            ("Host".to_owned(), authority.to_owned()),
            ("Connection".to_owned(), "close".to_owned()),
            ("Content-Length".to_owned(), body.len().to_string()),
        ],
    };
    for (name, value) in headers {
        head.headers.push(((*name).to_owned(), (*value).to_owned()));
    }
    stream.write_all(&head.to_bytes())?;
    stream.write_all(body)?;
    let mut stream = BufReader::new(stream);
    let head = Head::read(&mut stream)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    let body = wire::whole(head.answer_framing(method), &mut stream)?;
    Ok(Response {
        status: head.status().unwrap_or_default(),
        headers: head.headers,
        body,
    })
}

/// The value of an `Authorization` header with a user name and a password (RFC 7617).
pub fn basic(username: &str, password: &str) -> String {
    format!(
        "Basic {}",
        STANDARD.encode(format!("{username}:{password}"))
    )
}

impl Response {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        wire::header(&self.headers, name)
    }
}
