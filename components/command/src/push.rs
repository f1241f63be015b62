//! `push`

use crate::arguments::Push;
use crate::bindings::client;
use crate::connection::tell;
use crate::exit::Failure;
use crate::from;

/// Packs what is to be sent, and sends it.
pub(crate) async fn run(push: Push) -> Result<(), Failure> {
    let Push {
        reference,
        from,
        connection,
    } = push;
    let manifest = from::manifest(&from).await.map_err(|error| Failure {
        doing: format!("cannot use `{from}`"),
        error,
    })?;
    let options = connection.options(&reference.registry);
    let pushed = client::push(manifest, reference.to_string(), options).await;
    let report = pushed.map_err(|error| Failure {
        doing: format!("cannot push to {reference}"),
        error,
    })?;
    tell(&report, "sent");
    println!("Pushed {reference}");
    println!("Digest: {}", report.manifest.digest);
    Ok(())
}
