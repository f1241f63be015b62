//! The HTTP server: connections in, requests to the application.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{Either, select};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

use crate::UpError;
use crate::app::{App, RouteInfo};
use crate::service::Service;

/// How many ports are tried when a free one is searched for.
const PORTS: u16 = 10;

/// How many connections are open at once. Further ones wait to be accepted.
const MOST_CONNECTIONS: usize = 1_000;

/// How long a client may take for the head of a request, and how long it may keep
/// a connection without one.
const HEAD: Duration = Duration::from_secs(30);

/// The most headers of one request, and the most bytes of them, its first line
/// included.
const MOST_HEADERS: usize = 100;
const MOST_HEADER_BYTES: usize = 64 * 1024;

/// How many requests one HTTP/2 connection carries at once.
const MOST_STREAMS: u32 = 100;

/// How long running requests may take to end when the server is told to.
const FAREWELL: Duration = Duration::from_secs(10);

/// How long to wait when the system has nothing left to accept connections with.
const BREATHER: Duration = Duration::from_millis(100);

/// An application that listens.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    app: App,
}

impl Server {
    pub(crate) async fn listen(
        app: App,
        address: SocketAddr,
        find_free_port: bool,
    ) -> Result<Self, UpError> {
        let listener = bind(address, find_free_port).await?;
        let address = listener
            .local_addr()
            .map_err(|source| UpError::Listen { address, source })?;
        Ok(Self {
            listener,
            address,
            app,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The routes that can be reached, in the order of the author.
    #[must_use]
    pub fn routes(&self) -> &[RouteInfo] {
        self.app.routes()
    }

    /// Serves until `shutdown` is ready, then lets running requests end, for at
    /// most ten seconds.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) -> Result<(), UpError> {
        let service = self.app.service();
        let graceful = GracefulShutdown::new();
        let connections = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        let mut tasks = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        loop {
            let accepted = pin!(async {
                // The semaphore is never closed.
                let permit = Arc::clone(&connections).acquire_owned().await.ok();
                (permit, self.listener.accept().await)
            });
            let (permit, accepted) = match select(shutdown.as_mut(), accepted).await {
                Either::Left(((), _)) => break,
                Either::Right((accepted, _)) => accepted,
            };
            while tasks.try_join_next().is_some() {}
            let (stream, client) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // One connection failed before it was accepted, which is its
                    // own affair; or there are no descriptors or no memory left.
                    if !concerns_one_connection(&error) {
                        tokio::time::sleep(BREATHER).await;
                    }
                    continue;
                }
            };
            let connection =
                serve_connection(stream, client, Arc::clone(&service), graceful.watcher());
            tasks.spawn(async move {
                connection.await;
                drop(permit);
            });
        }
        drop(self.listener);
        // What has not ended by then ends with the tasks.
        let _ = tokio::time::timeout(FAREWELL, graceful.shutdown()).await;
        tasks.shutdown().await;
        drop(self.app);
        if let Some(service) = Arc::into_inner(service) {
            service.close().await;
        }
        Ok(())
    }
}

async fn bind(address: SocketAddr, find_free_port: bool) -> Result<TcpListener, UpError> {
    // Port 0 is a free one already.
    let tries = if find_free_port && address.port() != 0 {
        PORTS
    } else {
        1
    };
    let ports = (0..tries).map_while(|step| address.port().checked_add(step));
    for port in ports {
        let address = SocketAddr::new(address.ip(), port);
        match TcpListener::bind(address).await {
            Ok(listener) => return Ok(listener),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(source) => return Err(UpError::Listen { address, source }),
        }
    }
    Err(UpError::PortInUse(address))
}

/// Serves one connection to its end, whatever that is.
async fn serve_connection(
    stream: TcpStream,
    client: SocketAddr,
    service: Arc<Service>,
    watcher: Watcher,
) {
    // Answers are written when they are complete enough; waiting gains nothing.
    let _ = stream.set_nodelay(true);
    let first_request = Arc::new(Notify::new());
    let answer = {
        let first_request = Arc::clone(&first_request);
        service_fn(move |request| {
            first_request.notify_one();
            let service = Arc::clone(&service);
            async move { Ok::<_, Infallible>(service.answer(request, client).await) }
        })
    };
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_headers(MOST_HEADERS)
        .max_buf_size(MOST_HEADER_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(HEAD)
        .max_header_list_size(u32::try_from(MOST_HEADER_BYTES).unwrap_or(u32::MAX))
        .max_concurrent_streams(MOST_STREAMS);
    let connection = builder
        .serve_connection(TokioIo::new(stream), answer)
        .into_owned();
    let mut connection = pin!(watcher.watch(connection));
    // The limits above begin once it is known which version of HTTP it is.
    let first = pin!(tokio::time::timeout(HEAD, first_request.notified()));
    match select(connection.as_mut(), first).await {
        Either::Right((Ok(()), _)) => drop(connection.await),
        // It ended, or nothing came.
        Either::Left(_) | Either::Right((Err(_), _)) => {}
    }
}

fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}
