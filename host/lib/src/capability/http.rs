//! HTTP for the registry component: every request passes through here, is granted
//! or refused, gets the secret that belongs to it, and teaches from its answer
//! what may be granted next.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use http::{Method, Request, Response, header};
use http_body_util::{BodyExt as _, Full, Limited};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};
use wharf_net::{Client, Patience};
use wharf_oci::Url;

use super::credentials::StandIns;
use super::grant::{Grants, Purpose, is_credential};
use super::metered;
use crate::audit::{Refusal, Sent};
use crate::progress::{Event, Observer};
use crate::watch::Watch;

/// How requests of one call leave.
#[derive(Clone)]
pub(crate) struct Hooks {
    /// None for guests without a network.
    pub(crate) client: Option<Client>,
    pub(crate) grants: Arc<Mutex<Grants>>,
    pub(crate) stand_ins: StandIns,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) watch: Watch,
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
        let hooks = self.clone();
        Box::new(async move {
            let answer = hooks.send(request, Patience::from(options)).await?;
            Ok((answer, Box::new(std::future::ready(Ok(()))) as Box<Done>))
        })
    }
}

impl Hooks {
    /// Sends a request, of a guest's or the host's own: it is granted or refused, told of,
    /// and then sent.
    pub(crate) async fn send(
        &self,
        mut request: Request<WasiBody>,
        patience: Patience,
    ) -> Result<Response<WasiBody>, Error> {
        let method = request.method().clone();
        let url = request.uri().to_string().parse::<Url>();
        let url = url.map_err(|error| format!("its address is none ({error})"));
        let granted = match &url {
            Ok(url) => self.granted(&request, url),
            Err(why) => Err(Refusal::Sandbox(why.clone())),
        };
        let is_known = matches!(&granted, Err(refusal) if self.watch.knows(refusal));
        let told = self.watch.asked(&granted, || {
            let sent = match (&url, &granted) {
                (Ok(url), Ok(purpose)) => Sent::of(&method, url, Some(*purpose)),
                (Ok(url), Err(_)) => Sent::of(&method, url, None),
                (Err(_), _) => Sent::nowhere(&method),
            };
            sent.without(self.stand_ins.issued().as_deref())
        });
        let (id, purpose, url) = match (told, granted, url) {
            (Ok(id), Ok(purpose), Ok(url)) => (id, purpose, url),
            (Err(_), ..) => return Err(Error::HttpRequestDenied),
            _ if is_known => return Err(Error::HttpRequestDenied),
            (_, refused, url) => {
                let place = url.map_or_else(|_| "…".to_owned(), |url| url.redacted());
                let why = match refused {
                    Err(Refusal::Sandbox(why)) => why,
                    Err(Refusal::Policy(violation)) => violation.to_string(),
                    Ok(_) => String::new(),
                };
                let note = format!("refused: {method} {place}: {why}");
                self.observer.event(Event::Note(self.stand_ins.hide(note)));
                return Err(Error::HttpRequestDenied);
            }
        };
        let Some(client) = &self.client else {
            return Err(Error::HttpRequestDenied);
        };
        let mut open = self.watch.open(id);
        if let Some(sent) = request.headers().get(header::AUTHORIZATION)
            && let Some(revealed) = self.stand_ins.reveal(purpose, sent)
        {
            request
                .headers_mut()
                .insert(header::AUTHORIZATION, revealed);
        }
        if purpose == Purpose::Token && method == Method::POST {
            request = self.with_secret_in_form(request).await?;
        }
        let counts = self.watch.counts_bytes();
        if counts {
            request = request.map(|body| metered::outgoing(body, &open));
        }
        let began = Instant::now();
        let answer = client.send(request, patience).await;
        self.observer.event(Event::Requested {
            method: method.to_string(),
            url: url.redacted(),
            status: answer.as_ref().ok().map(|answer| answer.status().as_u16()),
            took: began.elapsed(),
        });
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                open.failed(reason(&error));
                return Err(error);
            }
        };
        open.answered(answer.status().as_u16());
        let mut grants = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        grants.learn(
            purpose,
            method.as_str(),
            &url,
            answer.status(),
            answer.headers(),
        );
        drop(grants);
        Ok(answer.map(|body| metered::incoming(body, open, counts)))
    }

    /// What a request is granted as, or why it is refused.
    fn granted(&self, request: &Request<WasiBody>, url: &Url) -> Result<Purpose, Refusal> {
        let sandbox = Refusal::Sandbox;
        if self.client.is_none() {
            return Err(sandbox("this call has no network".to_owned()));
        }
        let method = request.method();
        let grants = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        let purpose = grants.check(method.as_str(), url).map_err(sandbox)?;
        drop(grants);
        let headers = request.headers();
        let is_foreign = matches!(purpose, Purpose::Redirect | Purpose::ForeignUpload);
        if is_foreign && let Some(name) = headers.keys().find(|name| is_credential(name)) {
            return Err(sandbox(format!(
                "the header `{name}` does not go to another origin than the registry's"
            )));
        }
        let most = self.watch.limits().request_fields;
        if headers.len() > most {
            let reached = format!("it sent a request with more than {most} header fields");
            return Err(self.watch.reach(&reached));
        }
        let checked = self.watch.check(purpose, method, url);
        checked.map_err(Refusal::Policy)?;
        self.watch.spend_request()?;
        Ok(purpose)
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

/// What became of a request that got no whole answer, as the audit says it.
pub(super) fn reason(error: &Error) -> &'static str {
    match error {
        Error::DestinationIpProhibited => "address-refused",
        Error::DnsError { .. } | Error::DnsTimeout | Error::DestinationNotFound => "name-unknown",
        Error::ConnectionRefused => "connection-refused",
        Error::ConnectionTimeout
        | Error::ConnectionReadTimeout
        | Error::ConnectionWriteTimeout
        | Error::HttpResponseTimeout => "timeout",
        Error::ConnectionTerminated | Error::HttpResponseIncomplete => "connection-lost",
        Error::TlsCertificateError
        | Error::TlsProtocolError
        | Error::TlsAlertReceived { .. }
        | Error::Tls(_) => "tls",
        Error::HttpRequestDenied => "limit",
        _ => "failed",
    }
}
