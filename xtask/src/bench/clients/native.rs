//! A plain native client: 64 connections, the fewest requests that the protocol allows,
//! no retries, no authentication. What is left is what the network and the registry take.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, bail};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST, LOCATION};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::layout::{Descriptor, Layout, Manifest};
use crate::{Direction, Reference, Transfer};

const CONNECTIONS: usize = 64;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// Moves it.
pub(crate) async fn run(transfer: &Transfer) -> Result<()> {
    let reference = Arc::new(transfer.reference.clone());
    let layout = Arc::new(Layout::in_folder(&transfer.layout)?);
    let mut connection = Connection::open(reference.clone()).await?;
    let manifest_path = format!("manifests/{}", reference.tag);
    match transfer.direction {
        Direction::Pull => {
            let answer = connection.send(Method::GET, &manifest_path, None).await?;
            let bytes = whole(expect(answer, StatusCode::OK)?).await?;
            let descriptor = Descriptor {
                media_type: MANIFEST.to_owned(),
                digest: digest(Sha256::new_with_prefix(&bytes)),
                size: bytes.len().try_into()?,
            };
            let manifest: Manifest = serde_json::from_slice(&bytes)?;
            each(&reference, &layout, transfer.direction, manifest.blobs()).await?;
            layout.set_manifest(&reference.tag, &descriptor, &bytes)
        }
        Direction::Push => {
            let (descriptor, bytes) = layout.manifest(&reference.tag)?;
            let manifest: Manifest = serde_json::from_slice(&bytes)?;
            each(&reference, &layout, transfer.direction, manifest.blobs()).await?;
            let body = Some((descriptor.media_type.as_str(), bytes));
            let answer = connection.send(Method::PUT, &manifest_path, body).await?;
            expect(answer, StatusCode::CREATED)?;
            Ok(())
        }
    }
}

/// Moves the blobs, over as many connections as are of use.
async fn each(
    reference: &Arc<Reference>,
    layout: &Arc<Layout>,
    direction: Direction,
    blobs: Vec<Descriptor>,
) -> Result<()> {
    let workers = CONNECTIONS.min(blobs.len());
    let queue = Arc::new(Mutex::new(VecDeque::from(blobs)));
    let mut all = JoinSet::new();
    for _ in 0..workers {
        let (reference, layout) = (reference.clone(), layout.clone());
        let queue = queue.clone();
        all.spawn(async move {
            let mut connection = Connection::open(reference).await?;
            let next = || {
                let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
                queue.pop_front()
            };
            while let Some(blob) = next() {
                match direction {
                    Direction::Pull => connection.pull(&layout, &blob).await?,
                    Direction::Push => connection.push(&layout, &blob).await?,
                }
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = all.join_next().await {
        done??;
    }
    Ok(())
}

struct Connection {
    reference: Arc<Reference>,
    sender: SendRequest<Full<Bytes>>,
}

impl Connection {
    async fn open(reference: Arc<Reference>) -> Result<Self> {
        let stream = TcpStream::connect(&reference.server).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Ends by itself as `sender` goes; what breaks it breaks the next request.
        tokio::spawn(connection);
        Ok(Self { reference, sender })
    }

    async fn pull(&mut self, layout: &Layout, blob: &Descriptor) -> Result<()> {
        let path = format!("blobs/{}", blob.digest);
        let answer = self.send(Method::GET, &path, None).await?;
        let mut body = expect(answer, StatusCode::OK)?.into_body();
        let unfinished = layout.unfinished(&blob.digest)?;
        let mut file = File::create(&unfinished)?;
        let mut hash = Sha256::new();
        while let Some(frame) = body.frame().await {
            if let Some(data) = frame?.data_ref() {
                hash.update(data);
                file.write_all(data)?;
            }
        }
        let came = digest(hash);
        if came != blob.digest {
            bail!("{came} came for {}", blob.digest);
        }
        fs::rename(unfinished, layout.path(&blob.digest)?)?;
        Ok(())
    }

    async fn push(&mut self, layout: &Layout, blob: &Descriptor) -> Result<()> {
        let answer = self.send(Method::POST, "blobs/uploads/", None).await?;
        let answer = expect(answer, StatusCode::ACCEPTED)?;
        let location = answer
            .headers()
            .get(LOCATION)
            .context("an upload has no location")?
            .to_str()?
            .to_owned();
        whole(answer).await?;
        let path = location
            .strip_prefix("http://")
            .and_then(|rest| rest.strip_prefix(self.reference.server.as_str()))
            .unwrap_or(&location);
        let separator = if path.contains('?') { '&' } else { '?' };
        let path = format!("{path}{separator}digest={}", blob.digest);
        let content = read(&layout.path(&blob.digest)?)?;
        let body = Some(("application/octet-stream", content));
        let answer = self.send(Method::PUT, &path, body).await?;
        whole(expect(answer, StatusCode::CREATED)?).await?;
        Ok(())
    }

    /// `path` is one of the server's, or one below the repository.
    async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Option<(&str, Vec<u8>)>,
    ) -> Result<Response<Incoming>> {
        let path = if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("/v2/{}/{path}", self.reference.repository)
        };
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, &self.reference.server)
            .header(ACCEPT, MANIFEST);
        let mut content = Bytes::new();
        if let Some((media_type, body)) = body {
            request = request.header(CONTENT_TYPE, media_type);
            content = body.into();
        }
        self.sender.ready().await?;
        Ok(self
            .sender
            .send_request(request.body(Full::new(content))?)
            .await?)
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("{} could not be read", path.display()))
}

fn expect(answer: Response<Incoming>, status: StatusCode) -> Result<Response<Incoming>> {
    if answer.status() != status {
        bail!("{} where {status} was expected", answer.status());
    }
    Ok(answer)
}

async fn whole(answer: Response<Incoming>) -> Result<Bytes> {
    Ok(answer.into_body().collect().await?.to_bytes())
}

fn digest(hash: Sha256) -> String {
    use std::fmt::Write as _;

    let mut text = "sha256:".to_owned();
    for byte in hash.finalize() {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
