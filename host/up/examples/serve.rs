//! Serves an application that is in a content store.
//!
//! ```text
//! cargo run -p wharf-up --example serve -- STORE DIGEST [ADDRESS]
//! ```
//!
//! `STORE` is the store's directory, `DIGEST` that of the application's manifest.

use std::env;
use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use wharf_store::Store;
use wharf_up::Settings;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(store), Some(digest)) = (arguments.next(), arguments.next()) else {
        return Err("usage: serve STORE DIGEST [ADDRESS]".into());
    };
    let address = arguments.next();
    let address = address.as_deref().unwrap_or("127.0.0.1:3000").parse()?;

    let store = Store::open(&PathBuf::from(store))?;
    let settings = Settings {
        // A notice that can't be written is not worth ending for.
        notice: Some(Arc::new(|line: &str| {
            drop(writeln!(io::stderr(), "{line}"));
        })),
        ..Settings::default()
    };
    let app = wharf_up::prepare(&store, &digest.parse()?, settings).await?;
    let server = app.listen(address, true).await?;

    let mut out = io::stdout();
    writeln!(out, "Serving http://{}", server.address())?;
    for route in server.routes() {
        let wildcard = if route.wildcard { " (wildcard)" } else { "" };
        writeln!(out, "  {}: {}{wildcard}", route.id, route.route)?;
    }
    let interrupted = async { drop(tokio::signal::ctrl_c().await) };
    Ok(server.serve(interrupted).await?)
}
