//! A proxy as networks have them: asked for connections with `CONNECT`, and for whole
//! addresses of plain HTTP.
//!
//! It leads to one server whatever name it is asked for, so that a test can use names
//! that only a proxy knows.

use std::io::{self, BufReader, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::listener::{Connection, Listener};
use crate::wire::{self, Head};

/// A running proxy.
pub struct ForwardProxy {
    listener: Listener,
    asked: Arc<Mutex<Vec<Head>>>,
}

impl ForwardProxy {
    /// A proxy that leads to the server at `upstream` (host and port).
    pub fn start(upstream: &str) -> Self {
        Self::serve(upstream, None)
    }

    /// A proxy that answers everything with this status.
    pub fn refusing(status: u16) -> Self {
        Self::serve("", Some(status))
    }

    fn serve(upstream: &str, refusal: Option<u16>) -> Self {
        let asked = Arc::default();
        let listener = Listener::start(None, {
            let (upstream, asked) = (upstream.to_owned(), Arc::clone(&asked));
            move |connection| {
                // What breaks is for the command to notice.
                let _ = converse(connection, &upstream, refusal, &asked);
            }
        });
        Self { listener, asked }
    }

    /// Its address, `http://127.0.0.1:…`.
    pub fn url(&self) -> String {
        format!("http://{}", self.listener.address())
    }

    /// Host and port, `127.0.0.1:…`.
    pub fn address(&self) -> String {
        self.listener.address()
    }

    /// What it was asked for so far, in order.
    pub fn asked(&self) -> Vec<Head> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.clone()
    }
}

fn converse(
    client: Connection,
    upstream: &str,
    refusal: Option<u16>,
    asked: &Mutex<Vec<Head>>,
) -> io::Result<()> {
    let mut client = BufReader::new(client);
    while let Some(mut head) = Head::read(&mut client)? {
        asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(head.clone());
        if let Some(status) = refusal {
            let _ = wire::whole(head.request_framing(), &mut client)?;
            write!(
                client.get_mut(),
                "HTTP/1.1 {status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )?;
            return Ok(());
        }
        let server = TcpStream::connect(upstream)?;
        server.set_nodelay(true)?;
        if head.word(0) == "CONNECT" {
            client
                .get_mut()
                .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
            return join(client.get_ref().socket(), &server);
        }
        let path = head.word(1).splitn(4, '/').nth(3);
        let path = path.ok_or_else(|| io::Error::other("not a whole address"))?;
        head.start = format!("{} /{path} HTTP/1.1", head.word(0));
        head.set("Proxy-Authorization", None);
        head.set("Connection", Some("close"));
        let mut server = BufReader::new(server);
        server.get_mut().write_all(&head.to_bytes())?;
        let mut to_server = server.get_ref();
        wire::pass(
            head.request_framing(),
            &mut client,
            &mut to_server,
            &mut |_| Ok(u64::MAX),
        )?;
        let mut answer = Head::read(&mut server)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let framing = answer.answer_framing(head.word(0));
        answer.set("Connection", None);
        client.get_mut().write_all(&answer.to_bytes())?;
        wire::pass(framing, &mut server, client.get_mut(), &mut |_| {
            Ok(u64::MAX)
        })?;
        if framing == wire::Framing::UntilClose {
            return Ok(());
        }
    }
    Ok(())
}

/// Passes bytes both ways until both ends are done.
fn join(client: &TcpStream, server: &TcpStream) -> io::Result<()> {
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    let upwards = thread::spawn(move || {
        let _ = io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Write);
    });
    let (mut from_server, mut to_client) = (server, client);
    let passed = io::copy(&mut from_server, &mut to_client);
    let _ = client.shutdown(Shutdown::Both);
    let _ = upwards.join();
    passed.map(drop)
}
