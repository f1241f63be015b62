//! What both greeting programs answer, so that the two can be tested alike.
//!
//! A page is lines of text: the method, the path, every `spin-*` header, and
//! whatever the query asks for: `env=NAME` an environment variable, `file=PATH`
//! a file, `write=PATH` an attempt to write one, `get=URL` an outbound request
//! (at most one, `http` or `https`).

/// What is answered.
pub struct Page {
    text: String,
    outbound: Option<Target>,
}

/// Where an outbound request goes.
pub struct Target {
    /// Whether over TLS.
    pub secure: bool,
    /// Host and port.
    pub authority: String,
    /// Path and query, with the leading slash.
    pub path: String,
}

impl Page {
    /// The page for a request, without what came of the outbound request.
    pub fn new(
        method: &str,
        path_with_query: &str,
        headers: impl IntoIterator<Item = (String, Vec<u8>)>,
    ) -> Self {
        let (path, query) = path_with_query
            .split_once('?')
            .unwrap_or((path_with_query, ""));
        let mut page = Self {
            text: String::new(),
            outbound: None,
        };
        page.line("method", method);
        page.line("path", path);
        let mut spin: Vec<_> = headers
            .into_iter()
            .filter(|(name, _)| name.starts_with("spin-"))
            .collect();
        spin.sort();
        for (name, value) in spin {
            page.line(&name, &String::from_utf8_lossy(&value));
        }
        for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            let value = decoded(value);
            match key {
                "env" => {
                    let set = std::env::var(&value).unwrap_or_else(|_| "(not set)".to_owned());
                    page.line(&format!("env {value}"), &set);
                }
                "file" => {
                    let content = std::fs::read_to_string(&value)
                        .unwrap_or_else(|error| format!("(failed: {error})"));
                    page.line(&format!("file {value}"), &content);
                }
                "write" => {
                    let outcome = match std::fs::write(&value, "written by a guest") {
                        Ok(()) => "written".to_owned(),
                        Err(error) => format!("(failed: {error})"),
                    };
                    page.line(&format!("write {value}"), &outcome);
                }
                "get" => page.outbound = target(&value),
                _ => {}
            }
        }
        page
    }

    /// Where the query wants an outbound request to go.
    pub fn outbound(&self) -> Option<&Target> {
        self.outbound.as_ref()
    }

    /// Tells what came of it: a status and a body, or why there is none.
    pub fn outbound_came_to(&mut self, outcome: Result<(u16, Vec<u8>), String>) {
        match outcome {
            Ok((status, body)) => {
                let body = String::from_utf8_lossy(&body).into_owned();
                self.line("outbound", &format!("{status} {body}"));
            }
            Err(reason) => self.line("outbound", &format!("(failed: {reason})")),
        }
    }

    /// Tells what the request's body was, when it had one.
    pub fn request_body(&mut self, body: &[u8]) {
        if !body.is_empty() {
            self.line("body", &String::from_utf8_lossy(body));
        }
    }

    /// The page as text.
    pub fn into_bytes(self) -> Vec<u8> {
        self.text.into_bytes()
    }

    fn line(&mut self, name: &str, value: &str) {
        self.text.push_str(&format!("{name}: {value}\n"));
    }
}

fn target(url: &str) -> Option<Target> {
    let (secure, rest) = match url.strip_prefix("https://") {
        Some(rest) => (true, rest),
        None => (false, url.strip_prefix("http://")?),
    };
    let slash = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(slash);
    Some(Target {
        secure,
        authority: authority.to_owned(),
        path: if path.is_empty() { "/" } else { path }.to_owned(),
    })
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
        match (first, hex) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
