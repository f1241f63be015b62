//! A loopback port, and a thread for each connection to it.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::fate::LIMIT;

/// A port that is served until this is dropped; then its connections are closed.
pub struct Listener {
    address: SocketAddr,
    stopping: Arc<AtomicBool>,
    open: Arc<Open>,
}

/// A connection, plain or under TLS.
pub enum Connection {
    /// As it is.
    Plain(TcpStream),
    /// Under TLS, the server's side.
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

/// The connections that are open.
#[derive(Default)]
struct Open {
    streams: Mutex<HashMap<u64, TcpStream>>,
    closed: Condvar,
}

impl Listener {
    /// Takes a free port of 127.0.0.1. `serve` is called for each connection, on
    /// a thread of its own, and closes it by returning.
    pub fn start(
        tls: Option<Arc<ServerConfig>>,
        serve: impl Fn(Connection) + Send + Sync + 'static,
    ) -> Self {
        Self::start_at("127.0.0.1", tls, serve)
    }

    /// The same with a port of another address of this machine.
    pub fn start_at(
        host: &str,
        tls: Option<Arc<ServerConfig>>,
        serve: impl Fn(Connection) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((host, 0)).expect("the address has a free port");
        let address = listener.local_addr().expect("it was bound");
        let stopping = Arc::new(AtomicBool::new(false));
        let open = Arc::new(Open::default());
        let serve = Arc::new(serve);
        thread::spawn({
            let (stopping, open) = (stopping.clone(), open.clone());
            move || {
                for (number, stream) in (0..).zip(listener.incoming()) {
                    if stopping.load(Ordering::SeqCst) {
                        break;
                    }
                    let Ok(stream) = stream else { continue };
                    let Ok(handle) = stream.try_clone() else {
                        continue;
                    };
                    open.lock().insert(number, handle);
                    let (serve, open, tls) = (serve.clone(), open.clone(), tls.clone());
                    thread::spawn(move || {
                        if let Ok(connection) = accept(stream, tls) {
                            serve(connection);
                        }
                        // The handle would keep the connection open.
                        if let Some(handle) = open.lock().remove(&number) {
                            let _ = handle.shutdown(Shutdown::Both);
                        }
                        open.closed.notify_all();
                    });
                }
            }
        });
        Self {
            address,
            stopping,
            open,
        }
    }

    /// Host and port, `127.0.0.1:…`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Waits until all connections are over whose other end is gone: what was sent on them
    /// is read by then, also where nobody waits for an answer any more.
    pub fn wait_until_quiet(&self) {
        // Connections are accepted in their order: once this one is, no other is to come.
        let mut last = TcpStream::connect(self.address).expect("it is listening");
        let ended = last.shutdown(Shutdown::Write);
        // However it ends, it was accepted.
        let _ = ended.and_then(|()| io::copy(&mut last, &mut io::sink()));
        let streams = self.open.lock();
        let (streams, waited) = self
            .open
            .closed
            .wait_timeout_while(streams, LIMIT, |streams| !streams.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        let left = streams.len();
        assert!(!waited.timed_out(), "{left} connections are still open");
    }
}

impl Open {
    /// A lock whose holder panicked still protects usable data here.
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, TcpStream>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for connections.
        let _ = TcpStream::connect(self.address);
        for stream in self.open.lock().values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Connection {
    /// Whether the client showed a certificate.
    pub fn shows_certificate(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(stream) => stream.conn.peer_certificates().is_some(),
        }
    }

    /// The bare connection beneath, for what is done to it as such.
    pub fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => &stream.sock,
        }
    }
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}

fn accept(stream: TcpStream, tls: Option<Arc<ServerConfig>>) -> io::Result<Connection> {
    stream.set_nodelay(true)?;
    Ok(match tls {
        None => Connection::Plain(stream),
        Some(config) => {
            let session = ServerConnection::new(config).map_err(io::Error::other)?;
            Connection::Tls(Box::new(StreamOwned::new(session, stream)))
        }
    })
}
