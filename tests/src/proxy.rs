//! A reverse proxy on loopback that sees every request to a registry, and can
//! break each of them.
//!
//! It changes no byte of what it forwards unless that is a request's fate, and holds
//! no body: what a test counts here is what the command did.

mod endless;
mod exchange;

use std::io::{self, BufReader, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;

pub use crate::fate::{Change, Fate, Gate};
use crate::listener::{Connection, Listener};
use crate::wire::{self, Framing, Head};
pub use exchange::Exchange;
use exchange::{Line, Log};

/// A running proxy.
pub struct Proxy {
    listener: Listener,
    log: Arc<Log>,
}

type Judge = dyn Fn(&Exchange) -> Fate + Send + Sync;

impl Proxy {
    /// A proxy before the server at `upstream` (host and port, plain HTTP).
    pub fn start(upstream: &str) -> Self {
        Self::with_fates(upstream, |_| Fate::Forward)
    }

    /// The same, with a say on each request before it is forwarded.
    pub fn with_fates(
        upstream: &str,
        judge: impl Fn(&Exchange) -> Fate + Send + Sync + 'static,
    ) -> Self {
        let log = Arc::new(Log::default());
        let listener = Listener::start(None, {
            let (upstream, log) = (upstream.to_owned(), log.clone());
            move |connection| {
                // What breaks is for the command to notice, and for the test to see.
                let _ = converse(connection, &upstream, &log, &judge);
            }
        });
        Self { listener, log }
    }

    /// Host and port, `127.0.0.1:…`.
    pub fn address(&self) -> String {
        self.listener.address()
    }

    /// All requests so far, in the order in which they came.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.log.lock().clone()
    }

    /// Forgets the requests so far, and tells them. All must be over.
    pub fn take(&self) -> Vec<Exchange> {
        self.wait("all requests are over", |all| {
            all.iter().all(|one| one.over)
        });
        std::mem::take(&mut *self.log.lock())
    }

    /// The same, once everybody who sent any has ended.
    pub fn take_all(&self) -> Vec<Exchange> {
        self.listener.wait_until_quiet();
        self.take()
    }

    /// Waits until the requests are as `wanted`; `what` says so in words.
    pub fn wait(&self, what: &str, wanted: impl Fn(&[Exchange]) -> bool) {
        self.log.wait(what, wanted);
    }
}

