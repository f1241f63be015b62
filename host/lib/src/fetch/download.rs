//! A file on its way into the store, gone on with where it was cut off.

use http::{HeaderMap, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use wharf_net::Body;
use wharf_oci::range::ContentRange;
use wharf_oci::{Digest, Url};
use wharf_store::{Addition, Store, StoreError};

use super::Peer;
use super::answer::{Failed, Rest, ask, broken, network};
use crate::audit::Refusal;
use crate::blocking::blocking;
use crate::error::{Error, Mismatch};
use crate::watch::{Stored, Watch};

/// The most bytes that a file may have: 4 GiB, more than WebAssembly can use. It bounds
/// what a server can make this side write.
const FILE_BYTES: u64 = 4 * 1024 * 1024 * 1024;

/// How many bytes are written at a time.
const PIECE_BYTES: usize = 1024 * 1024;

/// A file on its way into the store.
pub(super) struct Download<'a> {
    store: &'a Store,
    url: &'a Url,
    digest: &'a Digest,
    part: Option<Part>,
    progressed: bool,
    answered: bool,
    /// Whether it was begun anew, since its pieces did not fit together.
    renewed: bool,
}

/// What came of it.
struct Part {
    addition: Addition,
    size: u64,
    /// How much all of it is, where that was told.
    total: Option<u64>,
    validator: Option<String>,
    /// Whether it came by more than one answer.
    continued: bool,
}

impl<'a> Download<'a> {
    pub(super) fn new(store: &'a Store, url: &'a Url, digest: &'a Digest) -> Self {
        Self {
            store,
            url,
            digest,
            part: None,
            progressed: false,
            answered: false,
            renewed: false,
        }
    }

    /// Whether more came of it the last time.
    pub(super) fn progressed(&self) -> bool {
        self.progressed
    }

    /// Whether anybody was ever there.
    pub(super) fn answered(&self) -> bool {
        self.answered
    }

    /// Fetches what is missing, and makes the file visible when it is what was promised.
    pub(super) async fn go_on(&mut self, peer: &Peer) -> Result<(), Failed> {
        self.progressed = false;
        let rest = self.part.as_ref().filter(|part| part.size > 0);
        let rest = rest.map(|part| Rest {
            from: part.size,
            validator: part.validator.clone(),
        });
        let asked = ask(peer, self.url, rest.as_ref()).await;
        self.answered |= !matches!(asked, Err(Failed::Unreached(_)));
        let (at, answer) = asked?;
        let part = match self.part.take() {
            Some(part) if answer.status() != StatusCode::OK => {
                part.continued_by(&answer).ok_or_else(|| {
                    // It begins anew then.
                    let why = "what it answers is not the rest of what came before";
                    Failed::Passing {
                        error: network(&at, Some(answer.status()), why),
                        asked: None,
                    }
                })?
            }
            _ => self.begun_by(&answer).await?,
        };
        let part = self.receive(part, &at, answer.into_body()).await?;
        self.finish(part, &at, &peer.hooks.watch).await
    }

    /// A new part, of which an answer has the beginning.
    async fn begun_by(&self, answer: &Response<Body>) -> Result<Part, Failed> {
        let store = self.store.clone();
        let addition = blocking(move || store.add()).await?;
        let headers = answer.headers();
        let length = text(headers, header::CONTENT_LENGTH.as_str());
        let tag = text(headers, header::ETAG.as_str());
        Ok(Part {
            addition: addition.map_err(|error| stored(&error, self.url))?,
            size: 0,
            total: length.and_then(|length| length.parse().ok()),
            // A weak one says nothing about bytes (RFC 9110 §13.1.5).
            validator: tag.filter(|tag| tag.starts_with('"')).map(str::to_owned),
            continued: false,
        })
    }

    /// Adds an answer's body. Where it breaks off, what came is kept.
    async fn receive(&mut self, mut part: Part, at: &Url, mut body: Body) -> Result<Part, Failed> {
        let mut piece = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = match frame {
                Ok(frame) => frame,
                Err(error) => {
                    self.part = Some(self.write(part, piece).await?);
                    return Err(broken(at, &error));
                }
            };
            let Ok(bytes) = frame.into_data() else {
                continue;
            };
            if part.size + (piece.len() + bytes.len()) as u64 > FILE_BYTES {
                return Err(Failed::Final(Error::LimitExceeded(format!(
                    "{} has more than {FILE_BYTES} bytes",
                    at.redacted()
                ))));
            }
            piece.extend_from_slice(&bytes);
            if piece.len() >= PIECE_BYTES {
                part = self.write(part, std::mem::take(&mut piece)).await?;
            }
        }
        part = self.write(part, piece).await?;
        if part.total.is_some_and(|total| part.size < total) {
            // Servers may answer with less than was asked for.
            self.part = Some(part);
            return Err(Failed::Passing {
                error: network(at, None, "its answer ends too early"),
                asked: None,
            });
        }
        Ok(part)
    }

    async fn write(&mut self, part: Part, piece: Vec<u8>) -> Result<Part, Failed> {
        if piece.is_empty() {
            return Ok(part);
        }
        self.progressed = true;
        let written = blocking(move || {
            let mut part = part;
            part.addition.write(&piece)?;
            part.size += piece.len() as u64;
            Ok::<_, StoreError>(part)
        });
        let written = written.await?;
        written.map_err(|error| Failed::Final(stored(&error, self.url)))
    }

    async fn finish(&mut self, part: Part, at: &Url, watch: &Watch) -> Result<(), Failed> {
        let (wanted, continued, size) = (self.digest.clone(), part.continued, part.size);
        let finished = blocking(move || part.addition.finish_as(&wanted)).await?;
        let outcome = match &finished {
            Ok(_) => Ok(()),
            Err(error) => Err(Refusal::Sandbox(stored(error, self.url).to_string())),
        };
        let what = Stored {
            digest: Some(self.digest.as_str()),
            bytes: Some(size),
            name: None,
        };
        watch.stored(&outcome, "add", what).map_err(Error::from)?;
        match finished {
            Ok(_) => Ok(()),
            // The pieces may be of different files: all of it is fetched anew then, once.
            Err(error @ StoreError::Mismatch { .. }) if continued && !self.renewed => {
                self.renewed = true;
                Err(Failed::Passing {
                    error: stored(&error, at),
                    asked: None,
                })
            }
            Err(error) => Err(Failed::Final(stored(&error, self.url))),
        }
    }
}

impl Part {
    /// The same part, when an answer has what comes next.
    fn continued_by(self, answer: &Response<Body>) -> Option<Self> {
        let range = text(answer.headers(), header::CONTENT_RANGE.as_str());
        let range = ContentRange::parse(range?)?;
        let fits = answer.status() == StatusCode::PARTIAL_CONTENT
            && range.first == self.size
            && (range.total.is_none() || self.total.is_none() || range.total == self.total);
        fits.then_some(Self {
            total: self.total.or(range.total),
            continued: true,
            ..self
        })
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// What the store says of a file from an address.
pub(super) fn stored(error: &StoreError, url: &Url) -> Error {
    match error {
        StoreError::Mismatch {
            expected, found, ..
        } => Error::Integrity(Mismatch {
            subject: url.redacted(),
            expected: expected.clone(),
            found: found.clone(),
        }),
        error => Error::Storage(error.to_string()),
    }
}
