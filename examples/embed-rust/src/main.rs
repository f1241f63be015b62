//! `embed-rust COMPONENT SOURCE TARGET`

use std::env;
use std::path::Path;

use wasmtime::{Result, bail};

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [component, source, target] = arguments.as_slice() else {
        bail!("usage: embed-rust COMPONENT SOURCE TARGET");
    };
    let digest = embed_rust::copy(Path::new(component), source, target).await?;
    #[expect(clippy::print_stdout, reason = "the answer")]
    {
        println!("{digest}");
    }
    Ok(())
}
