//! One exchange over `wasi:http`: a request as it is, an answer as it comes.

use alloc::borrow::{Cow, ToOwned as _};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use futures::join;
use wharf_oci::Url;

use crate::bindings::wasi::clocks::monotonic_clock;
use crate::bindings::wasi::http::client;
use crate::bindings::{
    Error, ErrorCode, Extent, Fields, Method, Request, RequestOptions, Response, Scheme, Trailers,
    content_store, wit_future, wit_stream,
};
use crate::failure::{self, Fault};
use crate::settings::Settings;

type ByteStream = wit_bindgen::rt::async_support::StreamReader<u8>;
type BodyEnd = wit_bindgen::rt::async_support::FutureReader<Result<Option<Trailers>, ErrorCode>>;

/// A request.
pub(crate) struct Outgoing {
    /// `GET`, `HEAD`, …
    pub(crate) method: &'static str,
    /// Where to.
    pub(crate) url: Url,
    /// Headers other than those that follow from the body and the peer.
    pub(crate) headers: Vec<(&'static str, Cow<'static, str>)>,
    /// What is sent. It can be sent again.
    pub(crate) body: Body,
}

/// A request's body.
pub(crate) enum Body {
    /// No body, and no word of its length.
    None,
    /// A body of no bytes, said to be so: registries insist on it with `POST`.
    Empty,
    /// A few bytes.
    Bytes(Vec<u8>),
    /// Content of the store, or a part of it, which is forwarded unread.
    Content {
        /// Which.
        digest: String,
        /// Where the part begins, in bytes.
        offset: u64,
        /// How many bytes it has.
        length: u64,
        /// Whether that is all of the content, which is then verified on the way.
        whole: bool,
    },
}

/// How often and for how long something was tried.
#[derive(Clone, Copy)]
pub(crate) struct Tried {
    /// How many times.
    pub(crate) attempts: u32,
    /// Since which mark of the clock.
    pub(crate) since: u64,
}

/// Why a request got no answer.
pub(crate) enum Failed {
    /// The transport says so.
    Transport(Box<ErrorCode>, Tried),
    /// It was never sent, or what was sent is not what it should have been.
    Unsent(Fault),
}

/// An answer whose body is still to come. Behind a pointer, since it goes from hand to
/// hand.
pub(crate) type Incoming = Box<Answer>;

/// An answer whose body is still to come.
pub(crate) struct Answer {
    /// The request's method.
    pub(crate) method: &'static str,
    /// The request's address.
    pub(crate) url: Url,
    /// The answer's status.
    pub(crate) status: u16,
    /// What it took to get it.
    pub(crate) tried: Tried,
    headers: Fields,
    response: Response,
}

impl Outgoing {
    /// A request without headers of its own and without a body.
    pub(crate) fn new(method: &'static str, url: Url) -> Self {
        Self {
            method,
            url,
            headers: Vec::new(),
            body: Body::None,
        }
    }

    /// The same with one more header.
    pub(crate) fn header(
        mut self,
        name: &'static str,
        value: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same with a body.
    pub(crate) fn body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// Whether sending it again does what sending it once does, whatever became of
    /// the first time.
    pub(crate) fn is_repeatable(&self) -> bool {
        !matches!(self.body, Body::Content { .. })
    }

    /// Sends it once, with or without an `Authorization` header, and waits for the
    /// answer's headers.
    pub(crate) async fn send(
        &self,
        authorization: Option<&str>,
        options: &RequestOptions,
    ) -> Result<Incoming, Failed> {
        let headers = self.fields(authorization)?;
        let (mut contents, mut written, mut verdict) = (None, None, None);
        match &self.body {
            Body::None | Body::Empty => {}
            Body::Bytes(bytes) => {
                let (writer, reader) = wit_stream::new();
                contents = Some(reader);
                written = Some((writer, bytes.clone()));
            }
            Body::Content {
                digest,
                offset,
                length,
                whole,
            } => {
                let part = Extent {
                    offset: *offset,
                    length: *length,
                };
                let part = (!whole).then_some(part);
                let read = content_store::read(digest.clone(), part).await?;
                contents = Some(read.0);
                verdict = Some(read.1);
            }
        }
        let (no_trailers, trailers) = wit_future::new(|| Ok(None));
        let (request, _) = Request::new(headers, contents, trailers, Some(options.clone()));
        let sent = client::send(self.addressed(request)?);
        let write = async {
            // Says that there are none. Before somebody listens it would have to wait, and
            // wake this component again.
            drop(no_trailers);
            if let Some((mut writer, bytes)) = written {
                writer.write_all(bytes).await;
            }
        };
        let (exchange, ()) = join!(sent, write);
        if let Some(verdict) = verdict {
            // Damaged content is the reason for whatever the registry said of it.
            verdict.await?;
        }
        let response = exchange.map_err(|code| Failed::Transport(Box::new(code), Tried::ONCE))?;
        Ok(Box::new(Answer {
            method: self.method,
            url: self.url.clone(),
            status: response.get_status_code(),
            tried: Tried::ONCE,
            headers: response.get_headers(),
            response,
        }))
    }

    fn fields(&self, authorization: Option<&str>) -> Result<Fields, Fault> {
        let length = match &self.body {
            Body::None => None,
            Body::Empty => Some(0),
            Body::Bytes(bytes) => Some(bytes.len() as u64),
            Body::Content { length, .. } => Some(*length),
        };
        let mut entries: Vec<(String, Vec<u8>)> = self
            .headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
            .collect();
        if let Some(length) = length {
            entries.push(("content-length".to_owned(), length.to_string().into_bytes()));
        }
        if let Some(authorization) = authorization {
            entries.push((
                "authorization".to_owned(),
                authorization.as_bytes().to_vec(),
            ));
        }
        entries.push(("user-agent".to_owned(), USER_AGENT.as_bytes().to_vec()));
        Fields::from_list(&entries)
            .map_err(|_| Error::Other("a header of the request can't be sent".to_owned()).into())
    }

    fn addressed(&self, request: Request) -> Result<Request, Fault> {
        let origin = self.url.origin();
        let scheme = if origin.is_secure() {
            Scheme::Https
        } else {
            Scheme::Http
        };
        let method = match self.method {
            "GET" => Method::Get,
            "HEAD" => Method::Head,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            "PATCH" => Method::Patch,
            "DELETE" => Method::Delete,
            other => Method::Other(other.to_owned()),
        };
        let named = match method {
            // As it is.
            Method::Get => Ok(()),
            method => request.set_method(&method),
        };
        named
            .and_then(|()| request.set_scheme(Some(&scheme)))
            .and_then(|()| request.set_authority(Some(&origin.authority())))
            .and_then(|()| request.set_path_with_query(Some(&self.url.path_and_query())))
            .map_err(|()| {
                failure::network(
                    self.method,
                    &self.url,
                    None,
                    "the address can't be requested",
                )
            })?;
        Ok(request)
    }
}

impl Tried {
    const ONCE: Self = Self {
        attempts: 1,
        since: u64::MAX,
    };

