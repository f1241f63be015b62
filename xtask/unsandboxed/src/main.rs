//! The registry client as it would be without a sandbox: what `cargo xtask bench` holds
//! Wharf against, to tell what the component costs.
//!
//! It sends the requests that the component sends, as many at once, over the connections
//! that the host lends it (`wharf-net`), made and read by the same crate (`wharf-oci`), from
//! and to the same content store (`wharf-store`), on a runtime like the command's. Bytes
//! wait in chunks of the same size, as many of them, for threads of the same kind. There is
//! no WebAssembly; and what serves users and costs next to nothing where all goes well is
//! left out: settings, progress, credentials, retries, going on with what was cut off.

mod pull;
mod push;
mod session;
mod stream;

use anyhow::{Context as _, Result, bail};

use crate::session::Session;

const USAGE: &str = "usage: unsandboxed pull REFERENCE STORE
       unsandboxed push REFERENCE STORE DIGEST";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("a runtime could not be made")?;
    let done = match arguments[..] {
        ["pull", reference, store] => {
            let session = Session::new(reference, store)?;
            runtime.block_on(pull::pull(&session))
        }
        ["push", reference, store, digest] => {
            let session = Session::new(reference, store)?;
            runtime.block_on(push::push(&session, &digest.parse()?))
        }
        _ => bail!(USAGE),
    };
    // What still runs on its threads is of no use to a command that has ended.
    runtime.shutdown_background();
    done
}
