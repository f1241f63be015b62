//! From files of the store to an archive of them in the store.

use std::pin::pin;

use futures::future::{Either, select};
use wharf_app::archive::Packer;
use wharf_app::artifact::Bundle;
use wharf_oci::Digest;
use wit_bindgen::rt::async_support::StreamWriter;

use crate::bindings::{Error, content_store, wit_stream};
use crate::content::Content;
use crate::{failure, store};

/// Archives files, and tells the archive's digest and its size in bytes.
pub(crate) async fn archive(bundle: &Bundle) -> Result<(Digest, u64), Error> {
    let (mut writer, reader) = wit_stream::new();
    // What is left of both on an error goes in the other order: the store forgets what
    // it was given before it could take the end of it for its end.
    let mut added = pin!(content_store::add(reader));
    match select(pin!(write(bundle, &mut writer)), added.as_mut()).await {
        Either::Left((written, _)) => written?,
        Either::Right((early, _)) => {
            early?;
            return Err(unfinished());
        }
    }
    drop(writer);
    let (digest, size) = added.await?;
    Ok((store::digest(&digest)?, size))
}

async fn write(bundle: &Bundle, writer: &mut StreamWriter<u8>) -> Result<(), Error> {
    let mut packer = Packer::new();
    for (name, member) in &bundle.members {
        packer.file(name, member.size).map_err(failure::packing)?;
        let mut content = Content::open(&member.digest, member.size).await?;
        while let Some(piece) = content.next().await? {
            packer.data(&piece).map_err(failure::packing)?;
            send(writer, packer.take()).await?;
        }
    }
    send(writer, packer.finish().map_err(failure::packing)?).await
}

async fn send(writer: &mut StreamWriter<u8>, bytes: Vec<u8>) -> Result<(), Error> {
    if bytes.is_empty() || writer.write_all(bytes).await.is_empty() {
        Ok(())
    } else {
        Err(unfinished())
    }
}

fn unfinished() -> Error {
    Error::Storage("the content store did not take the whole of an archive".to_owned())
}
