//! Content on its way into the store, from a stream.

use std::cell::{Cell, RefCell};

use wharf_oci::{Descriptor, Digest};
use wit_bindgen::rt::async_support::{StreamReader, StreamResult};

use crate::bindings::content_store::GuestIngest;
use crate::bindings::{Error, Extent};
use crate::draft::Draft;
use crate::failure::{failed, mismatch};
use crate::layout::{Layout, PIECE_BYTES};

/// The right to write one piece of content, into a file of its own. It is written from
/// its start to its end, so that it is hashed as it comes.
#[expect(unreachable_pub, reason = "the export's trait asks for a public type")]
pub struct Ingest {
    layout: Layout,
    expected: Descriptor,
    draft: RefCell<Option<Draft>>,
    is_writing: Cell<bool>,
}

impl Ingest {
    /// Begins, unless the content is here.
    pub(crate) fn begin(layout: Layout, expected: Descriptor) -> Result<Option<Self>, Error> {
        let digest = &expected.digest;
        let doing = format!("taking in {digest}");
        match layout
            .stat(digest)
            .map_err(|error| failed(&doing, &error))?
        {
            Some(size) if size == expected.size => return Ok(None),
            Some(size) => {
                let is_sound = layout.is_sound(digest);
                if is_sound.map_err(|error| failed(&doing, &error))? {
                    return Err(mismatch(
                        format_args!("the size of {digest}"),
                        format_args!("{} bytes", expected.size),
                        format_args!("{size} bytes"),
                    ));
                }
                layout
                    .set_aside(digest)
                    .map_err(|error| failed(&doing, &error))?;
            }
            None => {}
        }
        let draft = layout.draft().map_err(|error| failed(&doing, &error))?;
        Ok(Some(Self {
            layout,
            expected,
            draft: RefCell::new(Some(draft)),
            is_writing: Cell::new(false),
        }))
    }

    /// Does something with what was written so far.
    fn with<T>(&self, step: impl FnOnce(&mut Draft) -> std::io::Result<T>) -> Result<T, Error> {
        let mut draft = self.draft.borrow_mut();
        let draft = draft
            .as_mut()
            .ok_or_else(|| Error::Failed("this content was finished before".to_owned()))?;
        step(draft)
            .map_err(|error| failed(format_args!("writing {}", self.expected.digest), &error))
    }

    async fn take(&self, offset: u64, mut data: StreamReader<u8>) -> Result<u64, Error> {
        let at = self.with(|draft| Ok(draft.written()))?;
        if offset == 0 && at > 0 {
            self.with(Draft::restart)?;
        } else if offset != at {
            return Err(Error::Failed(format!(
                "{} is written in order here: at {at} next, and not at {offset}",
                self.expected.digest
            )));
        }
        let mut taken = 0;
        let mut room = Vec::with_capacity(PIECE_BYTES);
        loop {
            let (result, mut piece) = data.read(room).await;
            taken += piece.len() as u64;
            let size = self.expected.size;
            if offset + taken > size {
                self.with(Draft::restart)?;
                return Err(mismatch(
                    format_args!("the size of {}", self.expected.digest),
                    format_args!("{size} bytes"),
                    "more",
                ));
            }
            self.with(|draft| draft.write(&piece))?;
            if !matches!(result, StreamResult::Complete(_)) {
                return Ok(taken);
            }
            piece.clear();
            room = piece;
        }
    }
}

impl GuestIngest for Ingest {
    fn missing(&self) -> Vec<Extent> {
        let written = self.draft.borrow().as_ref().map_or(0, Draft::written);
        match self.expected.size - written {
            0 => Vec::new(),
            length => vec![Extent {
                offset: written,
                length,
            }],
        }
    }

    async fn write(&self, offset: u64, data: StreamReader<u8>) -> Result<u64, Error> {
        if self.is_writing.replace(true) {
            return Err(Error::Failed(format!(
                "{} is written in order here, and somebody is at it",
                self.expected.digest
            )));
        }
        let taken = self.take(offset, data).await;
        self.is_writing.set(false);
        taken
    }

    async fn finish(&self) -> Result<(), Error> {
        let digest = &self.expected.digest;
        let (written, found) = self.with(|draft| Ok((draft.written(), draft.digest())))?;
        if written != self.expected.size {
            return Err(Error::Failed(format!(
                "{written} of the {} bytes of {digest} were written",
                self.expected.size
            )));
        }
        if found != *digest {
            self.with(Draft::restart)?;
            return Err(mismatch("content", digest, found));
        }
        match self.draft.borrow_mut().take() {
            Some(draft) => draft
                .publish(&self.layout.blob(digest))
                .map_err(|error| failed(format_args!("storing {digest}"), &error)),
            None => Ok(()),
        }
    }

    async fn discard(&self) -> Result<(), Error> {
        self.with(Draft::restart)
    }
}

/// Stores content of any size, and tells its digest and its size.
pub(crate) async fn add(
    layout: &Layout,
    mut data: StreamReader<u8>,
) -> Result<(Digest, u64), Error> {
    let doing = |error| failed("storing content", &error);
    let mut draft = layout.draft().map_err(doing)?;
    let mut room = Vec::with_capacity(PIECE_BYTES);
    loop {
        let (result, mut piece) = data.read(room).await;
        draft.write(&piece).map_err(doing)?;
        if !matches!(result, StreamResult::Complete(_)) {
            break;
        }
        piece.clear();
        room = piece;
    }
    let (digest, size) = (draft.digest(), draft.written());
    if layout.stat(&digest).map_err(doing)? != Some(size) {
        draft.publish(&layout.blob(&digest)).map_err(doing)?;
    }
    Ok((digest, size))
}
