//! One request and its answer, with what is secret kept out of errors.

use serde::{Serialize, de::DeserializeOwned};

use super::{Exchange, KeylessError, Request, Response, Step};

/// How long an answer may be: a chain of certificates, a log entry with its proof.
const LIMIT: usize = 256 * 1024;
/// How much of a service's words is shown.
const WORDS: usize = 300;

/// What is asked of a service.
pub(super) struct Call<'a> {
    pub(super) step: Step,
    pub(super) method: &'static str,
    pub(super) url: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    /// What no error may show, whatever the service repeats.
    pub(super) secrets: Vec<&'a str>,
}

impl<'a> Call<'a> {
    pub(super) fn get(step: Step, url: String) -> Self {
        Self {
            step,
            method: "GET",
            url,
            headers: vec![("accept", "application/json".to_owned())],
            body: Vec::new(),
            secrets: Vec::new(),
        }
    }

    pub(super) fn post(step: Step, url: String, kind: &str, body: Vec<u8>) -> Self {
        Self {
            method: "POST",
            body,
            headers: vec![
                ("accept", "application/json".to_owned()),
                ("content-type", kind.to_owned()),
            ],
            ..Self::get(step, url)
        }
    }

    /// A form, as OAuth has it.
    pub(super) fn form(step: Step, url: String, fields: &[(&str, &str)]) -> Self {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        Self::post(
            step,
            url,
            "application/x-www-form-urlencoded",
            body.into_bytes(),
        )
    }

    pub(super) fn accepting(self, kind: &str) -> Self {
        self.header("accept", kind.to_owned())
    }

    pub(super) fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.retain(|(present, _)| *present != name);
        self.headers.push((name, value));
        self
    }

    pub(super) fn secret(mut self, secret: &'a str) -> Self {
        self.secrets.push(secret);
        self
    }

    /// The answer, whatever its status is.
    pub(super) async fn answer(
        self,
        exchange: &dyn Exchange,
    ) -> Result<Answered<'a>, KeylessError> {
        let service = without_query(&self.url);
        let headers = self.headers.into_iter();
        let request = Request {
            step: self.step,
            method: self.method,
            headers: headers
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            url: self.url,
            body: self.body,
            secret: !self.secrets.is_empty(),
            limit: LIMIT,
        };
        match exchange.send(request).await {
            Ok(response) if response.body.len() > LIMIT => Err(KeylessError::Answer {
                step: self.step,
                service,
                problem: format!("it is longer than {LIMIT} bytes"),
            }),
            Ok(response) => Ok(Answered {
                step: self.step,
                service,
                response,
                secrets: self.secrets,
            }),
            Err(source) => Err(KeylessError::Unreachable {
                step: self.step,
                service,
                source,
            }),
        }
    }
}

/// An answer, and to what.
pub(super) struct Answered<'a> {
    step: Step,
    service: String,
    pub(super) response: Response,
    secrets: Vec<&'a str>,
}

impl Answered<'_> {
    /// The body, if the service says yes.
    pub(super) fn body(&self) -> Result<&[u8], KeylessError> {
        match self.response.status {
            200..300 => Ok(&self.response.body),
            _ => Err(self.refused()),
        }
    }

    /// The body's JSON, if the service says yes.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, KeylessError> {
        // serde's words may quote the text, which may be a token.
        serde_json::from_slice(self.body()?).map_err(|error| {
            self.unusable(&format!(
                "it isn't the JSON that it should be (line {}, column {})",
                error.line(),
                error.column()
            ))
        })
    }

    pub(super) fn unusable(&self, problem: &str) -> KeylessError {
        KeylessError::Answer {
            step: self.step,
            service: self.service.clone(),
            problem: problem.to_owned(),
        }
    }

    pub(super) fn refused(&self) -> KeylessError {
        KeylessError::Refused {
            step: self.step,
            service: self.service.clone(),
            status: self.response.status,
            message: words(&self.response.body, &self.secrets),
        }
    }
}

/// What a service says, for people: out of the JSON that Sigstore's services and OAuth
/// have, or as it is, without secrets and control characters.
fn words(body: &[u8], secrets: &[&str]) -> Option<String> {
    let text = match serde_json::from_slice::<serde_json::Value>(body) {
        Ok(json) => ["message", "error_description", "error"]
            .iter()
            .find_map(|name| json[name].as_str().map(str::to_owned))?,
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    // Markup is a page of someone who isn't the service.
    if text.trim_start().starts_with('<') {
        return None;
    }
    let text = secrets
        .iter()
        .filter(|secret| !secret.is_empty())
        .fold(text, |text, secret| text.replace(secret, "…"));
    let words: Vec<&str> = text
        .split(|char: char| char.is_whitespace() || char.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    let shown: String = words.join(" ").chars().take(WORDS).collect();
    // A token that was cut, or written in another way, is a long word.
    if shown
        .split(' ')
        .any(|word| word.starts_with("eyJ") || word.len() > 200)
    {
        return Some("its words may have a token in them".to_owned());
    }
    (!shown.is_empty()).then_some(shown)
}

/// JSON of a type of ours, whose maps have strings for keys: it can always be written.
pub(super) fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

fn without_query(url: &str) -> String {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    url[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_quoted_without_secrets() {
        let said = |body: &str| words(body.as_bytes(), &["s3cret"]);
        assert_eq!(
            said(r#"{"code":3,"message":"no s3cret\nhere"}"#).unwrap(),
            "no … here"
        );
        assert_eq!(
            said(r#"{"error":"invalid_grant"}"#).unwrap(),
            "invalid_grant"
        );
        assert_eq!(said("plain\u{1b}[31m words").unwrap(), "plain [31m words");
        assert_eq!(said("<html>").as_deref(), None);
        assert_eq!(said("").as_deref(), None);
        assert!(!said("bad token eyJhbGciOi.x.y").unwrap().contains("eyJ"));
        assert!(said(&"word ".repeat(500)).unwrap().chars().count() <= WORDS);
    }

    #[test]
    fn a_service_is_named_without_its_query() {
        assert_eq!(without_query("https://a/b?token=x"), "https://a/b");
        assert_eq!(without_query("https://a/b"), "https://a/b");
    }
}
