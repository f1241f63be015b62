//! `inspect`

use wharf_oci::manifest::{Details, Image, Manifest};

use crate::arguments::Inspect;
use crate::bindings::{Descriptor, Error, client, content_store};
use crate::exit::Failure;

/// Shows what a reference leads to. Only the manifest and its config are fetched.
pub(crate) async fn run(inspect: Inspect) -> Result<(), Failure> {
    let Inspect {
        reference,
        connection,
    } = inspect;
    let failed = |error| Failure {
        doing: format!("cannot inspect {reference}"),
        error,
    };
    let options = connection.options(&reference.registry);
    options.set_layers(&[]);
    let pulled = client::pull(reference.to_string(), options).await;
    let described = pulled.map_err(failed)?.manifest;
    let (image, details) = read(&described).map_err(failed)?;
    println!("Reference: {reference}");
    println!("Digest: {}", described.digest);
    println!("Media type: {}", described.media_type.escape_debug());
    if let Some(kind) = details.artifact_type {
        println!("Artifact type: {}", kind.escape_debug());
    }
    if let Some(subject) = details.subject {
        println!("Refers to: {}", line(&subject));
    }
    println!("Config: {}", line(&image.config));
    println!("Layers: {}", image.layers.len());
    for layer in &image.layers {
        println!("  {}", line(layer));
    }
    for (key, value) in &details.annotations {
        println!(
            "Annotation: {}={}",
            key.escape_debug(),
            value.escape_debug()
        );
    }
    Ok(())
}

fn read(described: &Descriptor) -> Result<(Image, Details), Error> {
    let bytes = content_store::get(&described.digest)?
        .ok_or_else(|| Error::MissingContent(described.digest.clone()))?;
    let wrong = |problem: String| Error::Other(format!("its manifest can't be shown: {problem}"));
    let manifest = Manifest::parse(&bytes, Some(&described.media_type));
    let Manifest::Image(image) = manifest.map_err(|error| wrong(error.to_string()))? else {
        return Err(wrong("it is an index".to_owned()));
    };
    let details = Details::parse(&bytes).map_err(|error| wrong(error.to_string()))?;
    Ok((image, details))
}

fn line(content: &wharf_oci::Descriptor) -> String {
    format!(
        "{} {} ({} bytes)",
        content.digest,
        content.media_type.escape_debug(),
        content.size
    )
}
