//! Requests over `wasi:http`, to wherever.

use crate::wasi::http::client;
pub use crate::wasi::http::types::Method;
use crate::wasi::http::types::{Fields, Request, Response, Scheme};
use crate::{wit_future, wit_stream};

/// What came of a request.
pub enum Sent {
    /// A server answered with this status.
    Answered(u16),
    /// There was no answer.
    Failed(String),
}

/// A request, with anything in it.
pub struct Ask<'a> {
    pub method: Method,
    pub authority: &'a str,
    pub secure: bool,
    /// With its query.
    pub path: &'a str,
    pub headers: Vec<(&'a str, String)>,
    pub body: Option<Vec<u8>>,
    pub trailers: Vec<(&'a str, String)>,
}

impl<'a> Ask<'a> {
    /// A GET over plain HTTP with nothing in it.
    pub fn get(authority: &'a str, path: &'a str) -> Self {
        Self {
            method: Method::Get,
            authority,
            secure: false,
            path,
            headers: Vec::new(),
            body: None,
            trailers: Vec::new(),
        }
    }

    /// The same with another method.
    pub fn method(self, method: Method) -> Self {
        Self { method, ..self }
    }

    /// The same with one more header.
    pub fn header(mut self, name: &'a str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same with a body.
    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self {
            body: Some(body.into()),
            ..self
        }
    }

    /// The same with one more trailer.
    pub fn trailer(mut self, name: &'a str, value: impl Into<String>) -> Self {
        self.trailers.push((name, value.into()));
        self
    }

    /// Sends it.
    pub async fn send(self) -> Sent {
        match self.answered().await {
            Ok(response) => Sent::Answered(response.get_status_code()),
            Err(why) => Sent::Failed(why),
        }
    }

    /// Sends it, and gives the answer.
    pub async fn answered(self) -> Result<Response, String> {
        let headers = fields(&self.headers)?;
        let trailers = if self.trailers.is_empty() {
            None
        } else {
            Some(fields(&self.trailers)?)
        };
        let (last, trailing) = wit_future::new(|| Ok(None));
        wit_bindgen::spawn_local(async move {
            let _ = last.write(Ok(trailers)).await;
        });
        let contents = self.body.map(|body| {
            let (mut writer, reader) = wit_stream::new();
            wit_bindgen::spawn_local(async move {
                writer.write_all(body).await;
            });
            reader
        });
        let (request, _sent) = Request::new(headers, contents, trailing, None);
        let scheme = if self.secure {
            Scheme::Https
        } else {
            Scheme::Http
        };
        let addressed = request
            .set_method(&self.method)
            .and_then(|()| request.set_scheme(Some(&scheme)))
            .and_then(|()| request.set_authority(Some(self.authority)))
            .and_then(|()| request.set_path_with_query(Some(self.path)));
        if addressed.is_err() {
            return Err("the address can't be requested".to_owned());
        }
        client::send(request)
            .await
            .map_err(|code| format!("{code:?}"))
    }
}

fn fields(entries: &[(&str, String)]) -> Result<Fields, String> {
    let entries: Vec<_> = entries
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
        .collect();
    Fields::from_list(&entries).map_err(|error| format!("{error:?}"))
}

/// The value of `Authorization` for a user name and a password.
pub fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", base64(format!("{user}:{password}").as_bytes()))
}

/// Base64.
pub fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let mut bits = 0_u32;
        for index in 0..3 {
            bits = bits << 8 | u32::from(group.get(index).copied().unwrap_or(0));
        }
        for index in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * index) & 63) as usize] as char;
            text.push(if index <= group.len() { digit } else { '=' });
        }
    }
    text
}