fn converse(client: Connection, upstream: &str, log: &Log, judge: &Judge) -> io::Result<()> {
    let mut client = BufReader::with_capacity(PIECE, client);
    let mut server = None;
    while let Some(mut head) = Head::read(&mut client)? {
        let mut line = Line::begin(log, &head);
        let mut fate = judge(&line.exchange);
        if let Fate::At(target, then) = fate {
            head.start = format!("{} {target} {}", head.word(0), head.word(2));
            fate = *then;
        }
        if let Fate::Hold(gate) = &fate {
            gate.arrive()?;
        }
        if head.header("expect").is_some() {
            client
                .get_mut()
                .write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        if let Fate::Silent = &fate {
            return endless::silence(&mut client);
        }
        if let Fate::AnswerEarly(_, answer) = &fate {
            let framing = head.request_framing();
            let mut passed = 0;
            // It ends with an error where the answer is due.
            let _ = wire::pass(framing, &mut client, &mut io::sink(), &mut |so_far| {
                passed = so_far;
                fate.of_request(so_far)
            });
            line.update(|exchange| {
                exchange.sent = passed;
                exchange.status = Some(answer.status);
            });
            let answer = answer.clone().header("Connection", "close");
            answer.write(head.word(0), client.get_mut());
            // Closing with unread input would throw the answer away.
            client.get_ref().socket().shutdown(Shutdown::Write)?;
            return io::copy(&mut client, &mut io::sink()).map(drop);
        }
        if let Fate::Answer(answer) = &fate {
            let body = wire::whole(head.request_framing(), &mut client)?;
            line.update(|exchange| {
                exchange.sent = body.len() as u64;
                exchange.status = Some(answer.status);
            });
            if !answer.write(head.word(0), client.get_mut()) {
                return Ok(());
            }
            continue;
        }
        let mut used = match server.take() {
            Some(server) => server,
            None => connect(upstream)?,
        };
        if forward(&mut client, &mut used, &head, &fate, &mut line)? {
            server = Some(used);
        } else {
            return Ok(());
        }
    }
    Ok(())
}

/// Forwards one request and its answer. False when the connections must not be
/// used again.
fn forward(
    client: &mut BufReader<Connection>,
    server: &mut BufReader<TcpStream>,
    head: &Head,
    fate: &Fate,
    line: &mut Line,
) -> io::Result<bool> {
    let mut asked = head.clone();
    if let Fate::Without(left_out) = fate {
        asked
            .headers
            .retain(|(name, _)| !name.eq_ignore_ascii_case(left_out));
    }
    if let Fate::With(name, value) = fate {
        asked.set(name, Some(value));
    }
    server.get_mut().write_all(&asked.to_bytes())?;
    let mut to_server = server.get_ref();
    let sent = wire::pass(
        head.request_framing(),
        client,
        &mut to_server,
        &mut |passed| {
            line.update(|exchange| exchange.sent = passed);
            fate.of_request(passed)
        },
    );
    // A server that answers before it has read everything is heard all the same,
    // but not when the fate was to break off.
    match (&sent, fate) {
        (Ok(sent), _) => line.update(|exchange| exchange.sent = *sent),
        (Err(_), Fate::CutRequest(_)) => return Ok(false),
        // Without a word that nothing more comes, it would wait for the rest.
        (Err(_), _) => server.get_ref().shutdown(Shutdown::Write)?,
    }
    let answer = loop {
        let answer = Head::read(server)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        if !matches!(answer.status(), Some(100..=199)) {
            break answer;
        }
    };
    line.update(|exchange| {
        exchange.status = answer.status();
        exchange.answered.clone_from(&answer.headers);
    });
    let framing = answer.answer_framing(head.word(0));
    match fate {
        Fate::DropAnswer => {
            // It has been answered, so what was asked for is done.
            return Ok(false);
        }
        Fate::CutHead => {
            let head = answer.to_bytes();
            client.get_mut().write_all(&head[..head.len() / 2])?;
            return Ok(false);
        }
        Fate::Change(change) => {
            let mut answer = answer;
            let mut body = wire::whole(framing, server)?;
            if !matches!(framing, Framing::None | Framing::Length(_)) {
                answer.set("Transfer-Encoding", None);
                answer.set("Content-Length", Some(&body.len().to_string()));
            }
            change.apply(&mut answer, &mut body);
            answer.set("Connection", Some("close"));
            client.get_mut().write_all(&answer.to_bytes())?;
            client.get_mut().write_all(&body)?;
            line.update(|exchange| exchange.received = body.len() as u64);
            return Ok(false);
        }
        Fate::EndlessHead => return endless::head(&answer, client.get_mut()),
        Fate::EndlessBody => {
            let body = wire::whole(framing, server)?;
            return endless::body(answer, &body, client.get_mut());
        }
        Fate::Slow(pause) => {
            let body = wire::whole(framing, server)?;
            endless::slowly(answer, &body, *pause, client.get_mut())?;
            line.update(|exchange| exchange.received = body.len() as u64);
            return Ok(false);
        }
        _ => client.get_mut().write_all(&answer.to_bytes())?,
    }
    let received = wire::pass(framing, server, client.get_mut(), &mut |passed| {
        line.update(|exchange| exchange.received = passed);
        fate.of_answer(passed)
    })?;
    line.update(|exchange| exchange.received = received);
    let close = framing == Framing::UntilClose
        || sent.is_err()
        || answer
            .header("connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"));
    Ok(!close)
}

