//! Counts the requests of an HTTP/1.1 connection as its bytes pass.

/// Where a connection is in its requests. Foreign input: what is not understood ends the
/// counting of this connection and nothing else.
#[derive(Default)]
pub(super) struct Requests {
    place: Place,
}

enum Place {
    /// In a head, of which this came so far.
    Head(Vec<u8>),
    /// In a body that has so many bytes left.
    Body(u64),
    /// In the line that says how long the next chunk is.
    ChunkLength(Vec<u8>),
    /// In a chunk and the line's end after it, so many bytes left.
    Chunk(u64),
    /// In the lines after the last chunk, of which this came so far.
    Trailer(Vec<u8>),
    /// In something else.
    Lost,
}

impl Default for Place {
    fn default() -> Self {
        Self::Head(Vec::new())
    }
}

/// The longest head or line that is waited for, in bytes.
const LONGEST: usize = 1024 * 1024;

impl Requests {
    /// Takes in the next bytes; `begun` hears the method of each request whose head is
    /// whole with them.
    pub(super) fn read(&mut self, mut bytes: &[u8], mut begun: impl FnMut(&str)) {
        while !bytes.is_empty() {
            let (next, rest) = match std::mem::replace(&mut self.place, Place::Lost) {
                Place::Lost => return,
                Place::Head(part) => match until(part, bytes, b"\r\n\r\n") {
                    Ok((head, rest)) => (after_head(&head, &mut begun), rest),
                    Err(part) => (short(part, Place::Head), &bytes[..0]),
                },
                Place::Body(left) => {
                    let (left, rest) = skip(left, bytes);
                    let over = left == 0;
                    (
                        if over {
                            Place::default()
                        } else {
                            Place::Body(left)
                        },
                        rest,
                    )
                }
                Place::ChunkLength(part) => match until(part, bytes, b"\r\n") {
                    Ok((line, rest)) => (after_length(&line), rest),
                    Err(part) => (short(part, Place::ChunkLength), &bytes[..0]),
                },
                Place::Chunk(left) => {
                    let (left, rest) = skip(left, bytes);
                    let over = left == 0;
                    let line = Place::ChunkLength(Vec::new());
                    (if over { line } else { Place::Chunk(left) }, rest)
                }
                Place::Trailer(part) => match until(part, bytes, b"\r\n") {
                    Ok((line, rest)) if line == b"\r\n" => (Place::default(), rest),
                    Ok((_, rest)) => (Place::Trailer(Vec::new()), rest),
                    Err(part) => (short(part, Place::Trailer), &bytes[..0]),
                },
            };
            self.place = next;
            bytes = rest;
        }
    }
}

/// `part` and what follows it up to and with `end`, and the rest; or all, without an end.
fn until<'a>(
    mut part: Vec<u8>,
    bytes: &'a [u8],
    end: &[u8],
) -> Result<(Vec<u8>, &'a [u8]), Vec<u8>> {
    let before = part.len();
    part.extend_from_slice(bytes);
    // The end may have begun in what was there before.
    let from = before.saturating_sub(end.len() - 1);
    let found = part[from..]
        .windows(end.len())
        .position(|window| window == end);
    let Some(found) = found else {
        return Err(part);
    };
    let length = from + found + end.len();
    part.truncate(length);
    Ok((part, &bytes[length - before..]))
}

fn short(part: Vec<u8>, place: impl FnOnce(Vec<u8>) -> Place) -> Place {
    if part.len() > LONGEST {
        Place::Lost
    } else {
        place(part)
    }
}

fn skip(left: u64, bytes: &[u8]) -> (u64, &[u8]) {
    let here = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
    (left - here as u64, &bytes[here..])
}

fn after_head(head: &[u8], begun: &mut impl FnMut(&str)) -> Place {
    let head = String::from_utf8_lossy(head);
    let mut lines = head.trim_start().lines();
    let Some((method, _)) = lines.next().and_then(|line| line.split_once(' ')) else {
        return Place::Lost;
    };
    begun(method);
    let mut place = Place::default();
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let value = value.trim();
        if name.eq_ignore_ascii_case("transfer-encoding") {
            return Place::ChunkLength(Vec::new());
        }
        if name.eq_ignore_ascii_case("content-length") {
            place = match value.parse() {
                Ok(0) => Place::default(),
                Ok(length) => Place::Body(length),
                Err(_) => Place::Lost,
            };
        }
    }
    place
}

fn after_length(line: &[u8]) -> Place {
    let line = String::from_utf8_lossy(line);
    let digits = line.split(';').next().unwrap_or_default().trim();
    match u64::from_str_radix(digits, 16) {
        Ok(0) => Place::Trailer(Vec::new()),
        Ok(length) => length.checked_add(2).map_or(Place::Lost, Place::Chunk),
        Err(_) => Place::Lost,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONVERSATION: &[u8] = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n\
        PUT /b HTTP/1.1\r\ncontent-length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\n\
        PATCH /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\
        12;x=y\r\nGET / HTTP/1.1\r\n\r\n\r\n0\r\nTrailer: x\r\n\r\n\
        POST /d HTTP/1.1\r\nContent-Length: 0\r\n\r\n\
        HEAD /e HTTP/1.1\r\n\r\n";

    fn methods(pieces: impl Iterator<Item = &'static [u8]>) -> Vec<String> {
        let mut requests = Requests::default();
        let mut methods = Vec::new();
        for piece in pieces {
            requests.read(piece, |method| methods.push(method.to_owned()));
        }
        methods
    }

    #[test]
    fn bodies_are_no_requests_however_they_are_cut() {
        for length in 1..=CONVERSATION.len() {
            assert_eq!(
                methods(CONVERSATION.chunks(length)),
                ["GET", "PUT", "PATCH", "POST", "HEAD"],
                "in pieces of {length}"
            );
        }
    }

    #[test]
    fn what_is_not_understood_is_not_counted() {
        let strange: [&[u8]; 4] = [
            b"\x16\x03\x01\r\n\r\nGET / HTTP/1.1\r\n\r\n",
            b"PUT / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
            b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
            b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
        ];
        for bytes in strange {
            let most = usize::from(bytes.starts_with(b"PUT"));
            let pieces = [bytes, b"GET / HTTP/1.1\r\n\r\n"].into_iter();
            assert_eq!(methods(pieces).len(), most);
        }
    }
}
