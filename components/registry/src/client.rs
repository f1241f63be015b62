//! The exports: what a host may call.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use wharf_oci::request::VERSION_PATH;
use wharf_oci::token::Scope;
use wharf_oci::{Digest, Reference, Registry, media_type};

use crate::bindings::exports::wharf::oci::client::{self, Guest, Referrer};
use crate::bindings::{Component, Descriptor, Error, Report};
use crate::failure::{self, describe};
use crate::http::Outgoing;
use crate::session::Session;
use crate::settings::{Options, Settings};
use crate::{copy, delete, index, manifest, pull, push, referrers, tags};

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
            )
            .into()),
            _ => Err(failure::answered(incoming).await.into()),
        }
    }

    async fn resolve(reference: String, options: client::Options) -> Result<Descriptor, Error> {
        let (session, reference) = reading(&reference, options)?;
        let name = manifest::name(&reference);
        let looked = manifest::look(&session, &reference.repository, &name).await?;
        match looked {
            Some(descriptor) if !media_type::is_index(&descriptor.media_type) => {
                Ok(describe(&descriptor))
            }
            // An index, or not there, or a registry that answers HEAD badly: GET tells.
            _ => {
                let fetched = manifest::fetch(&session, &reference.repository, &name).await?;
                let (chosen, _) = index::chosen(&session, &reference.repository, fetched).await?;
                Ok(describe(&chosen.descriptor))
            }
        }
    }

    async fn pull(reference: String, options: client::Options) -> Result<Report, Error> {
        let reference: Reference = reference.parse()?;
        Ok(pull::pull(&reference, settings(options)).await?)
    }

    async fn push(
        manifest: String,
        reference: String,
        options: client::Options,
    ) -> Result<Report, Error> {
        push(&manifest, &reference, options, false).await
    }

    async fn send(
        content: String,
        reference: String,
        options: client::Options,
    ) -> Result<Report, Error> {
        push(&content, &reference, options, true).await
    }

    async fn copy(
        source: String,
        target: String,
        options: client::Options,
    ) -> Result<Report, Error> {
        let (source, target) = (source.parse()?, target.parse()?);
        Ok(copy::copy(&source, &target, settings(options)).await?)
    }

    async fn tags(repository: String, options: client::Options) -> Result<Vec<String>, Error> {
        let (session, reference) = reading(&repository, options)?;
        Ok(tags::list(&session, &reference).await?)
    }

    async fn delete(reference: String, options: client::Options) -> Result<(), Error> {
        Ok(delete::delete(&reference.parse()?, settings(options)).await?)
    }

    async fn referrers(
        reference: String,
        artifact_type: Option<String>,
        options: client::Options,
    ) -> Result<Vec<Referrer>, Error> {
        let (session, reference) = reading(&reference, options)?;
        let Some(digest) = &reference.digest else {
            return Err(Error::InvalidInput(
                "the reference names no digest, and has to".to_string(),
            ));
        };
        let wanted = artifact_type.as_deref();
        let listed = referrers::list(&session, &reference.repository, digest, wanted).await?;
        let listed = listed.into_iter().map(|referrer| Referrer {
            content: describe(&referrer.content),
            artifact_type: referrer.artifact_type,
            annotations: referrer.annotations,
        });
        Ok(listed.collect())
    }
}

/// A session that reads the repository of a reference.
fn reading(reference: &str, options: client::Options) -> Result<(Session, Reference), Error> {
    let reference: Reference = reference.parse()?;
    let scope = Scope::pull(reference.repository.clone());
    let session = Session::new(reference.registry.clone(), Some(scope), settings(options));
    Ok((session, reference))
}

/// Pushes a manifest, or one blob alone. One future for two exports: a second would
/// cost the component more than what it does.
async fn push(
    content: &str,
    reference: &str,
    options: client::Options,
    alone: bool,
) -> Result<Report, Error> {
    let (content, reference) = (digest(content)?, reference.parse()?);
    Ok(push::push(&content, &reference, settings(options), alone).await?)
}

fn digest(text: &str) -> Result<Digest, Error> {
    text.parse()
        .map_err(|error: wharf_oci::digest::DigestError| Error::InvalidInput(error.to_string()))
}

fn settings(options: client::Options) -> Settings {
    options.get::<Options>().settings()
}
