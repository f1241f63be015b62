//! Content of the store as a stream, hashed on the way.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

use sha2::{Digest as _, Sha256};
use wharf_oci::Digest;
use wit_bindgen::rt::async_support::{FutureReader, StreamReader, StreamWriter, spawn_local};

use crate::bindings::{Error, Extent, wit_future, wit_stream};
use crate::failure::{failed, mismatch};
use crate::layout::{Layout, PIECE_BYTES};

/// Content, or a part of it, on its way out.
struct Reading {
    layout: Layout,
    digest: Digest,
    file: File,
    /// How many bytes are still to be read.
    left: u64,
    /// There where all of it is read.
    hash: Option<Sha256>,
}

/// Begins to read.
pub(crate) fn read(
    layout: Layout,
    digest: Digest,
    part: Option<Extent>,
) -> Result<(StreamReader<u8>, FutureReader<Result<(), Error>>), Error> {
    let doing = |error: &io::Error| failed(format_args!("reading {digest}"), error);
    let opened = layout.open_blob(&digest).map_err(|error| doing(&error))?;
    let Some((mut file, size)) = opened else {
        return Err(Error::Missing(digest.to_string()));
    };
    let (offset, length) = match part {
        None => (0, size),
        Some(part) => (part.offset, part.length),
    };
    if offset.checked_add(length).is_none_or(|end| end > size) {
        return Err(Error::Failed(format!(
            "{digest} has {size} bytes, and {length} from {offset} on are wanted"
        )));
    }
    file.seek(SeekFrom::Start(offset))
        .map_err(|error| doing(&error))?;
    let reading = Reading {
        hash: (length == size).then(Sha256::new),
        layout,
        file,
        left: length,
        digest,
    };
    let (writer, stream) = wit_stream::new();
    let (verdict_writer, verdict) = wit_future::new(|| Ok(()));
    spawn_local(async move {
        let verdict = reading.run(writer).await;
        // Whoever is gone does not want to know.
        let _ = verdict_writer.write(verdict).await;
    });
    Ok((stream, verdict))
}

impl Reading {
    /// Hands all of it on. What is damaged is not handed on to its end: whoever gets it
    /// sees that something is missing.
    async fn run(mut self, mut writer: StreamWriter<u8>) -> Result<(), Error> {
        while self.left > 0 {
            let piece = self.piece()?;
            if self.left == 0 {
                self.verify()?;
            }
            if !writer.write_all(piece).await.is_empty() {
                // No verdict on what was not read to its end.
                return Ok(());
            }
        }
        self.verify()
    }

    fn piece(&mut self) -> Result<Vec<u8>, Error> {
        let most = usize::try_from(self.left).unwrap_or(PIECE_BYTES);
        let mut piece = vec![0; most.min(PIECE_BYTES)];
        let read = self.file.read_exact(&mut piece);
        read.map_err(|error| failed(format_args!("reading {}", self.digest), &error))?;
        self.left -= piece.len() as u64;
        if let Some(hash) = &mut self.hash {
            hash.update(&piece);
        }
        Ok(piece)
    }

    /// Whether all of it was what its digest says. Once: the next time it is not asked.
    fn verify(&mut self) -> Result<(), Error> {
        let Some(hash) = self.hash.take() else {
            return Ok(());
        };
        let found = Digest::from_sha256(&hash.finalize().into());
        if found == self.digest {
            return Ok(());
        }
        self.layout
            .set_aside(&self.digest)
            .map_err(|error| failed(format_args!("setting {} aside", self.digest), &error))?;
        Err(mismatch("content of the store", &self.digest, found))
    }
}
