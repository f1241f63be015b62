//! From a request to an answer.

use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use wasmtime_wasi_http::handler::TrapOrPanicError;
use wasmtime_wasi_http::{Error, WasiBody};
use wharf_oci::Digest;

use crate::engine::Workshop;
use crate::fixed::Fixed;
use crate::header;
use crate::instance::{Instances, cause};
use crate::route::Routes;
use crate::settings::Notices;
use crate::visit::{Client, Visit};

/// What the host itself answers is below this path.
const WELL_KNOWN: &str = "/.well-known/spin/";

/// An application that answers requests.
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    pub(crate) manifest: Digest,
    pub(crate) routes: Routes<Target>,
    pub(crate) notices: Notices,
    pub(crate) workshop: Workshop,
}

/// What answers on a route.
pub(crate) enum Target {
    /// A component.
    Component(Instances),
    /// Nobody: it is always the same.
    Fixed(Fixed),
}

/// The body of an answer, which may have a client waiting for it.
pub(crate) struct Answer {
    inner: WasiBody,
    component: Option<(Instances, Client)>,
    notices: Notices,
}

impl Service {
    /// Answers a request of a client; it always does.
    pub(crate) async fn answer(
        &self,
        request: Request<Incoming>,
        client: SocketAddr,
    ) -> Response<Answer> {
        let path = request.uri().path().to_owned();
        if let Some(name) = path.strip_prefix(WELL_KNOWN) {
            return self.well_known(name);
        }
        let Some(found) = self.routes.find(&path) else {
            return self.plain(StatusCode::NOT_FOUND, Bytes::new());
        };
        let instances = match found.target {
            Target::Component(instances) => instances,
            Target::Fixed(fixed) => {
                let mut response = self.plain(fixed.status, fixed.body.clone());
                response.headers_mut().extend(fixed.headers.clone());
                return response;
            }
        };
        let (mut parts, body) = request.into_parts();
        if let Err(problem) = header::prepare(&mut parts, &found, client) {
            return self.plain(StatusCode::BAD_REQUEST, Bytes::from(format!("{problem}\n")));
        }
        let body = body.map_err(Error::Hyper).boxed_unsync();
        let (client, visit) = Visit::new();
        let request = Request::from_parts(parts, body);
        let handled = {
            let instances = instances.clone();
            let handling = async move { instances.handle(visit, request).await };
            let handled = self.workshop.run(handling).await;
            handled.unwrap_or_else(|| Err(TrapOrPanicError.into()))
        };
        match handled {
            Ok(response) => response.map(|inner| Answer {
                inner,
                component: Some((instances.clone(), client)),
                notices: self.notices.clone(),
            }),
            Err(error) => {
                let id = instances.state().id();
                let path = wharf_oci::problem::clean(&path, 100);
                // Of a trap that ends an instance, the instance tells.
                let why = match error.downcast_ref::<TrapOrPanicError>() {
                    Some(_) => String::new(),
                    None => format!(": {}", cause(&error)),
                };
                self.notices.say(&format!(
                    "the component `{id}` did not answer `{path}`{why}"
                ));
                self.plain(StatusCode::INTERNAL_SERVER_ERROR, Bytes::new())
            }
        }
    }

    /// Ends all instances.
    pub(crate) async fn close(self) {
        let Self {
            routes,
            workshop,
            notices,
            ..
        } = self;
        notices.end();
        workshop.close().await;
        drop(routes);
    }

    fn well_known(&self, name: &str) -> Response<Answer> {
        match name {
            "health" => self.plain(StatusCode::OK, Bytes::from_static(b"OK")),
            "info" => {
                let mut info = serde_json::Map::new();
                info.insert("name".into(), self.name.as_str().into());
                if let Some(version) = &self.version {
                    info.insert("version".into(), version.as_str().into());
                }
                info.insert("oci_image_digest".into(), self.manifest.as_str().into());
                let text = serde_json::Value::from(info).to_string();
                let mut response = self.plain(StatusCode::OK, text.into());
                let json = HeaderValue::from_static("application/json");
                response.headers_mut().insert(CONTENT_TYPE, json);
                response
            }
            _ => self.plain(StatusCode::NOT_FOUND, Bytes::new()),
        }
    }

    fn plain(&self, status: StatusCode, text: Bytes) -> Response<Answer> {
        let body = Full::new(text).map_err(|never| match never {});
        let mut response = Response::new(Answer {
            inner: body.boxed_unsync(),
            component: None,
            notices: self.notices.clone(),
        });
        *response.status_mut() = status;
        response
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        if let Poll::Ready(Some(Err(error))) = &polled
            && let Some((component, _)) = &self.component
        {
            self.notices.say(&format!(
                "the answer of the component `{}` broke off: {error}",
                component.state().id()
            ));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
