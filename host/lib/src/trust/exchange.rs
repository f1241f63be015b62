//! Requests to the services that take part in signing: each is granted by itself, and nothing
//! else is; each is told of; none is sent where it would be redirected to.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{HeaderName, HeaderValue, header};
use http_body_util::{BodyExt as _, Full};
use wharf_net::Patience;
use wharf_oci::{Registry, Url};
use wharf_signer::keyless::{Answer, Exchange, ExchangeError, Request, Response};

use crate::capability::credentials::StandIns;
use crate::capability::grant::Grants;
use crate::capability::http::Hooks;
use crate::error::Error;
use crate::wharf::Wharf;

/// How long a service may take. Logs wait for others before they answer.
const PATIENCE: Patience = Patience {
    connect: Duration::from_secs(10),
    first_byte: Duration::from_mins(1),
    between_bytes: Duration::from_secs(30),
};

impl Exchange for Wharf {
    fn send(&self, request: Request) -> Answer<'_> {
        Box::pin(async move {
            let sent = self.overseer().in_time(self.exchange(request));
            sent.await.map_err(|error| ExchangeError(error.into()))
        })
    }
}

impl Wharf {
    async fn exchange(&self, request: Request) -> Result<Response, Error> {
        let wrong = |why: String| Error::InvalidInput(format!("`{}` {why}", request.url));
        let url: Url = request
            .url
            .parse()
            .map_err(|error| wrong(format!("is no address: {error}")))?;
        let at: Registry = url
            .origin()
            .authority()
            .parse()
            .map_err(|error| wrong(format!("can't be asked: {error}")))?;
        let watch = self.overseer().watch(None);
        let allowed = watch.policies().origin(url.origin());
        watch.begins(("sign", &url.redacted()), None, allowed)?;
        let hooks = Hooks {
            client: Some(self.client(&at)?),
            grants: Arc::new(Mutex::new(Grants::to_ask(request.method, &url))),
            stand_ins: StandIns::default(),
            observer: self.observer(),
            watch: watch.clone(),
        };
        let mut head = http::Request::builder()
            .method(request.method)
            .uri(url.to_string())
            .header(header::ACCEPT_ENCODING, "identity")
            .header(
                header::USER_AGENT,
                concat!("wharf/", env!("CARGO_PKG_VERSION")),
            );
        for (name, value) in &request.headers {
            let name = HeaderName::try_from(name.as_str());
            let value = HeaderValue::try_from(value.as_str());
            let (Ok(name), Ok(mut value)) = (name, value) else {
                return Err(wrong("can't be asked with such headers".to_owned()));
            };
            value.set_sensitive(request.secret);
            head = head.header(name, value);
        }
        let body = Full::new(request.body.into()).map_err(|never| match never {});
        let sent = head
            .header(header::CONTENT_LENGTH, body_length(&body))
            .body(body.boxed_unsync())
            .map_err(|error| Error::Other(error.to_string()))?;
        let answered = answer(&hooks, sent, &url, request.limit).await;
        drop(hooks);
        watch.outcome(answered)
    }
}

fn body_length(body: &impl http_body::Body) -> u64 {
    body.size_hint().exact().unwrap_or_default()
}

async fn answer(
    hooks: &Hooks,
    request: http::Request<wasmtime_wasi_http::WasiBody>,
    url: &Url,
    limit: usize,
) -> Result<Response, Error> {
    let failed = |error: &wasmtime_wasi_http::Error| crate::fetch::unanswered_by(url, error);
    let answer = hooks.send(request, PATIENCE).await;
    let answer = answer.map_err(|error| failed(&error))?;
    let location = answer.headers().get(header::LOCATION);
    let location = location.and_then(|location| location.to_str().ok());
    let (status, location) = (answer.status().as_u16(), location.map(str::to_owned));
    let mut incoming = answer.into_body();
    let mut body = Vec::new();
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|error| failed(&error))?;
        let Ok(bytes) = frame.into_data() else {
            continue;
        };
        if body.len() + bytes.len() > limit {
            return Err(Error::LimitExceeded(format!(
                "the answer of {} has more than {limit} bytes",
                url.redacted()
            )));
        }
        body.extend_from_slice(&bytes);
    }
    Ok(Response {
        status,
        location,
        body,
    })
}
