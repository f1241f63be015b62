//! A store in a temporary directory, applications in it, and a plain HTTP client.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use wharf_app::artifact::{DATA_LAYER, IMAGE_CONFIG, LOCKED_APP, WASM_LAYER};
use wharf_oci::{Descriptor, Digest};
use wharf_store::Store;
use wharf_up::{App, RouteInfo, Settings, UpError};

pub(crate) type Lines = Arc<Mutex<Vec<String>>>;

pub(crate) struct Trial {
    pub(crate) store: Store,
    pub(crate) notices: Lines,
    _directory: TempDir,
}

pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) routes: Vec<RouteInfo>,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<Result<(), UpError>>,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// A locked application of components and their routes. A component may have
/// several.
pub(crate) fn locked(routes: &[(&str, &str)]) -> Value {
    let numbered = routes.iter().enumerate();
    let triggers: Vec<_> = numbered
        .map(|(number, (component, route))| {
            json!({
                "id": format!("t{number}"), "trigger_type": "http",
                "trigger_config": {"component": component, "route": route},
            })
        })
        .collect();
    let mut ids: Vec<_> = routes.iter().map(|(component, _)| *component).collect();
    ids.sort_unstable();
    ids.dedup();
    let components: Vec<_> = ids.iter().map(|id| json!({"id": id})).collect();
    json!({
        "spin_lock_version": 1,
        "metadata": {"name": "trial", "version": "1.0.0"},
        "must_understand": ["component_host_requirements"],
        "triggers": triggers,
        "components": components,
    })
}

impl Trial {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self {
            store: Store::open(&directory.path().join("store")).unwrap(),
            notices: Lines::default(),
            _directory: directory,
        }
    }

    /// Puts an application into the store: the document as it is but for the
    /// components' sources. Returns the digest of its manifest.
    pub(crate) fn app(&self, document: &Value, components: &[(&str, Vec<u8>)]) -> Digest {
        let mut document = document.clone();
        let mut layers = Vec::new();
        for component in document["components"].as_array_mut().unwrap() {
            let id = component["id"].as_str().unwrap().to_owned();
            let (_, wasm) = components.iter().find(|(other, _)| *other == id).unwrap();
            let layer = self.put(WASM_LAYER, wasm);
            component["source"] =
                json!({"content_type": "application/wasm", "digest": layer.digest.as_str()});
            if !layers.contains(&layer) {
                layers.push(layer);
            }
        }
        layers.push(self.put(LOCKED_APP, document.to_string().as_bytes()));
        let config = self.put(IMAGE_CONFIG, b"{}");
        let manifest = json!({"schemaVersion": 2, "config": config, "layers": layers});
        self.put(DATA_LAYER, manifest.to_string().as_bytes()).digest
    }

    pub(crate) async fn prepare(&self, manifest: &Digest) -> Result<App, UpError> {
        let lines = Arc::clone(&self.notices);
        let settings = Settings {
            notice: Some(Arc::new(move |line: &str| {
                lines.lock().unwrap().push(line.to_owned());
            })),
            ..Settings::default()
        };
        wharf_up::prepare(&self.store, manifest, settings).await
    }

    pub(crate) async fn serve(&self, manifest: &Digest) -> Served {
        let app = self.prepare(manifest).await.unwrap();
        let any = "127.0.0.1:0".parse().unwrap();
        let server = app.listen(any, false).await.unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        Served {
            address: server.address(),
            routes: server.routes().to_vec(),
            stop,
            ended: tokio::spawn(server.serve(async { drop(stopped.await) })),
        }
    }

    /// How many components see a file at this path.
    pub(crate) fn laid_out(&self, path: &str) -> usize {
        let scratch = self.store.path().join("scratch");
        let entries = |directory: &Path| fs::read_dir(directory).into_iter().flatten().flatten();
        entries(&scratch)
            .flat_map(|private| entries(&private.path()))
            .filter(|component| component.path().join(path).exists())
            .count()
    }

    fn put(&self, media_type: &str, content: &[u8]) -> Descriptor {
        let digest = self.store.put(content, None).unwrap();
        Descriptor::new(media_type, digest, content.len() as u64)
    }
}

impl Served {
    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        self.ended.await.unwrap().unwrap();
    }
}

pub(crate) async fn get(address: SocketAddr, path: &str) -> Answer {
    let head = format!("GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    request(address, &head).await
}

/// Sends the head of a request and reads until the connection ends or the answer's
/// length is there.
pub(crate) async fn request(address: SocketAddr, head: &str) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // A server that refuses early may not read to the end.
    let _ = stream.write_all(head.as_bytes()).await;
    let mut bytes = Vec::new();
    loop {
        let mut part = [0; 4096];
        let count = stream.read(&mut part).await.unwrap_or(0);
        bytes.extend_from_slice(&part[..count]);
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .and_then(|length| length.parse::<usize>().ok());
            if count == 0 || length.is_some_and(|length| body.len() >= length) {
                let status = head.split(' ').nth(1).unwrap().parse().unwrap();
                return Answer {
                    status,
                    body: body.to_owned(),
                };
            }
        }
        assert!(count > 0, "the connection ended early: {text}");
    }
}

pub(crate) fn lines(lines: &Lines) -> Vec<String> {
    lines.lock().unwrap().clone()
}
