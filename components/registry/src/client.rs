//! The exports: what a host may call.

use alloc::string::{String, ToString as _};

use wharf_oci::request::VERSION_PATH;
use wharf_oci::token::Scope;
use wharf_oci::{Digest, Reference, Registry};

use crate::bindings::exports::wharf::oci::client::{self, Guest};
use crate::bindings::{Component, Descriptor, Error, Report};
use crate::failure::{self, describe};
use crate::http::Outgoing;
use crate::manifest;
use crate::session::Session;
use crate::settings::{Options, Settings};
use crate::{copy, pull, push};

impl Guest for Component {
    type Options = Options;

    async fn check_credential(registry: String, options: client::Options) -> Result<(), Error> {
        let registry: Registry = registry.parse()?;
        let session = Session::new(registry, None, settings(options));
        let request = Outgoing::new("GET", session.url_at(VERSION_PATH)?);
        let incoming = session.send(request).await?;
        match incoming.status {
            200 => Ok(()),
            404 => Err(failure::network(
                incoming.method,
                &incoming.url,
                Some(404),
                "no registry answers there",
            )),
            _ => Err(failure::answered(incoming).await),
        }
    }

    async fn resolve(reference: String, options: client::Options) -> Result<Descriptor, Error> {
        let reference: Reference = reference.parse()?;
        let scope = Scope::pull(reference.repository.clone());
        let session = Session::new(reference.registry.clone(), Some(scope), settings(options));
        let name = manifest::name(&reference);
        let looked = manifest::look(&session, &reference.repository, &name).await?;
        match looked {
            Some(descriptor) => Ok(describe(&descriptor)),
            // Not there, or a registry that answers HEAD badly: GET tells.
            None => {
                let fetched = manifest::fetch(&session, &reference.repository, &name).await?;
                Ok(describe(&fetched.descriptor))
            }
        }
    }

    async fn pull(reference: String, options: client::Options) -> Result<Report, Error> {
        let reference: Reference = reference.parse()?;
        pull::pull(&reference, settings(options)).await
    }

    async fn push(
        manifest: String,
        reference: String,
        options: client::Options,
    ) -> Result<Report, Error> {
        push::push(
            &digest(&manifest)?,
            &reference.parse()?,
            settings(options),
            false,
        )
        .await
    }

    async fn plan(
        manifest: String,
        reference: String,
        options: client::Options,
    ) -> Result<Report, Error> {
        push::push(
            &digest(&manifest)?,
            &reference.parse()?,
            settings(options),
            true,
        )
        .await
    }

    async fn copy(
        source: String,
        target: String,
        options: client::Options,
    ) -> Result<Report, Error> {
        copy::copy(&source.parse()?, &target.parse()?, settings(options)).await
    }
}

fn digest(text: &str) -> Result<Digest, Error> {
    text.parse()
        .map_err(|error: wharf_oci::digest::DigestError| Error::InvalidInput(error.to_string()))
}

fn settings(options: client::Options) -> Settings {
    options.get::<Options>().settings()
}
