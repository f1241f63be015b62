//! The crate `oci-client` as a command: as many transfers at once as it has by default,
//! contents streamed from and to files, what is there already not moved again.

use std::fs;

use anyhow::{Context as _, Result};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::errors::OciDistributionError;
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference};
use reqwest::header::HeaderValue;
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;

use crate::layout::{Descriptor, Layout, Manifest};
use crate::{Direction, Transfer};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// How much of a file is handed over at a time: as much as it sends at a time, in bytes.
const PIECE: usize = 4 * 1024 * 1024;

/// Moves it.
pub(crate) async fn run(transfer: &Transfer) -> Result<()> {
    // Its HTTP client looks for a provider even when it needs none. An error says that
    // there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = ClientConfig {
        protocol: ClientProtocol::Http,
        ..ClientConfig::default()
    };
    let (downloads, uploads) = (config.max_concurrent_download, config.max_concurrent_upload);
    let client = Client::new(config);
    let at = &transfer.reference;
    let reference = Reference::with_tag(at.server.clone(), at.repository.clone(), at.tag.clone());
    client
        .store_auth_if_needed(&at.server, &RegistryAuth::Anonymous)
        .await;
    let layout = Layout::in_folder(&transfer.layout)?;
    match transfer.direction {
        Direction::Pull => {
            let (bytes, digest) = client
                .pull_manifest_raw(&reference, &RegistryAuth::Anonymous, &[MANIFEST])
                .await?;
            let manifest: Manifest = serde_json::from_slice(&bytes)?;
            stream::iter(manifest.blobs())
                .map(|blob| pull(&client, &reference, &layout, blob))
                .buffer_unordered(downloads)
                .try_collect::<()>()
                .await?;
            let descriptor = Descriptor {
                media_type: MANIFEST.to_owned(),
                digest,
                size: bytes.len().try_into()?,
            };
            layout.set_manifest(&at.tag, &descriptor, &bytes)
        }
        Direction::Push => {
            let (descriptor, bytes) = layout.manifest(&at.tag)?;
            let manifest: Manifest = serde_json::from_slice(&bytes)?;
            stream::iter(manifest.blobs())
                .map(|blob| push(&client, &reference, &layout, blob))
                .buffer_unordered(uploads)
                .try_collect::<()>()
                .await?;
            let media_type = HeaderValue::from_str(&descriptor.media_type)?;
            client
                .push_manifest_raw(&reference, bytes, media_type)
                .await?;
            Ok(())
        }
    }
}

async fn pull(
    client: &Client,
    reference: &Reference,
    layout: &Layout,
    blob: Descriptor,
) -> Result<()> {
    if layout.has(&blob) {
        return Ok(());
    }
    let unfinished = layout.unfinished(&blob.digest)?;
    let mut file = File::create(&unfinished).await?;
    // It checks the digest.
    client
        .pull_blob(reference, blob.digest.as_str(), &mut file)
        .await?;
    drop(file.into_std().await);
    fs::rename(unfinished, layout.path(&blob.digest)?)?;
    Ok(())
}

async fn push(
    client: &Client,
    reference: &Reference,
    layout: &Layout,
    blob: Descriptor,
) -> Result<()> {
    if client.blob_exists(reference, &blob.digest).await? {
        return Ok(());
    }
    let path = layout.path(&blob.digest)?;
    let file = File::open(&path)
        .await
        .with_context(|| format!("{} could not be opened", path.display()))?;
    let length = PIECE.min(blob.size.try_into()?);
    let pieces = stream::try_unfold(file, move |mut file| async move {
        let mut piece = Vec::with_capacity(length);
        while piece.len() < length && file.read_buf(&mut piece).await? > 0 {}
        Ok::<_, OciDistributionError>((!piece.is_empty()).then(|| (piece.into(), file)))
    });
    client
        .push_blob_stream(reference, pieces, &blob.digest)
        .await?;
    Ok(())
}
