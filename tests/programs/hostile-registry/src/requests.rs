//! Requests over `wasi:http`, to wherever.

use crate::wasi::http::client;
use crate::wasi::http::types::{Fields, Method, Request, Scheme};
use crate::wit_future;

/// What came of a request.
pub enum Sent {
    /// A server answered with this status.
    Answered(u16),
    /// There was no answer.
    Failed(String),
}

/// Sends a GET.
pub async fn send(authority: &str, secure: bool, path: &str, headers: &[(&str, &str)]) -> Sent {
    let entries: Vec<_> = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
        .collect();
    let fields = match Fields::from_list(&entries) {
        Ok(fields) => fields,
        Err(error) => return Sent::Failed(format!("{error:?}")),
    };
    let (no_trailers, trailers) = wit_future::new(|| Ok(None));
    drop(no_trailers);
    let (request, _sent) = Request::new(fields, None, trailers, None);
    let scheme = if secure { Scheme::Https } else { Scheme::Http };
    let addressed = request
        .set_method(&Method::Get)
        .and_then(|()| request.set_scheme(Some(&scheme)))
        .and_then(|()| request.set_authority(Some(authority)))
        .and_then(|()| request.set_path_with_query(Some(path)));
    if addressed.is_err() {
        return Sent::Failed("the address can't be requested".to_owned());
    }
    match client::send(request).await {
        Ok(response) => Sent::Answered(response.get_status_code()),
        Err(code) => Sent::Failed(format!("{code:?}")),
    }
}

/// The value of `Authorization` for a user name and a password.
pub fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", base64(format!("{user}:{password}").as_bytes()))
}

fn base64(bytes: &[u8]) -> String {
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
