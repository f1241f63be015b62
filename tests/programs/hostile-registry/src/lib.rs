//! The world of the registry component, with hostile code behind it.
//!
//! `pull` attacks. The reference is `REGISTRY/PORT:ATTACK`: the tag selects the
//! attack, and the repository is the port of a second server on 127.0.0.1 that
//! was not granted. What came of it is the text of an `error.other` that begins
//! with `refused: `, with `SUCCEEDED: `, or, where only a server can tell, with
//! `sent: `. Whoever asks by a digest gets something else.
#![allow(async_fn_in_trait)]

mod attacks;
mod floods;
mod leaks;
mod led;
mod origins;
mod requests;

wit_bindgen::generate!({
    path: "../../../wit",
    world: "registry",
    generate_all,
});

use exports::wharf::oci::client::{self, Guest, GuestOptions, Referrer, Report, Transport};
use wharf::oci::content_store;
use wharf::oci::types::{Descriptor, Error};

export!(Hostile);

struct Hostile;

struct Options;

impl GuestOptions for Options {
    fn new() -> Self {
        Self
    }

    fn set_transport(&self, _transport: Transport) {}

    fn set_concurrency(&self, _transfers: u32) {}

    fn set_connect_timeout(&self, _milliseconds: u64) {}

    fn set_stall_timeout(&self, _milliseconds: u64) {}

    fn set_retries(&self, _count: u32) {}

    fn set_retry_wait(&self, _first: u64, _longest: u64) {}

    fn add_mount_source(&self, _repository: String) {}

    fn set_platform(&self, _platform: String) {}

    fn set_referrers(&self, _taken: bool) {}

    fn set_dry_run(&self) {}

    fn set_layers(&self, _media_types: Vec<String>) {}
}

impl Guest for Hostile {
    type Options = Options;

    async fn check_credential(_registry: String, _: client::Options) -> Result<(), Error> {
        Err(unable())
    }

    async fn resolve(_reference: String, _: client::Options) -> Result<Descriptor, Error> {
        another()
    }

    async fn pull(reference: String, _: client::Options) -> Result<Report, Error> {
        if reference.contains('@') {
            return reported();
        }
        Err(Error::Other(attacks::run(&reference).await))
    }

    async fn push(_: String, _reference: String, _: client::Options) -> Result<Report, Error> {
        reported()
    }

    async fn send(_: String, _: String, _: client::Options) -> Result<Report, Error> {
        Err(unable())
    }

    async fn copy(_source: String, _: String, _: client::Options) -> Result<Report, Error> {
        reported()
    }

    async fn tags(_: String, _: client::Options) -> Result<Vec<String>, Error> {
        Err(unable())
    }

    async fn delete(_: String, _: client::Options) -> Result<(), Error> {
        Err(unable())
    }

    async fn referrers(
        _: String,
        _: Option<String>,
        _: client::Options,
    ) -> Result<Vec<Referrer>, Error> {
        Err(unable())
    }
}

/// Another manifest than the one that was asked for.
fn another() -> Result<Descriptor, Error> {
    let content =
        br#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json"}"#;
    let digest = content_store::put(content, None)
        .map_err(|error| Error::Other(format!("refused: {error:?}")))?;
    Ok(Descriptor {
        media_type: "application/vnd.oci.image.manifest.v1+json".to_owned(),
        digest,
        size: content.len() as u64,
    })
}

fn reported() -> Result<Report, Error> {
    Ok(Report {
        manifest: another()?,
        transfers: Vec::new(),
    })
}

fn unable() -> Error {
    Error::Other("the hostile component attacks in `pull` only".to_owned())
}