    /// For how long, in milliseconds.
    pub(crate) fn elapsed(self) -> u64 {
        monotonic_clock::now().saturating_sub(self.since) / NANOSECONDS
    }
}

impl Failed {
    /// The error of a request to this address.
    pub(crate) fn of(self, method: &'static str, url: &Url) -> Fault {
        match self {
            Self::Transport(code, tried) => failure::transport(method, url, &code, tried),
            Self::Unsent(error) => error,
        }
    }
}

impl<E: Into<Fault>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self::Unsent(error.into())
    }
}

impl Answer {
    /// A header's first value, when it is text.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let value = self.headers.get(name).into_iter().next()?;
        String::from_utf8(value).ok()
    }

    /// All of a header's values that are text.
    pub(crate) fn header_values(&self, name: &str) -> Vec<String> {
        self.headers
            .get(name)
            .into_iter()
            .filter_map(|value| String::from_utf8(value).ok())
            .collect()
    }

    /// The body as a stream to hand on, and the word on how it ended.
    pub(crate) fn into_stream(self) -> (ByteStream, BodyEnd) {
        let (accepted, outcome) = wit_future::new(|| Ok(()));
        let body = Response::consume_body(self.response, outcome);
        // Which says so, and waits for nobody to hear it any more.
        drop(accepted);
        body
    }

    /// The whole body, which may have at most `most` bytes. How it broke off, when it
    /// did: [`Wire::whole`](crate::wire::Wire::whole) asks again then.
    pub(crate) async fn bytes(self, most: u64) -> Result<Vec<u8>, Failed> {
        let (method, url, tried) = (self.method, self.url.clone(), self.tried);
        let (stream, end) = self.into_stream();
        let Some(body) = collect(stream, most).await else {
            return Err(Failed::Unsent(
                Error::LimitExceeded(format!(
                    "the answer to {method} {} has more than {most} bytes",
                    url.redacted()
                ))
                .into(),
            ));
        };
        match end.await {
            Ok(_) => Ok(body),
            Err(code) => Err(Failed::Transport(Box::new(code), tried)),
        }
    }

    /// As much of the body as comes, up to `most` bytes: for messages.
    pub(crate) async fn prefix(self, most: u64) -> Vec<u8> {
        let (mut stream, _end) = self.into_stream();
        let mut body = Vec::new();
        while (body.len() as u64) < most {
            let (result, chunk) = stream.read(Vec::with_capacity(CHUNK)).await;
            body.extend(chunk);
            if !matches!(
                result,
                wit_bindgen::rt::async_support::StreamResult::Complete(_)
            ) {
                break;
            }
        }
        body
    }
}

/// The whole of a stream, or none when it has more than `most` bytes.
async fn collect(mut stream: ByteStream, most: u64) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let (result, chunk) = stream.read(Vec::with_capacity(CHUNK)).await;
        body.extend(chunk);
        if body.len() as u64 > most {
            return None;
        }
        match result {
            wit_bindgen::rt::async_support::StreamResult::Complete(_) => {}
            _ => return Some(body),
        }
    }
}

/// What all requests are sent with.
pub(crate) fn request_options(settings: &Settings) -> RequestOptions {
    let options = RequestOptions::new();
    // A host that knows no such limit says so, and bounds silence in its own way.
    let _ = options.set_connect_timeout(Some(settings.connect_timeout));
    let _ = options.set_first_byte_timeout(Some(settings.stall_timeout));
    let _ = options.set_between_bytes_timeout(Some(settings.stall_timeout));
    options
}

/// How many bytes are read at a time where bytes are read at all.
const CHUNK: usize = 16 * 1024;

const NANOSECONDS: u64 = 1_000_000;

const USER_AGENT: &str = concat!("wharf/", env!("CARGO_PKG_VERSION"));
