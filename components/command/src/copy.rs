//! `copy`

use crate::arguments::Copy;
use crate::bindings::client;
use crate::connection::tell;
use crate::exit::Failure;

/// Copies within a registry, or from one to another by way of the store.
pub(crate) async fn run(copy: Copy) -> Result<(), Failure> {
    let Copy {
        source,
        target,
        connection,
    } = copy;
    let failed = |error| Failure {
        doing: format!("cannot copy {source} to {target}"),
        error,
    };
    let to = connection.options(&target.registry);
    let report = if source.registry == target.registry {
        let copied = client::copy(source.to_string(), target.to_string(), to).await;
        copied.map_err(failed)?
    } else {
        let from = connection.options(&source.registry);
        let pulled = client::pull(source.to_string(), from).await;
        let manifest = pulled.map_err(failed)?.manifest.digest;
        let pushed = client::push(manifest, target.to_string(), to).await;
        pushed.map_err(failed)?
    };
    tell(&report, "sent");
    println!("Copied {source} to {target}");
    println!("Digest: {}", report.manifest.digest);
    Ok(())
}
