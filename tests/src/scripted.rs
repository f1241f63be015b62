//! Servers that do what a test tells them, also what no server should.

use std::io::{BufReader, Write};
use std::net::Shutdown;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::ServerConfig;

use crate::authority::{Authority, Identity};
use crate::listener::{Connection, Listener};
use crate::wire::{self, Head};

/// A server whose answers are a function of the request.
pub struct Server {
    listener: Listener,
    secure: bool,
    requests: Requests,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET`, …
    pub method: String,
    /// Path and query.
    pub target: String,
    /// In their order.
    pub headers: Vec<(String, String)>,
    /// The whole of it.
    pub body: Vec<u8>,
    /// Whether the client showed a certificate.
    pub with_certificate: bool,
}

/// What is answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Headers. Without a `Content-Length` among them the body's true length is
    /// added.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// How the answer ends.
    pub ending: Ending,
}

/// How an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// As it should.
    Whole,
    /// The connection is closed when so many bytes of the body were sent.
    CloseAfter(usize),
    /// The connection stays, and nothing more comes after so many bytes of the body.
    SilentAfter(usize),
    /// The connection is closed before anything is answered.
    NoAnswer,
}

type Requests = Arc<Mutex<Vec<Request>>>;

impl Server {
    /// A server over plain HTTP.
    pub fn start(script: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        Self::serve("127.0.0.1", None, script)
    }

    /// The same at another address of this machine.
    pub fn start_at(
        host: &str,
        script: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::serve(host, None, script)
    }

    /// A server under TLS that asks clients for a certificate of this authority.
    pub fn start_asking(
        authority: &Authority,
        script: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let config = authority.server().asking_server_config(authority);
        Self::serve("127.0.0.1", Some(config), script)
    }

    /// A server under TLS.
    pub fn start_tls(
        identity: &Identity,
        script: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::serve("127.0.0.1", Some(identity.server_config()), script)
    }

    fn serve(
        host: &str,
        tls: Option<Arc<ServerConfig>>,
        script: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let requests = Requests::default();
        let secure = tls.is_some();
        let listener = Listener::start_at(host, tls, {
            let requests = requests.clone();
            move |connection| converse(connection, &requests, &script)
        });
        Self {
            listener,
            secure,
            requests,
        }
    }

    /// Host and port, `127.0.0.1:…`.
    pub fn address(&self) -> String {
        self.listener.address()
    }

    /// Its address as a URL without a path.
    pub fn url(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}", self.address())
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Request {
    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        wire::header(&self.headers, name)
    }

    /// The path, without the query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The values of a query parameter, decoded, in their order.
    pub fn query(&self, name: &str) -> Vec<String> {
        let (_, query) = self.target.split_once('?').unwrap_or_default();
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .filter(|(key, _)| *key == name)
            .map(|(_, value)| decoded(value))
            .collect()
    }
}

impl Answer {
    /// An answer without a body.
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            ending: Ending::Whole,
        }
    }

    /// An answer of 200 with a body of some type.
    pub fn content(media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let mut answer = Self::status(200).header("Content-Type", media_type);
        answer.body = body.into();
        answer
    }

    /// What a web server that is no registry answers.
    pub fn html(status: u16) -> Self {
        let page = "<!DOCTYPE html><html><body><h1>It works!</h1></body></html>";
        let mut answer = Self::content("text/html", page);
        answer.status = status;
        answer
    }

    /// Nothing at all.
    pub fn none() -> Self {
        Self::status(500).ending(Ending::NoAnswer)
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with another ending.
    #[must_use]
    pub fn ending(mut self, ending: Ending) -> Self {
        self.ending = ending;
        self
    }

    /// Writes it as the answer to a request with this method. False when the
    /// connection must not be used again.
    pub(crate) fn write(&self, method: &str, to: &mut Connection) -> bool {
        if self.ending == Ending::NoAnswer {
            return false;
        }
        let mut head = Head {
            start: format!("HTTP/1.1 {} Scripted", self.status),
            headers: self.headers.clone(),
        };
        if head.header("content-length").is_none() && self.status != 204 {
            let length = self.body.len().to_string();
            head.headers.push(("Content-Length".to_owned(), length));
        }
        let body: &[u8] = if method == "HEAD" { &[] } else { &self.body };
        let sent = match self.ending {
            Ending::CloseAfter(most) | Ending::SilentAfter(most) => &body[..most.min(body.len())],
            Ending::Whole | Ending::NoAnswer => body,
        };
        let written = to
            .write_all(&head.to_bytes())
            .and_then(|()| to.write_all(sent))
            .and_then(|()| to.flush());
        if let Ending::SilentAfter(_) = self.ending {
            wait_for_the_end(to);
        }
        written.is_ok() && self.ending == Ending::Whole
    }
}

/// Reads until the peer, or whoever stops the server, closes the connection.
fn wait_for_the_end(connection: &mut Connection) {
    let _ = std::io::copy(connection, &mut std::io::sink());
}

fn converse(
    connection: Connection,
    requests: &Requests,
    script: &(impl Fn(&Request) -> Answer + ?Sized),
) {
    let mut connection = BufReader::new(connection);
    while let Ok(Some(request)) = next(&mut connection) {
        requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(request.clone());
        let answer = script(&request);
        if !answer.write(&request.method, connection.get_mut()) {
            break;
        }
    }
    finish(connection.get_ref());
}

fn next(connection: &mut BufReader<Connection>) -> std::io::Result<Option<Request>> {
    let Some(head) = Head::read(connection)? else {
        return Ok(None);
    };
    if head.header("expect").is_some() {
        connection
            .get_mut()
            .write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let body = wire::whole(head.request_framing(), connection)?;
    Ok(Some(Request {
        method: head.word(0).to_owned(),
        target: head.word(1).to_owned(),
        headers: head.headers,
        body,
        with_certificate: connection.get_ref().shows_certificate(),
    }))
}

/// Says that nothing more comes, and lets the peer read what was sent: closing
/// with unread input would throw that away.
fn finish(connection: &Connection) {
    let socket = connection.socket();
    let _ = socket.shutdown(Shutdown::Write);
    let _ = socket.set_read_timeout(Some(Duration::from_millis(100)));
    let _ = std::io::copy(&mut { socket }, &mut std::io::sink());
}

/// Undoes percent-encoding, as far as it is well-formed.
fn decoded(value: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = value.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = after
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let (byte, after) = match (first, hex) {
            (b'%', Some(byte)) => (byte, &after[2..]),
            (b'+', _) => (b' ', after),
            (byte, _) => (*byte, after),
        };
        rest = after;
        bytes.push(byte);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http;

    #[test]
    fn a_script_answers_and_requests_are_kept() {
        let server = Server::start(|request| {
            Answer::content("text/plain", format!("{:?}", request.query("a")))
        });
        let answer = http::get(&format!("{}/x?a=1%2F2&b=3&a=4+5", server.url())).unwrap();
        assert_eq!(answer.text(), r#"["1/2", "4 5"]"#);
        assert_eq!(server.requests()[0].path(), "/x");
    }

    #[test]
    fn an_answer_can_break_off() {
        let server =
            Server::start(|_| Answer::content("text/plain", "hello").ending(Ending::CloseAfter(2)));
        assert!(http::get(&server.url()).is_err());
        let server = Server::start(|_| Answer::none());
        assert!(http::get(&server.url()).is_err());
    }
}
