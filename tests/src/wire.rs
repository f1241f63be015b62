//! HTTP/1.1 as bytes: heads, and bodies that are passed on while they are read.
//!
//! Small enough to see through, because a server that misbehaves on purpose must
//! not be corrected by a library.

use std::fmt::Write as _;
use std::io::{self, BufRead, Read, Write};

/// A request's or an answer's first line and headers, in their order.
#[derive(Clone, Debug)]
pub struct Head {
    /// The first line, without its end.
    pub start: String,
    /// Names as they were written, and values without surrounding space.
    pub headers: Vec<(String, String)>,
}

/// How a body says where it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is none.
    None,
    /// After so many bytes.
    Length(u64),
    /// In chunks, the last of them empty.
    Chunked,
    /// With the connection.
    UntilClose,
}

impl Head {
    /// Reads a head; none when the peer closed the connection before it.
    pub fn read(from: &mut impl BufRead) -> io::Result<Option<Self>> {
        let Some(start) = line(from)? else {
            return Ok(None);
        };
        let mut headers = Vec::new();
        loop {
            let Some(line) = line(from)? else {
                return Err(io::ErrorKind::UnexpectedEof.into());
            };
            if line.is_empty() {
                return Ok(Some(Self { start, headers }));
            }
            let (name, value) = line
                .split_once(':')
                .ok_or_else(|| io::Error::other(format!("`{line}` is no header")))?;
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
    }

    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// Gives a header one value, or takes it away.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        if let Some(value) = value {
            self.headers.push((name.to_owned(), value.to_owned()));
        }
    }

    /// A word of the first line, counted from 0; empty when there are fewer.
    pub fn word(&self, index: usize) -> &str {
        self.start.split(' ').nth(index).unwrap_or_default()
    }

    /// The status, when this is an answer's head.
    pub fn status(&self) -> Option<u16> {
        self.word(1).parse().ok()
    }

    /// The head as it is sent.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = format!("{}\r\n", self.start);
        for (name, value) in &self.headers {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        text.push_str("\r\n");
        text.into_bytes()
    }

    /// How the body of a request with this head is framed (RFC 9112, 6.3).
    pub fn request_framing(&self) -> Framing {
        self.said_framing().unwrap_or(Framing::None)
    }

    /// How the body of an answer with this head to a request with this method is
    /// framed (RFC 9112, 6.3).
    pub fn answer_framing(&self, method: &str) -> Framing {
        match self.status() {
            Some(100..=199 | 204 | 304) => Framing::None,
            _ if method == "HEAD" => Framing::None,
            _ => self.said_framing().unwrap_or(Framing::UntilClose),
        }
    }

    fn said_framing(&self) -> Option<Framing> {
        let chunked = self
            .header("transfer-encoding")
            .is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
        if chunked {
            return Some(Framing::Chunked);
        }
        let length = self.header("content-length")?.parse().ok()?;
        Some(Framing::Length(length))
    }
}

/// The first value of a header in a list of them.
pub fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

/// Passes a body on as it comes, framing included.
///
/// `allow` is asked before each piece, with the count of bytes passed so far; it
/// says how many may pass at most before it is asked again. It may take its time,
/// and its error ends the passing. Tells how many bytes the body had.
pub fn pass(
    framing: Framing,
    from: &mut impl BufRead,
    to: &mut impl Write,
    allow: &mut dyn FnMut(u64) -> io::Result<u64>,
) -> io::Result<u64> {
    let mut passed = 0;
    match framing {
        Framing::None => {}
        Framing::Length(length) => run(from, to, length, true, &mut passed, allow)?,
        Framing::UntilClose => run(from, to, u64::MAX, false, &mut passed, allow)?,
        Framing::Chunked => loop {
            let size = line(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
            let digits = size.split(';').next().unwrap_or_default().trim();
            let length = u64::from_str_radix(digits, 16).map_err(io::Error::other)?;
            write!(to, "{size}\r\n")?;
            run(from, to, length, true, &mut passed, allow)?;
            if length == 0 {
                // Trailers, if any, and the empty line.
                while let Some(line) = line(from)? {
                    write!(to, "{line}\r\n")?;
                    if line.is_empty() {
                        break;
                    }
                }
                break;
            }
            line(from)?;
            to.write_all(b"\r\n")?;
        },
    }
    to.flush()?;
    Ok(passed)
}

/// Reads a body to its end, without its framing.
pub fn whole(framing: Framing, from: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    match framing {
        Framing::None => {}
        Framing::Length(length) => {
            from.take(length).read_to_end(&mut body)?;
            if (body.len() as u64) < length {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Framing::UntilClose => {
            from.read_to_end(&mut body)?;
        }
        Framing::Chunked => loop {
            let size = line(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
            let digits = size.split(';').next().unwrap_or_default().trim();
            let length = u64::from_str_radix(digits, 16).map_err(io::Error::other)?;
            from.take(length).read_to_end(&mut body)?;
            if length == 0 {
                while line(from)?.is_some_and(|line| !line.is_empty()) {}
                break;
            }
            line(from)?;
        },
    }
    Ok(body)
}

fn run(
    from: &mut impl BufRead,
    to: &mut impl Write,
    mut left: u64,
    complete: bool,
    passed: &mut u64,
    allow: &mut dyn FnMut(u64) -> io::Result<u64>,
) -> io::Result<()> {
    while left > 0 {
        // What has come must be seen by the peer before anyone waits.
        to.flush()?;
        let most = allow(*passed)?.min(left);
        let piece = from.fill_buf()?;
        if piece.is_empty() {
            return if complete {
                Err(io::ErrorKind::UnexpectedEof.into())
            } else {
                Ok(())
            };
        }
        let take = usize::try_from(most).unwrap_or(usize::MAX).min(piece.len());
        to.write_all(&piece[..take])?;
        from.consume(take);
        *passed += take as u64;
        left -= take as u64;
    }
    Ok(())
}

fn line(from: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = String::new();
    if from.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(Some(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunked_body_passes_unchanged_and_is_counted_without_its_framing() {
        let sent = b"5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: 1\r\n\r\nnext";
        let mut from = &sent[..];
        let mut to = Vec::new();
        let passed = pass(Framing::Chunked, &mut from, &mut to, &mut |_| Ok(3)).unwrap();
        assert_eq!(to, &sent[..sent.len() - 4]);
        assert_eq!(from, b"next");
        assert_eq!(passed, 11);
        let body = whole(Framing::Chunked, &mut &sent[..]).unwrap();
        assert_eq!(body, b"hello world");
    }

    #[test]
    fn a_body_that_ends_early_is_an_error() {
        let short = pass(
            Framing::Length(10),
            &mut &b"hello"[..],
            &mut Vec::new(),
            &mut |_| Ok(u64::MAX),
        );
        assert_eq!(short.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert!(whole(Framing::Length(10), &mut &b"hello"[..]).is_err());
    }

    #[test]
    fn an_answer_to_head_has_no_body() {
        let head = Head::read(&mut &b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"[..])
            .unwrap()
            .unwrap();
        assert_eq!(head.answer_framing("HEAD"), Framing::None);
        assert_eq!(head.answer_framing("GET"), Framing::Length(9));
    }
}