fn connect(upstream: &str) -> io::Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect(upstream)?;
    stream.set_nodelay(true)?;
    Ok(BufReader::with_capacity(PIECE, stream))
}

/// How much of a body is in memory at a time, in bytes.
const PIECE: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http;
    use crate::scripted::{Answer, Server};

    fn echo() -> Server {
        Server::start(|request| Answer::content("text/plain", request.body.clone()))
    }

    #[test]
    fn a_request_passes_and_is_counted() {
        let server = echo();
        let proxy = Proxy::start(&server.address());
        let url = format!("http://{}/a?b=c", proxy.address());
        let answer = http::request("POST", &url, &[("Authorization", "x")], b"hello").unwrap();
        assert_eq!(answer.body, b"hello");
        let [exchange] = &proxy.take()[..] else {
            panic!("one request was sent");
        };
        assert_eq!(exchange.target, "/a?b=c");
        assert!(exchange.authorized);
        assert_eq!(exchange.status, Some(200));
        assert_eq!((exchange.sent, exchange.received), (5, 5));
        assert!(proxy.exchanges().is_empty());
    }

    #[test]
    fn an_answer_waits_at_a_gate() {
        let server = echo();
        let gate = Gate::new();
        let proxy = Proxy::with_fates(&server.address(), {
            let gate = gate.clone();
            move |_| Fate::HoldAnswer(2, gate.clone())
        });
        let url = format!("http://{}/", proxy.address());
        let request = std::thread::spawn(move || http::request("POST", &url, &[], b"hello"));
        gate.wait_until_reached();
        assert_eq!(proxy.exchanges()[0].received, 2);
        gate.open();
        assert_eq!(request.join().unwrap().unwrap().body, b"hello");
    }

    #[test]
    fn a_request_can_be_cut_and_answered_here() {
        let server = echo();
        let proxy = Proxy::with_fates(&server.address(), |exchange| {
            match exchange.target.as_str() {
                "/cut" => Fate::CutAnswer(1),
                "/head" => Fate::CutHead,
                "/early" => Fate::AnswerEarly(2, Answer::status(413)),
                _ => Fate::Answer(Answer::status(418)),
            }
        });
        let url = format!("http://{}", proxy.address());
        for cut in ["cut", "head"] {
            assert!(http::request("POST", &format!("{url}/{cut}"), &[], b"hello").is_err());
        }
        assert_eq!(http::get(&url).unwrap().status, 418);
        assert_eq!(server.requests().len(), 2);
        let early = http::request("POST", &format!("{url}/early"), &[], b"hello");
        assert_eq!(early.unwrap().status, 413);
        assert_eq!(proxy.take().last().map(|one| one.sent), Some(2));
    }

    #[test]
    fn an_answer_can_be_lost_and_changed() {
        let server = echo();
        let proxy = Proxy::with_fates(&server.address(), |exchange| {
            match exchange.target.as_str() {
                "/lost" => Fate::DropAnswer,
                "/as" => Fate::With("Content-Type", "text/other".to_owned()),
                _ => Fate::Change(Change::new(|head, body| {
                    head.set("X-Changed", Some("yes"));
                    body[0] ^= 1;
                })),
            }
        });
        let url = format!("http://{}", proxy.address());
        assert!(http::request("POST", &format!("{url}/lost"), &[], b"hello").is_err());
        assert_eq!(server.requests().len(), 1);
        let answer = http::request("POST", &url, &[], b"hello").unwrap();
        assert_eq!(answer.header("x-changed"), Some("yes"));
        assert_eq!(answer.body, b"iello");
        let sent = [("Content-Type", "text/plain")];
        http::request("POST", &format!("{url}/as"), &sent, b"hello").unwrap();
        let requests = server.requests();
        assert_eq!(requests[2].header("content-type"), Some("text/other"));
    }
}
