//! Publishes an application from a program of one's own, and fetches it again: with
//! progress, under a policy, with an audit, and with errors that the program acts on.
//!
//! ```console
//! $ cargo run --example publish -- examples/shop localhost:5000/demo/shop:1.0.0 ./store
//! ```

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use wharf_host::credentials::Places;
use wharf_host::policy::{Policies, Policy, Rule};
use wharf_host::{
    Audit, Digest, Error as WharfError, Event, Observer, PackOptions, Reference, Store, Wharf,
};

/// Counts the bytes that moved.
#[derive(Default)]
pub(crate) struct Moved(AtomicU64);

impl Observer for Moved {
    fn event(&self, event: Event) {
        if let Event::Advanced { bytes, .. } = event {
            self.0.fetch_add(bytes, Ordering::Relaxed);
        }
    }
}

/// A policy that lets one repository be written to and read, and no other.
fn only(repository: &str) -> Result<Policies, Box<dyn Error>> {
    let rule = Rule {
        value: vec![repository.parse()?],
        place: "this program's own policy".to_owned(),
    };
    let mut policy = Policy::named("this program");
    policy.push = Some(rule.clone());
    policy.pull = Some(rule);
    Ok(Policies::new(vec![policy]))
}

/// Publishes the application of a directory, and fetches what was published.
pub(crate) async fn publish(
    directory: &Path,
    reference: &Reference,
    store: &Path,
    audit: Audit,
) -> Result<Digest, Box<dyn Error>> {
    let moved = Arc::new(Moved::default());
    let repository = format!("{}/{}", reference.registry, reference.repository);
    let wharf = Wharf::builder(Store::open(store)?)
        .credentials(Arc::new(Places::of_user().sources()))
        .policies(&only(&repository)?)
        .audit(audit)
        .observer(moved.clone())
        .build()?;

    let packed = wharf.pack(directory, &PackOptions::default()).await?;
    let pushed = wharf.push(&packed.manifest.digest, reference).await?;
    let digest = pushed.manifest.digest;

    // A policy holds for whatever else the program does.
    let other: Reference = format!("{repository}/other:1").parse()?;
    match wharf.pull(&other).await {
        Err(WharfError::Policy(violation)) => assert_eq!(violation.rule, "pull"),
        other => return Err(format!("expected a refusal, and not {other:?}").into()),
    }

    // What is complete here needs no request.
    let pulled = wharf.pull(&reference.at_digest(digest.clone())).await?;
    assert_eq!(pulled.manifest.digest, digest);
    match wharf
        .resolve(&with_tag(reference, "no-such-tag")?, None)
        .await
    {
        Err(WharfError::NotFound(exchange)) => assert_eq!(exchange.status, Some(404)),
        other => return Err(format!("expected nothing there, and not {other:?}").into()),
    }
    assert!(moved.0.load(Ordering::Relaxed) > 0);
    Ok(digest)
}

fn with_tag(reference: &Reference, tag: &str) -> Result<Reference, Box<dyn Error>> {
    Ok(Reference {
        tag: Some(tag.parse()?),
        digest: None,
        ..reference.clone()
    })
}

#[tokio::main]
#[allow(dead_code, clippy::print_stdout, reason = "a test uses the rest of it")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [directory, reference, store] = arguments.as_slice() else {
        return Err("expected DIRECTORY REFERENCE STORE".into());
    };
    let audit = Audit::to(std::io::stderr());
    let digest = publish(
        directory.as_ref(),
        &reference.parse()?,
        store.as_ref(),
        audit,
    )
    .await?;
    println!("{digest}");
    Ok(())
}
