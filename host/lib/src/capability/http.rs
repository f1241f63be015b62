//! HTTP for the registry component: every request passes through here, is granted
//! or refused, gets the secret that belongs to it, and teaches from its answer
//! what may be granted next.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use http::{Request, Response, header};
use http_body_util::{BodyExt as _, Full, Limited};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};
use wharf_net::{Client, Patience};
use wharf_oci::Url;

use super::credentials::StandIns;
use super::grant::{Grants, Purpose, is_credential};
use crate::progress::{Event, Observer};

/// How requests of one call leave.
pub(crate) struct Hooks {
    /// None for guests without a network.
    pub(crate) client: Option<Client>,
    pub(crate) grants: Arc<Mutex<Grants>>,
    pub(crate) stand_ins: StandIns,
    pub(crate) observer: Arc<dyn Observer>,
}

/// The largest form of a token request, in bytes.
const FORM_BYTES: usize = 64 * 1024;

type Sending = dyn Future<Output = Result<(Response<WasiBody>, Box<Done>), Error>> + Send;
type Done = dyn Future<Output = Result<(), Error>> + Send;

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _processed: Box<Done>,
    ) -> Box<Sending> {
        let exchange = self.exchange();
        Box::new(async move {
            let answer = exchange.send(request, Patience::from(options)).await?;
            Ok((answer, Box::new(std::future::ready(Ok(()))) as Box<Done>))
        })
    }
}

impl Hooks {
    /// Sends a request of the host's own, which is granted or refused as a guest's is.
    pub(crate) async fn send(
        &self,
        request: Request<WasiBody>,
        patience: Patience,
    ) -> Result<Response<WasiBody>, Error> {
        self.exchange().send(request, patience).await
    }

    fn exchange(&self) -> Exchange {
        Exchange {
            client: self.client.clone(),
            grants: self.grants.clone(),
            stand_ins: self.stand_ins.clone(),
            observer: self.observer.clone(),
        }
    }
}

struct Exchange {
    client: Option<Client>,
    grants: Arc<Mutex<Grants>>,
    stand_ins: StandIns,
    observer: Arc<dyn Observer>,
}

impl Exchange {
    async fn send(
        self,
        mut request: Request<WasiBody>,
        patience: Patience,
    ) -> Result<Response<WasiBody>, Error> {
        let Some(client) = &self.client else {
            return Err(Error::HttpRequestDenied);
        };
        let method = request.method().clone();
        let (purpose, url) = match self.granted(&request) {
            Ok(granted) => granted,
            Err(refusal) => {
                self.observer.event(Event::Note(refusal));
                return Err(Error::HttpRequestDenied);
            }
        };
        if let Some(sent) = request.headers().get(header::AUTHORIZATION)
            && let Some(revealed) = self.stand_ins.reveal(purpose, sent)
        {
            request
                .headers_mut()
                .insert(header::AUTHORIZATION, revealed);
        }
        if purpose == Purpose::Token && method == http::Method::POST {
            request = self.with_secret_in_form(request).await?;
        }
        let began = Instant::now();
        let answer = client.send(request, patience).await;
        self.observer.event(Event::Requested {
            method: method.to_string(),
            url: url.redacted(),
            status: answer.as_ref().ok().map(|answer| answer.status().as_u16()),
            took: began.elapsed(),
        });
        let answer = answer?;
        let mut grants = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        grants.learn(
            purpose,
            method.as_str(),
            &url,
            answer.status(),
            answer.headers(),
        );
        drop(grants);
        Ok(answer)
    }

    fn granted(&self, request: &Request<WasiBody>) -> Result<(Purpose, Url), String> {
        let method = request.method().as_str();
        let url: Url =
            request.uri().to_string().parse().map_err(|error| {
                format!("refused: {method} to an address that is none ({error})")
            })?;
        let refused = |why: &str| format!("refused: {method} {}: {why}", url.redacted());
        let grants = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        let purpose = grants.check(method, &url).map_err(|why| refused(&why))?;
        drop(grants);
        let is_foreign = matches!(purpose, Purpose::Redirect | Purpose::ForeignUpload);
        if is_foreign && let Some(name) = request.headers().keys().find(|name| is_credential(name))
        {
            return Err(refused(&format!(
                "the header `{name}` does not go to another origin than the registry's"
            )));
        }
        Ok((purpose, url))
    }

    async fn with_secret_in_form(
        &self,
        request: Request<WasiBody>,
    ) -> Result<Request<WasiBody>, Error> {
        let (mut parts, body) = request.into_parts();
        let form = Limited::new(body, FORM_BYTES)
            .collect()
            .await
            .map_err(|_| Error::HttpRequestBodySize(Some(FORM_BYTES as u64)))?
            .to_bytes();
        let revealed = std::str::from_utf8(&form)
            .ok()
            .and_then(|form| self.stand_ins.reveal_form(form));
        let form = revealed.map_or(form, Into::into);
        parts
            .headers
            .insert(header::CONTENT_LENGTH, form.len().into());
        let body = Full::new(form).map_err(|never| match never {});
        Ok(Request::from_parts(parts, body.boxed_unsync()))
    }
}
