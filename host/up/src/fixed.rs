//! Answers that are always the same, which no component gives.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use wharf_app::locked::StaticResponse;

/// An answer that is always the same.
#[derive(Debug, Clone)]
pub(crate) struct Fixed {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Fixed {
    /// As an author wrote it. An error is to be read after the trigger that has it.
    pub(crate) fn new(response: StaticResponse) -> Result<Self, String> {
        let wrong = |what: &str| format!("has a static response whose {what} is none of HTTP");
        let status = StatusCode::from_u16(response.status_code).map_err(|_| wrong("status"))?;
        let mut headers = HeaderMap::new();
        for (name, value) in response.headers {
            let name = HeaderName::try_from(name).map_err(|_| wrong("header name"))?;
            let value = HeaderValue::try_from(value).map_err(|_| wrong("header value"))?;
            headers.insert(name, value);
        }
        Ok(Self {
            status,
            headers,
            body: response.body.unwrap_or_default().into(),
        })
    }
}
