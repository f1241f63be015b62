//! `pull`

use crate::arguments::Pull;
use crate::bindings::client;
use crate::connection::tell;
use crate::exit::Failure;

/// Brings content into the store.
pub(crate) async fn run(pull: Pull) -> Result<(), Failure> {
    let Pull {
        reference,
        connection,
    } = pull;
    let options = connection.options(&reference.registry);
    let pulled = client::pull(reference.to_string(), options).await;
    let report = pulled.map_err(|error| Failure {
        doing: format!("cannot pull {reference}"),
        error,
    })?;
    tell(&report, "received");
    println!("Pulled {reference}");
    println!("Digest: {}", report.manifest.digest);
    Ok(())
}
