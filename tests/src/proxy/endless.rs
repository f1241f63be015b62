//! Answers that take their time: slow ones, and those that never end.

use std::io::{self, BufReader, Write};
use std::thread;
use std::time::Duration;

use crate::listener::Connection;
use crate::wire::Head;

/// Reads whatever comes, and says nothing until the peer is gone.
pub(super) fn silence(client: &mut BufReader<Connection>) -> io::Result<()> {
    io::copy(client, &mut io::sink()).map(drop)
}

/// The beginning of an answer's head, whose headers then never end.
pub(super) fn head(answer: &Head, client: &mut impl Write) -> io::Result<bool> {
    let head = answer.to_bytes();
    // Without the empty line that would end it.
    client.write_all(&head[..head.len() - 2])?;
    forever(b"X-Filler: 0123456789abcdef\r\n", client)
}

/// An answer whose body never ends.
pub(super) fn body(mut answer: Head, body: &[u8], client: &mut impl Write) -> io::Result<bool> {
    answer.set("Content-Length", None);
    answer.set("Transfer-Encoding", None);
    answer.set("Connection", Some("close"));
    client.write_all(&answer.to_bytes())?;
    client.write_all(body)?;
    forever(b"                ", client)
}

/// An answer in small pieces, each after a pause.
pub(super) fn slowly(
    mut answer: Head,
    body: &[u8],
    pause: Duration,
    client: &mut impl Write,
) -> io::Result<()> {
    if answer.header("transfer-encoding").is_some() {
        answer.set("Transfer-Encoding", None);
        answer.set("Content-Length", Some(&body.len().to_string()));
    }
    answer.set("Connection", Some("close"));
    for part in [answer.to_bytes().as_slice(), body] {
        for piece in part.chunks(part.len().div_ceil(PIECES).max(1)) {
            thread::sleep(pause);
            client.write_all(piece)?;
            client.flush()?;
        }
    }
    Ok(())
}

fn forever(filler: &[u8], client: &mut impl Write) -> io::Result<bool> {
    let filler = filler.repeat(1000);
    loop {
        client.write_all(&filler)?;
    }
}

/// How many pieces a slow head, and a slow body, comes in.
const PIECES: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_slow_is_whole() {
        let head = Head {
            start: "HTTP/1.1 200 OK".to_owned(),
            headers: vec![("Transfer-Encoding".to_owned(), "chunked".to_owned())],
        };
        let mut sent = Vec::new();
        slowly(head, b"hello", Duration::ZERO, &mut sent).unwrap();
        let text = String::from_utf8(sent).unwrap();
        assert!(text.contains("Content-Length: 5\r\n"), "{text}");
        assert!(text.ends_with("\r\n\r\nhello"), "{text}");
    }

    #[test]
    fn what_is_endless_ends_with_its_reader() {
        struct Reader(usize);
        impl Write for Reader {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0 = self.0.checked_sub(1).ok_or(io::ErrorKind::BrokenPipe)?;
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let head = Head {
            start: "HTTP/1.1 200 OK".to_owned(),
            headers: Vec::new(),
        };
        assert!(super::head(&head, &mut Reader(10)).is_err());
        assert!(body(head, b"hello", &mut Reader(10)).is_err());
    }
}
