//! A proxy on loopback that adds a round trip's time and counts what passes.
//!
//! It forwards bytes, not messages: each piece waits for half of a round trip and then goes
//! on, in order, however many wait with it. So it delays and does not slow: what a
//! connection carries per second stays the same. A new connection waits for a whole round
//! trip before its first byte goes on, as the handshake of a real one would.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::requests::Requests;

/// How much is read at a time, in bytes.
const PIECE: usize = 64 * 1024;

/// How many pieces may wait on one side of a connection: 64 MiB, more than a fast machine
/// moves in the time that they wait.
const WAITING: usize = 1024;

/// A running proxy. It ends when this is dropped.
pub(super) struct Proxy {
    /// Host and port.
    pub(super) address: String,
    traffic: Arc<Mutex<Traffic>>,
    task: JoinHandle<()>,
}

/// What passed a proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Traffic {
    pub(super) connections: u64,
    pub(super) requests: u64,
    /// Requests by method.
    pub(super) methods: BTreeMap<String, u64>,
    /// Towards the registry, headers included.
    pub(super) bytes_sent: u64,
    /// From the registry, headers included.
    pub(super) bytes_received: u64,
}

impl Proxy {
    /// Starts one before the server at `upstream`, on a runtime that must go on.
    pub(super) async fn start(upstream: SocketAddr, round_trip: Duration) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .context("no port for a proxy")?;
        let address = listener.local_addr()?.to_string();
        let traffic = Arc::new(Mutex::new(Traffic::default()));
        let task = tokio::spawn({
            let traffic = traffic.clone();
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    // What breaks here breaks at the client, which tells.
                    tokio::spawn(connect(client, upstream, round_trip, traffic.clone()));
                }
            }
        });
        Ok(Self {
            address,
            traffic,
            task,
        })
    }

    /// What passed since this was asked last.
    pub(super) fn take(&self) -> Traffic {
        std::mem::take(&mut lock(&self.traffic))
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn connect(
    client: TcpStream,
    upstream: SocketAddr,
    round_trip: Duration,
    traffic: Arc<Mutex<Traffic>>,
) -> Result<()> {
    let opened = Instant::now() + round_trip;
    lock(&traffic).connections += 1;
    let server = TcpStream::connect(upstream).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let one_way = round_trip / 2;
    let mut requests = Requests::default();
    let sent = |piece: &[u8]| {
        let mut traffic = lock(&traffic);
        traffic.bytes_sent += piece.len() as u64;
        requests.read(piece, |method| {
            traffic.requests += 1;
            *traffic.methods.entry(method.to_owned()).or_default() += 1;
        });
    };
    let received = |piece: &[u8]| lock(&traffic).bytes_received += piece.len() as u64;
    tokio::join!(
        pass(from_client, to_server, opened, one_way, sent),
        pass(from_server, to_client, opened, one_way, received),
    );
    Ok(())
}

/// Passes on what comes, `delay` later and not before `opened + delay`, until either side
/// ends.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    opened: Instant,
    delay: Duration,
    mut seen: impl FnMut(&[u8]),
) {
    let (sender, mut waiting) = mpsc::channel::<(Instant, Vec<u8>)>(WAITING);
    let read = async {
        // By value, so that the writer hears of the end.
        let sender = sender;
        loop {
            let mut piece = Vec::with_capacity(PIECE);
            match from.read_buf(&mut piece).await {
                Ok(0) | Err(_) => break,
                Ok(_) => seen(&piece),
            }
            let due = Instant::now().max(opened) + delay;
            if sender.send((due, piece)).await.is_err() {
                break;
            }
        }
    };
    let write = async {
        while let Some((due, piece)) = waiting.recv().await {
            if due > Instant::now() {
                sleep_until(due).await;
            }
            if to.write_all(&piece).await.is_err() {
                // So that the reader does not wait for room.
                waiting.close();
                return;
            }
        }
        // The other side may be gone.
        let _ = to.shutdown().await;
    };
    tokio::join!(read, write);
}

fn lock(traffic: &Mutex<Traffic>) -> MutexGuard<'_, Traffic> {
    traffic.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUND_TRIP: Duration = Duration::from_millis(20);

    /// A server that sends back what it gets.
    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.split();
                    tokio::io::copy(&mut from, &mut to).await
                });
            }
        });
        address
    }

    async fn round_trip(stream: &mut TcpStream, request: &[u8]) -> (Vec<u8>, Duration) {
        let begun = Instant::now();
        stream.write_all(request).await.unwrap();
        let mut back = vec![0; request.len()];
        stream.read_exact(&mut back).await.unwrap();
        (back, begun.elapsed())
    }

    #[tokio::test]
    async fn a_round_trip_takes_longer_and_the_first_one_twice() {
        let proxy = Proxy::start(echo().await, ROUND_TRIP).await.unwrap();
        let mut stream = TcpStream::connect(&proxy.address).await.unwrap();
        let (back, first) = round_trip(&mut stream, b"GET / HTTP/1.1\r\n\r\n").await;
        assert_eq!(back, b"GET / HTTP/1.1\r\n\r\n");
        assert!(first >= ROUND_TRIP * 2, "{first:?}");
        let (_, second) = round_trip(&mut stream, b"GET / HTTP/1.1\r\n\r\n").await;
        assert!(second >= ROUND_TRIP, "{second:?}");
        let traffic = proxy.take();
        assert_eq!(traffic.connections, 1);
        assert_eq!(traffic.requests, 2);
        assert_eq!(traffic.methods["GET"], 2);
        assert_eq!((traffic.bytes_sent, traffic.bytes_received), (36, 36));
        assert_eq!(proxy.take(), Traffic::default());
    }

    #[tokio::test]
    async fn many_pieces_wait_together_and_keep_their_order() {
        // So long that sixteen waits, one after the other, would take half a minute.
        let proxy = Proxy::start(echo().await, Duration::from_secs(2))
            .await
            .unwrap();
        let stream = TcpStream::connect(&proxy.address).await.unwrap();
        let (mut from, mut to) = stream.into_split();
        let content: Vec<u8> = (0..=250).cycle().take(16 * PIECE).collect();
        let sent = content.clone();
        let begun = Instant::now();
        let sending = tokio::spawn(async move {
            to.write_all(&sent).await.unwrap();
            to
        });
        let mut back = vec![0; content.len()];
        from.read_exact(&mut back).await.unwrap();
        assert!(back == content);
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(16), "{took:?}");
        drop(sending.await.unwrap());
        // The end goes round as well.
        assert_eq!(from.read(&mut [0]).await.unwrap(), 0);
    }
}
